"""The rule reader's door: files in, a rulebook out, or everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from connector.errors import Position, Problem, Wrong
from connector.model.instant import Instant
from connector.model.kind import FieldType, Kind
from connector.rules.actions import Register
from connector.rules.agreements import read_agreement
from connector.rules.calendars import ALWAYS, read_calendar, warn_of_ending_holidays
from connector.rules.composition import check_composition
from connector.rules.derives import check_name, ordered, read_derive, type_of, words_of
from connector.rules.documents import FORMS, check_references, manners_of, people, read_description
from connector.rules.enacted import canonical, digest, enacted
from connector.rules.fields import fields_of
from connector.rules.parts import Rules, check_package, check_unused_package
from connector.rules.reading import Reading, Spot, unknown
from connector.rules.rulebook import Agreement, Calendar, Derive, Document, Rulebook
from connector.rules.values import shown
from connector.rules.versions import in_sequence
from connector.yamldoc import read_file

KINDS = ("calendar", "derive", "package", "agreement", *FORMS)


def load_rulebook(
    paths: Sequence[Path],
    kinds: Mapping[str, Kind],
    *,
    at: Instant,
    extra_fields: Mapping[str, FieldType] | None = None,
) -> Rulebook:
    """The rules in the files and folders *paths*, for records of *kinds* and fields found beside them.

    *at* is the present, for warnings about lists that end soon. Raises Wrong with every problem of every
    file, warnings included, where there is an error; a rulebook carries its warnings.
    """
    reading = Reading()
    documents = _documents(reading, rule_files(reading, paths))
    book = _rulebook(reading, documents, kinds, extra_fields or {}, at)
    problems = tuple(sorted(dict.fromkeys(reading.problems), key=_by_place))
    if reading.failed:
        raise Wrong(problems)
    return replace(book, warnings=problems)


def _by_place(problem: Problem) -> tuple[Position, str]:
    return problem.place or Position("", 0, 0), problem.what


def rule_files(reading: Reading, paths: Iterable[Path]) -> list[Path]:
    """The rule files among *paths* and in folders among them, in order; tests (`*_test.yaml`) are none."""
    found: dict[Path, Path] = {}
    for path in paths:
        inside = sorted(_files_in(path)) if path.is_dir() else [path]
        if path.is_dir() and not inside:
            reading.doubt("no-rules", Position(str(path), 1), "there are no rule files in this folder")
        for file in inside:
            if not file.stem.endswith("_test"):
                found.setdefault(file.resolve(), file)
    return list(found.values())


def _files_in(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix in (".yaml", ".yml") and not hidden and path.is_file():
            yield path


_Documents = Mapping[str, Sequence[Spot]]


def _documents(reading: Reading, files: Iterable[Path]) -> _Documents:
    """Every document by its kind: the kind is its first key, the name that key's value."""
    found: dict[str, list[Spot]] = {kind: [] for kind in KINDS}
    for file in files:
        try:
            documents = read_file(file)
        except Wrong as wrong:
            reading.problems += [
                replace(problem, code=problem.code or "not-yaml") for problem in wrong.problems
            ]
            continue
        for document in documents:
            spot = Spot(document)
            kind = _kind(reading, spot)
            if kind is not None:
                found[kind].append(spot)
    return found


def _kind(reading: Reading, spot: Spot) -> str | None:
    if not isinstance(spot.data, dict) or not spot.data:
        reading.wrong("unknown-document", spot, "a document is a mapping whose first key says what it is")
        return None
    first = str(next(iter(spot.data)))
    if first not in KINDS:
        known = f"a document begins with one of {', '.join(sorted(KINDS))}"
        other = next((key for key in spot.data if key in KINDS), None)
        hint = f"put `{other}:` first" if other else unknown(first, KINDS) or known
        reading.wrong("unknown-document", (spot / first).key_place, f"{first!r} is no kind of document", hint)
        return None
    if not isinstance(spot.data[first], str) or not spot.data[first]:
        reading.wrong("missing-key", spot / first, f"the {first} needs a name", f"write {first}: some-name")
        return None
    return first


def _named(reading: Reading, spots: Sequence[Spot], kind: str) -> dict[str, Spot]:
    """Documents by name; a name that stands twice is an error."""
    found: dict[str, Spot] = {}
    for spot in spots:
        name = spot.data[kind]
        if name in found:
            what = f"the {kind} {shown(name)} stands at {found[name].place.short} already"
            reading.wrong("doubled-name", spot / kind, what, "keep one of them")
        else:
            found[name] = spot
    return found


