"""Objectives, credits and reviews written again as the language writes them: a part of `effective`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from connector.rules.rulebook import Action, Agreement, Bound, ExcludeRow, Objective
from connector.rules.spell import condition, number, percent
from connector.rules.values import write_length

Row = dict[str, Any]
_Unit = Callable[[Fraction], str]


def promised(
    agreement: Agreement, *, action: Callable[[Action], Row], exclude: Callable[[ExcludeRow], Row]
) -> Row:
    """`objectives`, `credits` and `review` of *agreement*, each where there is one."""
    objectives = {
        name: _objective(each)
        | _rows("exclude", [exclude(row) for row in each.exclude])
        | _rows("missed", [action(row) for row in each.missed])
        for name, each in agreement.objectives.items()
    }
    found: Row = {"objectives": objectives} if objectives else {}
    found |= {"credits": _credits(agreement.credits)} if agreement.credits is not None else {}
    return found | ({"review": _review(agreement.review)} if agreement.review is not None else {})


def _rows(key: str, rows: list[Row]) -> Row:
    return {key: rows} if rows else {}


def _length(value: Fraction) -> str:
    return write_length(int(value))


_UNITS: Mapping[str, _Unit] = {"mean": _length, "percentile": _length, "score": number, "metric": number}


def _objective(objective: Objective) -> Row:
    unit = _UNITS.get(objective.measure, percent)
    settings = objective.settings
    row = {**_measured(objective), "per": objective.per}
    row |= _rows("at_least", [_bound(bound, unit) for bound in objective.at_least])
    row |= _rows("at_most", [_bound(bound, unit) for bound in objective.at_most])
    if objective.where is not None and not _is_from_tickets(objective):
        row["where"] = condition(objective.where)
    if objective.each is not None:
        row["each"] = (
            {objective.each: list(objective.each_values)} if objective.each_values else objective.each
        )
    if objective.warn is not None:
        row["warn"] = unit(objective.warn)
    row |= {key: str(settings[key]) for key in ("calendar", "aggregate", "of") if key in settings}
    if "shorter_than" in settings:
        row["shorter_than"] = write_length(settings["shorter_than"])
    if "and" in settings:
        row["and"] = {
            measure: {word: write_length(length) for word, length in tests}
            for measure, tests in settings["and"].items()
        }
    if "credit" in settings:
        bands = settings["credit"]["bands"]
        row["credit"] = {
            "bands": [{"below": unit(band["below"]), "percent": number(band["percent"])} for band in bands]
        }
    return row | _manners(objective)


def _is_from_tickets(objective: Objective) -> bool:
    return objective.measure == "availability" and objective.of is None


def _measured(objective: Objective) -> Row:
    records = list(objective.settings.get("record", ()))
    if objective.measure == "share":
        return {"share": condition(objective.of), "record": records}
    if objective.measure == "percentile":
        return {"percentile": number(objective.of)}
    if not _is_from_tickets(objective):
        return {objective.measure: str(objective.of)}
    parts = {"where": objective.where, "down": objective.settings.get("down")}
    return {
        "availability": {"record": records}
        | {key: condition(tree) for key, tree in parts.items() if tree is not None}
    }


def _bound(bound: Bound, unit: _Unit) -> Row:
    when = {} if bound.when is None else {"when": condition(bound.when)}
    return when | {"is": unit(bound.value)}


_DEFAULTS = {
    "starts": 1,
    "min_count": 0,
    "allow_missed": 0,
    "empty": "no_data",
    "count": "cycles",
    "counted_by": "outcome",
}


def _manners(objective: Objective) -> Row:
    return {
        key: str(value) for key, usual in _DEFAULTS.items() if (value := getattr(objective, key)) != usual
    }


def _credits(terms: Mapping[str, Any]) -> Row:
    currency = terms.get("currency", "")
    fee = terms.get("fee")
    row: Row = {}
    if isinstance(fee, Mapping):
        row["fee"] = {key: f"{number(amount)} {currency}" for key, amount in fee.items()}
    elif fee is not None:
        row["fee"] = f"{number(fee)} {currency}"
    row |= {key: terms[key] for key in ("per", "per_event") if key in terms}
    row |= _rows(
        "cap", [{"percent": number(cap["percent"]), "per": cap["per"]} for cap in terms.get("cap", ())]
    )
    if "minimum" in terms:
        row["minimum"] = number(terms["minimum"])
    if "claim_within" in terms:
        row["claim_within"] = write_length(terms["claim_within"])
    if "responsible" in terms:
        row["responsible"] = {"field": terms["responsible"]}
    return row


def _review(review: Mapping[str, Any]) -> Row:
    row: Row = {"every": review["every"]}
    if day := review.get("on"):
        nth = f"{day['nth']}{_ordinal(day['nth'])}" if day["nth"] else "last"
        row["on"] = f"{nth} business day" if day["business"] else f"{nth} day"
    row |= {"attendees": list(review["attendees"])} if review.get("attendees") else {}
    return row | ({"also": {"missed": f"{review['missed']} in a row"}} if "missed" in review else {})


def _ordinal(count: int) -> str:
    if count % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
