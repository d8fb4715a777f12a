"""One timer's arithmetic: start, pauses, breach time, percentages, as `task_sla` keeps them.

Breach time is worked out when the timer is made and when it leaves a pause, and stays after a breach. Pauses
count only inside the schedule. A percentage is rounded to two decimals, and 100.00 is breached.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from connector.sandbox.servicenow import dates
from connector.sandbox.servicenow.sla.schedule import Hours


@dataclass(frozen=True, slots=True)
class Timer:
    """Instants and lengths in seconds. *stage*: in_progress, paused, completed, cancelled."""

    hours: Hours
    length: int
    start: int
    stage: str = "in_progress"
    end: int | None = None
    planned: int = 0
    pause_at: int | None = None
    paused: int = 0
    business_paused: int = 0
    breached: bool = False

    def begun(self) -> Timer:
        """As it is when made: with its breach time."""
        return replace(self, planned=self.hours.after(self.start, self.length))

    def pause(self, at: int) -> Timer:
        return replace(self.judged(at), stage="paused", pause_at=at)

    def resume(self, at: int) -> Timer:
        """Leave a pause: what it took is added, and the breach time moves."""
        left = self._leave(at)
        if left.breached:
            return replace(left, stage="in_progress")
        planned = left.hours.after(left.start, left.length + left.business_paused)
        return replace(left, stage="in_progress", planned=planned)

    def stop(self, at: int, stage: str) -> Timer:
        """End for good, out of a pause too."""
        timer = self.resume(at) if self.stage == "paused" else self
        return replace(timer.judged(at), stage=stage, end=at)

    def judged(self, at: int) -> Timer:
        """With the breach noted, if it was reached by *at*."""
        if self.stage == "paused" or self.breached:
            return self
        share = round(self.business_elapsed(at) / self.length * 100, 2) if self.length else 0.0
        return replace(self, breached=share >= 100)

    def elapsed(self, at: int) -> int:
        until = self.pause_at if self.stage == "paused" and self.pause_at is not None else at
        return max(0, until - self.start - self.paused)

    def business_elapsed(self, at: int) -> int:
        until = self.pause_at if self.stage == "paused" and self.pause_at is not None else at
        if until <= self.start:
            return 0
        return max(0, self.hours.between(self.start, until) - self.business_paused)

    def _leave(self, at: int) -> Timer:
        since = max(self.pause_at if self.pause_at is not None else at, self.start)
        wall = max(0, at - since)
        counted = self.hours.between(since, at) if wall else 0
        return replace(
            self, pause_at=None, paused=self.paused + wall, business_paused=self.business_paused + counted
        )

    def columns(self, at: int) -> dict[str, str]:
        """The columns as a calculation at *at* writes them."""
        actual, business = self.elapsed(at), self.business_elapsed(at)
        wall = max(
            1, self.hours.after(self.start, self.length + self.business_paused) - self.start - self.paused
        )
        return {
            "stage": self.stage,
            "active": "true" if self.end is None else "false",
            "has_breached": "true" if self.breached else "false",
            "start_time": _stored(self.start),
            "end_time": "" if self.end is None else _stored(self.end),
            "planned_end_time": _stored(self.planned),
            "pause_time": "" if self.pause_at is None else _stored(self.pause_at),
            "pause_duration": dates.duration(self.paused),
            "business_pause_duration": dates.duration(self.business_paused),
            "duration": dates.duration(actual),
            "business_duration": dates.duration(business),
            "percentage": f"{actual / wall * 100:.2f}",
            "business_percentage": f"{business / self.length * 100:.2f}" if self.length else "0",
            "time_left": dates.duration(max(0, self.planned - at)),
            "business_time_left": dates.duration(max(0, self.length - business)),
        }


def timer_of(values: dict[str, str], hours: Hours, length: int) -> Timer:
    """The timer that a row of `task_sla` keeps."""
    return Timer(
        hours=hours,
        length=length,
        start=_seconds(values["start_time"]) or 0,
        stage=values["stage"],
        end=_seconds(values["end_time"]),
        planned=_seconds(values["planned_end_time"]) or 0,
        pause_at=_seconds(values["pause_time"]),
        paused=_seconds(values["pause_duration"]) or 0,
        business_paused=_seconds(values["business_pause_duration"]) or 0,
        breached=values["has_breached"] == "true",
    )


def _stored(seconds: int) -> str:
    return dates.stored(seconds * 1000)


def _seconds(text: str) -> int | None:
    return dates.instant(text) // 1000 if text else None
