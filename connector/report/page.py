"""The report as one HTML page: no script, nothing fetched, safe under a strict content policy, good on paper.

Every text is escaped by the template engine; the pictures are SVG drawn by the templates from `chart`.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from connector.evaluate.objectives import MEASURES, percent, target_of
from connector.evaluate.picture import KEY, STYLE
from connector.evaluate.story import went
from connector.model.instant import Instant, Millis, format_length, to_datetime
from connector.report import chart
from connector.report.causes import Cause
from connector.report.contents import Report, Row
from connector.rules.rulebook import Objective

TEMPLATES = Path(__file__).parent / "templates"
SHOWN = 20  # tickets in one table of the page; the sheets hold all

_KEY = Markup(KEY)  # noqa: S704 (our own words)

VERDICTS = {"met": "met", "missed": "missed", "no_data": "no data", "none": "no bound", "open": "open"}
SIGNS = {"met": "✓", "missed": "✕", "no_data": "–", "none": "–", "open": "…"}


def page(reports: Sequence[Report]) -> str:
    """All *reports* as one self-contained page."""
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8") + STYLE
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = _environment().get_template("report.html")
    text = template.render(reports=reports, style=Markup(style), style_hash=digest)  # noqa: S704 (our own file)
    return text.lstrip()


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, spell=spell, when=when, day=day, link=link, bound=bound)
    environment.globals.update(
        trend=chart.trend,
        spread=chart.spread,
        VERDICTS=VERDICTS,
        SIGNS=SIGNS,
        SHOWN=SHOWN,
        period=period,
        KEY=_KEY,
    )
    environment.filters.update(shown=shown, counted=counted, promise=promise)
    environment.filters.update(spent=spent, went=went_on, drawn=drawn)
    environment.globals.update(KEY=_KEY, bar=bar, caution=caution, is_length=is_length)
    return environment


def spell(value: Millis | None) -> str:
    """A length for people, a dash where there is none."""
    return "–" if value is None else format_length(value)


def when(at: Instant | None, zone: str) -> str:
    """An instant in the agreement's zone: `5 Oct 2026 14:30`."""
    if at is None:
        return "–"
    local = to_datetime(at).astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y %H:%M}"


def day(at: Instant, zone: str) -> str:
    """The date of an instant in the agreement's zone."""
    local: datetime = to_datetime(at).astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %Y}"


def period(report: Report) -> str:
    """The span in dates, both included."""
    zone = report.agreement.timezone
    return f"{day(report.span.start, zone)} – {day(report.span.end - 1, zone)}"


def link(url: str | None) -> str | None:
    """*url* where it is one that a browser only opens, else None: a record's URL comes from outside."""
    return url if url and url.startswith(("https://", "http://")) else None


def is_length(objective: Objective) -> bool:
    """Whether its values are lengths of time, not shares."""
    return objective.measure in MEASURES and MEASURES[objective.measure].is_length


def shown(value: Fraction | None, objective: Objective, places: int = 2) -> str:
    """A value of the objective as people read it."""
    if value is None:
        return "no data"
    return format_length(int(value)) if is_length(objective) else percent(value, places)


def bound(objective: Objective, value: Fraction | None) -> str:
    """What was promised, in words."""
    if value is None:
        return "no bound"
    allowed = f", or at most {objective.allow_missed} missed" if objective.allow_missed else ""
    return f"{'at least' if objective.at_least else 'at most'} {shown(value, objective)}{allowed}"


def counted(row: Row, objective: Objective) -> str:
    """What the figure rests on, in words."""
    one = row.figure
    if is_length(objective):
        return f"{one.denominator} counted"
    return f"{one.numerator} of {one.denominator} in time"


def promise(objective: Objective) -> str:
    """What is measured, in words."""
    target = target_of(objective)
    if objective.measure == "mean":
        return f"Mean time of the cycles of “{target}”"
    if objective.measure == "percentile":
        return f"Time within which {objective.of} % of the cycles of “{target}” ended"
    return f"Cycles of “{target}” met in time"


def bar(row: Row, objective: Objective) -> dict[str, float | None]:
    """The value and its bound on a scale of 100: of one for shares, of the larger one for lengths."""
    one = row.figure
    whole = max(one.value or 0, one.bound or 0) if is_length(objective) else Fraction(1)
    value, limit = (
        None if v is None or not whole else round(float(v / whole) * 100, 2) for v in (one.value, one.bound)
    )
    return {"value": value, "bound": limit}


def went_on(cause: Cause | None, zone: str) -> str:
    """Where a missed cycle's time went, in one line."""
    return "" if cause is None else " · ".join(went(cause.attribution, zone))


def drawn(picture: str) -> Markup:
    """A timeline, which is markup of our own with every text of it escaped."""
    return Markup(picture)  # noqa: S704


def spent(shares: Mapping[str | None, Millis], nobody: str) -> list[tuple[str, str, str]]:
    """Shares of time for a table, the largest first: whose, how long, what share."""
    whole = sum(shares.values()) or 1
    largest_first = sorted(shares.items(), key=lambda share: (-share[1], share[0] or ""))
    return [
        (name or nobody, spell(value), percent(Fraction(value, whole), 1)) for name, value in largest_first
    ]


def caution(row: Row) -> str | None:
    """What a reader should know before trusting the figure."""
    coarse = {fact.cycle.history for fact in (*row.tally.met, *row.tally.missed)} & {
        "timestamps",
        "snapshots",
    }
    if coarse:
        return f"partly from a coarse history ({', '.join(sorted(coarse))}): pauses may be missing"
    return None
