"""What a sync costs: that it follows what changed and not what exists, and how near a pull comes to the
network's own speed.

The platform is a sandbox in another process. Both figures are ratios of measurements taken beside each other,
so they say something on a busy machine as well; processor time is that of this process alone.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import requests

from benchmarks.watched import Asked, Recording, Running, started
from connector.log import configure
from connector.platforms.registry import open_platform
from connector.run import Options, sync
from connector.site import Site, load_site
from connector.stages.summary import SourceSummary
from connector.world import World

ROOT = Path(__file__).parents[1]
TIMES = 5
LATENCY_MS = 50
CONFIG = """
sources:
  acme:
    platform: servicenow
    url: {url}
    auth: {{type: basic, user: env:USER_, password: env:USER_}}
    mapping: servicenow
    pull: {{page_size: 1000, workers: {workers}}}
    limits: {{requests_per_second: 100000, acts_per_run: 100000}}
rules: [rules.yaml]
store: sqlite:///{store}.db
"""
RULES = """
agreement: desk
type: sla
version: 1
applies_to: {record: incident}
targets:
  resolution: {is: resolution, pause: {state: on_hold}, within: [{time: 400h}], on: {paused: [{note: true}]}}
"""


def _site(folder: Path, world: World, url: str, store: str, workers: int = 4) -> Site:
    (folder / "rules.yaml").write_text(RULES)
    (folder / "config.yaml").write_text(CONFIG.format(url=url, store=store, workers=workers))
    return load_site(folder / "config.yaml", world)


def _world(at: Running, asked: Asked | None = None) -> World:
    plain = World(now=lambda: at.now, environ={"USER_": "accord"})
    return plain if asked is None else replace(plain, adapter=lambda n: Recording(World().adapter(n), asked))


# ------------------------------------------------------------------------------------- what changed


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one sync: rows read, requests, and seconds by the clock and of the processor."""

    rows: int
    requests: int
    seconds: float
    processor: float


def _synced(site: Site, world: World) -> tuple[Cost, SourceSummary]:
    wall, processor = time.perf_counter(), time.process_time()
    (summary,) = sync(world, site).sources
    assert summary.failed is None, summary.failed
    spent = time.perf_counter() - wall, time.process_time() - processor
    rows = sum(tally.seen for tally in summary.pulled.kinds.values())
    return Cost(rows, summary.requests, *spent), summary


def of_a_sync(folder: Path, closed: int, changing: int) -> Cost:
    """The median cost of a sync in which *changing* tickets have changed, beside *closed* others."""
    with started("benchmarks.instance", closed, changing) as at:
        world = _world(at)
        site = _site(folder, world, at.url, f"{closed}")
        _provision(site, world)
        _synced(site, world)
        costs = []
        for _ in range(TIMES):
            at.turn()
            cost, summary = _synced(site, world)
            assert summary.judged.tickets >= changing, summary.judged
            costs.append(cost)
    whole = zip(*((c.rows, c.requests, c.seconds, c.processor) for c in costs), strict=True)
    rows, asked, seconds, processor = (statistics.median(column) for column in whole)
    return Cost(int(rows), int(asked), seconds, processor)


def _provision(site: Site, world: World) -> None:
    platform = open_platform(site.config.sources["acme"], site.catalogues["acme"], world)
    list(platform.provision([one for one in platform.provisions() if not one.present]))


# --------------------------------------------------------------------------------- how near to the network


def of_a_pull(folder: Path, at: Running, store: str, workers: int) -> tuple[float, float, list[str]]:
    """Seconds and processor seconds of reading everything with *workers*, and what was asked."""
    asked = Asked()
    world = _world(at, asked)
    site = _site(folder, world, at.url, store, workers)
    processor = time.process_time()
    summary = sync(world, site, Options()).sources[0]
    assert summary.failed is None, summary.failed
    assert summary.pulled.is_complete
    return summary.seconds["pull"], time.process_time() - processor, asked.urls


def bare(urls: list[str]) -> tuple[float, float]:
    """Seconds and processor seconds of asking the same in a loop, nothing kept."""
    wall, processor = time.perf_counter(), time.process_time()
    with requests.Session() as session:
        session.auth = ("accord", "accord")
        for url in urls:
            assert session.get(url, headers={"Accept": "application/json"}).json()
    return time.perf_counter() - wall, time.process_time() - processor


def run(tickets: int = 100_000, changing: int = 500, pages: int = 40) -> None:
    """Print both."""
    configure("console", "error", sys.stderr, lambda: 0)
    with tempfile.TemporaryDirectory(prefix="accord-bench-") as name:
        _print_changes(Path(name), tickets, changing)
        print()
        _print_pulls(Path(name), pages)


def _print_changes(folder: Path, tickets: int, changing: int) -> None:
    print(f"a sync in which {changing} tickets have changed (median of {TIMES})")
    few, many = (of_a_sync(folder, closed, changing) for closed in (1_000 - changing, tickets))
    for name, cost in ((f"{1_000 - changing:,} unchanged", few), (f"{tickets:,} unchanged", many)):
        print(f"  {name:20} {cost.rows:6} rows read {cost.requests:5} requests"
              f" {cost.seconds:6.2f} s {cost.processor:6.2f} s of processor")  # fmt: skip
    print(f"  {'ratio':20} {many.rows / few.rows:6.2f}           {many.requests / few.requests:5.2f}"
          f"          {many.seconds / few.seconds:6.2f}   {many.processor / few.processor:6.2f}")  # fmt: skip


def _print_pulls(folder: Path, pages: int) -> None:
    with started("benchmarks.instance", pages * 1_000, 1) as at:
        _provision(_site(folder, _world(at), at.url, "setup"), _world(at))
        at.turn(LATENCY_MS)
        ours = {workers: of_a_pull(folder, at, f"pull-{workers}", workers) for workers in (1, 4)}
        reads = [url for url in ours[1][2] if "/table/" in url]
        loop, processor = bare(reads)
    print(f"reading {pages} pages with their histories, every answer after {LATENCY_MS} ms")
    print(f"  {'bare loop':20} {len(reads):5} requests {loop:6.2f} s {processor:6.2f} s of processor")
    for workers, (seconds, spent, urls) in ours.items():
        print(f"  {f'{workers} workers':20} {len(urls):5} requests {seconds:6.2f} s"
              f" {spent:6.2f} s of processor   {seconds / loop:.2f} of the loop")  # fmt: skip


if __name__ == "__main__":
    run()
