"""Effects become requests that are safe to repeat, and answers become one of four words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from connector.errors import AccordError, NotAllowed
from connector.mappings.reader import load_catalogue
from connector.model.cycle import TicketId
from connector.model.effect import Effect, Output
from connector.platforms.port import Guard, Outcome, Request
from connector.platforms.servicenow.adapter import ServiceNow
from connector.platforms.servicenow.deliver import Width
from connector.platforms.servicenow.keymark import mark
from tests.platforms.site import NOW, Quirks, Site, new_site, source_config


def ticket(site: Site, number: str = "INC1", **fields: str) -> TicketId:
    return TicketId("acme", "incident", site.put("incident", number=number, state="2", **fields), number)


def key(name: str) -> str:
    return sha256(name.encode()).hexdigest()


def effect(output: Output, about: TicketId | None, name: str = "one", **payload: Any) -> Effect:
    where = about.id if about else ""
    return Effect(key(f"{output}/{name}/{where}"), output, "acme", "queue", payload, about)


def achievement(about: TicketId, **payload: Any) -> Effect:
    whole: dict[str, Any] = {"ticket": about.id, "agreement": "gold", "version": 1, "target": "response"}
    return effect(Output.ACHIEVEMENT, about, **{**whole, "state": "running", **payload})


def fields(about: TicketId, **payload: Any) -> Effect:
    whole: dict[str, Any] = {"sla_state": "running", "sla_due": NOW, "sla_used": 0.25}
    return effect(Output.FIELDS, about, **{**whole, **payload})


def note(about: TicketId, text: str, name: str = "one", *, public: bool = False) -> Effect:
    return effect(Output.NOTE, about, name, text=text, public=public)


def composed(adapter: ServiceNow, *effects: Effect, remote: Mapping[str, str] | None = None) -> list[Request]:
    return list(adapter.compose(effects, remote or {}))


def row(site: Site, table: str, sys_id: str) -> dict[str, str]:
    return next(one for one in site.rows(table) if one["sys_id"] == sys_id)


def test_fields_and_notes_of_one_ticket_go_in_one_write(ready: Site) -> None:
    about, adapter = ticket(ready), ready.adapter()
    effects = [fields(about), note(about, "75 % used"), note(about, "half used", "two")]
    (request,) = composed(adapter, *effects)
    assert request.effects == tuple(one.key for one in effects)
    assert request.guard is Guard.LOOKUP
    (answer,) = adapter.send([request])
    assert (answer.outcome, answer.remote_id) == (Outcome.DONE, about.id)
    shown = row(ready, "incident", about.id)
    assert (shown["u_sla_state"], shown["u_sla_due"], shown["u_sla_used"]) == (
        "running", "2026-03-02 12:00:00", "0.25",
    )  # fmt: skip
    (entry,) = [one for one in ready.rows("sys_journal_field") if one["element_id"] == about.id]
    assert entry["element"] == "work_notes"
    assert all(mark(one.key) in entry["value"] for one in effects[1:])


def test_a_public_note_is_a_comment(ready: Site) -> None:
    about, adapter = ticket(ready), ready.adapter()
    adapter.send(composed(adapter, note(about, "we are on it", public=True)))
    assert [one["element"] for one in ready.rows("sys_journal_field")] == ["comments"]


def test_fields_alone_are_simply_sent_again(ready: Site) -> None:
    about = ticket(ready)
    (request,) = composed(ready.adapter(), fields(about))
    assert request.guard is Guard.ABSOLUTE


def test_nothing_applies_empties_the_fields(ready: Site) -> None:
    about, adapter = ticket(ready), ready.adapter()
    adapter.send(composed(adapter, fields(about)))
    nothing = effect(Output.FIELDS, about, sla_state=None, sla_due=None, sla_target=None, sla_used=None)
    adapter.send(composed(adapter, nothing))
    shown = row(ready, "incident", about.id)
    assert [shown[name] for name in ("u_sla_state", "u_sla_due", "u_sla_used")] == ["", "", ""]


def test_an_achievement_is_made_once_and_then_changed(ready: Site) -> None:
    about, adapter = ticket(ready), ready.adapter()
    first = achievement(about)
    (request,) = composed(adapter, first)
    assert (request.guard, request.method) == (Guard.UNIQUE, "POST")
    (answer,) = adapter.send([request])
    assert answer.remote_id is not None
    later = achievement(about, state="met", ended=NOW)
    (change,) = composed(adapter, later, remote={later.key: answer.remote_id})
    adapter.send([change])
    (shown,) = ready.rows("u_accord_achievement")
    assert (shown["u_key"], shown["u_state"], shown["u_ticket"]) == (first.key, "met", about.id)


def test_a_twin_is_refused_and_the_first_is_found(ready: Site) -> None:
    about, adapter = ticket(ready), ready.adapter()
    requests = composed(adapter, achievement(about))
    (made,) = adapter.send(requests)
    (refused,) = adapter.send(requests)
    assert refused.outcome is Outcome.REFUSED
    assert refused.words
    assert adapter.find(requests) == [made.remote_id]


def test_a_created_record_carries_its_key_and_hangs_on_the_ticket(ready: Site) -> None:
    about, adapter = ticket(ready), ready.adapter()
    create = effect(
        Output.CREATE, about, kind="problem", fields={"title": "INC1 was late", "priority": 1},
        links=[{"kind": "incident", "id": about.id, "key": about.key}],
    )  # fmt: skip
    (request,) = composed(adapter, create)
    assert request.guard is Guard.LOOKUP
    (answer,) = adapter.send([request])
    (shown,) = ready.rows("problem")
    assert (shown["short_description"], shown["correlation_id"], shown["parent"]) == (
        "INC1 was late", create.key, about.id,
    )  # fmt: skip
    assert adapter.find([request]) == [answer.remote_id] == [shown["sys_id"]]


def test_a_notice_is_a_note_that_names_the_people(ready: Site) -> None:
    manager = ready.put("sys_user", user_name="mia", name="Mia Manager")
    group = ready.put("sys_user_group", name="Network", manager=manager)
    about, adapter = ticket(ready, assignment_group=group), ready.adapter()
    notify = effect(
        Output.NOTIFY, about, recipients=["assignment_group.manager", "anna@acme.example"],
        subject="INC1 is late", text="Resolution missed",
    )  # fmt: skip
    (request,) = composed(adapter, notify)
    assert "To: Mia Manager, anna@acme.example\nINC1 is late\nResolution missed" in request.body["work_notes"]


def test_the_same_notice_to_two_people_is_one_text_that_names_both(ready: Site) -> None:
    about, adapter = ticket(ready), ready.adapter()
    notices = [
        effect(Output.NOTIFY, about, recipients=[to], subject="INC1 is late", text=text)
        for to, text in (
            ("anna", "Resolution missed"),
            ("beth", "Resolution missed"),
            ("carl", "auf Deutsch"),
        )
    ]
    (request,) = composed(adapter, *notices)
    marks = [f"[{one.key[:12]}]" for one in notices]
    assert request.body["work_notes"] == (
        f"To: anna, beth\nINC1 is late\nResolution missed\n{marks[0]} {marks[1]}\n\n"
        f"To: carl\nINC1 is late\nauf Deutsch\n{marks[2]}"
    )
    assert adapter.find([request]) == [None]
    assert adapter.send([request])[0].outcome is Outcome.DONE
    assert adapter.find([request]) == [about.id]


def test_a_notice_goes_by_mail_where_the_mapping_says_so(ready: Site) -> None:
    adapter = ready.adapter()
    notices = adapter.catalogue.records["notification"]
    mailing = replace(notices, write=replace(notices.write, email="/api/now/v1/email"))
    records = {**adapter.catalogue.records, "notification": mailing}
    adapter = ready.adapter(mapping=replace(adapter.catalogue, records=records))
    about = ticket(ready)
    notify = effect(
        Output.NOTIFY, about, recipients=["anna@acme.example"], subject="late", text="INC1 is late"
    )
    (request,) = composed(adapter, notify)
    assert request.guard is Guard.ONCE
    assert adapter.send([request])[0].outcome is Outcome.DONE
    assert [mail["subject"] for mail in ready.rows("sys_email")] == ["late"]


def test_a_notice_to_nobody_with_an_address_says_what_to_do(ready: Site) -> None:
    with pytest.raises(AccordError, match="contact"):
        composed(ready.adapter(), effect(Output.NOTIFY, None, recipients=["Anna"], subject="s", text="t"))


def test_an_output_without_a_place_in_the_mapping_is_told(ready: Site) -> None:
    with pytest.raises(AccordError, match=r"add weather\.yaml"):
        composed(ready.adapter(), effect(Output.CREATE, None, kind="weather", fields={}))


def test_notes_go_at_most_once_where_they_cannot_be_found_again() -> None:
    site = new_site(Quirks(denied_audit="403"))
    adapter = site.adapter(user="no_audit")
    (request,) = composed(adapter, note(ticket(site), "75 % used"))
    assert request.guard is Guard.ONCE
    with pytest.raises(NotAllowed, match="audit_viewer"):
        adapter.find([replace(request, guard=Guard.LOOKUP)])


def test_a_note_is_found_by_its_mark_alone(ready: Site) -> None:
    about, other, adapter = ticket(ready), ticket(ready, "INC2"), ready.adapter()
    sent = composed(adapter, note(about, "75 % used"))
    unsent = [
        *composed(adapter, note(about, "75 % used", "two")),
        *composed(adapter, note(other, "75 % used")),
    ]
    adapter.send(sent)
    assert adapter.find([*sent, *unsent]) == [about.id, None, None]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("commit_then_timeout", Outcome.UNSURE),
        ("commit_then_500", Outcome.UNSURE),
        ("timeout", Outcome.UNSURE),
        ("500", Outcome.UNSURE),
        ("cut", Outcome.UNSURE),
        ("gateway", Outcome.UNSURE),
        ("html_200", Outcome.UNSURE),
        ("empty_202", Outcome.UNSURE),
    ],
)
@pytest.mark.parametrize("together", [1, 2])
def test_a_write_without_a_clear_answer_is_unsure_and_not_repeated(
    ready: Site, fault: str, outcome: Outcome, together: int
) -> None:
    adapter = ready.adapter()
    requests = [
        one for n in range(together) for one in composed(adapter, note(ticket(ready, f"INC{n}"), "75 % used"))
    ]
    ready.sandbox.faults.once("PATCH *" if together == 1 else "POST */batch", fault)
    before = ready.sandbox.requests.total()
    assert [answer.outcome for answer in adapter.send(requests)] == [outcome] * together
    items = together if together > 1 and fault.startswith(("commit", "cut")) else 0
    assert ready.sandbox.requests.total() - before == 1 + items


@pytest.mark.parametrize("fault", ["refused", "429", "429_bare"])
def test_a_write_that_was_kept_out_may_go_again(ready: Site, fault: str) -> None:
    adapter = ready.adapter()
    requests = composed(adapter, note(ticket(ready), "75 % used"))
    ready.sandbox.faults.always("PATCH *", fault)
    (answer,) = adapter.send(requests)
    assert answer.outcome is Outcome.AGAIN
    ready.sandbox.faults.clear()
    ready.clock.sleep(60)
    assert adapter.send(requests)[0].outcome is Outcome.DONE
    assert len(ready.rows("sys_journal_field")) == 1


def test_a_refusal_has_the_platforms_own_words(ready: Site) -> None:
    adapter = ready.adapter(user="reader")
    (request,) = composed(adapter, fields(ticket(ready)))
    (answer,) = adapter.send([request])
    assert answer.outcome is Outcome.REFUSED
    assert "ACL" in answer.words or "security" in answer.words


def test_many_writes_go_in_one_batch_with_an_answer_each(ready: Site) -> None:
    adapter = ready.adapter()
    requests = [one for n in range(5) for one in composed(adapter, achievement(ticket(ready, f"INC{n}")))]
    requests[2] = replace(requests[2], path="/api/now/table/no_such_table")
    before = ready.sandbox.requests["POST batch"]
    answers = adapter.send(requests)
    assert ready.sandbox.requests["POST batch"] == before + 1
    assert [answer.outcome for answer in answers] == [Outcome.DONE] * 2 + [Outcome.REFUSED] + [
        Outcome.DONE
    ] * 2
    assert len(ready.rows("u_accord_achievement")) == 4


def test_batches_grow_while_they_are_quick(ready: Site) -> None:
    adapter, rooms = ready.adapter(), []
    for start in (0, 25, 75):
        rooms.append(adapter.at_once)
        keys = range(start, start + rooms[-1])
        wanted = [replace(achievement(ticket(ready)), key=f"key {number}") for number in keys]
        adapter.send([one for effect in wanted for one in composed(adapter, effect)])
    assert [*rooms, adapter.at_once] == [25, 50, 100, 100]
    assert ready.sandbox.requests["POST batch"] == 3


def test_a_batch_has_fewer_parts_after_one_that_was_slow_or_cut() -> None:
    width = Width()
    width.heed(25, 25, took_ms=10_000)
    assert width.now == 25  # twice as many might take too long
    width.heed(25, 25, took_ms=16_000)
    assert width.now == 12
    width.heed(12, 9, took_ms=2_000)
    width.heed(6, 0, took_ms=0)
    assert width.now == 5
    width.heed(3, 3, took_ms=100)
    assert width.now == 5  # a small one says nothing of larger ones


def test_a_part_of_a_batch_that_fails_does_not_shift_the_others(ready: Site) -> None:
    adapter = ready.adapter()
    requests = [one for n in range(3) for one in composed(adapter, achievement(ticket(ready, f"INC{n}")))]
    ready.sandbox.faults.once("item POST *", "500", skip=1)
    outcomes = [answer.outcome for answer in adapter.send(requests)]
    assert outcomes == [Outcome.DONE, Outcome.UNSURE, Outcome.DONE]


def test_an_instance_without_batches_gets_single_writes(ready: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connector.platforms.servicenow.deliver._BATCH", "/api/now/v1/no_such_api")
    adapter = ready.adapter()
    requests = [one for n in range(3) for one in composed(adapter, achievement(ticket(ready, f"INC{n}")))]
    assert {answer.outcome for answer in adapter.send(requests)} == {Outcome.DONE}
    assert len(ready.rows("u_accord_achievement")) == 3


def test_behind_an_address_with_a_path_nothing_goes_in_batches(ready: Site) -> None:
    behind = source_config(url="https://acme.service-now.com/desk")
    adapter = ServiceNow(behind, load_catalogue("servicenow", base=Path()), ready.world())
    assert adapter.at_once == 1


def test_long_words_are_cut_to_their_column(ready: Site) -> None:
    about, adapter = ticket(ready), ready.adapter()
    adapter.send(composed(adapter, achievement(about, excluded="x" * 500)))
    (shown,) = ready.rows("u_accord_achievement")
    assert shown["u_excluded"] == "x" * 200
