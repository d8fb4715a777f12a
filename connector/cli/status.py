"""`accord status`: how far everything is, and what waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import click

from connector.cli.options import config_option, configured, format_option, pass_world
from connector.cli.said import say, say_json
from connector.errors import number_of
from connector.model.instant import Instant, format_instant
from connector.serving.files import refusal_noted
from connector.store import (
    Store,
    Transaction,
    backfills,
    backlog,
    cycles,
    leases,
    open_store,
    runs,
    sources,
    sweeps,
    tickets,
)
from connector.store import aside as set_aside
from connector.world import World

RUNS = 5


@click.command("status")
@config_option
@format_option("text", "json")
@pass_world
def command(world: World, config_path: Path, form: str) -> None:
    """Show cursors, last runs, open cycles by state, and effects that have not gone out."""
    store = open_store(configured(config_path, world).store, world, must_exist=True)
    try:
        found = _status(store, world)
        refusal = refusal_noted(store)
    finally:
        store.close()
    found["files_refused"] = None if refusal is None else str(refusal)
    if form == "json":
        say_json(found)
    else:
        for line in _lines(found, world.now()):
            say(line)


def _status(store: Store, world: World) -> dict[str, Any]:
    with store.read() as tx:
        at_work = {one.name for one in sources.every(tx) if leases.is_held(tx, one.name, world)}
        last = runs.last(tx, RUNS)
        return {
            "sources": [_source(tx, source, source.name in at_work) for source in sources.every(tx)],
            "runs": [_run(run, is_last=run is last[0], at_work=at_work) for run in last],
        }


def _source(tx: Transaction, source: sources.Source, is_at_work: bool) -> dict[str, Any]:
    work = backfills.get(tx, source.name)
    waiting = backlog.left(tx, source.name)
    return {
        "source": source.name,
        "instance": source.instance,
        "watermark": _written(source.watermark),
        "acts_from": _written(source.start),
        "at_work": leases.holder(tx, source.name) if is_at_work else None,
        "kinds": [_kind(sweep, tickets.counts(tx, source.name)) for sweep in sweeps.every(tx, source.name)],
        "cycles": dict(cycles.counts(tx, source.name)),
        "next_line": _written(tickets.next_line(tx, source.name)),
        "backfill": None if work is None else {"why": work.why, "done": work.done, "total": work.total},
        "waiting": [
            {"effect": name, "state": state, "why": why, "count": count}
            for (name, state, why), count in sorted(waiting.items(), key=str)
        ],
        "unsettled": [
            {"kind": kind, "key": key, "why": why} for kind, key, why in tickets.waiting(tx, source.name)
        ],
        "aside": [
            {"kind": one.kind, "key": one.key, "why": one.reason, "since": format_instant(one.since)}
            for one in set_aside.every(tx, source.name)
        ],
    }


def _kind(sweep: sweeps.Sweep, counts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "kind": sweep.kind,
        "records": counts.get(sweep.kind, 0),
        "read_up_to": _written(sweep.complete_at),
        "under_way_since": _written(sweep.begun_at),
        "cursor": sweep.cursor,
    }


def _run(run: runs.Run, *, is_last: bool, at_work: AbstractSet[str]) -> dict[str, Any]:
    """A run that has not ended is still at work, or was killed: nobody holds its sources any more."""
    is_open = run.ended_at is None
    return {
        "run": run.id,
        "sources": list(run.sources),
        "begun": format_instant(run.begun_at),
        "ended": _written(run.ended_at),
        "exit_code": run.exit_code,
        "failed": {
            one["source"]: one["failed"] for one in (run.summary or {}).get("sources", ()) if one["failed"]
        },
        "killed": is_open and not (is_last and at_work & set(run.sources)),
        "taken_up": not is_last,
    }


def _lines(found: Mapping[str, Any], now: Instant) -> Iterator[str]:
    if found["files_refused"]:
        yield f"! {found['files_refused']}"
    for source in found["sources"]:
        yield f"{source['source']}  {source['instance']}"
        yield f"  known up to {source['watermark'] or 'nothing yet'}"
        yield f"  next line to come: {source['next_line'] or 'none'}"
        if source["at_work"]:
            yield f"  at work: {source['at_work']}"
        for kind in source["kinds"]:
            under_way = f", under way since {kind['under_way_since']}" if kind["under_way_since"] else ""
            read = kind["read_up_to"] or "-"
            yield f"  {kind['kind']}: {number_of(kind['records'], 'record')}, read up to {read}{under_way}"
        states = ", ".join(f"{count} {state}" for state, count in sorted(source["cycles"].items()))
        yield f"  cycles: {states or 'none'}"
        yield from _open_ends(source)
    for run in found["runs"]:
        yield f"run {run['run']} ({', '.join(run['sources'])}): begun {run['begun']}, {_ended(run)}"
        yield from (f"  {source} stopped: {why}" for source, why in run["failed"].items())
    if not found["runs"]:
        yield f"no run yet as of {format_instant(now)}"


def _ended(run: Mapping[str, Any]) -> str:
    if run["ended"]:
        return f"ended {run['ended']}, exit {run['exit_code']}"
    if not run["killed"]:
        return "still at work"
    if run["taken_up"]:
        return "not ended: it was killed; a later run has taken up its work"
    return (
        "not ended: it was killed. Nothing is lost: the next `accord sync` goes on behind the last page that"
        " is stored, and looks up what was being sent before it sends it again"
    )


def _open_ends(source: Mapping[str, Any]) -> Iterator[str]:
    if work := source["backfill"]:
        yield f"  evaluating anew: {work['why']}: {work['done']} of {work['total']} tickets"
    for one in source["waiting"]:
        yield f"  {one['count']} {one['effect']} {one['state']}{': ' + one['why'] if one['why'] else ''}"
    for one in source["unsettled"]:
        yield f"  {one['kind']} {one['key']} waits for its history: {one['why']}"
    for one in source["aside"]:
        yield f"  {one['kind']} {one['key']} set aside: {one['why']}"


def _written(instant: Instant | None) -> str | None:
    return None if instant is None else format_instant(instant)
