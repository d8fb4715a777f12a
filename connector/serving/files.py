"""The files a service works by: read again when a run starts, and kept out whole when anything in them is
wrong. What is in force stays in force then."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from connector.config import Config
from connector.errors import AccordError, Wrong
from connector.log import get_logger
from connector.model.instant import Instant, format_instant
from connector.site import Site, load_site
from connector.stages.enacted import refuse_changed_versions
from connector.store import Store, about, text
from connector.world import World

log = get_logger()
NOTED = "files refused"  # in the store, for `accord status`


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the files as they are now are not in force: the first problem of *count*, since when."""

    problem: str
    count: int
    since: Instant

    def __str__(self) -> str:
        more = f" (and {self.count - 1} more)" if self.count > 1 else ""
        return (
            f"the files are refused since {format_instant(self.since)}, the ones before stay in force:"
            f" {self.problem}{more}; see `accord validate`"
        )


@dataclass(slots=True)
class Files:
    """*site* is in force since *since*; *refusal* tells of files that are not."""

    path: Path
    world: World
    site: Site
    secret: str | None  # of the webhook
    since: Instant
    refusal: Refusal | None = None

    def read_again(self, store: Store) -> None:
        """Put the files as they are now in force, if nothing in them is wrong and no enacted version was
        changed."""
        now = self.world.now()
        try:
            site = load_site(self.path, self.world)
            _refuse_what_needs_a_restart(self.site.config, site.config)
            refuse_changed_versions(store, site.book, now)
            secret = webhook_secret(site.config, self.world)
        except AccordError as error:
            self._refuse(error, now)
        else:
            self.since = self.since if site == self.site else now
            self.site, self.secret, self.refusal = site, secret, None

    def note(self, store: Store) -> None:
        """Keep in the *store* whether files are refused."""
        known = refusal_noted(store)
        if known == self.refusal:
            return
        with store.begin() as tx:
            if self.refusal is None:
                about.drop(tx, NOTED)
            else:
                told = (self.refusal.problem, self.refusal.count, self.refusal.since)
                about.put(tx, NOTED, text.dump(told))

    def _refuse(self, error: AccordError, now: Instant) -> None:
        told = error.problems if isinstance(error, Wrong) else (error.problem,)
        problems = [str(problem) for problem in told if problem.severity == "error"]
        since = now if self.refusal is None else self.refusal.since
        before, self.refusal = self.refusal, Refusal(problems[0], len(problems), since)
        if before != self.refusal:
            for problem in problems:
                log.error("serve.files_refused", why=problem)


def webhook_secret(config: Config, world: World) -> str | None:
    """What nudges are signed with; AccordError where the reference leads nowhere."""
    return config.webhook.secret.reveal(world) if config.webhook is not None else None


def _refuse_what_needs_a_restart(before: Config, after: Config) -> None:
    listens = [None if one.webhook is None else one.webhook.listen for one in (before, after)]
    changed = [name for name in ("store", "metrics", "log") if getattr(before, name) != getattr(after, name)]
    changed += ["webhook"] if listens[0] != listens[1] else []
    if changed:
        raise AccordError(f"`{'`, `'.join(changed)}` changed", hint="restart the service for that")


def refusal_noted(store: Store) -> Refusal | None:
    """Why a service that works on *store* refuses its files, if it does."""
    with store.read() as tx:
        noted = about.get(tx, NOTED)
    return None if noted is None else Refusal(*text.load(noted))
