"""Agreements: SLA, OLA and UC documents with their package, targets and objectives resolved.

How versions follow each other is in `versions`, how agreements support each other in `composition`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field as Key

from connector.model.instant import Instant, from_datetime
from connector.rules.calendars import date_at, read_zone
from connector.rules.conditions import optional_condition
from connector.rules.measures import known_kinds
from connector.rules.money import read_credits, read_review
from connector.rules.objectives import read_excludes
from connector.rules.parts import Holder, Rules, read_objectives, read_targets
from connector.rules.reading import Form, Reading, Spot, shaped, text_list, unknown
from connector.rules.rulebook import Agreement, Calendar, ChooseOne, Condition, FieldZone
from connector.rules.schema import CONDITION, DATE, MAPPING, NAMES, PART, ROWS
from connector.rules.targets import calendar_at
from connector.rules.values import shown

STATUSES = ("requested", "draft", "negotiated", "enacted", "suspended", "retired")


class AgreementForm(Form):
    """A service level agreement, operational level agreement or underpinning contract."""

    needs: ClassVar[tuple[str, ...]] = ("type", "applies_to")
    agreement: str
    type: Literal["sla", "ola", "uc"] = "sla"
    title: str = ""
    status: Literal["requested", "draft", "negotiated", "enacted", "suspended", "retired"] = "enacted"
    version: int = Key(1, ge=1)
    valid: PART = Key(None, description="{from, to}: local dates, both included")
    customer: str | None = None
    provider: str | None = None
    services: NAMES = None
    package: str | None = Key(None, description="a package whose targets and objectives are taken over")
    supported_by: NAMES = Key(None, description="the OLAs and UCs that this rests on")
    calendar: str = "always"
    timezone: str | None = Key(None, description="of periods and validity")
    applies_to: PART = Key(None, description="{record: kinds, where: condition}")
    choose_one: PART = Key(None, description="{group, rank}: only the highest rank measures a ticket")
    like: Literal["servicenow", "jsm"] | None = None
    targets: MAPPING = None
    objectives: MAPPING = None
    exclude: ROWS = None
    credits: PART = None
    review: PART = None
    publish_report: Literal["on_approval", "at_once", "never"] | None = None


class AppliesToForm(Form):
    """Which records an agreement is about."""

    needs: ClassVar[tuple[str, ...]] = ("record",)
    record: NAMES = None
    where: CONDITION = None


class ValidForm(Form):
    """The first and the last valid local day."""

    from_: DATE = Key(None, alias="from")
    to: DATE = None


class ChooseOneForm(Form):
    """A group of agreements of which one measures a ticket."""

    needs: ClassVar[tuple[str, ...]] = ("group", "rank")
    group: str = ""
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """An agreement as read, with the written dates of its validity; windows and hash are still to come."""

    agreement: Agreement
    spot: Spot
    first_day: date | None
    last_day: date | None


def read_agreement(reading: Reading, spot: Spot, rules: Rules) -> Read | None:
    """The agreement at *spot*; None where nothing can be made of it."""
    form = shaped(reading, spot, AgreementForm)
    if form is None:
        return None
    kinds, where = _applies_to(reading, spot, form, rules)
    calendar = calendar_at(reading, spot / "calendar", rules.calendars) if "calendar" in form else "always"
    timezone = _timezone(reading, spot, form, rules.calendars.get(calendar))
    holder = Holder(spot, _package(reading, spot, form, rules), kinds, where, calendar, form.like)
    scope = rules.scope(kinds)
    first, last = _valid(reading, spot / "valid") if "valid" in form else (None, None)
    agreement = Agreement(
        name=str(spot.data["agreement"]),
        version=form.version,
        type=form.type,
        title=form.title or str(spot.data["agreement"]),
        status=form.status,
        place=spot.place,
        timezone=timezone,
        valid_from=start_of(first, timezone) if first else None,
        valid_until=start_of(last + timedelta(days=1), timezone) if last else None,
        kinds=kinds,
        where=where,
        targets=read_targets(reading, holder, rules),
        objectives=read_objectives(reading, holder, rules),
        exclude=tuple(read_excludes(reading, spot / "exclude", scope)) if "exclude" in form else (),
        calendar=calendar,
        hash="",
        choose_one=_choose_one(reading, spot / "choose_one") if "choose_one" in form else None,
        customer=form.customer,
        provider=form.provider,
        services=text_list(form.services),
        supported_by=text_list(form.supported_by),
        credits=read_credits(reading, spot / "credits", scope) if "credits" in form else None,
        review=read_review(reading, spot / "review", rules.register) if "review" in form else None,
        publish_report=form.publish_report,
    )
    _check(reading, agreement, holder, rules)
    return Read(agreement, spot, first, last)


def _check(reading: Reading, agreement: Agreement, holder: Holder, rules: Rules) -> None:
    """What can be said of the agreement as a whole."""
    spot = holder.spot
    empty = not holder.parts("targets") and not holder.parts("objectives")
    if empty and not any(spot.has(key) for key in ("targets", "objectives", "package")):
        what = f"the agreement {agreement.name!r} has neither targets nor objectives"
        reading.wrong("missing-key", spot, what)
    if holder.parts("targets"):
        _check_clocks(reading, spot, agreement.kinds, rules)
    _check_declared(reading, spot, "customer", rules.customers)
    _check_declared(reading, spot, "services", rules.services)
    for name in agreement.supported_by:
        if name not in rules.agreements:
            hint = unknown(name, rules.agreements)
            what = f"there is no agreement {shown(name)}"
            reading.wrong("no-agreement", spot / "supported_by", what, hint)


def _check_clocks(reading: Reading, spot: Spot, kinds: tuple[str, ...], rules: Rules) -> None:
    for name in kinds:
        if not rules.kinds[name].is_ticket:
            what = f"records of kind {name!r} run no clocks, so targets cannot measure them"
            hint = "use an objective such as share or availability"
            reading.wrong("no-ticket", spot / "applies_to" / "record", what, hint)


def _check_declared(reading: Reading, spot: Spot, key: str, known: Collection[str]) -> None:
    written = spot.data.get(key)
    spots = [spot / key] if isinstance(written, str) else (spot / key).items() if written else ()
    kind = key.removesuffix("s")
    for each in spots:
        if isinstance(each.data, str) and each.data not in known:
            hint = unknown(each.data, known) or f"declare it in a `{kind}` document"
            reading.doubt("undeclared", each, f"the {kind} {each.data!r} is not declared", hint)


def start_of(day: date, timezone: str) -> Instant:
    """The instant at which the local date *day* begins."""
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone)))


def _applies_to(
    reading: Reading, spot: Spot, form: AgreementForm, rules: Rules
) -> tuple[tuple[str, ...], Condition | None]:
    where = spot / "applies_to"
    applies = shaped(reading, where, AppliesToForm) if "applies_to" in form else None
    if applies is None or applies.record is None:
        return (), None
    kinds = known_kinds(reading, where / "record", rules.kinds)
    if not applies.record:
        reading.wrong("missing-key", where / "record", "`record` names no kind", "write record: incident")
    condition = where / "where" if "where" in applies else None
    return kinds, optional_condition(reading, condition, rules.scope(kinds)) if kinds else None


def _timezone(reading: Reading, spot: Spot, form: AgreementForm, calendar: Calendar | None) -> str:
    if form.timezone is not None:
        return read_zone(reading, spot / "timezone")
    if calendar is None or calendar.name != form.calendar:  # there is none, as was told
        return "UTC"
    zone = calendar.timezone
    if isinstance(zone, FieldZone) or calendar.name == "always":
        why = "its calendar's zone is a field" if isinstance(zone, FieldZone) else "its calendar is `always`"
        what = f"the periods and validity of {spot.data['agreement']!r} are in UTC, since {why}"
        reading.doubt("utc-assumed", spot, what, "add `timezone: Europe/London` (or UTC)")
        return "UTC"
    return zone


def _package(reading: Reading, spot: Spot, form: AgreementForm, rules: Rules) -> Spot | None:
    if form.package is None:
        return None
    if form.package not in rules.packages:
        hint = unknown(form.package, rules.packages)
        reading.wrong("no-package", spot / "package", f"there is no package {form.package!r}", hint)
    return rules.packages.get(form.package)


def _valid(reading: Reading, spot: Spot) -> tuple[date | None, date | None]:
    form = shaped(reading, spot, ValidForm)
    if form is None:
        return None, None
    first = date_at(reading, spot / "from") if form.from_ is not None else None
    last = date_at(reading, spot / "to") if form.to is not None else None
    if first and last and last < first:
        reading.wrong("bad-validity", spot / "to", f"it ends on {last}, before it begins on {first}")
        return first, None
    return first, last


def _choose_one(reading: Reading, spot: Spot) -> ChooseOne | None:
    form = shaped(reading, spot, ChooseOneForm)
    return ChooseOne(form.group, form.rank) if form is not None and "group" in form else None
