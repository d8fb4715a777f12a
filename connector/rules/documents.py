"""Documents that describe: the framework, the register of people, customers, services, plans.

Their data is typed and kept as a mapping (`rulebook.Document.data`); dates become dates, stretches of time
milliseconds. A key that no reader knows is a warning only: these documents are also notes for people.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict
from pydantic import Field as Key

from connector.rules.calendars import date_at, read_zone
from connector.rules.notices import read_digest, read_quiet_hours
from connector.rules.reading import Form, Reading, Spot, shaped, text_list, unknown
from connector.rules.rulebook import Document
from connector.rules.schema import ANY, DATE, LENGTH, LIST, MAPPING, NAMES
from connector.rules.targets import MANNERS, ManneredForm
from connector.rules.values import WrongValue, read_span


class Description(Form):
    """A document that takes keys of its author's own."""

    model_config = ConfigDict(extra="allow")
    dates: ClassVar[tuple[str, ...]] = ()
    spans: ClassVar[tuple[str, ...]] = ()
    title: str = ""
    note: str = ""


class StakeholderForm(Description):
    """Someone with an interest in a service level."""

    stakeholder: str
    role: NAMES = Key(None, description="roles; recipients may be named by them")
    contact: MAPPING = Key(None, description="an address per channel: platform, email, webhook")
    hears_of: NAMES = Key(None, description="what they are told: events, reports, reviews")
    customer: str | None = None
    services: NAMES = None
    timezone: str | None = None
    language: str | None = Key(None, description="the language of what they are sent: de, en-GB")
    digest: ANY = Key(None, description="as the framework's, for this one; `never`: each by itself")


class CustomerForm(Description):
    """An organisation that is party to an agreement; the platform knows the rest of it."""

    customer: str
    id: str | None = Key(None, description="what the platform calls it")
    owner: str | None = None
    timezone: str | None = None
    calendar: str | None = None
    tier: str | None = None


class ServiceForm(Description):
    """A service; the platform knows the rest of it."""

    service: str
    id: str | None = Key(None, description="what the platform calls it")
    owner: str | None = None
    customers: NAMES = None
    depends_on: NAMES = None
    criticality: str | None = None


class RelationshipForm(Description):
    """How the relation with a customer is kept."""

    relationship: str
    customer: str | None = None
    owner: str | None = None
    rhythm: str | None = None
    escalation: LIST = Key(None, description="the ladder: rows of {after, to}")


class FrameworkForm(ManneredForm, Description):
    """The conventions of the whole process; its keys of targets are defaults for every target."""

    spans: ClassVar[tuple[str, ...]] = ("correct_until", "grace")
    framework: str
    like: Literal["servicenow", "jsm"] | None = None
    correct_until: LENGTH = Key(None, description="how long a published period may be corrected: 90d")
    grace: LENGTH = Key(None, description="how long late data is waited for at the end of a period: 2d")
    late_data: str | None = None
    quiet_hours: ANY = Key(
        None, description="a calendar outside which nothing is sent, or {calendar, but: [lines]}"
    )
    digest: ANY = Key(
        None, description="notices to one recipient go together: 4h, {every, but: [lines]} or {at, but}"
    )
    language: str | None = Key(None, description="the language of what is written on tickets: en")
    severity: MAPPING = Key(None, description="severity → effects")
    publish_report: Literal["on_approval", "at_once", "never"] | None = None
    process: MAPPING = Key(None, description="the targets of the process itself")
    roles: MAPPING = None
    scope: ANY = None
    policy: ANY = None


class RequirementForm(Description):
    """A service level requirement and the agreement that answers it."""

    dates: ClassVar[tuple[str, ...]] = ("date", "due")
    requirement: str
    customer: str | None = None
    service: str | None = None
    need: str | None = None
    source: str | None = Key(None, description="the record in which it was asked for")
    agreement: str | None = Key(None, description="the agreement that answers it")
    state: str | None = None
    date: DATE = None
    due: DATE = None


class ImprovementForm(Description):
    """An entry of the service improvement plan."""

    dates: ClassVar[tuple[str, ...]] = ("due", "started", "done")
    improvement: str
    owner: str | None = None
    measure: str | None = None
    due: DATE = None
    started: DATE = None
    done: DATE = None
    state: str | None = None
    agreement: str | None = None
    objective: str | None = None
    service: str | None = None


class ExclusionForm(Description):
    """A record or a span of time taken out of the count."""

    needs: ClassVar[tuple[str, ...]] = ("reason", "approver")
    exclusion: str
    record: str | None = Key(None, description="the ticket's key")
    from_: ANY = Key(None, alias="from", description="the first instant or day of a span")
    to: ANY = Key(None, description="the last instant or day of a span")
    agreement: str | None = None
    target: str | None = None
    service: str | None = None
    reason: str = ""
    approver: str = ""


FORMS: Mapping[str, type[Description]] = {
    "stakeholder": StakeholderForm,
    "customer": CustomerForm,
    "service": ServiceForm,
    "relationship": RelationshipForm,
    "framework": FrameworkForm,
    "requirement": RequirementForm,
    "improvement": ImprovementForm,
    "exclusion": ExclusionForm,
}


def read_description(reading: Reading, kind: str, spot: Spot, calendars: Collection[str]) -> Document | None:
    """The describing document of *kind* at *spot*; None where nothing can be made of it."""
    form = shaped(reading, spot, FORMS[kind])
    if form is None:
        return None
    known = {field.alias or name for name, field in FORMS[kind].model_fields.items()}
    for key, below in spot.pairs():
        if key not in known:
            what = f"nothing reads the key {key!r} of a {kind}"
            reading.doubt("unread-key", below.key_place, what, unknown(key, known))
    data = {
        key: value for key, value in form.model_dump(by_alias=True, exclude_unset=True).items() if key != kind
    }
    data |= {key: date_at(reading, spot / key) for key in form.dates if spot.has(key)}
    data |= {key: _span(reading, spot / key) for key in form.spans if spot.has(key)}
    if kind == "framework" and spot.has("quiet_hours"):
        data["quiet_hours"] = read_quiet_hours(reading, spot / "quiet_hours", calendars)
    if spot.has("digest"):
        data["digest"] = read_digest(reading, spot / "digest")
    if data.get("timezone") is not None:
        data["timezone"] = read_zone(reading, spot / "timezone")
    return Document(kind, str(spot.data[kind]), data, spot.place)


def _span(reading: Reading, spot: Spot) -> int | None:
    try:
        return read_span(spot.data)
    except WrongValue as wrong:
        reading.wrong(wrong.code, spot, wrong.what, wrong.hint)
        return None


def people(documents: Collection[Document]) -> frozenset[str]:
    """The stakeholders and the roles that the register declares."""
    found: set[str] = set()
    for each in documents:
        if each.kind == "stakeholder":
            found |= {each.name, *text_list(each.data.get("role"))}
        elif each.kind == "framework":
            found |= set(each.data.get("roles") or {})
    return frozenset(found)


def manners_of(documents: Collection[Document]) -> dict[str, Any]:
    """The framework's defaults for targets."""
    return {
        key: value
        for each in documents
        if each.kind == "framework"
        for key, value in each.data.items()
        if key in MANNERS
    }


def check_references(
    reading: Reading, document: Document, spot: Spot, known: Mapping[str, Collection[str]]
) -> None:
    """Agreements and calendars that a describing document names must be there."""
    for key, names in known.items():
        name = document.data.get(key)
        if isinstance(name, str) and name not in names:
            reading.wrong(f"no-{key}", spot / key, f"there is no {key} {name!r}", unknown(name, names))
