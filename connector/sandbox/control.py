"""`/sandbox/…`: how another process moves the clock, switches faults, loads a log and looks at the end state.

These are the sandbox's own, no platform has them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.sandbox.wire import Request, Response
from connector.sandbox.world import instant, iso

if TYPE_CHECKING:
    from connector.sandbox.sandbox import Sandbox

# Tables that only describe tables: they say nothing of what a client did unless asked for.
DESCRIPTIVE = frozenset({"sys_dictionary", "sys_db_object", "sys_choice", "sys_glide_object"})


def handle(sandbox: Sandbox, request: Request) -> Response:
    """Answer one control request; 400 says what was wrong with it."""
    action = ACTIONS.get((request.method, request.path))
    if action is None:
        known = ", ".join(f"{method} {path}" for method, path in ACTIONS)
        return Response.json(404, {"error": f"no such control; there are: {known}"})
    try:
        body = json.loads(request.body or b"{}")
        return Response.json(200, action(sandbox, request, body))
    except (ValueError, KeyError, TypeError, OSError) as error:
        return Response.json(400, {"error": f"{type(error).__name__}: {error}"})


def _advance(sandbox: Sandbox, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """`{"to": "2016-03-02T14:00:00Z"}` or `{"by_s": 300}`"""
    to = instant(body["to"]) if "to" in body else sandbox.world.now() + int(body["by_s"] * 1000)
    sandbox.advance(to)
    return _state(sandbox, _, body)


def _state(sandbox: Sandbox, _: Request, __: dict[str, Any]) -> dict[str, Any]:
    return {
        "now": iso(sandbox.world.now()),
        "tables": sandbox.servicenow.counts(),
        "issues": sandbox.jira.counts(),
        "requests": dict(sorted(sandbox.requests.items())),
        "faults": [{"request": request, "fault": kind} for request, kind in sandbox.faults.met],
        "waiting": sandbox.log.waiting if sandbox.log else 0,
    }


def _faults(sandbox: Sandbox, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """`{"clear": true}`, `{"once": [{"route", "kind", …}]}`, `{"rates": {kind: share}, "seed": 7}`"""
    if body.get("clear"):
        sandbox.faults.clear()
    for way in ("once", "always"):
        for rule in body.get(way, ()):
            getattr(sandbox.faults, way)(**rule)
    if "rates" in body:
        sandbox.faults.rates(body["rates"], body.get("seed"), body.get("route", "*"))
    if body.get("expire_tokens"):
        sandbox.servicenow.expire_tokens()
        sandbox.jira.expire_tokens()
    return {"ok": True}


def _load(sandbox: Sandbox, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    """`{"path": null, "until": "2016-04-01T00:00:00Z", "platform": "both"}`; no path: the slice shipped."""
    path = Path(body["path"]) if body.get("path") else None
    until = instant(body["until"]) if body.get("until") else None
    loaded = sandbox.load_log(path, until=until, platform=body.get("platform", "servicenow"))
    return {"cases": loaded.cases, "waiting": loaded.waiting, "now": iso(sandbox.world.now())}


def _dump(sandbox: Sandbox, request: Request, __: dict[str, Any]) -> dict[str, Any]:
    """All records of all tables by sys_id, and all issues as `issue`; `?tables=a,b` for some only.

    Tables that describe tables come by name only.
    """
    wanted = [name for name in request.params().get("tables", "").split(",") if name]
    dump = sandbox.servicenow.dump(frozenset() if wanted else DESCRIPTIVE) | sandbox.jira.dump()
    return {name: rows for name, rows in dump.items() if not wanted or name in wanted}


Action = Callable[["Sandbox", Request, dict[str, Any]], dict[str, Any]]
ACTIONS: dict[tuple[str, str], Action] = {
    ("POST", "/sandbox/advance"): _advance,
    ("GET", "/sandbox/state"): _state,
    ("POST", "/sandbox/faults"): _faults,
    ("POST", "/sandbox/load"): _load,
    ("GET", "/sandbox/dump"): _dump,
}
