"""The shape of `config.yaml`: its keys, their types and defaults, and what must hold between them.

The JSON Schema for editors is made from these shapes. What the settings are used for is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from connector.errors import Problem, remember_secret
from connector.model.instant import MINUTE, SECOND, Millis, parse_instant, parse_length
from connector.secret import is_reference, without_password
from connector.shape import Shape
from connector.yamldoc import Document, suggest

SECRET_KEYS = ("password", "token", "client_secret", "refresh_token", "secret")
DEFAULT_EFFECTS: Mapping[str, str] = {"fields": "on", "achievement": "on", "note": "on"}

# By platform: overlap and lag. JSM's search runs on an index, which shows a change later than its date says.
PULL: Mapping[str, tuple[Millis, Millis]] = {
    "servicenow": (6 * MINUTE, 10 * SECOND),
    "jira": (15 * MINUTE, 60 * SECOND),
}
# By platform and type of login: the settings it needs, and those it may have.
AUTH: Mapping[str, Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "servicenow": {
        "basic": (("user", "password"), ()),
        "oauth": (("client_id", "client_secret"), ("grant", "user", "password", "refresh_token")),
    },
    "jira": {
        "token": (("user", "token"), ()),
        "oauth": (("client_id", "client_secret", "refresh_token"), ()),
        "pat": (("token",), ()),
    },
}
GRANTS: Mapping[str, tuple[str, ...]] = {
    "password": ("user", "password"),
    "client_credentials": (),
    "refresh_token": ("refresh_token",),
}
CHANNELS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "platform": ((), ()),
    "smtp": (("host", "from"), ("port", "user", "password", "tls")),
    "webhook": (("url",), ("secret",)),
}


TLS = ("starttls", "tls", "none")


def is_secret_key(key: str) -> bool:
    """Whether the setting *key* may only be given as a reference."""
    return key in SECRET_KEYS or key.endswith(("_password", "_secret", "_token"))


def _length(value: Any) -> Any:
    return parse_length(value) if isinstance(value, str) else value


def _instant(value: Any) -> Any:
    return parse_instant(value) if isinstance(value, str) else value


def _reference(value: Any) -> Any:
    if isinstance(value, str) and not is_reference(value):
        remember_secret(value)
        raise ValueError(
            "a secret never stands in the configuration itself; put it into the environment and write "
            "env:NAME here (or file:PATH, keyring:SERVICE/USER)"
        )
    return value


def _url(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError(f"{value!r} is not a web address (write https://acme.service-now.com)")
    if parts.username or parts.password:
        raise ValueError("the address holds a user or password; give them under `auth`")
    if parts.query or parts.fragment:
        raise ValueError("the address ends in a query; give the instance's address only")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("https is needed (http only for this machine: localhost, 127.0.0.1)")
    return value


def is_loopback(host: str) -> bool:
    """Whether *host* is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _listen(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}", value):
        raise ValueError(f"{value!r} is not HOST:PORT (write 127.0.0.1:9464)")
    return value


