"""The configuration file: which sources, rules and store there are, and how politely they are used.

Read by its nodes, so that every mistake is told with its place and all of them at once. Secrets stay
references until they are needed (`connector/secret.py`). What a mapping or a rule means is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.configshape import (
    AUTH,
    CHANNELS,
    DEFAULT_EFFECTS,
    PULL,
    SECRET_KEYS,
    AuthShape,
    ConfigShape,
    SourceShape,
    check,
    is_secret_key,
)
from connector.errors import AccordError, Position, Problem, Wrong, show_anyway
from connector.model.instant import Instant, Millis
from connector.secret import Secret, is_reference, without_password
from connector.shape import fit
from connector.world import World
from connector.yamldoc import Document, read_file

__all__ = ["AUTH", "CHANNELS", "SECRET_KEYS", "Config", "Secret", "SourceConfig", "load_config"]


@dataclass(frozen=True, slots=True)
class AuthConfig:
    """How to log in: the type and its settings; what was written as a reference is a `Secret`."""

    type: str
    settings: Mapping[str, str | Secret]

    def reveal(self, key: str, world: World) -> str | None:
        """The setting *key* in plain text, or None where it is not given."""
        return revealed(self.settings.get(key), world)


@dataclass(frozen=True, slots=True)
class PullConfig:
    """How a source is read; *overlap* covers late commits, *lag* how late one may show."""

    page_size: int
    workers: int
    overlap_ms: Millis
    lag_ms: Millis


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be asked of a source, and how long its longest transaction takes to settle."""

    requests_per_second: float
    acts_per_run: int
    settle_ms: Millis


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """One configured instance of a platform."""

    name: str
    platform: str
    url: str  # without a slash at its end
    auth: AuthConfig
    mapping: str
    base: Path  # what relative paths are relative to
    pull: PullConfig
    limits: Limits
    effects: Mapping[str, str]  # as written, over the defaults
    ca_bundle: Path | None = None
    proxy: str | Secret | None = None
    mapping_place: Position | None = None  # where it is named
    keep: Path | None = None  # the folder, beside the store, for what a login has to remember

    def switch(self, output: str) -> str:
        """`on`, `plan` (shown, not sent) or `off` for an output: `note`, `fields`, `create.problem`…"""
        family = output.partition(".")[0]
        return self.effects.get(output) or self.effects.get(family) or "plan"

    def proxy_url(self, world: World) -> str | None:
        """The proxy to use, if any."""
        return revealed(self.proxy, world)


@dataclass(frozen=True, slots=True)
class NotifyConfig:
    """The channel that notices take, and its settings."""

    channel: str = "platform"
    settings: Mapping[str, str | Secret] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogConfig:
    """How the log is written."""

    format: str = "console"
    level: str = "info"


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """Where `accord serve` listens for signed nudges."""

    listen: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class Config:
    """Everything in `config.yaml`, checked; relative paths are resolved against its folder."""

    path: Path
    sources: Mapping[str, SourceConfig]
    rules: tuple[Path, ...]
    store: str = field(repr=False)  # its address may hold a password
    every_ms: Millis
    environment: str
    redirect_notices_to: str | None
    start: Instant | None
    notify: NotifyConfig
    log: LogConfig
    metrics: str | None
    webhook: WebhookConfig | None
    texts: Path | None = None  # the folder of the site's own
    rules_places: tuple[Position, ...] = ()  # where each of the rules is named

    def missing_rules(self) -> Iterator[Problem]:
        """Rules that are named and not there."""
        for path, place in zip(self.rules, self.rules_places, strict=True):
            if not path.exists():
                yield Problem(f"there is no file or folder {path}", place)


def revealed(value: str | Secret | None, world: World) -> str | None:
    """A setting in plain text, whether it was written out or as a reference."""
    return value.reveal(world) if isinstance(value, Secret) else value


def load_config(path: Path, world: World) -> Config:
    """The configuration at *path*. Wrong with every problem found, each with file, line and column."""
    if not path.is_file():
        mend = "write one with `accord init`, or name it with --config"
        raise AccordError(f"there is no configuration at {path}", hint=mend)
    document = _one_document(path)
    shape, problems = fit(ConfigShape, document)
    if shape is None:
        raise Wrong(problems)
    if found := list(check(shape, document)):
        raise Wrong(found)
    return _Build(document, path.parent, world).config(path, shape)


