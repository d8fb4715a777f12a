"""Quiet hours (framework: `quiet_hours: CALENDAR`, or `{calendar: …, but: [lines]}`): notices wait until
people are at work again. Notes and records disturb nobody, and lines named under `but` are worth a
disturbance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connector.decide.decision import Decided, Desk
from connector.model.effect import Held, Output


def after_quiet_hours(decided: Decided, desk: Desk, line: str) -> Decided:
    """The act for *line* as it may go out: a notice decided in quiet hours not before they end."""
    settings = _settings(desk)
    calendar = str(settings.get("calendar"))
    is_quiet = decided.effect.output is Output.NOTIFY and line not in settings.get("but", ())
    if not is_quiet or calendar not in desk.book.calendars or desk.context.opening is None:
        return decided
    now = max(decided.effect.at, desk.context.at, decided.not_before)
    opens = desk.context.opening(calendar, now)
    return replace(decided, not_before=opens, waits=Held.QUIET) if opens > now else decided


def _settings(desk: Desk) -> Mapping[str, Any]:
    written = (document.data.get("quiet_hours") for document in desk.book.of_kind("framework"))
    return next((one for one in written if one), {})
