"""A deployment as an admin has it: a folder with configuration and rules, and `accord` as processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.soak.trades import TRADES, EndState, Trade

ROOT = Path(__file__).parents[2]

CONFIG = """
sources:
  acme:
    platform: {platform}
    url: {url}
    auth: {login}
    pull: {pull}
    limits: {{requests_per_second: 100, acts_per_run: 1000, settle: 3s}}
    effects: {{note: on, notify: off, create.problem: on}}
rules: [rules/]
store: {store}
schedule: {{every: 5s}}
metrics: {{listen: 127.0.0.1:0}}
log: {{format: json}}
"""

# One line of each cycle speaks, and no ticket is closed for good: what is written must not depend on when a
# run looks. Times are short, so that much happens in a few minutes.
RULES = """
agreement: desk
type: sla
version: 1
applies_to: {record: incident}
targets:
  resolution:
    is: resolution
    pause: {state: on_hold}
    within: [{when: {priority: 1}, time: 20s}, {time: 40s}]
    on:
      breached: [{note: true}, {create: problem, when: {priority: 1}}]
      met: [{note: true}]
objectives:
  resolved-in-time: {attained: resolution, each: priority, per: month, at_least: 95%}
"""


@dataclass(slots=True)
class Deployment:
    """Accord in *folder* against the sandbox at *url*; without *store* it keeps a file there."""

    folder: Path
    platform: str
    url: str
    store: str = "sqlite:///accord.db"
    log: Path = field(init=False)
    _starts: int = 0

    def __post_init__(self) -> None:
        (self.folder / "rules").mkdir(parents=True)
        (self.folder / "rules" / "desk.yaml").write_text(RULES)
        config = CONFIG.format(
            platform=self.platform,
            login=self.trade.login,
            pull=self.trade.pull,
            url=self.url,
            store=self.store,
        )
        (self.folder / "config.yaml").write_text(config)
        self.log = self.folder / "log.jsonl"

    @property
    def trade(self) -> Trade:
        """How things are done on its platform."""
        return TRADES[self.platform]

    def end_state(self) -> EndState:
        """What Accord has written."""
        return self.trade.end_state(ask(self.url, f"/sandbox/dump?tables={self.trade.dumped}"))

    def run(self, *words: str) -> tuple[int, str]:
        """One command to its end: its exit code, and what it printed."""
        done = subprocess.run(self._command(*words), env=_environ(), capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def serve(self) -> subprocess.Popen[bytes]:
        """`accord serve`, its log at the end of `log.jsonl`."""
        self._starts = self.told("serve.ready")
        with self.log.open("ab") as log:
            return subprocess.Popen(self._command("serve"), env=_environ(), stderr=log, stdout=log)

    def await_ready(self, service: subprocess.Popen[bytes]) -> None:
        """Wait until the *service* that was just started is up."""
        before, end = self._starts, time.monotonic() + 60
        while self.told("serve.ready") == before and service.poll() is None:
            assert time.monotonic() < end, f"it does not start: see {self.log}"
            time.sleep(0.02)

    def told(self, event: str) -> int:
        """How often the log tells of *event*."""
        return self.log.read_text().count(f'"{event}"') if self.log.is_file() else 0

    def left(self) -> list[Any]:
        """What has not arrived, as `accord outbox list` tells it."""
        _, told = self.run("outbox", "list", "--format", "json")
        found = json.loads(told)
        return list(found if isinstance(found, list) else found["effects"])

    def _command(self, *words: str) -> list[str]:
        config = str(self.folder / "config.yaml")
        return [sys.executable, str(ROOT / "cli.py"), *words, "--config", config]


def _environ() -> dict[str, str]:
    return {**os.environ, "ACCORD_USER": "accord", "ACCORD_SECRET": "accord"}


def ask(url: str, path: str, body: Any = None) -> Any:
    """A sandbox's own controls."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(url + path, data) as answer:
        return json.load(answer)
