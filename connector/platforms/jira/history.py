"""A record's changes from the changelogs and the comments, in canonical words.

Asked for in bulk, issue by issue where there is no bulk form. What Accord itself wrote is left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import quote

from connector.mappings.catalogue import FieldMapping
from connector.mappings.translate import STATUS, Translation, Unmapped, Unreadable
from connector.model.record import Change, Record, Reference, Value
from connector.platforms.jira.answers import Gone
from connector.platforms.jira.bystatus import Step, together
from connector.platforms.jira.changelog import Changelogs, Item, raw_of
from connector.platforms.jira.client import Client
from connector.platforms.jira.comments import Comment, Comments, role
from connector.platforms.jira.facts import Facts, JiraField
from connector.platforms.jira.fields import shows_desk_fields
from connector.platforms.jira.spelling import JiraSpelling
from connector.platforms.pagesize import PageSize, ask_whole
from connector.platforms.port import History

_AT_ONCE, _AT_ONCE_BY_SEARCH = 1000, 50  # the ids of a search stand in its address
_FIELDS_AT_ONCE = 10
_PAGE = 1000
_MEND = "lower `pull.page_size` in the configuration: the site does not answer such questions in time"
_RESOLUTION, _RESOLVED_AT = "resolution", "resolutiondate"  # the date follows the field, and is never told
# What a history never tells, or tells of the issue as a whole.
_NEVER_TOLD = frozenset({"id", "key", "created", "updated", "resolutiondate", "comment"})


@dataclass(frozen=True)
class Histories:
    """Reads the histories of one kind, whose mapping is resolved."""

    client: Client
    facts: Facts
    comments: Comments
    translation: Translation

    def read(self, records: Sequence[Record]) -> dict[str, History]:
        """The history of each of *records* by its id; one without changes is there too."""
        logs = Changelogs()
        if self.translation.mapping.history.source == "changelog":
            logs = self._logs(records)
        written = self._written(records)
        return {
            record.id: self._history(record, logs.of(record.id), written.get(record.id, ()))
            for record in records
        }

    def _written(self, records: Sequence[Record]) -> Mapping[str, Sequence[Comment]]:
        """The comments of each, where the mapping wants them."""
        if not self.translation.mapping.journals:
            return {}
        touched = [record.id for record in records if not _never_changed(record)]
        return self.comments.of(touched, self.facts.account.id) if touched else {}

    @cached_property
    def told(self) -> Mapping[str, Sequence[tuple[FieldMapping, JiraField]]]:
        """The canonical fields that a change of each of the site's fields changes, by its id and its name."""
        found: dict[str, list[tuple[FieldMapping, JiraField]]] = defaultdict(list)
        for given in self.translation.mapping.fields.values():
            head = given.origin.partition(".")[0]
            if given.journal or given.since is not None or given.by_status or head in _NEVER_TOLD:
                continue
            field = self.facts.fields[head]
            for name in {field.id, field.name}:
                found[name].append((given, field))
        return found

    def _logs(self, records: Sequence[Record]) -> Changelogs:
        logs = Changelogs()
        left = [record.id for record in records]
        bulk = self._in_bulk if self.client.is_cloud else self._by_search
        size = PageSize(_AT_ONCE if self.client.is_cloud else _AT_ONCE_BY_SEARCH)
        try:
            while left:

                def ask(most: int, left: Sequence[str] = left) -> None:
                    bulk(logs, left[:most])

                _, asked_for = ask_whole(ask, size, self.client.world, what="histories", mend=_MEND)
                left = left[asked_for:]
        except Gone:  # a site without the bulk form
            pass
        for record in records:
            if record.id not in logs and not _never_changed(record):
                self._alone(logs, record.id)
        return logs

    def _in_bulk(self, logs: Changelogs, ids: Sequence[str]) -> None:
        """Whoever we may not see is left out of the answer in silence, and asked for alone."""
        body: dict[str, Any] = {"issueIdsOrKeys": list(ids), "maxResults": _PAGE}
        wanted = sorted({field.id for pairs in self.told.values() for _, field in pairs})
        if 0 < len(wanted) <= _FIELDS_AT_ONCE:
            body["fieldIds"] = wanted
        path, tokens = f"{self.client.api}/changelog/bulkfetch", set[str]()
        while True:
            told = self.client.ask(path, body, "reading histories", in_parts=len(ids) > 1)
            for one in told.get("issueChangeLogs") or ():
                logs.add(str(one.get("issueId")), one.get("changeHistories") or ())
            token = told.get("nextPageToken")
            if not token or token in tokens:
                return
            tokens.add(token)
            body["nextPageToken"] = token

    def _by_search(self, logs: Changelogs, ids: Sequence[str]) -> None:
        """Data Center tells changelogs of many issues by its search only. One that is not told whole, or not
        at all, is asked for alone."""
        asked = {"jql": f"id in ({', '.join(ids)})", "fields": "updated", "expand": "changelog"}
        asked |= {"maxResults": str(len(ids)), "validateQuery": "false"}
        told = self.client.get(f"{self.client.api}/search", "reading histories", asked, in_parts=len(ids) > 1)
        for issue in told.get("issues") or ():
            changelog = issue.get("changelog") or {}
            histories = changelog.get("histories") or ()
            if len(histories) >= int(changelog.get("total") or 0):
                logs.add(str(issue.get("id")), histories)

    def _alone(self, logs: Changelogs, id_: str) -> None:
        path = f"{self.client.api}/issue/{quote(id_, safe='')}"
        try:
            if self.client.is_cloud:
                self._by_pages(logs, id_, f"{path}/changelog")
                return
            asked = {"expand": "changelog", "fields": "updated"}
            told = self.client.get(path, "reading a history", asked)
        except Gone:
            return
        logs.add(id_, (told.get("changelog") or {}).get("histories") or ())

    def _by_pages(self, logs: Changelogs, id_: str, path: str) -> None:
        start = 0
        while True:
            asked = {"startAt": str(start), "maxResults": "100"}
            told = self.client.get(path, "reading a history", asked)
            values = told.get("values") or []
            logs.add(id_, values)
            start += len(values)
            if told.get("isLast") is True or not values:
                return

    def _history(self, record: Record, items: Sequence[Item], written: Sequence[Comment]) -> History:
        unmapped: Unmapped = Counter()
        changes = [
            *self._changes(record, items, unmapped), *self._dates(record, items),
            *self._by_status(record, items, unmapped),
            *self._entries(record, written),
        ]  # fmt: skip
        ordered = sorted(changes, key=lambda change: change.at)
        return History(
            changes=tuple(replace(change, seq=seq) for seq, change in enumerate(ordered)),
            source=self.translation.mapping.history.source,
            unmapped=unmapped,
        )

    def _changes(self, record: Record, items: Sequence[Item], unmapped: Unmapped) -> Iterator[Change]:
        """What *items* mean in our fields. Two of the site's words that mean one of ours are no change."""
        own = self.facts.account.id
        shown = set(shows_desk_fields(self.translation.mapping.write).values())
        for item in items:
            for given, field in self.told.get(item.field, ()):
                if item.author == own and field.id in shown:
                    continue
                old, new = (self._value(record, given, field, one, unmapped) for one in (item.old, item.new))
                if old != new:
                    yield Change(item.at, given.name, old, new, by=item.author)

    def _dates(self, record: Record, items: Sequence[Item]) -> Iterator[Change]:
        """Changes of the date of resolution, which Jira sets and empties with the resolution. The last one
        is what the record shows: the two are stamped one after the other."""
        names = [one.name for one in self.translation.mapping.fields.values() if one.origin == _RESOLVED_AT]
        told = [item for item in items if item.field.casefold() == _RESOLUTION]
        for name in names:
            before: Value = None
            for item in told:
                after: Value = None if item.new == (None, None) else item.at
                if item is told[-1] and after is not None:
                    after = record.fields.get(name) or after
                if before != after:
                    yield Change(item.at, name, before, after, by=item.author)
                before = after

    def _by_status(self, record: Record, items: Sequence[Item], unmapped: Unmapped) -> Iterator[Change]:
        """Changes of fields that a status tells where they are empty."""
        status = self.facts.fields[STATUS]
        for given in self.translation.mapping.fields.values():
            if not given.by_status:
                continue
            field = self.facts.fields.get(given.origin.partition(".")[0])
            own = [
                Step(
                    item.at,
                    item.author,
                    *(self._value(record, given, field, one, unmapped) for one in (item.old, item.new)),
                )
                for item in items
                if field is not None and item.field in (field.id, field.name)
            ]
            says = [
                Step(
                    item.at,
                    item.author,
                    *(self.translation.told_by(raw_of(status, one), given) for one in (item.old, item.new)),
                )
                for item in items
                if item.field in (status.id, status.name)
            ]
            yield from together(given.name, own, says, record.fields.get(given.name))

    def _value(
        self,
        record: Record,
        given: FieldMapping,
        field: JiraField,
        told: tuple[str | None, str | None],
        unmapped: Unmapped,
    ) -> Value:
        """A value as the record itself would show it: where both mean the same, the record's own is taken."""
        raw = raw_of(field, told)
        _, _, path = given.origin.partition(".")
        if path and isinstance(raw, Mapping):
            raw = told[1]  # a history tells a whole value by its name only
        try:
            value = self.translation.value(raw, given, unmapped)
        except Unreadable:
            return told[1]
        present = record.fields.get(given.name)
        if isinstance(present, Reference) and isinstance(value, Reference) and _is_same(present, value):
            return present
        return value

    def _entries(self, record: Record, written: Sequence[Comment]) -> Iterator[Change]:
        """Comments as changes of their fields to the role of who wrote them; not our own notes."""
        mapping, own = self.translation.mapping, self.facts.account.id
        fields = {given.origin: name for name, given in mapping.journals.items()}
        before: dict[str, str] = {}
        for comment in written:
            name = fields.get(_journal(comment))
            if name is None or comment.keys:
                continue
            played = role(mapping, record, comment, own)
            yield Change(comment.at, name, before.get(name), played, by=comment.author)
            before[name] = played


def _journal(comment: Comment) -> str:
    return "public" if comment.is_public else "internal"


def _never_changed(record: Record) -> bool:
    """Whether nothing can stand in its history: it was never updated since it was made."""
    return record.updated is not None and record.updated == record.fields.get("opened")


def _is_same(one: Reference, other: Reference) -> bool:
    return one.id == other.id or (bool(one.name) and one.name == other.name)


def spelling_of(facts: Facts) -> JiraSpelling:
    """How the site writes values, with the categories of its statuses."""
    return JiraSpelling(lambda id_: facts.categories.get(id_, ""))
