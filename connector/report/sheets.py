"""The report as data: JSON for programs, CSV and XLSX for spreadsheets.

A cell that a spreadsheet would run as a formula is neutralised; values stay exact beside the printed ones.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from connector.errors import AccordError, plain, unsteered
from connector.evaluate.attribution import Shares
from connector.evaluate.lines import seconds
from connector.evaluate.objectives import Fact
from connector.evaluate.story import attribution_data
from connector.model.instant import format_instant
from connector.model.period import Figure
from connector.report.causes import Cause, Causes
from connector.report.contents import Part, Report, Row
from connector.report.page import shown
from connector.rules.rulebook import Objective

FIGURE_COLUMNS = (
    "agreement", "version", "objective", "each", "period", "start", "end", "state", "standing", "value",
    "promised", "in_time", "counted", "missed", "excluded", "without_target",
)  # fmt: skip
CYCLE_COLUMNS = (
    "agreement", "objective", "each", "period", "ticket", "kind", "source", "cycle", "verdict", "reason",
    "started", "ended", "breached_at", "elapsed_s", "time_s", "paused_s", "history", "rule", "url",
    "time_by_group", "time_paused", "broken_with_it",
)  # fmt: skip
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(value: Any) -> Any:
    """*value*, with a quote before a text that a spreadsheet would take for a formula, and nothing in it that
    would steer a terminal."""
    if not isinstance(value, str):
        return value
    return plain(f"'{value}" if value.startswith(_RUNS) else value)


def as_json(reports: Sequence[Report]) -> str:
    """Everything the page says, field for field."""
    return unsteered(json.dumps([_report(report) for report in reports], indent=2, ensure_ascii=False)) + "\n"


def as_csv(reports: Sequence[Report]) -> str:
    """One line a counted or excluded cycle: the evidence, ready to be filtered."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CYCLE_COLUMNS)
    writer.writerows([safe_cell(cell) for cell in line] for line in _cycle_lines(reports))
    return out.getvalue()


def as_xlsx(reports: Sequence[Report]) -> bytes:
    """Two sheets: figures, and the cycles behind them. AccordError where the library is not installed."""
    try:
        import xlsxwriter
    except ImportError:
        mend = "install it: pip install 'accord-slm[xlsx]'"
        raise AccordError("writing XLSX needs the library xlsxwriter", hint=mend) from None
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        bold = book.add_format({"bold": True})
        for name, columns, lines in (
            ("figures", FIGURE_COLUMNS, _figure_lines(reports)),
            ("cycles", CYCLE_COLUMNS, _cycle_lines(reports)),
        ):
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, columns, bold)
            for number, line in enumerate(lines, start=1):
                sheet.write_row(number, 0, [safe_cell(cell) for cell in line])
    return out.getvalue()


def _rows(reports: Sequence[Report]) -> Iterator[tuple[Report, Part, Row]]:
    for report in reports:
        for part in report.parts:
            for row in part.rows:
                yield report, part, row


def _figure_lines(reports: Sequence[Report]) -> Iterator[list[Any]]:
    for _, part, row in _rows(reports):
        told = _figure(row.figure, part.objective)
        told |= {"missed": len(told["missed"]), "excluded": sum(told["excluded"].values())}
        yield [told.get(name) for name in FIGURE_COLUMNS]


def _cycle_lines(reports: Sequence[Report]) -> Iterator[list[Any]]:
    for report, _, row in _rows(reports):
        one = row.figure
        for verdict, reason, fact in _evidence(row):
            told = {"verdict": verdict, "reason": reason, "objective": one.objective, "each": one.each}
            told |= {"period": one.period, "agreement": one.agreement, **_cycle(fact)}
            told |= _went(report.causes.of(fact.cycle) if verdict == "missed" else None)
            yield [told.get(name) for name in CYCLE_COLUMNS]


