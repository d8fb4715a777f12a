"""Credits and reviews of an agreement, checked and typed; proposals and invitations are made in `decide`.

`Agreement.credits`: `fee` (Fraction, or a mapping from the `each` value to one), `currency`, `per`, `cap`
(rows of `percent` and `per`), `minimum`, `claim_within` (milliseconds), `per_event`, `responsible` (a field).
`Agreement.review`: `every`, `on` (`nth`, 0 for the last; `business`), `attendees`, `missed` (in a row).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, ClassVar, Literal

from pydantic import Field as Key

from connector.rules.actions import Register
from connector.rules.conditions import Scope
from connector.rules.measures import value_at
from connector.rules.objectives import period_at
from connector.rules.reading import Form, Reading, Spot, shaped, text_list, unknown
from connector.rules.schema import ANY, NAMES, PART, ROWS
from connector.rules.values import WrongValue, read_number, read_span, shown

_MONEY = re.compile(r"(\d{1,15}(?:\.\d{1,4})?) ([A-Z]{3})", re.ASCII)
_DAY = re.compile(r"(?:(\d{1,2})(?:st|nd|rd|th)|last) (business )?day", re.ASCII)
_MISSES = re.compile(r"(\d{1,3}) in a row", re.ASCII)


class CreditsForm(Form):
    """What is paid back; always a proposal."""

    needs: ClassVar[tuple[str, ...]] = ("fee",)
    fee: ANY = Key(None, description="12000 EUR, or a table by the `each` value")
    per: str = "month"
    cap: ROWS = Key(None, description="rows of {percent, per}")
    minimum: ANY = None
    claim_within: str | None = None
    per_event: Literal["highest", "sum"] = "highest"
    responsible: PART = Key(None, description="{field: F}")


class CapForm(Form):
    needs: ClassVar[tuple[str, ...]] = ("percent", "per")
    percent: ANY = None
    per: str | None = None


class ReviewForm(Form):
    """When the agreement is reviewed, and with whom."""

    needs: ClassVar[tuple[str, ...]] = ("every",)
    every: Literal["week", "month", "quarter", "half year", "year"] = "quarter"
    on: str | None = Key(None, description="3rd business day, last day")
    attendees: NAMES = None
    also: PART = Key(None, description="{missed: 2 in a row}")


def read_credits(reading: Reading, spot: Spot, scope: Scope) -> dict[str, Any] | None:
    """The credits at *spot*."""
    form = shaped(reading, spot, CreditsForm)
    if form is None:
        return None
    fee, currency = _fees(reading, spot / "fee") if "fee" in form else (None, None)
    found = {
        "fee": fee,
        "currency": currency,
        "per": period_at(reading, spot / "per") if "per" in form else form.per,
        "cap": tuple(_caps(reading, spot / "cap")) if "cap" in form else (),
        "minimum": value_at(reading, spot / "minimum", read_number) if "minimum" in form else None,
        "claim_within": _span(reading, spot / "claim_within") if form.claim_within is not None else None,
        "per_event": form.per_event,
        "responsible": _field(reading, spot / "responsible", scope) if "responsible" in form else None,
    }
    return {key: value for key, value in found.items() if value is not None}


def _fees(reading: Reading, spot: Spot) -> tuple[Any, str | None]:
    rows = list(spot.pairs()) if isinstance(spot.data, dict) else [("", spot)]
    fees: dict[str, Fraction] = {}
    currencies: dict[str, Spot] = {}
    for key, below in rows:
        match = _MONEY.fullmatch(below.data) if isinstance(below.data, str) else None
        if not match:
            reading.wrong("bad-money", below, f"{shown(below.data)} is no amount of money", "write 12000 EUR")
            continue
        fees[key] = Fraction(match[1])
        currencies.setdefault(match[2], below)
    if len(currencies) > 1:
        second = list(currencies.values())[1]
        reading.wrong(
            "bad-money", second, f"one agreement pays in one currency, not in {' and '.join(currencies)}"
        )
    return fees if isinstance(spot.data, dict) else fees.get(""), next(iter(currencies), None)


def _caps(reading: Reading, spot: Spot) -> Iterator[dict[str, Any]]:
    if not isinstance(spot.data, list):
        reading.wrong("wrong-type", spot, "`cap` is a list of rows", "write [{percent: 20, per: month}]")
    for item in spot.items():
        form = shaped(reading, item, CapForm)
        if form is None or "percent" not in form or form.per is None:
            continue
        percent = value_at(reading, item / "percent", read_number)
        if percent is not None:
            yield {"percent": percent, "per": period_at(reading, item / "per")}


def _span(reading: Reading, spot: Spot) -> int | None:
    try:
        return read_span(spot.data)
    except WrongValue as wrong:
        reading.wrong(wrong.code, spot, wrong.what, wrong.hint)
        return None


def _field(reading: Reading, spot: Spot, scope: Scope) -> str | None:
    name = spot.data.get("field") if isinstance(spot.data, dict) else None
    if not isinstance(name, str) or set(spot.data) != {"field"}:
        reading.wrong("wrong-type", spot, "a field is expected here", "write {field: F}")
        return None
    try:
        scope.fields.type_of(name)
    except WrongValue as wrong:
        reading.wrong(wrong.code, spot / "field", wrong.what, wrong.hint)
    return name


def read_review(reading: Reading, spot: Spot, register: Register) -> dict[str, Any] | None:
    """The review at *spot*."""
    form = shaped(reading, spot, ReviewForm)
    if form is None:
        return None
    attendees = text_list(form.attendees)
    for name in attendees:
        if name not in register.people:
            hint = unknown(name, register.people) or "declare it in a `stakeholder` document"
            reading.doubt("undeclared", spot / "attendees", f"the register has no stakeholder {name!r}", hint)
    found = {
        "every": form.every,
        "on": _day(reading, spot / "on") if form.on is not None else None,
        "attendees": attendees,
        "missed": _also(reading, spot / "also") if "also" in form else None,
    }
    return {key: value for key, value in found.items() if value is not None}


def _day(reading: Reading, spot: Spot) -> dict[str, Any] | None:
    match = _DAY.fullmatch(spot.data)
    if not match or match[1] == "0":
        reading.wrong(
            "bad-value", spot, f"{shown(spot.data)} names no day", "write 3rd business day or last day"
        )
        return None
    return {"nth": int(match[1] or 0), "business": match[2] is not None}


def _also(reading: Reading, spot: Spot) -> int | None:
    misses = spot.data.get("missed") if isinstance(spot.data, dict) else None
    match = _MISSES.fullmatch(misses) if isinstance(misses, str) else None
    if not match or set(spot.data) != {"missed"}:
        reading.wrong(
            "bad-value", spot, "no further occasion is known like this", "write also: {missed: 2 in a row}"
        )
        return None
    return int(match[1])
