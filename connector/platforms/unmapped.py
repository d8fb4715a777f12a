"""The platform's words that a mapping does not cover, as `accord check` tells them."""

from __future__ import annotations

from collections.abc import Iterator

from connector.errors import number_of, records_hold
from connector.mappings.catalogue import RecordMapping
from connector.platforms.port import Finding, Page

_MOST = 5  # words of one field that are told one by one


def findings(mapping: RecordMapping, page: Page) -> Iterator[Finding]:
    """What of the records of *page* could not be read, and the words of each field that have no entry in
    `values`: the most frequent ones each, the others as a number."""
    for key, reason in page.aside:
        yield Finding(f"{mapping.kind} {key}", False, f"it cannot be read: {reason}")
    by_field: dict[str, list[tuple[int, str]]] = {}
    for (_, field, word), count in page.unmapped.items():
        by_field.setdefault(field, []).append((-count, word))
    for field, words in sorted(by_field.items()):
        name = f"{mapping.kind}.{field}"
        place = mapping.place("fields", field, "values")
        mend = f"add it to `values` at {place}" if place else "add it to `values`"
        ordered = sorted(words)
        for count, word in ordered[:_MOST]:
            yield Finding(name, False, f"{records_hold(-count)} {word!r}, not mapped", mend)
        if others := ordered[_MOST:]:
            records = -sum(count for count, _ in others)
            told = f"{records_hold(records)} {number_of(len(others), 'other word')}, not mapped"
            yield Finding(name, False, told, "see whether `values` is meant to list them all")
