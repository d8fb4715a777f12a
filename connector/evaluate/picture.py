"""An explanation as a page: a bar for each cycle (running, paused), its lines and due time, and the story
below.

Inline SVG, no script, nothing from elsewhere; every text is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import TYPE_CHECKING

from connector.evaluate import story
from connector.model.instant import Instant

if TYPE_CHECKING:
    from connector.evaluate.explain import CycleStory, Explanation

WIDTH, HEIGHT, MARGIN = 860, 66, 12
_STYLE = """ body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 56rem; padding: 0
1rem; color: #1b1f24 } h2 { font-size: 1.05rem; margin: 2rem 0 .3rem } .rule { color: #667; font-size:
.85rem } svg { width: 100%; height: auto } .ran { fill: #2f6fb0 } .paused { fill: #c9d3de } .over { fill:
#b3261e } .line { stroke: #8a5a00 } .due { stroke: #b3261e; stroke-dasharray: 3 2 } text { font-size:
11px; fill: #333 } pre { background: #f5f6f8; padding: 1rem; overflow-x: auto; font-size: 13px } """


def page(told: Explanation) -> str:
    """The whole page."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(told.key)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(told.key)}</h1>{''.join(_clocks(told))}<pre>{escape(told.text())}</pre></body></html>\n"
    )


def _clocks(told: Explanation) -> Iterator[str]:
    for clock in told.clocks:
        head = f"{clock.agreement} · {clock.target}"
        yield f'<h2>{escape(head)} <span class="rule">{escape(clock.place)}</span></h2>'
        for cycle in clock.cycles:
            summary = f"Cycle {cycle.cycle.number}: {story.summary(cycle.cycle, told.zone)}"
            yield f"<p>{escape(summary)}</p>{_bar(cycle, told.zone)}"


def _bar(told: CycleStory, zone: str) -> str:
    cycle = told.cycle
    ends = [stage.until for stage in told.stages] + [moment.at for moment in cycle.warnings]
    last = max([*ends, cycle.started + 1, *([cycle.due] if cycle.due is not None else [])])
    scale = (WIDTH - 2 * MARGIN) / (last - cycle.started)

    def x(instant: Instant) -> float:
        return round(MARGIN + (max(instant, cycle.started) - cycle.started) * scale, 1)

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(story.summary(cycle, zone))}">'
    ]
    for stage in told.stages:
        if stage.is_live and stage.until > stage.at:
            parts += _stretch(x, stage.at, stage.until, cycle.breached_at, is_counted=stage.is_counted)
    parts += [_mark(x(moment.at), "line", moment.event) for moment in cycle.warnings]
    if cycle.due is not None:
        parts.append(_mark(x(cycle.due), "due", "due"))
    foot = f'y="{HEIGHT - 6}"'
    parts.append(f'<text x="{MARGIN}" {foot}>{escape(story.when(cycle.started, zone))}</text>')
    end = escape(story.when(last, zone))
    parts.append(f'<text x="{WIDTH - MARGIN}" {foot} text-anchor="end">{end}</text>')
    return "".join([*parts, "</svg>"])


def _stretch(
    x: Callable[[Instant], float], begin: Instant, end: Instant, breach: Instant | None, *, is_counted: bool
) -> Iterator[str]:
    over = end if breach is None else min(max(breach, begin), end)
    name = "ran" if is_counted else "paused"
    for start, stop, style in ((begin, over, name), (over, end, "over" if is_counted else name)):
        if stop > start:
            width = round(x(stop) - x(start), 1)
            yield f'<rect class="{style}" x="{x(start)}" y="22" width="{width}" height="16"/>'


def _mark(x: float, style: str, name: str) -> str:
    anchor = "end" if x > WIDTH / 2 else "start"
    return (
        f'<line class="{style}" x1="{x}" x2="{x}" y1="16" y2="44"/>'
        f'<text x="{x}" y="12" text-anchor="{anchor}">{escape(name)}</text>'
    )
