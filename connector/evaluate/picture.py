"""A cycle as a picture: a bar over wall time (running, paused, over its time, closed hours), its lines, its
due instant and its days; and an explanation as a page of such pictures with the story below.

Inline SVG, no script, nothing from elsewhere; every text is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connector.evaluate import story
from connector.model.instant import Instant, from_datetime, to_datetime

if TYPE_CHECKING:
    from connector.evaluate.explain import CycleStory, Explanation

WIDTH, MARGIN = 860, 12
_LANE, _BAR, _FOOT = 14, 18, 34  # heights: of a row of labels, the bar, and the days below it
_LETTER = 6.4  # a label's width by its letters, at 11 px
_LANES = 4
_DAYS = 12  # more midnights than these are not written out

STYLE = """.timeline { width: 100%; height: auto; display: block }
.timeline text { font: 11px system-ui, sans-serif; fill: #333 }
.timeline text { paint-order: stroke; stroke: #fff; stroke-width: 3px }
.timeline .day { fill: #667 }
.timeline .shut { fill: #dfe6ee }
.timeline .ran { fill: #2f6fb0 }
.timeline .paused { fill: #c58b1b; opacity: .45 }
.timeline .over { fill: #b3261e; stroke: none }
.timeline .line { stroke: #8a5a00; stroke-width: 1.2 }
.timeline .due { stroke: #b3261e; stroke-width: 1.5; stroke-dasharray: 3 2 }
.timeline .midnight { stroke: #c3cad3 }
.timeline .leader { stroke: #b9a27a; stroke-width: .6 }
"""
_PAGE = """body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 56rem; padding: 0 1rem;
color: #1b1f24 }
h2 { font-size: 1.05rem; margin: 2rem 0 .3rem }
.rule { color: #667; font-size: .85rem }
pre { background: #f5f6f8; padding: 1rem; overflow-x: auto; font-size: 13px }
.key { font-size: .85rem; color: #445 }
.key span { display: inline-block; width: .9em; height: .9em; margin: 0 .3em 0 1em; vertical-align: -1px }
.key .ran { background: #2f6fb0 }
.key .over { background: #b3261e }
.key .paused { background: #e2c58d }
.key .shut { background: #dfe6ee }
"""
KEY = (
    '<p class="key"><span class="ran"></span>counted <span class="over"></span>counted over the time '
    '<span class="paused"></span>paused <span class="shut"></span>closed hours</p>'
)


def page(told: Explanation) -> str:
    """The whole page."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(told.key)}</title><style>{_PAGE}{STYLE}</style></head><body>"
        f"<h1>{escape(told.key)}</h1>{KEY}{''.join(_clocks(told))}<pre>{escape(told.text())}</pre>"
        "</body></html>\n"
    )


def _clocks(told: Explanation) -> Iterator[str]:
    for clock in told.clocks:
        head = f"{clock.agreement} · {clock.target}"
        yield f'<h2>{escape(head)} <span class="rule">{escape(clock.place)}</span></h2>'
        if not clock.cycles:
            yield f"<p>No clock ran: {escape('; '.join(each.what for each in clock.nothing))}</p>"
        for cycle in clock.cycles:
            summary = f"Cycle {cycle.cycle.number}: {story.summary(cycle.cycle, told.zone)}"
            yield f"<p>{escape(summary)}</p>{bar(cycle, told.zone)}"


def bar(told: CycleStory, zone: str) -> str:
    """The picture of one cycle, its days those of *zone*."""
    scale = _Scale(told.cycle.started, _last(told))
    marks = list(_marks(told, scale))
    lanes = 1 + max((mark.lane for mark in marks), default=0)
    top = lanes * _LANE + 4
    drawn = [*_bar(told, scale, top), *_days(scale, zone, top)]
    drawn += [mark.crossing(top, lanes) for mark in marks]
    drawn += [
        mark.label(lanes) for mark in marks if mark.text
    ]  # over the lines, so that none strikes one out
    label = escape(story.summary(told.cycle, zone))
    size = f"0 0 {WIDTH} {top + _BAR + _FOOT}"
    return f'<svg class="timeline" viewBox="{size}" role="img" aria-label="{label}">{"".join(drawn)}</svg>'


def _last(told: CycleStory) -> Instant:
    cycle = told.cycle
    ends = [stage.until for stage in told.stages] + [moment.at for moment in cycle.warnings]
    return max([*ends, cycle.started + 1, *([cycle.due] if cycle.due is not None else [])])


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where an instant lies."""

    first: Instant
    last: Instant

    def x(self, instant: Instant) -> float:
        share = (min(max(instant, self.first), self.last) - self.first) / (self.last - self.first)
        return round(MARGIN + share * (WIDTH - 2 * MARGIN), 1)


# ------------------------------------------------------------------------------------ the bar


def _bar(told: CycleStory, scale: _Scale, top: int) -> Iterator[str]:
    for style, begin, end in _joined(list(_stretches(told)), scale):
        width = round(max(scale.x(end) - scale.x(begin), 0.4), 1)
        yield f'<rect class="{style}" x="{scale.x(begin)}" y="{top}" width="{width}" height="{_BAR}"/>'


def _stretches(told: CycleStory) -> Iterator[tuple[str, Instant, Instant]]:
    """What each time of the cycle was, in order."""
    breach = told.cycle.breached_at
    for stage in told.stages:
        if not stage.is_live:
            continue
        at = stage.at
        for begin, end in stage.open:
            yield "shut", at, begin
            over = end if breach is None else min(max(breach, begin), end)
            name = "ran" if stage.is_counted else "paused"
            yield name, begin, over
            yield "over" if stage.is_counted else name, over, end
            at = end
        yield "shut", at, stage.until


def _joined(
    stretches: Sequence[tuple[str, Instant, Instant]], scale: _Scale
) -> Iterator[tuple[str, Instant, Instant]]:
    """Neighbours of one style as one; what is too narrow to be seen is left out."""
    held: tuple[str, Instant, Instant] | None = None
    for style, begin, end in stretches:
        if end <= begin or (held is not None and scale.x(end) - scale.x(held[1]) < 0.2):
            continue
        if held is not None and held[0] == style and held[2] == begin:
            held = (style, held[1], end)
            continue
        if held is not None:
            yield held
        held = (style, begin, end)
    if held is not None:
        yield held


# ------------------------------------------------------------------------- lines and their labels


@dataclass(frozen=True, slots=True)
class _Mark:
    """A line across the bar. Its *text* begins or ends there; lane 0 is the one next to the bar."""

    x: float
    style: str
    text: str
    lane: int
    anchor: str

    def crossing(self, top: int, lanes: int) -> str:
        ends = f'x1="{self.x}" x2="{self.x}"'
        leader = f'<line class="leader" {ends} y1="{self._y(lanes)}" y2="{top - 3}"/>' if self.text else ""
        return f'{leader}<line class="{self.style}" {ends} y1="{top - 3}" y2="{top + _BAR + 3}"/>'

    def label(self, lanes: int) -> str:
        x = self.x + (3 if self.anchor == "start" else -3)
        return f'<text x="{x}" y="{self._y(lanes)}" text-anchor="{self.anchor}">{escape(self.text)}</text>'

    def _y(self, lanes: int) -> int:
        return (lanes - self.lane) * _LANE - 2


def _marks(told: CycleStory, scale: _Scale) -> Iterator[_Mark]:
    """The crossed lines and the due instant, each label where it covers no other."""
    cycle = told.cycle
    named: dict[tuple[float, str], list[str]] = {}
    for moment in cycle.warnings:
        named.setdefault((scale.x(moment.at), "line"), []).append(moment.event)
    if cycle.due is not None:
        named.setdefault((scale.x(cycle.due), "due"), []).append("due")
    elif cycle.breached_at is not None:
        named.setdefault((scale.x(cycle.breached_at), "due"), []).append("breached")
    taken: list[list[tuple[float, float]]] = [[] for _ in range(_LANES)]
    for (x, style), texts in sorted(named.items(), key=lambda each: (each[0][1] != "due", each[0][0])):
        text = ", ".join(dict.fromkeys(texts))
        width = len(text) * _LETTER + 6
        anchor = "start" if x + width <= WIDTH - 2 else "end"
        begin = x if anchor == "start" else x - width
        lane = next((n for n, spans in enumerate(taken) if _is_free(spans, begin, begin + width)), None)
        if lane is None:  # too many at one place: the line stays, the story below names it
            yield _Mark(x, style, "", 0, anchor)
            continue
        taken[lane].append((begin, begin + width))
        yield _Mark(x, style, text, lane, anchor)


def _is_free(spans: Sequence[tuple[float, float]], begin: float, end: float) -> bool:
    """Whether no label of the lane is in the way."""
    return all(end <= other or begin >= until for other, until in spans)


# ------------------------------------------------------------------------------------ the days


def _days(scale: _Scale, zone: str, top: int) -> Iterator[str]:
    """The ends of the picture, and the midnights between where there are few."""
    y, text_y = top + _BAR, top + _BAR + 14
    begin, end = (escape(story.when(each, zone)) for each in (scale.first, scale.last))
    midnights = list(_midnights(scale, zone))
    for at, name in midnights if len(midnights) <= _DAYS else []:
        x = scale.x(at)
        yield f'<line class="midnight" x1="{x}" x2="{x}" y1="{top}" y2="{y + 5}"/>'
        if MARGIN <= x <= WIDTH - MARGIN - 60:
            yield f'<text class="day" x="{x + 2}" y="{text_y}">{escape(name)}</text>'
    yield f'<text x="{MARGIN}" y="{text_y + 14}">{begin}</text>'
    yield f'<text x="{WIDTH - MARGIN}" y="{text_y + 14}" text-anchor="end">{end}</text>'


def _midnights(scale: _Scale, zone: str) -> Iterator[tuple[Instant, str]]:
    local = to_datetime(scale.first).astimezone(ZoneInfo(zone))
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    for _ in range(_DAYS + 1):
        day = (day.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=ZoneInfo(zone))
        at = from_datetime(day)
        if at > scale.last:
            return
        yield at, f"{day:%a} {day.day} {day:%b}"
