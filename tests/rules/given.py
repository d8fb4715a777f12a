"""Kinds, rule texts and ways to read them, for the tests of the rule reader."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any

from connector.errors import Problem, Wrong
from connector.model.instant import Instant, parse_instant
from connector.model.kind import Field, FieldType, Kind
from connector.rules.loader import load_rulebook
from connector.rules.rulebook import Agreement, Condition, Rulebook, Target
from connector.rules.spell import condition as written

NOW = parse_instant("2026-03-02T09:00:00Z")
TICKET = {
    "key": "string", "title": "text", "state": "string", "priority": "integer", "severity": "string",
    "impact": "string", "urgency": "string", "category": "string", "request_type": "string",
    "channel": "string", "service": "reference", "location": "reference", "customer": "reference",
    "plan": "string", "assignment_group": "reference", "assignee": "reference", "opened": "datetime",
    "resolved": "datetime", "hold_reason": "string", "resolution": "string", "workaround": "text",
    "root_cause": "text", "reopened": "integer", "public_reply": "string", "tags": "list",
    "major": "boolean", "score": "number", "identified": "datetime", "agreed_time": "duration",
    "agreed_response": "duration", "agreed_due": "datetime", "customer_timezone": "string",
    "responsible_party": "string",
}  # fmt: skip


def kind(name: str, *, is_ticket: bool = False, **fields: str) -> Kind:
    """A kind with *fields* of these types."""
    return Kind(name, name, {each: Field(each, FieldType(kind)) for each, kind in fields.items()}, is_ticket)


KINDS = {
    **{name: kind(name, is_ticket=True, **TICKET) for name in ("incident", "request", "change")},
    "problem": kind("problem", is_ticket=True, **TICKET, known_error="boolean"),
    "outage": kind("outage", service="reference", planned="boolean", notice="duration", cause="string"),
    "satisfaction": kind("satisfaction", rating="number", comment="text"),
    "improvement_input": kind("improvement_input", title="text"),
    "metric": kind("metric", value="number", service="reference"),
}

MINIMAL = """\
agreement: desk
type: sla
timezone: UTC
applies_to: {record: incident}
targets:
  resolution: {is: resolution, within: [{time: 4h}]}
"""


def load(*texts: str, at: Instant = NOW, **options: Any) -> Rulebook:
    """The rulebook of these texts, each a file (`1.yaml`, `2.yaml`, …) of a folder."""
    with TemporaryDirectory() as folder:
        for index, text in enumerate(texts):
            (Path(folder) / f"{index + 1}.yaml").write_text(dedent(text), encoding="utf-8")
        return load_rulebook([Path(folder)], options.pop("kinds", KINDS), at=at, **options)


def problems(*texts: str, **options: Any) -> list[Problem]:
    """Everything found in these texts, errors and warnings, in order."""
    try:
        return list(load(*texts, **options).warnings)
    except Wrong as wrong:
        return list(wrong.problems)


def told(*texts: str, **options: Any) -> list[str]:
    """What a user is told: `line:column what; hint [code]`, with the file's number before of many."""
    return [_line(problem, many=len(texts) > 1) for problem in problems(*texts, **options)]


def _line(problem: Problem, *, many: bool) -> str:
    assert problem.place is not None
    file = f"{Path(problem.place.file).stem}:" if many else ""
    kind = "warning: " if problem.severity == "warning" else ""
    hint = f"; {problem.hint}" if problem.hint else ""
    return f"{file}{problem.place.line}:{problem.place.column} {kind}{problem.what}{hint} [{problem.code}]"


def agreement(text: str, **options: Any) -> Agreement:
    """The only agreement of *text*."""
    (found,) = load(text, **options).agreements
    return found


def target(body: str, *, above: str = "", **options: Any) -> Target:
    """The target of an agreement for incidents whose keys are *body* (a flow or block mapping)."""
    return agreement(wrapped(body, above=above), **options).targets["t"]


def wrapped(body: str, *, above: str = "") -> str:
    """An agreement for incidents with the one target `t`."""
    head = f"agreement: a\ntype: sla\ntimezone: UTC\napplies_to: {{record: incident}}\n{dedent(above)}"
    return f"{head}targets:\n  t: {body}\n"


def condition(text: str, **options: Any) -> Condition | None:
    """The condition written as *text*, as an agreement for incidents has it in `applies_to`."""
    whole = MINIMAL.replace("{record: incident}", f"{{record: incident, where: {text}}}")
    return agreement(whole, **options).where


def spelt(tree: Condition | None) -> dict[str, Any]:
    """A condition as people write it."""
    assert tree is not None
    return written(tree)
