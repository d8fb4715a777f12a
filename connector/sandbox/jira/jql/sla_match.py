"""JQL on SLA fields: `"Time to resolution" = breached()`, `< remaining("1h")` and their like.

`breached()` asks the last cycle, `everBreached()` any; an SLA without a cycle is found by neither and by no
negation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from connector.sandbox.jira import dates
from connector.sandbox.jira.issue import Issue
from connector.sandbox.jira.jql.syntax import Clause, Function
from connector.sandbox.jira.setup import Field
from connector.sandbox.jira.sla.engine import Cycle, ServiceLevel

if TYPE_CHECKING:
    from connector.sandbox.jira.site import Site

Judge = Callable[[ServiceLevel], bool]


def _last(level: ServiceLevel) -> Cycle:
    return level.ongoing or level.completed[-1]


JUDGES: dict[str, Judge] = {
    "breached": lambda level: _last(level).breached,
    "everbreached": lambda level: any(cycle.breached for cycle in level.cycles),
    "completed": lambda level: level.ongoing is None,
    "running": lambda level: (
        level.ongoing is not None and not level.ongoing.paused and level.ongoing.within_hours
    ),
    "paused": lambda level: (
        level.ongoing is not None and (level.ongoing.paused or not level.ongoing.within_hours)
    ),
    "withincalendarhours": lambda level: level.ongoing is not None and level.ongoing.within_hours,
}


def sla_test(site: Site, one: Field, clause: Clause, now: int) -> Callable[[Issue], bool] | None:
    """The test for a clause on an SLA field; None where the field does not support it."""
    function = clause.operand
    if not isinstance(function, Function):
        return None
    name = function.name.lower()
    judge: Judge | None = JUDGES.get(name) if clause.operator in {"=", "!="} else None
    if judge is None:
        judge = _measured(name, clause.operator, function.arguments)
        if judge is None:
            return None
    wanted, held = clause.operator != "!=", judge

    def test(issue: Issue) -> bool:
        level = site.levels.level(issue, one.id, now)
        return level is not None and bool(level.cycles) and held(level) is wanted

    return test


def _measured(name: str, operator: str, arguments: tuple[str, ...]) -> Judge | None:
    """`elapsed("2h")` and `remaining("1h")`: of ongoing cycles only."""
    limit = dates.length("".join(arguments[:1]))
    if name not in {"elapsed", "remaining"} or limit is None or operator not in {"<", "<=", ">", ">="}:
        return None
    sign = 1 if ">" in operator else -1
    equal = operator.endswith("=")

    def judge(level: ServiceLevel) -> bool:
        if level.ongoing is None:
            return False
        measured = level.ongoing.elapsed if name == "elapsed" else level.ongoing.remaining
        return (measured - limit) * sign > 0 or (equal and measured == limit)

    return judge
