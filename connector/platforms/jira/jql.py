"""JQL, built of escaped parts only. Nothing is asked from here.

Source: Atlassian, Advanced searching. A date without quotes is milliseconds since the epoch; one in quotes is
read in the time zone of the account that asks, to the minute.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta, tzinfo

from connector.model.instant import HOUR, MINUTE, Instant, to_datetime

_FORM = "%Y/%m/%d %H:%M"


def quoted(value: str) -> str:
    """*value* as one JQL word, whatever stands in it."""
    plain = "".join(letter if letter >= " " else " " for letter in value)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def is_in(field: str, values: Iterable[str]) -> str:
    """The condition that *field* (a clause name of ours) holds one of *values*."""
    return f"{field} in ({', '.join(quoted(value) for value in values)})"


def both(*conditions: str) -> str:
    """All of *conditions*, each kept together; empty ones are left out."""
    return " AND ".join(f"({one})" for one in conditions if one.strip())


@dataclass(frozen=True, slots=True)
class Dates:
    """How instants are written: as milliseconds (*zone* None), or in the account's time zone."""

    zone: tzinfo | None = None

    def literal(self, at: Instant) -> str:
        """A literal that is not later than *at*, whichever way an hour that comes twice is read."""
        if self.zone is None:
            return str(at)
        local = to_datetime(at // MINUTE * MINUTE).astimezone(self.zone)
        if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
            local = to_datetime(at // MINUTE * MINUTE - HOUR).astimezone(self.zone)
        return quoted((local + timedelta(0)).strftime(_FORM))
