"""Which fields rules may use at a place, of what type, and how a written value becomes one of that type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connector.model.instant import parse_instant, parse_length
from connector.model.kind import FieldType, Kind
from connector.rules.reading import unknown
from connector.rules.values import WrongValue, read_length, read_number, shown

TEXTS = frozenset({FieldType.STRING, FieldType.TEXT, FieldType.REFERENCE})
NUMBERS = frozenset({FieldType.INTEGER, FieldType.NUMBER})
ORDERED = NUMBERS | {FieldType.STRING, FieldType.TEXT, FieldType.DATETIME, FieldType.DURATION}
_EVERY_RECORD_HAS = {"source": FieldType.STRING, "kind": FieldType.STRING}


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of the records that a rule is about. *whose* says in words whose they are."""

    whose: str
    types: Mapping[str, FieldType]
    conflicts: Mapping[str, str] = field(default_factory=dict)
    derived: frozenset[str] = frozenset()
    values: Mapping[str, frozenset[str]] = field(
        default_factory=dict
    )  # of fields that take certain words only

    def type_of(self, name: str) -> FieldType:
        """The declared type of *name*; WrongValue with a suggestion where there is no such field."""
        if name in self.conflicts:
            raise WrongValue(f"`{name}` is not one field: {self.conflicts[name]}", None, "field-conflict")
        if name not in self.types:
            hint = unknown(name, self.types)
            raise WrongValue(f"unknown field `{name}` for {self.whose}", hint, "unknown-field")
        return self.types[name]

    def only(self, name: str, whose: str) -> Fields:
        """The same with *name* as the only field."""
        kept = {name: self.types[name]} if name in self.types else {}
        return Fields(whose, kept, self.conflicts, self.derived, self.values)


def fields_of(
    names: Iterable[str],
    kinds: Mapping[str, Kind],
    extra: Mapping[str, FieldType],
    derived: Mapping[str, FieldType],
    words: Mapping[str, frozenset[str]],
) -> Fields:
    """The fields of the kinds called *names*, those found in a file (*extra*) and the *derived* ones; *words*
    that derived ones can take, where their tables tell.

    A field is known when one of the kinds has it; one whose type differs between them is a conflict.
    """
    names = [name for name in names if name in kinds]
    types: dict[str, FieldType] = dict(_EVERY_RECORD_HAS)
    owner: dict[str, str] = {}
    conflicts: dict[str, str] = {}
    values: dict[str, frozenset[str]] = {}
    for name in names:
        for each in kinds[name].fields.values():
            known = types.setdefault(each.name, each.type)
            first = owner.setdefault(each.name, name)
            if _family(known) is not _family(each.type):
                conflicts[each.name] = f"{known} in {first}, {each.type} in {name}"
            if each.values:
                values[each.name] = values.get(each.name, frozenset()) | {
                    fold(value) for value in each.values
                }
    types = {**extra, **types, **derived}
    values |= {name: known for name, known in words.items() if known}
    whose = f"kind {names[0]}" if len(names) == 1 else f"the kinds {', '.join(sorted(names))}"
    return Fields(whose if names else "any record", types, conflicts, frozenset(derived), values)


def _family(kind: FieldType) -> FieldType:
    if kind in TEXTS:
        return FieldType.STRING
    return FieldType.NUMBER if kind in NUMBERS else kind


def fold(text: str) -> str:
    """Text as conditions compare it: without case."""
    return text.lower()


def typed(data: object, kind: FieldType) -> Any:
    """A written scalar as a value of *kind*, as `rulebook.Test` holds it; None where empty."""
    if data is None or data == "":
        return None
    if not isinstance(data, str):
        raise WrongValue(f"one value is expected here, not {shown(data)}", None, "wrong-type")
    if kind in NUMBERS:
        number = read_number(data)
        return int(number) if number.denominator == 1 else float(number)
    if kind is FieldType.BOOLEAN:
        return _boolean(data)
    if kind is FieldType.DATETIME:
        return _instant(data)
    if kind is FieldType.DURATION:
        return _duration(data)
    return fold(data)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise WrongValue(f"{shown(text)} is neither true nor false", None, "bad-value")
    return text.lower() == "true"


def _instant(text: str) -> int:
    try:
        return parse_instant(text)
    except (ValueError, OverflowError) as error:
        raise WrongValue(str(error), None, "bad-value") from None


def _duration(text: str) -> int:
    if text[:1] in ("P", "p"):
        try:
            return parse_length(text)
        except ValueError as error:
            raise WrongValue(str(error), None, "bad-length") from None
    return read_length(text)


def merged_kinds(several: Iterable[Mapping[str, Kind]]) -> dict[str, Kind]:
    """The kinds of several sources together: a kind has the fields that it has at any of them."""
    found: dict[str, Kind] = {}
    for kinds in several:
        for name, kind in kinds.items():
            known = found.get(name, kind)
            found[name] = replace(known, fields={**kind.fields, **known.fields})
    return found