def _went(cause: Cause | None) -> dict[str, str]:
    """Where a missed cycle's time went, a cell each: `network 3600 s; desk 60 s`."""
    if cause is None:
        return {}
    where = cause.attribution

    def listed(shares: Shares) -> str:
        return "; ".join(f"{name or '-'} {seconds(length)} s" for name, length in shares.items())

    broken = "; ".join(f"{each.type.upper()} {each.agreement} {each.target}" for each in where.broken)
    spent = {"time_by_group": listed(where.groups), "time_paused": listed(where.reasons)}
    return {**spent, "broken_with_it": broken}


def _evidence(row: Row) -> Iterator[tuple[str, str | None, Fact]]:
    yield from (("missed", None, fact) for fact in row.missed)
    yield from (("met", None, fact) for fact in row.tally.met)
    yield from (("excluded", reason, fact) for reason, fact in row.excluded)
    yield from (("without target", None, fact) for fact in row.tally.without_target)


def _report(report: Report) -> dict[str, Any]:
    agreement = report.agreement
    return {
        "agreement": agreement.name,
        "version": agreement.version,
        "title": agreement.title,
        "type": agreement.type,
        "customer": agreement.customer,
        "provider": agreement.provider,
        "timezone": agreement.timezone,
        "hash": agreement.hash,
        "period": report.span.name,
        "start": format_instant(report.span.start),
        "end": format_instant(report.span.end),
        "as_of": format_instant(report.at),
        "verdict": report.verdict,
        "objectives": [_part(part, report.causes) for part in report.parts],
        "coverage": {
            "tickets": report.coverage.tickets,
            "without_clock": list(report.coverage.without_clock),
            "no_agreement": report.coverage.no_agreement,
            "never_started": report.coverage.never_started,
        },
    }


def _part(part: Part, causes: Causes) -> dict[str, Any]:
    return {
        "objective": part.objective.name,
        "measure": part.objective.measure,
        "of": str(part.objective.of),
        "period": part.span.name,
        "counted_here": part.is_counted,
        "rule": str(part.objective.place),
        "figures": [
            {
                **_figure(row.figure, part.objective),
                "trend": [_figure(one, part.objective) for one in row.trend],
                "missed_cycles": [_missed(fact, causes) for fact in row.missed],
                "excluded_cycles": [{"reason": reason, **_cycle(fact)} for reason, fact in row.excluded],
            }
            for row in part.rows
        ],
    }


def _figure(one: Figure, objective: Objective) -> dict[str, Any]:
    return {
        "agreement": one.agreement,
        "version": one.version,
        "objective": one.objective,
        "each": one.each,
        "period": one.period,
        "start": format_instant(one.start),
        "end": format_instant(one.end),
        "state": one.state,
        "standing": one.standing,
        "value": None if one.value is None else shown(one.value, objective),
        "promised": None if one.bound is None else shown(one.bound, objective),
        "in_time": one.denominator - len(one.missed_keys),
        "counted": one.denominator,
        "missed": list(one.missed_keys),
        "excluded": dict(one.excluded),
        "without_target": one.without_target,
    }


def _missed(fact: Fact, causes: Causes) -> dict[str, Any]:
    cause = causes.of(fact.cycle)
    return {**_cycle(fact), "attribution": None if cause is None else attribution_data(cause.attribution)}


def _cycle(fact: Fact) -> dict[str, Any]:
    cycle = fact.cycle
    return {
        "ticket": cycle.ticket.key,
        "kind": cycle.ticket.kind,
        "source": cycle.ticket.source,
        "cycle": cycle.number,
        "started": format_instant(cycle.started),
        "ended": None if cycle.ended is None else format_instant(cycle.ended),
        "breached_at": None if cycle.breached_at is None else format_instant(cycle.breached_at),
        "elapsed_s": cycle.elapsed // 1000,
        "time_s": None if cycle.time is None else cycle.time // 1000,
        "paused_s": cycle.paused // 1000,
        "history": cycle.history,
        "rule": cycle.entry,
        "url": fact.url,
    }
