"""Effects as the exact requests that carry them: what belongs to one ticket goes in as few as can be.

One issue takes twenty writes in two seconds: fields and achievements go in one, notes of one visibility in
another. The guard of each says what makes repeating it safe. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connector.errors import AccordError
from connector.mappings.catalogue import Catalogue, RecordMapping
from connector.mappings.translate import Translation
from connector.model.cycle import TicketId
from connector.model.effect import Effect, Output, said_once
from connector.model.record import Reference, Value
from connector.platforms.jira.achievements import HEARTBEAT, PROPERTY, cycle
from connector.platforms.jira.client import Client
from connector.platforms.jira.comments import AUDIENCE_PROPERTY, KEY_PROPERTY
from connector.platforms.jira.facts import Facts
from connector.platforms.jira.people import OF_GROUPS, People
from connector.platforms.jira.register import Registers
from connector.platforms.jira.richtext import Part, lines_of, written
from connector.platforms.jira.spelling import JiraSpelling, shaped
from connector.platforms.port import Guard, Request

_LONGEST_TITLE = 255
_VALUES = (Output.ACHIEVEMENT, Output.FIELDS)


@dataclass(frozen=True, slots=True)
class Composer:
    """Composes requests by a catalogue; *resolved* gives a kind's mapping with ids of the site."""

    catalogue: Catalogue
    client: Client
    facts: Facts
    people: People
    registers: Registers
    resolved: Callable[[str], RecordMapping]

    def compose(self, effects: Sequence[Effect], remote: Mapping[str, str]) -> list[Request]:
        """The requests that carry *effects*, in order. AccordError where the mapping has no place for one."""
        del remote  # an achievement's place is its ticket
        requests: list[Request] = []
        done: set[str] = set()
        for effect in effects:
            if effect.key in done:
                continue
            where = self._where(effect)
            together = [one for one in effects if self._where(one) == where] if where else [effect]
            done |= {one.key for one in together}
            requests.append(self._request(effect, together))
        return requests

    def _request(self, effect: Effect, together: Sequence[Effect]) -> Request:
        if effect.output in _VALUES:
            return self._values(together)
        if effect.output is Output.CREATE:
            return self._created(effect)
        if effect.output is Output.NOTIFY and self._mails():
            return self._mail(effect)
        return self._comment(together)

    def _where(self, effect: Effect) -> tuple[str, TicketId] | None:
        """What can go with it in one request; None for what goes alone."""
        if effect.ticket is None or effect.output is Output.CREATE:
            return None
        if effect.output in _VALUES:
            return ("values", effect.ticket)
        if effect.output is Output.NOTIFY and self._mails():
            return None
        return ("public" if effect.payload.get("public") else "internal", effect.ticket)

    def _mails(self) -> bool:
        notices = self.catalogue.records.get("notification")
        return notices is not None and bool(notices.write.email)

    def _mapping(self, kind: str) -> RecordMapping:
        if kind not in self.catalogue.records:
            hint = f"add {kind}.yaml to the mapping, or take the output out of the rules"
            raise AccordError(
                f"the mapping {self.catalogue.name} does not say where {kind} records go", hint=hint
            )
        return self.resolved(kind)

    def _values(self, effects: Sequence[Effect]) -> Request:
        """A ticket's fields (the latest values win) and its achievements, as what they should be. The
        property that holds the achievements is put together when it is sent, from what it holds by then."""
        ticket = effects[0].ticket
        if ticket is None:
            return self._sign_of_life(effects[0])
        fields: dict[str, Any] = {}
        cycles = [self._cycle(one, ticket.key) for one in effects if one.output is Output.ACHIEVEMENT]
        for effect in effects:
            if effect.output is Output.FIELDS:
                fields |= self._payload(self._mapping(ticket.kind), effect.payload)
        body: dict[str, Any] = {"fields": fields}
        if cycles:
            property_ = self._mapping("achievement").write.key or PROPERTY
            body |= {"property": property_, "cycles": cycles}
        keys = tuple(effect.key for effect in effects)
        return Request(
            keys, Guard.ABSOLUTE, "PUT", self._issue(ticket.id), body, f"{ticket.kind} {ticket.key}"
        )

    def _sign_of_life(self, effect: Effect) -> Request:
        """An achievement of no ticket: a property of the register."""
        register = self.registers.of(self.project_for(self._mapping("achievement"), None))
        body = {"fields": {}, "property": HEARTBEAT, "cycles": [self._cycle(effect, None)]}
        return Request(
            (effect.key,), Guard.ABSOLUTE, "PUT", self._issue(register), body, "the register issue"
        )

    def _cycle(self, effect: Effect, ticket: str | None) -> dict[str, Any]:
        self._mapping("achievement")
        return cycle(effect.key, effect.payload, ticket, self.catalogue.kinds["achievement"])

    def _comment(self, effects: Sequence[Effect]) -> Request:
        """Notes and notices of one visibility, as one comment that carries their keys as a property."""
        ticket = _ticket_of(effects[0])
        is_public = bool(effects[0].payload.get("public"))
        mapping = self._mapping(ticket.kind)
        if not (mapping.write.comment if is_public else mapping.write.note):
            word = "comment: public" if is_public else "note: internal"
            what = f"the mapping of {ticket.kind} has no `write: {{{word}}}`"
            raise AccordError(what, place=mapping.place("write"))
        lines = [line for effect, _ in said_once(effects) for line in (*self._lines(effect, ticket), [])][:-1]
        keys = [effect.key for effect in effects]
        properties: list[dict[str, Any]] = [{"key": KEY_PROPERTY, "value": {"keys": keys}}]
        if not is_public:
            properties.append({"key": AUDIENCE_PROPERTY, "value": {"internal": True}})
        body = {"body": written(lines, as_document=self.client.is_cloud), "properties": properties}
        path = f"{self._issue(ticket.id)}/comment"
        subject = f"{ticket.kind} {ticket.key}"
        return Request(
            tuple(keys), Guard.LOOKUP, "POST", path, body, subject, {"comment": ticket.id, "keys": keys}
        )

    def _lines(self, effect: Effect, ticket: TicketId) -> list[list[Part]]:
        lines = lines_of(str(effect.payload.get("text") or ""))
        if effect.output is not Output.NOTIFY:
            return lines
        people = self.people.mentions(effect.payload.get("recipients") or (), ticket.kind, ticket.id)
        to: list[Part] = ["To: "]
        for person in people:
            to += [person] if len(to) == 1 else [", ", person]
        return [to, *lines_of(str(effect.payload.get("subject") or "")), *lines]

    def _payload(self, mapping: RecordMapping, values: Mapping[str, Value]) -> dict[str, Any]:
        kind = self.catalogue.kinds[mapping.kind]
        whole = {name: _reference(value) for name, value in values.items()}
        plain = Translation("", mapping, JiraSpelling()).payload(whole, kind)
        fields = self.facts.fields
        return {
            id_: shaped(fields[id_], value, is_cloud=self.client.is_cloud) for id_, value in plain.items()
        }

    def _created(self, effect: Effect) -> Request:
        """A new issue with its key and its link in one request, so that there is none without them."""
        kind = str(effect.payload.get("kind") or effect.kind or "")
        mapping = self._mapping(kind)
        project = self.project_for(mapping, effect.ticket)
        whose = str(effect.payload.get("agreement") or effect.queue)
        about = effect.ticket.id if effect.ticket else self.registers.of(project, whose)
        fields = {
            **self._constants(mapping),
            **{
                k: v
                for k, v in self._payload(mapping, effect.payload.get("fields") or {}).items()
                if v is not None
            },
            "project": {"key": project},
            "issuetype": {"id": self.type_for(mapping, project)},
        }
        fields["summary"] = " ".join(str(fields.get("summary") or kind).split())[:_LONGEST_TITLE]
        end = {"key": effect.ticket.key} if effect.ticket else {"id": about}
        link = {"type": {"name": mapping.options.get("link") or "Relates"}, "outwardIssue": end}
        body = {
            "fields": fields,
            "update": {"issuelinks": [{"add": link}]},
            "properties": [{"key": KEY_PROPERTY, "value": {"keys": [effect.key]}}],
        }
        path, lookup = f"{self.client.api}/issue", {"linked": about, "key": effect.key}
        return Request((effect.key,), Guard.LOOKUP, "POST", path, body, f"new {kind}", lookup)

    def _constants(self, mapping: RecordMapping) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in mapping.write.constants.items():
            field = self.facts.find(name)
            if field is None:
                what = f"{mapping.kind}: the site has no field {name!r}"
                raise AccordError(what, place=mapping.place("write", "constants", name))
            found[field.id] = shaped(field, value, is_cloud=self.client.is_cloud)
        return found

    def type_for(self, mapping: RecordMapping, project: str) -> str:
        """The id of the issue type of which new records of that kind are made: the first that *project* has.
        AccordError where it has none."""
        wanted, there = mapping.options.get("issue_type") or (), self.facts.types_in(project)
        for name in wanted:
            if name in there:
                return there[name]
        raise AccordError(
            f"{mapping.kind}: the project {project} has no issue type"
            f" {' or '.join(map(repr, wanted)) or '(none is named)'}",
            hint="add one to the project's issue type scheme, or name one that it has as `issue_type` of"
            f" {mapping.kind} in the mapping",
            place=mapping.place("issue_type"),
        )

    def project_for(self, mapping: RecordMapping, ticket: TicketId | None) -> str:
        """Where new records of that kind are made: the mapping's project, the ticket's, the only service
        project. AccordError where there are several."""
        if mapping.options.get("project"):
            return str(mapping.options["project"])
        if ticket is not None:
            return ticket.key.rpartition("-")[0]
        desks = sorted(key for key, sort in self.facts.projects.items() if sort == "service_desk")
        if len(desks) != 1:
            seen = ", ".join(desks) or "none seen"
            what = f"{mapping.kind}: it is not said in which project new ones are made ({seen})"
            raise AccordError(what, hint=f"name `project` in {mapping.kind}.yaml of the mapping")
        return desks[0]

    def _mail(self, effect: Effect) -> Request:
        """A mail by the platform. It leaves nothing that we may look up, so it goes at most once."""
        ticket = _ticket_of(effect)
        words = [str(word) for word in effect.payload.get("recipients") or ()]
        to: dict[str, Any] = {}
        names = {"assignee": "assignee", "requester": "reporter"}
        to |= {names[word]: True for word in words if word in names}
        others = [word for word in words if word not in names and "@" not in word]
        if users := [word for word in others if " " not in word and word not in OF_GROUPS]:
            to["users"] = [{"accountId" if self.client.is_cloud else "name": user} for user in users]
        if groups := self.people.groups([word for word in others if word in OF_GROUPS], ticket):
            to["groups"] = [{"name": group} for group in groups]
        if not to:
            raise AccordError(
                f"Jira mails to its own users only, and knows none of {', '.join(words) or 'nobody'}",
                hint="name the account's id, or send notices by `notify: {channel: smtp …}`",
            )
        text = str(effect.payload.get("text") or "")
        body = {"subject": str(effect.payload.get("subject") or ""), "textBody": text, "to": to}
        path = f"{self._issue(ticket.id)}/notify"
        return Request((effect.key,), Guard.ONCE, "POST", path, body, f"mail about {ticket.key}")

    def _issue(self, id_: str) -> str:
        return f"{self.client.api}/issue/{quote(id_, safe='')}"


def _ticket_of(effect: Effect) -> TicketId:
    if effect.ticket is None:
        raise AccordError(f"a {effect.output} needs a ticket to stand on")
    return effect.ticket


def _reference(value: Value) -> Value:
    """References come back from the store as mappings."""
    if isinstance(value, Mapping) and "id" in value:
        return Reference(str(value["id"]), value.get("name"))
    return value
