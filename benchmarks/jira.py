"""What a first sync and an empty one cost on Jira: requests by their endpoint, none for a single issue, and
the time beside a bare loop that fetches the same pages. `python -m benchmarks.jira [ISSUES [CHANGES]]`.

The site is a sandbox in another process; processor time is that of this process alone.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import requests

from benchmarks.watched import Asked, Recording, Running, started
from connector.log import configure
from connector.platforms.registry import open_platform
from connector.run import sync
from connector.site import Site, load_site
from connector.stages.summary import SourceSummary
from connector.world import World

_NAMED = re.compile(r"(?<=/issue/)[0-9]+|(?<=/comment/)[0-9]+")
CONFIG = """
sources:
  desk:
    platform: jira
    url: {url}
    auth: {{type: token, user: accord@example.com, token: env:TOKEN}}
    pull: {{workers: {workers}}}
    limits: {{requests_per_second: 100000, acts_per_run: 100000}}
    effects: {{achievement: plan, fields: plan}}
rules: [rules.yaml]
store: sqlite:///{workers}.db
"""
RULES = """
agreement: desk
type: sla
applies_to: {record: incident}
targets:
  resolution:
    is: resolution
    pause: {state: on_hold}
    within: [{when: {priority: 1}, time: 4h}, {time: 24h}]
"""


def by_endpoint(asked: Asked) -> Counter[str]:
    """How many requests, by method and path; what names one issue shows as `*`."""
    return Counter(f"{one.method} {_NAMED.sub('*', urlsplit(one.url or '').path)}" for one in asked.requests)


@dataclass(frozen=True, slots=True)
class Synced:
    """One sync: what it told of itself, what it asked, its seconds by the clock and of the processor."""

    summary: SourceSummary
    asked: Asked
    seconds: float
    processor: float


def synced(site: Site, at: Running) -> Synced:
    """A sync of the site as it is now."""
    asked = Asked()
    plain = World(now=lambda: at.now, environ={"TOKEN": "accord"})
    world = replace(plain, adapter=lambda n: Recording(World().adapter(n), asked))
    wall, processor = time.perf_counter(), time.process_time()
    (summary,) = sync(world, site).sources
    assert summary.failed is None, summary.failed
    return Synced(summary, asked, time.perf_counter() - wall, time.process_time() - processor)


def bare(asked: Asked) -> tuple[float, float]:
    """Seconds and processor seconds of asking the same in a loop, nothing kept."""
    wall, processor = time.perf_counter(), time.process_time()
    with requests.Session() as session:
        for request in asked.requests:
            assert session.send(request).json() is not None
    return time.perf_counter() - wall, time.process_time() - processor


def run(issues: int = 20_000, changes: int = 8) -> None:
    """Print it."""
    configure("console", "error", sys.stderr, lambda: 0)
    with (
        tempfile.TemporaryDirectory(prefix="accord-bench-") as name,
        started("benchmarks.jirasite", issues, changes) as at,
    ):
        print(f"Jira: {issues:,} issues, each changed {changes} times")
        site = _site(Path(name), at, workers=4)
        first = synced(site, at)
        assert first.summary.judged.tickets == issues, first.summary.judged
        loop, spent = bare(first.asked)
        _print("first sync", first)
        pulled = first.summary.seconds["pull"]
        _row("bare loop of the same", len(first.asked.requests), loop, spent)
        print(f"      the pull took {pulled:.1f} s, {pulled / loop:.2f} of the loop")
        at.turn()
        synced(site, at)  # meets the last hour once more
        at.turn()
        empty = synced(site, at)
        assert empty.summary.judged.tickets == 0, empty.summary.judged
        _print("empty sync", empty)


def _site(folder: Path, at: Running, workers: int) -> Site:
    (folder / "rules.yaml").write_text(RULES)
    (folder / "config.yaml").write_text(CONFIG.format(url=at.url, workers=workers))
    world = World(now=lambda: at.now, environ={"TOKEN": "accord"})
    site = load_site(folder / "config.yaml", world)
    platform = open_platform(site.config.sources["desk"], site.catalogues["desk"], world)
    list(platform.provision([one for one in platform.provisions() if not one.present]))
    return site


def _print(name: str, found: Synced) -> None:
    told = found.summary
    read = sum(tally.seen for tally in told.pulled.kinds.values())
    _row(name, told.requests, found.seconds, found.processor)
    print(f"      {read:,} read, {told.judged.tickets:,} evaluated")
    for endpoint, count in sorted(by_endpoint(found.asked).items(), key=lambda pair: -pair[1]):
        print(f"      {count:5} {endpoint}")


def _row(name: str, asked: int, seconds: float, processor: float) -> None:
    print(f"  {name:24} {asked:5} requests {seconds:6.1f} s {processor:6.1f} s of processor")


if __name__ == "__main__":
    run(*map(int, sys.argv[1:]))
