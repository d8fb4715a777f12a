"""An SLA as servicedeskapi and the issue's custom field give it: the same object in both."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.jira import dates
from connector.sandbox.jira.sla.engine import Cycle, ServiceLevel

MINUTE = 60_000


def shown(
    level: ServiceLevel, metric_id: str, name: str, link: str, zone: ZoneInfo, now: int, *, cloud: bool
) -> dict[str, Any]:
    """One SLA of an issue. Without a cycle going on there is no `ongoingCycle` at all."""
    writer = _Writer(zone, now)
    found: dict[str, Any] = {
        "id": metric_id,
        "name": name,
        "_links": {"self": link},
        "completedCycles": [writer.completed(cycle) for cycle in level.completed],
    }
    if level.ongoing:
        found["ongoingCycle"] = writer.ongoing(level.ongoing)
    if cloud:
        found["slaDisplayFormat"] = "NEW_SLA_FORMAT"
    return found


class _Writer:
    def __init__(self, zone: ZoneInfo, now: int) -> None:
        self._zone, self._now = zone, now

    def completed(self, cycle: Cycle) -> dict[str, Any]:
        assert cycle.stopped is not None
        return {
            "startTime": self.moment(cycle.started),
            "stopTime": self.moment(cycle.stopped),
            "breachTime": self.moment(cycle.due),
            "breached": cycle.breached,
            **_durations(cycle),
        }

    def ongoing(self, cycle: Cycle) -> dict[str, Any]:
        return {
            "startTime": self.moment(cycle.started),
            "breachTime": self.moment(cycle.due),
            "breached": cycle.breached,
            "paused": cycle.paused,
            "withinCalendarHours": cycle.within_hours,
            **_durations(cycle),
        }

    def moment(self, at: int) -> dict[str, Any]:
        return {
            "iso8601": dates.without_milliseconds(at, self._zone),
            "jira": dates.jira(at, self._zone),
            "friendly": self._friendly(at),
            "epochMillis": at,
        }

    def _friendly(self, at: int) -> str:
        """`Yesterday 6:02 PM`, `06/Jul/26 6:02 PM`: for people, and only now."""
        moment = datetime.fromtimestamp(at / 1000, self._zone)
        days = (datetime.fromtimestamp(self._now / 1000, self._zone).date() - moment.date()).days
        time = f"{moment:%I:%M %p}".removeprefix("0")
        near = {0: "Today", 1: "Yesterday", -1: "Tomorrow"}.get(days)
        return f"{near or format(moment, '%d/%b/%y')} {time}"


def _durations(cycle: Cycle) -> dict[str, Any]:
    return {
        "goalDuration": _duration(cycle.goal),
        "elapsedTime": _duration(cycle.elapsed),
        "remainingTime": _duration(cycle.remaining),
    }


def _duration(length: int) -> dict[str, Any]:
    return {"millis": length, "friendly": friendly_length(length)}


def friendly_length(length: int) -> str:
    """`2h 58m`: whole minutes only, cut off and not rounded."""
    hours, minutes = divmod(abs(length) // MINUTE, 60)
    parts = [f"{hours}h"] if hours else []
    parts += [f"{minutes}m"] if minutes or not hours else []
    return ("-" if length < 0 else "") + " ".join(parts)
