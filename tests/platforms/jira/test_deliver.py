"""Effects become requests that are safe to repeat, and answers become one of four words."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from connector.errors import AccordError
from connector.model.cycle import TicketId
from connector.model.effect import Effect, Output
from connector.platforms.jira.adapter import Jira
from connector.platforms.port import Answer, Guard, Outcome, Request
from connector.sandbox.jira.issue import Issue
from tests.platforms.jira.site import NOW, JiraQuirks, Site, new_site, ticket


def key(name: str) -> str:
    return sha256(name.encode()).hexdigest()


def effect(output: Output, about: TicketId | None, name: str = "one", **payload: Any) -> Effect:
    where = about.id if about else ""
    return Effect(key(f"{output}/{name}/{where}"), output, "desk", "queue", payload, about)


def achievement(about: TicketId, name: str = "one", **payload: Any) -> Effect:
    whole: dict[str, Any] = {"ticket": about.id, "agreement": "gold", "version": 1, "target": name}
    whole |= {"state": "running", "started": NOW, "due": NOW + 3_600_000, "cycle": 1}
    return effect(Output.ACHIEVEMENT, about, name, **{**whole, **payload})


def fields(about: TicketId, **payload: Any) -> Effect:
    whole: dict[str, Any] = {"sla_state": "running", "sla_due": NOW, "sla_used": 0.25, "sla_target": "gold"}
    return effect(Output.FIELDS, about, **{**whole, **payload})


def note(about: TicketId, text: str, name: str = "one", *, public: bool = False) -> Effect:
    return effect(Output.NOTE, about, name, text=text, public=public)


def create(about: TicketId | None, kind: str, **values: Any) -> Effect:
    links = [{"kind": "incident", "id": about.id, "key": about.key}] if about else []
    whole = {"kind": kind, "fields": {"title": f"about {kind}", **values}, "links": links}
    return replace(effect(Output.CREATE, about, kind, **whole), kind=kind)


def sent(adapter: Jira, *effects: Effect) -> list[Answer]:
    return list(adapter.send(adapter.compose(effects, {})))


def property_of(issue: Issue) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(issue.properties["accord.sla"])
    return value


@pytest.fixture
def issue(site: Site) -> Issue:
    made: Issue = site.jira.create("printer on fire")
    return made


@pytest.fixture
def adapter(site: Site) -> Jira:
    return site.ready()


def test_all_of_a_tickets_values_go_in_one_write(site: Site, adapter: Jira, issue: Issue) -> None:
    about = ticket(issue)
    effects = [achievement(about), fields(about), achievement(about, "two")]
    (request,) = adapter.compose(effects, {})
    assert request.guard is Guard.ABSOLUTE
    assert set(request.effects) == {one.key for one in effects}
    assert request.body == json.loads(json.dumps(request.body))
    before = site.sandbox.requests.total()
    (answer,) = adapter.send([request])
    assert (answer.outcome, answer.remote_id) == (Outcome.DONE, about.id)
    assert site.sandbox.requests.total() - before == 2  # what the property holds, and the write
    assert [one["target"] for one in property_of(issue)["cycles"]] == ["one", "two"]
    assert issue.fields[site.field("SLA state")] == "running"
    assert issue.fields[site.field("SLA used")] == 0.25


def test_an_achievement_says_what_it_is_in_plain_words(adapter: Jira, issue: Issue) -> None:
    effect_ = achievement(ticket(issue), elapsed_s=60, used=0.1)
    sent(adapter, effect_)
    (cycle,) = property_of(issue)["cycles"]
    assert cycle["key"] == effect_.key
    assert cycle["ticket"] == issue.key
    assert (cycle["started"], cycle["due"]) == ("2026-03-02T12:00:00Z", "2026-03-02T13:00:00Z")
    assert (cycle["state"], cycle["ended"], cycle["used"]) == ("running", None, 0.1)


def test_achievements_alone_do_not_touch_the_ticket(site: Site, adapter: Jira, issue: Issue) -> None:
    before = issue.updated
    site.pass_(60)
    sent(adapter, achievement(ticket(issue)))
    assert issue.updated == before


def test_a_later_achievement_keeps_the_other_cycles(adapter: Jira, issue: Issue) -> None:
    about = ticket(issue)
    sent(adapter, achievement(about), achievement(about, "two"))
    sent(adapter, achievement(about, state="met", ended=NOW))
    assert [(one["target"], one["state"]) for one in property_of(issue)["cycles"]] == [
        ("one", "met"),
        ("two", "running"),
    ]


def test_what_many_tickets_hold_is_read_in_one_request_before_the_writes(site: Site, adapter: Jira) -> None:
    issues = [site.jira.create(f"printer {number}") for number in range(30)]
    for issue in issues:
        sent(adapter, achievement(ticket(issue), "earlier"))
    requests = [request for one in issues for request in adapter.compose([achievement(ticket(one))], {})]
    site.sandbox.requests.clear()
    adapter.look_ahead(requests)
    answers = adapter.send(requests)
    assert [one.remote_id for one in answers] == [str(one.id) for one in issues]
    assert site.sandbox.requests == {"POST issue/bulkfetch": 1, "PUT issue/*/properties/accord.sla": 30}
    assert all(
        [one["target"] for one in property_of(issue)["cycles"]] == ["earlier", "one"] for issue in issues
    )


def test_what_was_read_ahead_serves_one_write_only(site: Site, adapter: Jira, issue: Issue) -> None:
    about = ticket(issue)
    (request,) = adapter.compose([achievement(about)], {})
    adapter.look_ahead([request])
    adapter.send([request])
    sent(adapter, achievement(about, "two"))
    assert [one["target"] for one in property_of(issue)["cycles"]] == ["one", "two"]


def test_a_login_that_ends_among_many_takes_no_answer_from_the_others(site: Site, adapter: Jira) -> None:
    abouts = [ticket(site.jira.create(f"printer {number}")) for number in range(3)]
    requests = [request for one in abouts for request in adapter.compose([note(one, "75 % used")], {})]
    site.sandbox.faults.once("*/comment", "401", skip=1)
    answers = adapter.send(requests)
    assert Outcome.DONE in [one.outcome for one in answers]
    refused = [one for one in answers if one.ends is not None]
    assert refused
    assert {one.outcome for one in refused} == {Outcome.AGAIN}


def test_values_sent_again_change_nothing(adapter: Jira, issue: Issue) -> None:
    about = ticket(issue)
    requests = adapter.compose([achievement(about), fields(about)], {})
    adapter.send(requests)
    before = (property_of(issue), dict(issue.fields), len(issue.histories))
    adapter.send(requests)
    assert (property_of(issue), dict(issue.fields), len(issue.histories)) == before


def test_nothing_applies_empties_the_fields(site: Site, adapter: Jira, issue: Issue) -> None:
    about = ticket(issue)
    sent(adapter, fields(about))
    sent(adapter, effect(Output.FIELDS, about, sla_state=None, sla_due=None, sla_target=None, sla_used=None))
    names = ("SLA state", "SLA due", "SLA used", "SLA target")
    assert [issue.fields.get(site.field(name)) for name in names] == [None] * 4


def test_fields_that_setup_has_not_made_are_left_out(site: Site, issue: Issue) -> None:
    before = site.sandbox.requests.total()
    adapter = site.adapter()
    adapter.prepare(["incident"])
    before = site.sandbox.requests.total()
    (answer,) = sent(adapter, fields(ticket(issue)))
    assert answer.outcome is Outcome.DONE
    assert site.sandbox.requests.total() == before


def test_notes_of_a_ticket_are_one_internal_comment_with_their_keys(adapter: Jira, issue: Issue) -> None:
    about = ticket(issue)
    effects = [note(about, "75 % used"), note(about, "half\nused", "two")]
    (request,) = adapter.compose(effects, {})
    assert request.guard is Guard.LOOKUP
    (answer,) = adapter.send([request])
    (comment,) = issue.comments
    assert not comment.public
    assert comment.properties["accord.key"] == {"keys": [one.key for one in effects]}
    assert adapter.find([request]) == [answer.remote_id] == [str(comment.id)]


def test_a_public_note_is_seen_by_the_requester(adapter: Jira, issue: Issue) -> None:
    about = ticket(issue)
    sent(adapter, note(about, "we are on it", public=True), note(about, "75 % used", "two"))
    assert [one.public for one in issue.comments] == [True, False]


def test_a_note_is_found_by_its_key_alone(site: Site, adapter: Jira, issue: Issue) -> None:
    about, other = ticket(issue), ticket(site.jira.create("another"))
    told = list(adapter.compose([note(about, "75 % used")], {}))
    untold = [
        *adapter.compose([note(about, "75 % used", "two")], {}),
        *adapter.compose([note(other, "x")], {}),
    ]
    adapter.send(told)
    site.jira.comment(issue, "75 % used", by="accord", public=False)
    assert adapter.find([*told, *untold]) == [str(issue.comments[0].id), None, None]


def test_a_notice_mentions_the_people(site: Site, adapter: Jira, issue: Issue) -> None:
    person = site.jira.person("accord_min")
    site.jira.edit(issue, assignee=person.account_id)
    notify = effect(
        Output.NOTIFY, ticket(issue), recipients=["assignee", "Operations"], subject="late", text="now"
    )
    (request,) = adapter.compose([notify], {})
    (answer,) = adapter.send([request])
    assert answer.outcome is Outcome.DONE
    first = request.body["body"]["content"][0]["content"]
    assert first[1] == {"type": "mention", "attrs": {"id": person.account_id, "text": f"@{person.display}"}}
    assert first[3]["text"] == "Operations"


def test_the_same_notice_to_two_people_is_one_text_that_names_both(adapter: Jira, issue: Issue) -> None:
    notices = [
        effect(Output.NOTIFY, ticket(issue), recipients=[to], subject="late", text="now")
        for to in ("Operations", "Network")
    ]
    (request,) = adapter.compose(notices, {})
    shown = [
        "".join(part.get("text", "") for part in line.get("content", ()))
        for line in request.body["body"]["content"]
    ]
    assert shown == ["To: Operations, Network", "late", "now"]
    assert set(request.effects) == {one.key for one in notices}


def mailing(site: Site) -> Jira:
    catalogue = site.adapter().catalogue
    notices = catalogue.records["notification"]
    by_mail = replace(notices, write=replace(notices.write, email="notify"))
    return site.adapter(mapping=replace(catalogue, records={**catalogue.records, "notification": by_mail}))


def test_a_notice_by_mail_goes_at_most_once(site: Site, issue: Issue) -> None:
    site.jira.edit(issue, assignee=site.jira.person("accord_min").account_id)
    adapter = mailing(site)
    notify = effect(
        Output.NOTIFY, ticket(issue), recipients=["assignee"], subject="late", text="INC1 is late"
    )
    (request,) = adapter.compose([notify], {})
    assert request.guard is Guard.ONCE
    assert adapter.send([request])[0].outcome is Outcome.DONE
    assert [mail.subject for mail in site.jira.site.mails] == ["late"]


def test_a_notice_to_nobody_jira_knows_says_what_to_do(site: Site, issue: Issue) -> None:
    notify = effect(Output.NOTIFY, ticket(issue), recipients=["anna@acme.example"], subject="s", text="t")
    with pytest.raises(AccordError, match="smtp"):
        mailing(site).compose([notify], {})


def test_a_created_issue_has_its_key_and_its_link_from_the_start(
    site: Site, adapter: Jira, issue: Issue
) -> None:
    made = create(ticket(issue), "problem", title="printer on fire\nagain", priority=1)
    (request,) = adapter.compose([made], {})
    assert request.guard is Guard.LOOKUP
    assert adapter.find([request]) == [None]
    before = site.sandbox.requests.total()
    (answer,) = adapter.send([request])
    assert site.sandbox.requests.total() - before == 1
    assert answer.remote_id is not None, answer.words
    problem = site.jira.find(answer.remote_id)
    assert (problem.fields["summary"], problem.fields["priority"]) == ("printer on fire again", "1")
    assert json.loads(problem.properties["accord.key"]) == {"keys": [made.key]}
    assert adapter.find([request]) == [answer.remote_id]


def test_it_is_found_though_the_index_lags() -> None:
    site = new_site(JiraQuirks(index_lag_ms=3_600_000))
    adapter = site.adapter()
    issue = site.jira.create("printer on fire")
    requests = adapter.compose([create(ticket(issue), "problem")], {})
    (answer,) = adapter.send(requests)
    assert adapter.find(requests) == [answer.remote_id]


def test_a_record_without_a_ticket_hangs_on_the_register(site: Site, adapter: Jira) -> None:
    requests = adapter.compose([create(None, "report", text="all met")], {})
    (answer,) = adapter.send(requests)
    assert answer.outcome is Outcome.DONE, answer.words
    assert adapter.find(requests) == [answer.remote_id]


def test_without_a_register_setup_is_asked_for(site: Site) -> None:
    with pytest.raises(AccordError, match="accord setup --apply"):
        site.adapter().compose([create(None, "report")], {})


def test_an_output_without_a_place_in_the_mapping_is_told(adapter: Jira, issue: Issue) -> None:
    with pytest.raises(AccordError, match=r"add weather\.yaml"):
        adapter.compose([create(ticket(issue), "weather")], {})


@pytest.mark.parametrize(
    "fault", ["commit_then_timeout", "commit_then_500", "timeout", "500", "cut", "gateway", "html_200"]
)
def test_a_write_without_a_clear_answer_is_unsure_and_not_repeated(
    site: Site, adapter: Jira, issue: Issue, fault: str
) -> None:
    requests = adapter.compose([note(ticket(issue), "75 % used")], {})
    site.sandbox.faults.once("POST *comment", fault)
    before = site.sandbox.requests.total()
    (answer,) = adapter.send(requests)
    assert answer.outcome is Outcome.UNSURE
    assert site.sandbox.requests.total() - before == 1
    found = adapter.find(requests)
    assert (found != [None]) == bool(issue.comments)


@pytest.mark.parametrize("fault", ["refused", "429", "429_bare"])
def test_a_write_that_was_kept_out_may_go_again(site: Site, adapter: Jira, issue: Issue, fault: str) -> None:
    requests = adapter.compose([note(ticket(issue), "75 % used")], {})
    site.sandbox.faults.always("POST *comment", fault)
    (answer,) = adapter.send(requests)
    assert answer.outcome is Outcome.AGAIN
    site.sandbox.faults.clear()
    site.clock.sleep(60)
    assert adapter.send(requests)[0].outcome is Outcome.DONE
    assert len(issue.comments) == 1


def test_a_property_that_cannot_be_read_is_not_written_over(site: Site, adapter: Jira, issue: Issue) -> None:
    about = ticket(issue)
    sent(adapter, achievement(about))
    site.sandbox.faults.always("GET *accord.sla", "500")
    (answer,) = sent(adapter, achievement(about, "two"))
    assert answer.outcome is Outcome.AGAIN
    assert len(property_of(issue)["cycles"]) == 1


def test_a_refusal_has_the_platforms_own_words(site: Site, adapter: Jira, issue: Issue) -> None:
    site.jira.site.setup.projects["DESK"].off_screen.add(site.field("SLA state"))
    (answer,) = sent(adapter, fields(ticket(issue)))
    assert answer.outcome is Outcome.REFUSED
    assert answer.words.startswith(f"{site.field('SLA state')}: on no screen of that project")
    assert "put them there" in answer.words


def test_a_ticket_that_is_gone_is_a_refusal(site: Site, adapter: Jira, issue: Issue) -> None:
    site.jira.delete(issue)
    answers = sent(adapter, achievement(ticket(issue)), note(ticket(issue), "x"))
    assert [one.outcome for one in answers] == [Outcome.REFUSED] * 2


def test_data_center_takes_wiki_text_and_user_names() -> None:
    site = new_site(JiraQuirks(deployment="datacenter"))
    adapter = site.ready()
    issue = site.jira.create("printer on fire")
    about = ticket(issue)
    answers = sent(
        adapter, note(about, "75 % {used}"), fields(about), achievement(about), create(about, "problem")
    )
    assert [one.outcome for one in answers] == [Outcome.DONE] * 3, [one.words for one in answers]
    assert issue.comments[0].body == "75 % \\{used\\}"
    requests: list[Request] = list(adapter.compose([create(about, "problem")], {}))
    assert adapter.find(requests) == [answers[2].remote_id]


def test_a_sign_of_life_is_a_property_of_the_register(site: Site, adapter: Jira) -> None:
    for due in (NOW, NOW + 600_000):
        payload = {"agreement": "accord", "target": "heartbeat", "state": "running", "due": due}
        (answer,) = sent(adapter, effect(Output.ACHIEVEMENT, None, "heartbeat", **payload))
        assert answer.outcome is Outcome.DONE, answer.words
    register = site.jira.find(adapter.registers.of("DESK"))
    (beat,) = json.loads(register.properties["accord.heartbeat"])["cycles"]
    assert (beat["target"], beat["due"]) == ("heartbeat", "2026-03-02T12:10:00Z")
    assert not register.histories


def test_without_a_register_a_sign_of_life_says_what_makes_one(site: Site) -> None:
    with pytest.raises(AccordError, match="no register issue") as refused:
        site.adapter().compose([effect(Output.ACHIEVEMENT, None, "heartbeat", state="running")], {})
    assert "accord setup --apply" in (refused.value.problem.hint or "")


def test_what_belongs_to_an_agreement_hangs_on_its_register(site: Site, adapter: Jira) -> None:
    list(adapter.provision([one for one in adapter.provisions(["gold"]) if not one.present]))
    made = replace(create(None, "report", text="all well"), queue="gold")
    (request,) = adapter.compose([made], {})
    (answer,) = adapter.send([request])
    assert adapter.find([request]) == [answer.remote_id]
    register = site.jira.find(adapter.registers.of("DESK", "gold"))
    assert [str(link.other) for link in register.links] == [answer.remote_id]


def test_a_mail_to_the_group_goes_to_the_group_of_the_ticket(site: Site) -> None:
    site.jira.site.accounts.add("alice", "Alice", groups=("Network",))
    about = ticket(site.jira.create("printer on fire", **{"Assignment group": "Network"}))
    notify = effect(Output.NOTIFY, about, recipients=["assignment_group"], subject="late", text="very")
    (answer,) = sent(mailing(site), notify)
    assert answer.outcome is Outcome.DONE, answer.words
    assert [mail.to for mail in site.jira.site.mails] == [("alice@example.com",)]
