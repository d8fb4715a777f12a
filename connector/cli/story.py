"""A site of its own for the demo: the embedded platforms with a real log on them, configuration and rules.

What is told, and in which order, is in `demo.py`.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from connector.cli import main
from connector.errors import EXIT_FINE, AccordError
from connector.model.instant import Instant, parse_instant
from connector.paths import shipped
from connector.sandbox import Sandbox, Server
from connector.sandbox.jira import adf
from connector.world import World

CONFIG = """\
# The demo's site: one desk on two platforms, both embedded in Accord.
sources:
  servicenow:
    platform: servicenow
    url: {url}
    auth: {{type: basic, user: accord, password: file:password}}
    limits: {{requests_per_second: 500, acts_per_run: 1000}}   # it is this machine
    effects: {{fields: on, achievement: on, note: on, notify: on}}
  jira:
    platform: jira
    url: {url}
    auth: {{type: token, user: accord@example.com, token: file:password}}
    limits: {{requests_per_second: 500, acts_per_run: 1000}}
    effects: {{fields: on, achievement: on, note: on, notify: on}}

rules: [rules/]
store: sqlite:///accord.db
log: {{level: warning}}
"""


SHOWN = ("state", "target", "due", "used")


@dataclass(frozen=True, slots=True)
class Twin:
    """An issue as an agent sees it: Accord's notes on it, and its SLA fields by their short names."""

    key: str
    notes: Sequence[str]
    shown: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Story:
    """The platforms as they run, and the folder of the site."""

    sandbox: Sandbox
    server: Server
    folder: Path
    world: World

    def accord(self, *args: str, fine: Sequence[int] = (EXIT_FINE,)) -> str:
        """What `accord ARGS` prints, run as a user would run it in the site's folder. AccordError where it
        ends with an exit code that is not *fine*."""
        raw = io.BytesIO()
        out = io.TextIOWrapper(raw, encoding="utf-8")
        with chdir(self.folder), redirect_stdout(out), redirect_stderr(out):
            code = main(args, world=self.world)
        out.flush()
        told = raw.getvalue().decode()
        if code not in fine:
            raise AccordError(f"`accord {' '.join(args)}` ended with {code}: {told}")
        return told

    def advance(self, to: Instant) -> None:
        """Let the platforms' time go on, with everything that people did there meanwhile."""
        self.sandbox.advance(to)

    def records(self, table: str) -> Sequence[Mapping[str, str]]:
        """ServiceNow's records, as they lie in its database."""
        return self.sandbox.servicenow.dump().get(table, [])

    def twin(self, number: str) -> Twin:
        """The issue on Jira that is the ticket *number* of ServiceNow."""
        names = {one.name: one.id for one in self.sandbox.jira.site.setup.fields}
        issues = self.sandbox.jira.site.issues.values()
        issue = next(one for one in issues if one.fields.get(names["Ticket number"]) == number)
        own = self.sandbox.jira.person("accord").account_id
        notes = [
            adf.as_text(one.body)
            for one in issue.comments
            if one.author == own and not adf.as_text(one.body).startswith("To:")
        ]
        shown = {name: issue.fields.get(names.get(f"SLA {name}", "")) for name in SHOWN}
        return Twin(issue.key, notes, shown)


@contextmanager
def open_story(folder: Path, begin: str, world: World) -> Iterator[Story]:
    """Running platforms on which the log has been played up to *begin*, and a site in *folder*, which must be
    new or empty."""
    _make_site(folder)
    at = parse_instant(begin)
    sandbox = Sandbox(now=at)
    sandbox.load_log(until=at, platform="both")
    with sandbox.serve() as server:
        (folder / "config.yaml").write_text(CONFIG.format(url=server.url), encoding="utf-8")
        yield Story(sandbox, server, folder, world)
    sandbox.close()


def _make_site(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise AccordError(f"{folder} is not empty", hint="name a new folder with --into")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(shipped("rules") / "demo", folder / "rules")
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_text("accord\n", encoding="utf-8")
