"""Raw records to canonical ones and back, by the mapping alone.

How a platform writes an instant or a boolean comes in as a `Spelling`. Nothing is dropped and nothing
guessed: a word that no `values:` entry covers is kept and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from connector.mappings.catalogue import DESK_FIELDS, FieldMapping, RecordMapping
from connector.model.instant import Instant, Millis
from connector.model.kind import FieldType, Kind
from connector.model.record import Record, Reference, Value

STATUS = "status"  # the field that `by_status` reads
Unmapped = Counter[tuple[str, str, str]]  # (kind, field, the platform's word) → how often


class Spelling(Protocol):
    """How one platform writes values. `parse` raises ValueError where *raw* is none of that type."""

    def pick(self, raw: Mapping[str, Any], origin: str) -> Any:
        """What stands at *origin* (a field, or dots along references) of a raw record, or None."""

    def text(self, raw: Any) -> str:
        """*raw* as the word that `values:` compares; empty where there is none."""

    def words(self, raw: Any) -> Sequence[str]:
        """The words that `values:` may have for *raw*, the most particular first (`text` among them)."""

    def parse(self, raw: Any, type_: FieldType) -> Value:
        """*raw*, not empty, as a value of that type."""

    def write(self, value: Value, type_: FieldType) -> Any:
        """*value* as the platform takes it; None empties the field."""


class Unreadable(ValueError):
    """A record that cannot be read as its kind; the message is the reason, for people."""


@dataclass(frozen=True, slots=True)
class Translation:
    """The mapping of one kind between a platform's raw records and ours."""

    source: str
    mapping: RecordMapping
    spelling: Spelling

    def record(self, raw: Mapping[str, Any], unmapped: Unmapped, *, url: str | None = None) -> Record:
        """The canonical record of *raw*, without changes. Words not mapped are added to *unmapped*.

        Raises Unreadable where the id is missing or a date or length is none.
        """
        id_ = self.spelling.text(self.spelling.pick(raw, self.mapping.id))
        if not id_:
            raise Unreadable(f"it has no {self.mapping.id}")
        fields = {
            name: self.field(raw, given, unmapped)
            for name, given in self.mapping.fields.items()
            if not given.journal
        }
        key = self.spelling.text(self.spelling.pick(raw, self.mapping.key)) or id_
        return Record(self.mapping.kind, self.source, id_, key, fields, url=url, updated=self.updated(raw))

    def updated(self, raw: Mapping[str, Any]) -> Instant | None:
        """When the platform last changed *raw*."""
        written = self.spelling.pick(raw, self.mapping.updated)
        if not self.spelling.text(written):
            return None
        return int(_parsed(self.spelling, written, FieldType.DATETIME, self.mapping.updated))

    def field(self, raw: Mapping[str, Any], given: FieldMapping, unmapped: Unmapped) -> Value:
        """The canonical value of one field of *raw*."""
        if given.since is not None:
            return self.between(raw, given.since, given.origin)
        value = self.value(self.spelling.pick(raw, given.origin), given, unmapped)
        if value is None and given.by_status:
            return self.told_by(self.spelling.pick(raw, STATUS), given)
        if given.display and isinstance(value, Reference):
            name = self.spelling.text(self.spelling.pick(raw, given.display))
            return Reference(value.id, name or value.name)
        return value

    def told_by(self, status: Any, given: FieldMapping) -> Value:
        """What a *status* says of a field; nothing, for most."""
        words = [word for word in self.spelling.words(status) if word in given.by_status]
        return converted(given.by_status[words[0]], given.type) if words else None

    def between(self, raw: Mapping[str, Any], start: str, end: str) -> Millis | None:
        """The length between two dates of *raw*; None where one is empty."""
        dates = [self.spelling.pick(raw, origin) for origin in (start, end)]
        if not all(self.spelling.text(date) for date in dates):
            return None
        from_, to = (
            int(_parsed(self.spelling, date, FieldType.DATETIME, origin))
            for date, origin in zip(dates, (start, end), strict=True)
        )
        return to - from_

    def value(self, raw: Any, given: FieldMapping, unmapped: Unmapped) -> Value:
        """*raw* as a value of the field: mapped, else converted, else kept as it stands and counted."""
        if isinstance(raw, list) and given.type is FieldType.LIST:
            return [self.value(item, _of_items(given), unmapped) for item in raw]
        text = self.spelling.text(raw)
        if not text:
            return converted(given.default, given.type) if given.default is not None else None
        for word in self.spelling.words(raw) if given.values else ():
            if word in given.values:
                return converted(given.values[word], given.type)
        if given.values:
            unmapped[(self.mapping.kind, given.name, text)] += 1
            return text
        if given.type in (FieldType.DATETIME, FieldType.DURATION):
            return _parsed(self.spelling, raw, given.type, given.origin)
        try:
            return self.spelling.parse(raw, given.type)
        except ValueError:
            unmapped[(self.mapping.kind, given.name, text)] += 1
            return text

    def payload(self, values: Mapping[str, Value], kind: Kind) -> dict[str, Any]:
        """What to write for canonical *values*, by the platform's names; fields not written are left out."""
        written = self.mapping.write.fields
        return {
            written[name]: self.raw(name, value, kind) for name, value in values.items() if name in written
        }

    def raw(self, name: str, value: Value, kind: Kind) -> Any:
        """A canonical *value* as the platform takes it: the first of its words that stands for it."""
        given = self.mapping.fields.get(name)
        if given is not None:
            for word, ours in given.values.items():
                if value is not None and converted(ours, given.type) == value:
                    return word
            return self.spelling.write(value, given.type)
        known = kind.fields.get(name)
        return self.spelling.write(value, known.type if known else DESK_FIELDS.get(name, FieldType.STRING))


def _parsed(spelling: Spelling, raw: Any, type_: FieldType, origin: str) -> Value:
    try:
        return spelling.parse(raw, type_)
    except ValueError:
        raise Unreadable(f"{origin} holds {spelling.text(raw)!r}, which is no {type_}") from None


def _of_items(given: FieldMapping) -> FieldMapping:
    return FieldMapping(given.name, given.origin, FieldType.STRING, given.values, given.default)


def converted(word: str, type_: FieldType) -> Value:
    """A word of ours, as it stands in a mapping file, as a value of *type_*; ValueError where it is none."""
    if type_ in (FieldType.DATETIME, FieldType.DURATION):
        raise ValueError("dates and lengths have no words to map")
    if type_ is FieldType.REFERENCE:
        return Reference(word, word)
    kind = _WORDS.get(type_)
    try:
        return kind(word) if kind else word
    except (ValueError, KeyError):
        raise ValueError(f"{word!r} is no {type_}") from None


_WORDS: Mapping[FieldType, Callable[[str], Value]] = {
    FieldType.INTEGER: int,
    FieldType.NUMBER: float,
    FieldType.BOOLEAN: {"true": True, "false": False}.__getitem__,
}
