"""The geometry of the report's pictures: numbers in, coordinates out. The templates draw them as SVG.

No text, no colours, no markup here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from connector.evaluate.objectives import Fact
from connector.model.period import Figure

WIDTH, HEIGHT = 460, 150
LEFT, RIGHT, TOP, BOTTOM = 14, 14, 26, 26


@dataclass(frozen=True, slots=True)
class Point:
    """One period on a trend; *y* is None where it has no value."""

    x: float
    y: float | None
    figure: Figure
    label_y: float | None  # where its value is written: above, or below where the line comes from above


@dataclass(frozen=True, slots=True)
class Trend:
    """A line of values over periods, and the bound as a stepped line."""

    points: tuple[Point, ...]
    segments: tuple[str, ...]  # `points` of the polylines between gaps
    bound: str | None  # `points` of the bound's polyline
    bound_y: float | None  # where it ends, for its label
    low: Fraction  # the value at the bottom of the picture
    high: Fraction  # and at its top
    width: int = WIDTH
    height: int = HEIGHT


def trend(figures: Sequence[Figure], *, is_length: bool = False) -> Trend:
    """*figures* of one objective over periods, oldest first: shares up to one, or lengths from nothing up."""
    shown = [value for one in figures for value in (one.value, one.bound) if value is not None]
    low = Fraction(0) if is_length else _floor(min(shown, default=Fraction(0)))
    high = max(shown, default=Fraction(1)) if is_length else Fraction(1)
    step = (WIDTH - LEFT - RIGHT) / max(len(figures), 1)
    xs = [LEFT + step * (i + 0.5) for i in range(len(figures))]
    ys = [_height(one.value, low, high) for one in figures]
    points = tuple(Point(round(x, 1), ys[i], figures[i], _label(ys, i)) for i, x in enumerate(xs))
    bounds = [(x, _height(one.bound, low, high)) for x, one in zip(xs, figures, strict=True)]
    known = [(x, y) for x, y in bounds if y is not None]
    steps = [f"{x + side * step / 2:.1f},{y}" for x, y in known for side in (-1, 1)]
    return Trend(
        points, tuple(_segments(points)), " ".join(steps) or None, known[-1][1] if known else None, low, high
    )


def _floor(lowest: Fraction) -> Fraction:
    """A round share below everything shown: the scale need not begin at nothing, and says where it does."""
    for step in (Fraction(9, 10), Fraction(8, 10), Fraction(1, 2)):
        if lowest > step:
            return step
    return Fraction(0)


def _height(value: Fraction | None, low: Fraction, high: Fraction) -> float | None:
    if value is None:
        return None
    share = float((value - low) / (high - low)) if high > low else 0.0
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def _label(ys: Sequence[float | None], i: int) -> float | None:
    y = ys[i]
    if y is None:
        return None
    beside = [other for other in (*ys[max(i - 1, 0) : i], *ys[i + 1 : i + 2]) if other is not None]
    is_valley = bool(beside) and all(other < y for other in beside) and y < HEIGHT - BOTTOM - 18
    return round(y + 17 if is_valley else y - 10, 1)


def _segments(points: Sequence[Point]) -> list[str]:
    found: list[list[str]] = [[]]
    for point in points:
        if point.y is None:
            found.append([])
        else:
            found[-1].append(f"{point.x},{point.y}")
    return [" ".join(run) for run in found if len(run) > 1]


@dataclass(frozen=True, slots=True)
class Bin:
    """How many cycles used so much of their time."""

    label: str
    count: int
    is_missed: bool
    x: float
    y: float
    width: float
    height: float


_EDGES = ((0.25, "≤ 25 %"), (0.5, "50 %"), (0.75, "75 %"), (1.0, "100 %"), (1.5, "150 %"), (2.0, "200 %"))
SPREAD_HEIGHT = 150


def spread(met: Sequence[Fact], missed: Sequence[Fact]) -> tuple[Bin, ...]:
    """How much of their time the counted cycles used: in time on the left, late on the right."""
    counts = [0] * (len(_EDGES) + 1)
    for is_missed, facts in ((False, met), (True, missed)):
        for fact in facts:
            counts[_bin(fact, is_missed=is_missed)] += 1
    most = max(counts) or 1
    width = (WIDTH - LEFT - RIGHT) / len(counts)
    room = SPREAD_HEIGHT - TOP - BOTTOM
    labels = [*(label for _, label in _EDGES), "more"]
    return tuple(
        Bin(
            label,
            count,
            i >= 4,
            round(LEFT + i * width + 4, 1),
            round(SPREAD_HEIGHT - BOTTOM - room * count / most, 1),
            round(width - 8, 1),
            round(room * count / most, 1),
        )
        for i, (label, count) in enumerate(zip(labels, counts, strict=True))
    )


def _bin(fact: Fact, *, is_missed: bool) -> int:
    used = fact.cycle.elapsed / fact.cycle.time if fact.cycle.time else float("inf")
    edges = _EDGES[4:] if is_missed else _EDGES[:4]
    base = 4 if is_missed else 0
    found = next((i for i, (edge, _) in enumerate(edges) if used <= edge), len(edges))
    return base + (found if is_missed else min(found, 3))
