"""Quiet hours (framework: `quiet_hours: CALENDAR`, or `{calendar: …, but: [lines]}`): notices wait until
people are at work again. Notes and records disturb nobody, and lines named under `but` are worth a
disturbance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connector.decide.decision import Decided, Desk
from connector.model.effect import Output


def after_quiet_hours(decided: Decided, desk: Desk, line: str) -> Decided:
    """The act for *line* as it may go out: a notice decided in quiet hours not before they end."""
    settings = _settings(desk)
    calendar = str(settings.get("calendar"))
    is_quiet = decided.effect.output is Output.NOTIFY and line not in _words(settings.get("but"))
    if not is_quiet or calendar not in desk.book.calendars or desk.context.opening is None:
        return decided
    now = max(decided.effect.at, desk.context.at)
    opens = desk.context.opening(calendar, now)
    return replace(decided, not_before=opens) if opens > now else decided


def _settings(desk: Desk) -> Mapping[str, Any]:
    written = (document.data.get("quiet_hours") for document in desk.book.of_kind("framework"))
    found: Any = next((one for one in written if one), {})
    return {"calendar": found} if isinstance(found, str) else found


def _words(written: Any) -> tuple[str, ...]:
    return (written,) if isinstance(written, str) else tuple(written or ())
