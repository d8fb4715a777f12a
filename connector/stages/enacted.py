"""Keeps enacted agreements to their word: a version means for ever what it meant when a run first met it.

Checked before anything is pulled or written. Calendar dates still to come may be added; anything else wants a
new version.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

from connector.errors import Problem, Wrong
from connector.model.instant import Instant, format_length, to_datetime
from connector.rules.enacted import only_adds_future_dates
from connector.rules.rulebook import Agreement, Rulebook
from connector.store import Store, rulesets
from connector.store.rulesets import Enacted

SHOWN = 4  # differences named in a message


def refuse_changed_versions(store: Store, book: Rulebook, now: Instant) -> None:
    """Raise Wrong where an enacted version says something else than when it was first met."""
    with store.read() as tx:
        known = rulesets.latest(tx)
    problems = [
        _changed(agreement, before)
        for agreement in book.agreements
        if (before := known.get((agreement.name, agreement.version))) is not None
        and before.hash != agreement.hash
        and not only_adds_future_dates(before.text, agreement.text, _today(agreement, now))
    ]
    if problems:
        raise Wrong(problems)


def note_versions(store: Store, book: Rulebook, now: Instant) -> None:
    """Keep the text of every enacted version that was not met before."""
    with store.read() as tx:
        known = rulesets.latest(tx)
    fresh = [
        agreement
        for agreement in book.measuring()
        if (before := known.get((agreement.name, agreement.version))) is None or before.hash != agreement.hash
    ]
    if fresh:
        with store.begin() as tx:
            for one in fresh:
                rulesets.add(tx, Enacted(one.name, one.version, one.hash, one.text, version("tzdata"), now))


def _changed(agreement: Agreement, before: Enacted) -> Problem:
    found = list(differences(json.loads(before.text), json.loads(agreement.text)))
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return Problem(
        f"{agreement.name} version {agreement.version} is enacted and no longer says what it said:"
        f" {'; '.join(found[:SHOWN])}{more}",
        agreement.place,
        f"put it back, or write it as version {agreement.version + 1}",
        code="enacted-changed",
    )


def differences(before: Any, after: Any, at: str = "") -> Iterator[str]:
    """What differs between two JSON values, each as `path: old → new`."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            path = f"{at}.{key}" if at else key
            yield from differences(before.get(key), after.get(key), path)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (old, new) in enumerate(zip(before, after, strict=True), start=1):
            yield from differences(old, new, f"{at}[{place}]")
    elif before != after:
        yield f"{at}: {_short(before, at)} → {_short(after, at)}"


def _short(value: Any, at: str) -> str:
    if value is None:
        return "absent"
    if isinstance(value, int) and at.rpartition(".")[2] in ("length", "day"):
        return format_length(value)
    written = json.dumps(value, ensure_ascii=False)
    return written if len(written) <= 60 else f"{written[:57]}…"


def _today(agreement: Agreement, now: Instant) -> date:
    return to_datetime(now).astimezone(ZoneInfo(agreement.timezone)).date()