def _one_document(path: Path) -> Document:
    documents = read_file(path)
    if len(documents) != 1:
        what = "the file is empty" if not documents else "a configuration is one YAML document"
        raise Wrong([Problem(what, Position(str(path), 1))])
    return documents[0]


@dataclass(frozen=True, slots=True)
class _Build:
    """Turns checked shapes into the frozen configuration."""

    document: Document
    base: Path
    world: World

    def config(self, path: Path, shape: ConfigShape) -> Config:
        return Config(
            path=path.resolve(),
            sources={name: self.source(name, source, shape.store) for name, source in shape.sources.items()},
            rules=tuple(self.base / Path(rules).expanduser() for rules in shape.rules),
            store=self.store(shape.store),
            every_ms=shape.schedule.every,
            environment=shape.environment,
            redirect_notices_to=shape.redirect_notices_to,
            start=shape.start,
            notify=NotifyConfig(shape.notify.channel, self.settings(shape.notify.settings(), "notify")),
            log=LogConfig(shape.log.format, shape.log.level),
            metrics=shape.metrics.listen if shape.metrics else None,
            webhook=self.webhook(shape),
            texts=self.base / Path(shape.texts).expanduser() if shape.texts else None,
            rules_places=tuple(self.document.place("rules", at) for at in range(len(shape.rules))),
        )

    def source(self, name: str, shape: SourceShape, store: str) -> SourceConfig:
        loc = ("sources", name)
        return SourceConfig(
            name=name,
            platform=shape.platform,
            url=shape.url.rstrip("/"),
            auth=self.auth(shape.auth, *loc, "auth"),
            mapping=shape.mapping or shape.platform,
            mapping_place=self.document.place(*loc, "mapping"),
            base=self.base,
            pull=self.pull(shape),
            limits=Limits(shape.limits.requests_per_second, shape.limits.acts_per_run, shape.limits.settle),
            effects={**DEFAULT_EFFECTS, **shape.effects},
            ca_bundle=self.base / Path(shape.ca_bundle).expanduser() if shape.ca_bundle else None,
            proxy=self.setting("proxy", shape.proxy, *loc) if shape.proxy else None,
            keep=self.beside(store),
        )

    def auth(self, shape: AuthShape, *loc: str) -> AuthConfig:
        return AuthConfig(shape.type, self.settings(shape.settings(), *loc))

    def pull(self, shape: SourceShape) -> PullConfig:
        overlap, lag = PULL.get(shape.platform, PULL["servicenow"])
        pull = shape.pull
        return PullConfig(
            page_size=pull.page_size,
            workers=pull.workers,
            overlap_ms=overlap if pull.overlap is None else pull.overlap,
            lag_ms=lag if pull.lag is None else pull.lag,
        )

    def settings(self, given: Mapping[str, Any], *loc: str) -> dict[str, str | Secret]:
        return {key: self.setting(key, str(value), *loc) for key, value in given.items()}

    def setting(self, key: str, value: str, *loc: str) -> str | Secret:
        if not is_reference(value):
            show_anyway(value)
            return value
        hidden = is_secret_key(key) or key == "proxy"
        return Secret(value, self.document.place(*loc, key), self.base, hidden=hidden)

    def webhook(self, shape: ConfigShape) -> WebhookConfig | None:
        if shape.webhook is None:
            return None
        secret = Secret(shape.webhook.secret, self.document.place("webhook", "secret"), self.base)
        return WebhookConfig(shape.webhook.listen, secret)

    def beside(self, store: str) -> Path:
        """The folder of an SQLite store, else that of the configuration. A store given by reference is not
        looked up for this."""
        head, _, name = store.partition(":///")
        in_a_file = head.startswith("sqlite") and name not in ("", ":memory:")
        return (self.base / Path(name).expanduser()).resolve().parent if in_a_file else self.base.resolve()

    def store(self, written: str) -> str:
        """The store's URL; a relative SQLite file lies beside the configuration, wherever the run starts."""
        if is_reference(written):
            secret = Secret(written, self.document.place("store"), self.base, hidden=False)
            written = secret.reveal(self.world)
            without_password(written)
        head, slashes, name = written.partition(":///")
        if head.startswith("sqlite") and slashes and name and name != ":memory:":
            return f"{head}:///{(self.base / Path(name).expanduser()).resolve()}"
        return written