def _rulebook(
    reading: Reading,
    documents: _Documents,
    kinds: Mapping[str, Kind],
    extra: Mapping[str, FieldType],
    at: Instant,
) -> Rulebook:
    named = {kind: _named(reading, documents[kind], kind) for kind in KINDS if kind != "agreement"}
    derived = {name: type_of(spot) for name, spot in named["derive"].items()}
    words = {name: words_of(spot) for name, spot in named["derive"].items()}
    fields = fields_of(kinds, kinds, extra, derived, words)
    calendars = {name: read_calendar(reading, spot, fields) for name, spot in named["calendar"].items()}
    for name, calendar in calendars.items():
        if calendar is not None:
            warn_of_ending_holidays(reading, named["calendar"][name], calendar, at)
    calendars = {**calendars, ALWAYS.name: ALWAYS}
    derives = _derives(reading, named["derive"], kinds, extra, derived, words, calendars)
    described = _descriptions(reading, named, {spot.data["agreement"] for spot in documents["agreement"]})
    rules = Rules(
        kinds=kinds,
        extra_fields=extra,
        derived=derived,
        words=words,
        calendars=calendars,
        packages=named["package"],
        agreements={spot.data["agreement"] for spot in documents["agreement"]},
        customers=named["customer"],
        services=named["service"],
        register=Register(people(described), kinds),
        framework=manners_of(described),
        like=next((each.data.get("like") for each in described if each.kind == "framework"), None),
    )
    agreements = _agreements(reading, documents["agreement"], named["package"], rules)
    ready = {name: calendar for name, calendar in calendars.items() if calendar is not None}
    if not reading.failed:
        check_composition(reading, agreements, ready, at)
    return _finished(agreements, ready, derives, described)


def _derives(
    reading: Reading,
    spots: Mapping[str, Spot],
    kinds: Mapping[str, Kind],
    extra: Mapping[str, FieldType],
    derived: Mapping[str, FieldType],
    words: Mapping[str, frozenset[str]],
    calendars: Mapping[str, Calendar | None],
) -> tuple[Derive, ...]:
    tickets = [kind.name for kind in kinds.values() if kind.is_ticket] or list(kinds)
    fields = fields_of(tickets, kinds, extra, derived, words)
    found: dict[str, Derive] = {}
    for name, spot in spots.items():
        check_name(reading, spot, kinds)
        if (derive := read_derive(reading, spot, fields, calendars)) is not None:
            found[name] = derive
    return ordered(reading, found)


def _descriptions(
    reading: Reading, named: Mapping[str, Mapping[str, Spot]], agreements: Collection[str]
) -> tuple[Document, ...]:
    found: list[Document] = []
    known = {"agreement": agreements, "calendar": {*named["calendar"], ALWAYS.name}}
    for kind in FORMS:
        for spot in named[kind].values():
            if (document := read_description(reading, kind, spot, known["calendar"])) is not None:
                check_references(reading, document, spot, known)
                found.append(document)
    for second in list(named["framework"].values())[1:]:
        reading.wrong("doubled-name", second / "framework", "there is a framework already", "keep one")
    return tuple(found)


def _agreements(
    reading: Reading, spots: Sequence[Spot], packages: Mapping[str, Spot], rules: Rules
) -> tuple[Agreement, ...]:
    for name, package in packages.items():
        check_package(reading, package)
        if all(spot.data.get("package") != name for spot in spots):
            check_unused_package(reading, package, rules)
    read = [each for spot in spots if (each := read_agreement(reading, spot, rules)) is not None]
    return in_sequence(reading, read)


def _finished(
    agreements: Sequence[Agreement],
    calendars: Mapping[str, Calendar],
    derives: Sequence[Derive],
    described: Sequence[Document],
) -> Rulebook:
    """The rulebook with every agreement's enacted text and hash, and its own."""
    known = enacted(agreements, calendars, {derive.name: derive for derive in derives})
    whole: list[Any] = [
        [[a.name, a.version, a.status, a.valid_until, a.title, a.review, a.hash] for a in known],
        calendars, derives, described,
    ]  # fmt: skip
    return Rulebook(known, dict(calendars), tuple(derives), tuple(described), (), digest(canonical(whole)))