_TEXT = WithJsonSchema({"type": "string"})
Length = Annotated[
    int, BeforeValidator(_length), WithJsonSchema({"type": "string", "examples": ["5m", "1h30m"]})
]
When = Annotated[int, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
Reference = Annotated[
    str, BeforeValidator(_reference), WithJsonSchema({"type": "string", "pattern": "^(env|file|keyring):."})
]
Url = Annotated[str, BeforeValidator(_url), WithJsonSchema({"type": "string", "format": "uri"})]
Listen = Annotated[str, BeforeValidator(_listen), _TEXT]
Switch = Literal["on", "plan", "off"]


class AuthShape(Shape):
    """How to log in; which settings belong together is in AUTH."""

    type: str
    user: str | None = None
    password: Reference | None = None
    grant: Literal["password", "client_credentials", "refresh_token"] | None = None
    client_id: str | None = None
    client_secret: Reference | None = None
    refresh_token: Reference | None = None
    token: Reference | None = None

    def settings(self) -> dict[str, str]:
        """What was given, without the type."""
        return {k: v for k, v in self.model_dump(exclude={"type"}).items() if v is not None}


class PullShape(Shape):
    """How a source is read."""

    page_size: int = Field(1000, ge=1, le=10_000)
    workers: int = Field(4, ge=1, le=64)
    overlap: Length | None = None
    lag: Length | None = None


class LimitsShape(Shape):
    """How much may be asked of a source."""

    requests_per_second: float = Field(10.0, gt=0)
    acts_per_run: int = Field(200, ge=0)
    settle: Length = 300 * SECOND


class SourceShape(Shape):
    """One instance of a platform."""

    platform: str
    url: Url
    auth: AuthShape
    mapping: str | None = None
    pull: PullShape = PullShape()
    limits: LimitsShape = LimitsShape()
    effects: dict[str, Switch] = Field(default_factory=dict)
    ca_bundle: str | None = None
    proxy: str | None = None


class ScheduleShape(Shape):
    """When `accord serve` runs."""

    every: Length = 5 * MINUTE


class WebhookShape(Shape):
    """Where signed nudges come in."""

    listen: Listen
    secret: Reference


class NotifyShape(Shape):
    """The channel of notices; its further keys belong to the channel."""

    model_config = ConfigDict(extra="allow")
    channel: str = "platform"

    def settings(self) -> dict[str, str]:
        """The channel's own keys."""
        return {key: value for key, value in (self.model_extra or {}).items() if value is not None}


class LogShape(Shape):
    """How the log is written."""

    format: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


class MetricsShape(Shape):
    """Where the figures for a monitoring system are."""

    listen: Listen


class ConfigShape(Shape):
    """The whole file."""

    sources: dict[str, SourceShape]
    rules: list[str] = Field(default_factory=lambda: ["rules/"])
    store: str = "sqlite:///accord.db"
    schedule: ScheduleShape = ScheduleShape()
    environment: Literal["production", "test"] = "production"
    redirect_notices_to: str | None = None
    webhook: WebhookShape | None = None
    start: When | None = None
    notify: NotifyShape = NotifyShape()
    texts: str | None = None
    log: LogShape = LogShape()
    metrics: MetricsShape | None = None


def check(shape: ConfigShape, document: Document) -> Iterator[Problem]:
    """What must hold between keys: settings of a login or channel, switches, the test environment."""
    if not shape.sources:
        yield Problem("no source is configured", document.place("sources"), "`accord init` writes one")
    for name, source in shape.sources.items():
        yield from _check_source(name, source, document)
    yield from _check_notices(shape, document)
    yield from _check_store(shape.store, document)


def _check_source(name: str, source: SourceShape, document: Document) -> Iterator[Problem]:
    loc = ("sources", name)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        yield Problem(f"the source's name {name!r} is not one plain word", document.key_place(*loc))
    known = {*AUTH, *(found.name for found in entry_points(group="accord.platforms"))}
    if source.platform not in known:
        what = f"{source.platform!r} is not a platform known here ({', '.join(sorted(known))})"
        yield Problem(what, document.place(*loc, "platform"), suggest(source.platform, known))
    elif source.platform in AUTH:
        yield from _check_auth(source, document, *loc, "auth")
    for output in source.effects:
        yield from _check_switch(output, document, *loc, "effects", output)
    if source.proxy and not is_reference(source.proxy) and urlsplit(source.proxy).password:
        remember_secret(urlsplit(source.proxy).password or "")
        what = "the proxy's address holds a password; put it all into the environment and write env:NAME here"
        yield Problem(what, document.place(*loc, "proxy"))


def _check_auth(source: SourceShape, document: Document, *loc: str) -> Iterator[Problem]:
    types = AUTH[source.platform]
    kind, given = source.auth.type, source.auth.settings()
    if kind not in types:
        what = f"{source.platform} has no login of type {kind!r} (known: {', '.join(types)})"
        yield Problem(what, document.place(*loc, "type"), suggest(kind, types))
        return
    needed, allowed = types[kind]
    if "grant" in allowed:
        needed = (*needed, *GRANTS[source.auth.grant or "password"])
    yield from _check_keys(f"a login of type {kind!r}", given, needed, allowed, document, *loc)


def _check_keys(
    owner: str,
    given: Mapping[str, Any],
    needed: tuple[str, ...],
    allowed: tuple[str, ...],
    document: Document,
    *loc: str,
) -> Iterator[Problem]:
    for key in needed:
        if key not in given:
            hint = f"write `{key}: env:NAME`" if is_secret_key(key) else None
            yield Problem(f"{owner} needs `{key}`", document.place(*loc), hint)
    for key in given:
        if key not in (*needed, *allowed):
            place = document.key_place(*loc, key)
            yield Problem(f"{owner} has no `{key}`", place, suggest(key, (*needed, *allowed)))


def _check_switch(output: str, document: Document, *loc: str) -> Iterator[Problem]:
    outputs = ("fields", "achievement", "note", "notify", "create", "heartbeat")
    if output not in outputs and not re.fullmatch(r"create\.[a-z][a-z0-9_]*", output):
        what = f"there is no output {output!r} (known: {', '.join(outputs)}, create.KIND)"
        yield Problem(what, document.key_place(*loc), suggest(output, outputs))


def _check_notices(shape: ConfigShape, document: Document) -> Iterator[Problem]:
    if shape.environment == "test" and not shape.redirect_notices_to:
        yield Problem(
            "environment `test` needs `redirect_notices_to: ADDRESS`",
            document.place("environment"),
            "a cloned instance would mail real customers",
        )
    if shape.environment == "production" and shape.redirect_notices_to:
        what = "`redirect_notices_to` belongs to `environment: test`"
        yield Problem(what, document.key_place("redirect_notices_to"))
    channel, given = shape.notify.channel, shape.notify.settings()
    known = {*CHANNELS, *(found.name for found in entry_points(group="accord.channels"))}
    if channel not in known:
        what = f"{channel!r} is not a channel known here ({', '.join(sorted(known))})"
        yield Problem(what, document.place("notify", "channel"), suggest(channel, known))
    if channel in CHANNELS:
        yield from _check_keys(f"the channel {channel!r}", given, *CHANNELS[channel], document, "notify")
    yield from _check_channel(channel, given, document)
    for key, value in given.items():
        if is_secret_key(key) and not is_reference(str(value)):
            remember_secret(str(value))
            what = f"`{key}` is a secret; put it into the environment and write `{key}: env:NAME`"
            yield Problem(what, document.place("notify", key))


def _check_channel(channel: str, given: Mapping[str, str], document: Document) -> Iterator[Problem]:
    """The values of the shipped channels' settings, as far as they are not references."""
    plain = {key: str(value) for key, value in given.items() if not is_reference(str(value))}
    if channel == "smtp" and "port" in plain and not re.fullmatch(r"[1-9]\d{0,4}", plain["port"]):
        yield Problem(f"`port`: {plain['port']!r} is no port", document.place("notify", "port"), "write 587")
    if channel == "smtp" and plain.get("tls", "starttls") not in TLS:
        what = f"`tls`: {plain['tls']!r} is not one of {', '.join(TLS)}"
        yield Problem(what, document.place("notify", "tls"), suggest(plain["tls"], TLS))
    if channel == "webhook" and "url" in plain:
        try:
            _url(plain["url"])
        except ValueError as error:
            yield Problem(f"`url`: {error}", document.place("notify", "url"))


def _check_store(store: str, document: Document) -> Iterator[Problem]:
    if is_reference(store):
        return
    place = document.place("store")
    shown = without_password(store)
    scheme = shown.partition("://")[0]
    known = ("sqlite", "postgresql+psycopg")
    if scheme not in known or "://" not in store:
        hint = suggest(scheme, known) or "write sqlite:///accord.db or postgresql+psycopg://host/name"
        yield Problem(f"`store` is no address of a store: {scheme!r}", place, hint)
    elif shown != store:
        what = "the store's address holds a password; write it all into the environment, `store: env:NAME`"
        yield Problem(what, place, "PGPASSWORD or ~/.pgpass do as well")
