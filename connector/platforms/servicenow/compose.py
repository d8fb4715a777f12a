"""Effects as the exact requests that carry them: what belongs to one ticket goes in one PATCH.

The guard of each says what makes repeating it safe. Nothing is written here; only the names of a ticket's
people are read, where a notice has to name them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.errors import AccordError, NotReachable, Wrong
from connector.mappings.catalogue import Catalogue, RecordMapping
from connector.mappings.translate import Translation
from connector.model.cycle import TicketId
from connector.model.effect import Effect, Output, said_once
from connector.model.record import Reference, Value
from connector.platforms.port import Guard, Request
from connector.platforms.servicenow.client import Client
from connector.platforms.servicenow.keymark import mark
from connector.platforms.servicenow.spelling import ServiceNowSpelling

_ON_THE_TICKET = (Output.FIELDS, Output.NOTE, Output.NOTIFY)
# Words for people that only the ticket resolves → our field, and the path behind its reference.
_PEOPLE = {
    "assignee": ("assignee", ""),
    "assignment_group": ("assignment_group", ""),
    "assignment_group.manager": ("assignment_group", "manager."),
    "requester": ("requester", ""),
}
EMAIL_PATH = "/api/now/v1/email"


@dataclass(frozen=True, slots=True)
class Composer:
    """Composes requests by a catalogue. *finds_notes*: whether a note that was sent can be found again."""

    catalogue: Catalogue
    client: Client
    finds_notes: Callable[[], bool]

    def compose(self, effects: Sequence[Effect], remote: Mapping[str, str]) -> list[Request]:
        """The requests that carry *effects*, in order. AccordError where the mapping has no place for one."""
        requests: list[Request] = []
        done: set[str] = set()
        for effect in effects:
            if effect.key in done:
                continue
            together = [effect]
            if self._goes_on_the_ticket(effect):
                rest = (
                    one for one in effects if one.ticket == effect.ticket and self._goes_on_the_ticket(one)
                )
                together = list(rest)
                requests.append(self._on_the_ticket(together))
            elif effect.output is Output.ACHIEVEMENT:
                requests.append(self._achievement(effect, remote.get(effect.key)))
            elif effect.output is Output.CREATE:
                requests.append(self._created(effect))
            else:
                requests.append(self._email(effect))
            done |= {one.key for one in together}
        return requests

    def addresses(self, words: Sequence[str], ticket: TicketId | None) -> dict[str, str]:
        """The mail addresses of people of the ticket; whoever has none is left out."""
        if ticket is None:
            return {}
        found = self._people(words, self._mapping(ticket.kind), ticket, "email")
        return {word: address for word, address in zip(words, found, strict=True) if "@" in address}

    def _goes_on_the_ticket(self, effect: Effect) -> bool:
        if effect.output is Output.NOTIFY and (self._email_path() or effect.ticket is None):
            return False
        return effect.output in _ON_THE_TICKET

    def _email_path(self) -> str | None:
        notices = self.catalogue.records.get("notification")
        return notices.write.email if notices else None

    def _mapping(self, kind: str) -> RecordMapping:
        try:
            return self.catalogue.records[kind]
        except KeyError:
            hint = f"add {kind}.yaml to the mapping, or take the output out of the rules"
            raise AccordError(
                f"the mapping {self.catalogue.name} does not say where {kind} records go", hint=hint
            ) from None

    def _on_the_ticket(self, effects: Sequence[Effect]) -> Request:
        """Fields, notes and notices of one ticket in one PATCH; of the fields the latest values win."""
        ticket = effects[0].ticket
        if ticket is None:
            raise AccordError("a note needs a ticket to stand on")
        mapping = self._mapping(ticket.kind)
        body: dict[str, Any] = {}
        texts: dict[str, list[str]] = {}
        marks: list[str] = []
        for effect, keys in said_once(effects):
            if effect.output is Output.FIELDS:
                body |= self._payload(mapping, effect.payload)
                continue
            own = [mark(key) for key in keys]
            text = f"{self._text(effect, mapping, ticket)}\n{' '.join(own)}"
            texts.setdefault(self._note_field(mapping, effect), []).append(text)
            marks += own
        body |= {field: "\n\n".join(lines) for field, lines in texts.items()}
        guard, lookup = Guard.ABSOLUTE, {}
        if marks:
            guard = Guard.LOOKUP if self.finds_notes() else Guard.ONCE
            lookup = {"id": ticket.id, "elements": sorted(texts), "marks": marks}
        path = f"/api/now/table/{mapping.table}/{ticket.id}"
        sent = tuple(effect.key for effect in effects)
        subject, changes = f"{ticket.kind} {ticket.key}", (ticket.kind, ticket.id)
        return Request(sent, guard, "PATCH", path, body, subject, lookup, changes)

    def _note_field(self, mapping: RecordMapping, effect: Effect) -> str:
        is_public = bool(effect.payload.get("public"))
        field = mapping.write.comment if is_public else mapping.write.note
        if field is None:
            word = "comment" if is_public else "note"
            raise AccordError(
                f"the mapping of {mapping.kind} has no `write: {{{word}: …}}`", place=mapping.place("write")
            )
        return field

    def _text(self, effect: Effect, mapping: RecordMapping, ticket: TicketId) -> str:
        text = str(effect.payload.get("text") or "")
        if effect.output is not Output.NOTIFY:
            return text
        people = ", ".join(self._people(effect.payload.get("recipients") or (), mapping, ticket, "name"))
        subject = str(effect.payload.get("subject") or "")
        return "\n".join(part for part in (f"To: {people}", subject, text) if part)

    def _people(
        self, words: Iterable[str], mapping: RecordMapping, ticket: TicketId | None, what: str
    ) -> list[str]:
        """Those people by *what* (name, email); a word of the ticket is looked up on it."""
        asked = list(words)
        paths = {word: path for word in asked if (path := _path(mapping, word, what))}
        found: Mapping[str, Any] = {}
        if paths and ticket is not None:
            try:
                found = self.client.record(mapping.table, ticket.id, sorted(paths.values())) or {}
            except (NotReachable, Wrong):
                found = {}  # the note goes out all the same, with the word instead of the name
        return [str(found.get(paths.get(word, "")) or word) for word in asked]

    def _payload(self, mapping: RecordMapping, values: Mapping[str, Value]) -> dict[str, Any]:
        kind = self.catalogue.kinds[mapping.kind]
        whole = {name: _reference(value) for name, value in values.items()}
        body = Translation("", mapping, ServiceNowSpelling()).payload(whole, kind)
        columns = mapping.provision.columns if mapping.provision else {}
        return {
            name: value[: columns[name].length] if name in columns and columns[name].length else value
            for name, value in body.items()
        }

    def _achievement(self, effect: Effect, sys_id: str | None) -> Request:
        mapping = self._mapping("achievement")
        ticket = effect.ticket
        values = dict(effect.payload) | {"key": effect.key}
        if ticket is not None:
            values["ticket"] = Reference(ticket.id, ticket.key)
        body = self._payload(mapping, values)
        subject = f"achievement of {ticket.key}" if ticket else "achievement"
        path = f"/api/now/table/{mapping.table}"
        if sys_id is not None:
            return Request((effect.key,), Guard.ABSOLUTE, "PATCH", f"{path}/{sys_id}", body, subject)
        return Request((effect.key,), Guard.UNIQUE, "POST", path, body, subject, _by_key(mapping, effect.key))

    def _created(self, effect: Effect) -> Request:
        kind = str(effect.payload.get("kind") or effect.kind or "")
        mapping = self._mapping(kind)
        lookup = _by_key(mapping, effect.key)
        values = dict(effect.payload.get("fields") or {})
        links = effect.payload.get("links") or ()
        if links and "parent" in mapping.write.fields:
            values.setdefault("parent", Reference(links[0]["id"], links[0].get("key")))
        body = {**mapping.write.constants, **self._payload(mapping, values), lookup["field"]: effect.key}
        guard = Guard.UNIQUE if _is_unique(mapping) else Guard.LOOKUP
        path = f"/api/now/table/{mapping.table}"
        return Request((effect.key,), guard, "POST", path, body, f"new {kind}", lookup)

    def _email(self, effect: Effect) -> Request:
        """A mail by the platform. It leaves nothing that we may look up, so it goes at most once."""
        ticket = effect.ticket
        mapping = self._mapping(ticket.kind) if ticket else self._mapping("notification")
        people = self._people(effect.payload.get("recipients") or (), mapping, ticket, "email")
        addresses = [person for person in people if "@" in person]
        if not addresses:
            raise AccordError(
                f"no address is known of {', '.join(people) or 'anybody'}",
                hint="give the stakeholder an address (`contact: {email: …}`)",
            )
        body: dict[str, Any] = {
            "to": addresses,
            "subject": str(effect.payload.get("subject") or ""),
            "text": f"{effect.payload.get('text') or ''}\n{mark(effect.key)}",
        }
        if ticket is not None:
            body |= {"table_name": mapping.table, "table_record_id": ticket.id}
        path = self._email_path() or EMAIL_PATH
        subject = f"mail about {ticket.key}" if ticket else "mail"
        return Request((effect.key,), Guard.ONCE, "POST", path, body, subject)


def _path(mapping: RecordMapping, word: str, what: str) -> str | None:
    """The dot-walk that gives *what* of the person that *word* means; None for a word of its own."""
    if word not in _PEOPLE:
        return None
    name, behind = _PEOPLE[word]
    given = mapping.fields.get(name)
    return f"{given.origin.partition('.')[0]}.{behind}{what}" if given else None


def _by_key(mapping: RecordMapping, key: str) -> dict[str, str]:
    """How a record with that *key* is found again."""
    if mapping.write.key is None:
        raise AccordError(
            f"the mapping of {mapping.kind} has no `write: {{key: …}}`, so a repeat could not be told",
            place=mapping.place("write"),
        )
    return {"table": mapping.table, "field": mapping.write.key, "value": key}


def _is_unique(mapping: RecordMapping) -> bool:
    column = mapping.provision.columns.get(mapping.write.key or "") if mapping.provision else None
    return column is not None and column.unique


def _reference(value: Value) -> Value:
    """References come back from the store as mappings."""
    if isinstance(value, Mapping) and "id" in value:
        return Reference(str(value["id"]), value.get("name"))
    return value
