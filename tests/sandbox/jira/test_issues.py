"""Issues and what hangs on them: comments, properties, links, files, fields, mail."""

from __future__ import annotations

from typing import Any

import pytest

from connector.sandbox import Sandbox
from tests.sandbox.jira.conftest import START, JiraClient, Login, Make, adf

PLACE = {"project": {"key": "DESK"}, "issuetype": {"name": "[System] Incident"}}
NO_DOCUMENT = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"


def fields_of(client: JiraClient, key: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"issue/{key}").json()["fields"]
    return found


class TestMaking:
    def test_properties_and_links_come_with_the_issue(self, client: JiraClient) -> None:
        ticket = client.create()
        body = {
            "fields": {**PLACE, "summary": "Improve", "description": adf("why"), "labels": ["b", "a"]},
            "properties": [{"key": "accord.key", "value": "k1"}],
            "update": {
                "issuelinks": [{"add": {"type": {"name": "Relates"}, "outwardIssue": {"key": ticket}}}],
                "comment": [{"add": {"body": adf("made by a rule")}}],
            },
        }
        made = client.post("issue", body)
        assert made.status_code == 201
        assert made.json().keys() == {"id", "key", "self"}
        key = made.json()["key"]
        assert client.get(f"issue/{key}/properties/accord.key").json() == {"key": "accord.key", "value": "k1"}
        fields = fields_of(client, key)
        assert fields["description"] == adf("why")
        assert fields["labels"] == ["a", "b"]
        assert fields["issuelinks"][0]["outwardIssue"]["key"] == ticket
        assert fields["comment"]["comments"][0]["body"] == adf("made by a rule")
        assert fields_of(client, ticket)["issuelinks"][0]["inwardIssue"]["key"] == key

    @pytest.mark.parametrize(
        ("fields", "errors"),
        [
            ({**PLACE}, {"summary": "You must specify a summary of the issue."}),
            ({**PLACE, "summary": "x", "description": "plain"}, {"description": NO_DOCUMENT}),
            (
                {**PLACE, "summary": "x", "customfield_99999": 1},
                {
                    "customfield_99999": "Field 'customfield_99999' cannot be set."
                    " It is not on the appropriate screen, or unknown."
                },
            ),
            (
                {**PLACE, "summary": "x", "priority": {"name": "P1"}},
                {"priority": "Priority name 'P1' is not valid"},
            ),
            (
                {"summary": "x"},
                {"project": "Specify a valid project ID or key", "issuetype": "Specify an issue type"},
            ),
            (
                {"summary": "x", "project": {"key": "OPS"}, "issuetype": {"name": "[System] Incident"}},
                {"issuetype": "The issue type selected is invalid."},
            ),
            (
                {**PLACE, "summary": "x", "customfield_10052": "2026-03-02T08:00:00Z"},
                {"customfield_10052": "Error parsing date string: 2026-03-02T08:00:00Z"},
            ),
        ],
    )
    def test_what_is_wrong_is_told_by_field(
        self, client: JiraClient, fields: dict[str, Any], errors: dict[str, str]
    ) -> None:
        response = client.post("issue", {"fields": fields})
        assert response.status_code == 400
        assert response.json() == {"errorMessages": [], "errors": errors}

    def test_in_bulk_each_stands_for_itself(self, client: JiraClient) -> None:
        good, bad = {"fields": {**PLACE, "summary": "x"}}, {"fields": PLACE}
        mixed = client.post("issue/bulk", {"issueUpdates": [good, bad, good]})
        assert mixed.status_code == 201
        assert [issue["key"] for issue in mixed.json()["issues"]] == ["DESK-1", "DESK-2"]
        assert mixed.json()["errors"][0]["failedElementNumber"] == 1
        assert client.post("issue/bulk", {"issueUpdates": [bad]}).status_code == 400
        assert client.post("issue/bulk", {"issueUpdates": [good] * 51}).status_code == 400


class TestReading:
    def test_keys_in_any_case_and_ids(self, client: JiraClient) -> None:
        key = client.create()
        assert client.get("issue/desk-1").json()["key"] == key == client.get("issue/10001").json()["key"]

    def test_dates_are_in_the_accounts_zone_without_a_colon(self, client: JiraClient) -> None:
        assert fields_of(client, client.create())["created"] == "2026-03-02T19:00:00.000+1100"

    def test_an_issue_that_is_not_there(self, sandbox: Sandbox, client: JiraClient) -> None:
        key = client.create()
        sandbox.jira.hide(key)
        for gone in (key, "DESK-77"):
            response = client.get(f"issue/{gone}")
            assert response.status_code == 404
            assert response.json()["errorMessages"] == [
                "Issue does not exist or you do not have permission to see it."
            ]

    def test_many_by_id_leave_out_the_missing(self, client: JiraClient) -> None:
        client.create("a"), client.create("b")
        body: dict[str, Any] = {"issueIdsOrKeys": ["DESK-2", "10001", "DESK-9"], "fields": ["summary"]}
        found = client.post("issue/bulkfetch", body).json()["issues"]
        assert [issue["fields"] for issue in found] == [{"summary": "b"}, {"summary": "a"}]
        body = {"issueIdsOrKeys": ["DESK-2"], "expand": "names"}
        assert client.post("issue/bulkfetch", body).status_code == 400


class TestChanging:
    def test_an_edit_says_nothing_and_moves_updated(self, sandbox: Sandbox, client: JiraClient) -> None:
        key = client.create()
        sandbox.advance(START + 1000)
        response = client.put(f"issue/{key}", {"fields": {"priority": {"id": "1"}}})
        assert (response.status_code, response.content) == (204, b"")
        assert fields_of(client, key)["updated"] == "2026-03-02T19:00:01.000+1100"

    def test_not_notifying_is_for_admins_and_ignored_for_others(
        self, sandbox: Sandbox, client: JiraClient, login: Login
    ) -> None:
        key = client.create()
        path, body = f"issue/{key}?notifyUsers=false", {"fields": {"summary": "other"}}
        assert login(sandbox, "accord_min").put(path, body).status_code == 204
        assert fields_of(client, key)["summary"] == "Mail is down"
        client.put(path, body)
        assert fields_of(client, key)["summary"] == "other"

    def test_labels_are_added_and_removed_one_by_one(self, client: JiraClient) -> None:
        key = client.create(labels=["a", "b"])
        client.put(f"issue/{key}", {"update": {"labels": [{"add": "c"}, {"remove": "a"}]}})
        assert fields_of(client, key)["labels"] == ["b", "c"]

    def test_a_done_status_sets_a_resolution_and_another_clears_it(self, client: JiraClient) -> None:
        key = client.create()
        names = {
            one["name"]: one["id"] for one in client.get(f"issue/{key}/transitions").json()["transitions"]
        }
        assert "Open" not in names
        moved = client.post(
            f"issue/{key}/transitions",
            {"transition": {"id": names["Resolved"]}, "fields": {"resolution": {"name": "Duplicate"}}},
        )
        assert moved.status_code == 204
        fields = fields_of(client, key)
        assert fields["status"]["statusCategory"]["key"] == "done"
        assert (fields["resolution"]["name"], fields["resolutiondate"]) == (
            "Duplicate",
            "2026-03-02T19:00:00.000+1100",
        )
        client.post(f"issue/{key}/transitions", {"transition": {"id": names["Work in progress"]}})
        assert fields_of(client, key)["resolution"] is None
        assert fields_of(client, key)["resolutiondate"] is None

    def test_no_transition_without_the_right_and_none_unknown(
        self, sandbox: Sandbox, client: JiraClient, login: Login
    ) -> None:
        key = client.create()
        reader = login(sandbox, "reader")
        assert reader.get(f"issue/{key}/transitions").json()["transitions"] == []
        assert reader.post(f"issue/{key}/transitions", {"transition": {"id": "21"}}).status_code == 400
        assert client.post(f"issue/{key}/transitions", {"transition": {"id": "999"}}).status_code == 400


class TestComments:
    def test_a_comment_is_a_document(self, client: JiraClient) -> None:
        key = client.create()
        assert client.post(f"issue/{key}/comment", {"body": "plain"}).json()["errors"] == {
            "comment": "Comment body is not valid!"
        }
        made = client.post(f"issue/{key}/comment", {"body": adf("75 % used")})
        assert (made.status_code, made.json()["jsdPublic"]) == (201, True)
        listed = client.get(f"issue/{key}/comment").json()
        assert listed["total"] == 1
        assert listed["comments"][0]["body"] == adf("75 % used")

    def test_an_internal_one_is_for_agents(self, sandbox: Sandbox, client: JiraClient, login: Login) -> None:
        key = client.create()
        internal = {"key": "sd.public.comment", "value": {"internal": True}}
        marked = {"key": "accord.key", "value": "k1"}
        made = client.post(
            f"issue/{key}/comment", {"body": adf("note"), "properties": [internal, marked]}
        ).json()
        assert made["jsdPublic"] is False
        assert client.get(f"comment/{made['id']}/properties/accord.key").json()["value"] == "k1"
        assert client.get(f"issue/{key}/comment").json()["total"] == 1
        assert login(sandbox, "reader").get(f"issue/{key}/comment").json()["total"] == 0

    def test_changing_and_deleting(self, client: JiraClient) -> None:
        key = client.create()
        number = client.post(f"issue/{key}/comment", {"body": adf("a")}).json()["id"]
        assert client.put(f"issue/{key}/comment/{number}", {"body": adf("b")}).json()["body"] == adf("b")
        assert client.delete(f"issue/{key}/comment/{number}").status_code == 204
        assert client.get(f"issue/{key}/comment/{number}").status_code == 404


class TestProperties:
    def test_made_then_replaced_without_touching_the_issue(
        self, sandbox: Sandbox, client: JiraClient
    ) -> None:
        key = client.create()
        before = fields_of(client, key)["updated"]
        sandbox.advance(START + 5000)
        path = f"issue/{key}/properties/accord.sla"
        assert client.get(path).status_code == 404
        assert client.put(path, {"cycles": [{"deep": {"er": [1, 2.5, None, "ü"]}}]}).status_code == 201
        assert client.put(path, {"other": 1}).status_code == 200
        assert client.get(path).json() == {"key": "accord.sla", "value": {"other": 1}}
        assert [one["key"] for one in client.get(f"issue/{key}/properties").json()["keys"]] == ["accord.sla"]
        assert fields_of(client, key)["updated"] == before
        assert client.get(f"issue/{key}/changelog").json()["total"] == 0
        assert client.delete(path).status_code == 204
        assert client.delete(path).status_code == 404

    def test_limits(self, client: JiraClient) -> None:
        key = client.create()
        fits = client.put(f"issue/{key}/properties/p", "x" * 32_766)
        too_long = client.put(f"issue/{key}/properties/p", "x" * 32_767)
        long_key = client.put(f"issue/{key}/properties/{'k' * 256}", 1)
        assert [one.status_code for one in (fits, too_long, long_key)] == [201, 400, 400]


class TestLinks:
    def test_a_link_twice_is_one_link(self, client: JiraClient) -> None:
        one, two = client.create(), client.create()
        body = {
            "type": {"name": "Problem/Incident"},
            "inwardIssue": {"key": one},
            "outwardIssue": {"key": two},
        }
        for _ in range(2):
            made = client.post("issueLink", body)
            assert (made.status_code, made.content) == (201, b"")
        assert len(fields_of(client, one)["issuelinks"]) == 1
        assert client.post("issueLink", {**body, "type": {"name": "Nope"}}).status_code == 404
        assert client.post("issueLink", {**body, "inwardIssue": {"key": "DESK-9"}}).status_code == 404

    def test_a_remote_link_with_a_global_id_is_replaced_whole(self, client: JiraClient) -> None:
        path = f"issue/{client.create()}/remotelink"
        target = {"url": "https://x/1", "title": "one"}
        first = client.post(path, {"globalId": "g", "relationship": "caused by", "object": target})
        again = client.post(path, {"globalId": "g", "object": target})
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["id"] == again.json()["id"]
        found = client.get(path, globalId="g").json()
        assert "relationship" not in found
        for _ in range(2):
            assert client.post(path, {"object": target}).status_code == 201
        assert len(client.get(path).json()) == 3

    def test_a_delete_says_its_content_type(self, client: JiraClient) -> None:
        key = client.create()
        assert client.send("DELETE", f"issue/{key}/remotelink?globalId=g").status_code == 415
        assert client.delete(f"issue/{key}/remotelink?globalId=g").status_code == 404


class TestMail:
    def test_it_reaches_others_and_is_kept(self, sandbox: Sandbox, client: JiraClient) -> None:
        key = client.create()
        account = sandbox.jira.person("admin").account_id
        body = {"subject": "Due", "textBody": "in 45 min", "to": {"users": [{"accountId": account}]}}
        assert client.post(f"issue/{key}/notify", body).status_code == 204
        mail = sandbox.jira.site.mails[0]
        assert (mail.subject, mail.text, mail.to) == ("Due", "in 45 min", ("admin@example.com",))

    @pytest.mark.parametrize(
        "to", [{"assignee": True}, {"reporter": True}, {}, {"groups": [{"name": "nope"}]}]
    )
    def test_nobody_else_to_reach_is_an_error(self, client: JiraClient, to: dict[str, Any]) -> None:
        assert client.post(f"issue/{client.create()}/notify", {"subject": "x", "to": to}).status_code == 400

    def test_without_outgoing_mail(self, make: Make, login: Login) -> None:
        client = login(make(mail_disabled=True))
        assert client.post(f"issue/{client.create()}/notify", {"to": {"watchers": True}}).status_code == 403


class TestFields:
    def test_a_new_field_needs_a_screen(self, sandbox: Sandbox, client: JiraClient, login: Login) -> None:
        body = {"name": "SLA due", "type": "com.atlassian.jira.plugin.system.customfieldtypes:datetime"}
        assert login(sandbox, "accord_min").post("field", body).status_code == 403
        made = client.post("field", body)
        assert made.status_code == 201
        field = made.json()["id"]
        key, value = client.create(), {"fields": {made.json()["id"]: "2026-03-02T12:00:00.000+0000"}}
        assert client.put(f"issue/{key}", value).json()["errors"] == {
            field: f"Field '{field}' cannot be set. It is not on the appropriate screen, or unknown."
        }
        assert client.post(f"screens/addToDefault/{field}").status_code == 200
        assert client.put(f"issue/{key}", value).status_code == 204
        assert fields_of(client, key)[field] == "2026-03-02T23:00:00.000+1100"
        assert client.keys(f'cf[{field[12:]}] >= "2026-03-02 23:00"') == [key]
        assert client.post(f"field/{field}/trash").status_code == 200
        assert field not in fields_of(client, key)

    def test_two_may_share_a_name(self, client: JiraClient) -> None:
        body = {"name": "Category", "type": "com.atlassian.jira.plugin.system.customfieldtypes:textfield"}
        client.post("field", body)
        named = [one for one in client.get("field").json() if one["name"] == "Category"]
        assert len(named) == 2

    def test_sla_fields_are_known_by_their_type(self, client: JiraClient) -> None:
        slas = [
            one["name"]
            for one in client.get("field").json()
            if one.get("schema", {}).get("custom") == "com.atlassian.servicedesk:sd-sla-field"
        ]
        assert slas == ["Time to first response", "Time to resolution"]

    def test_options_are_added_to_a_field(self, client: JiraClient) -> None:
        body = {"name": "State", "type": "com.atlassian.jira.plugin.system.customfieldtypes:select"}
        field = client.post("field", body).json()["id"]
        context = client.get(f"field/{field}/context").json()["values"][0]["id"]
        path = f"field/{field}/context/{context}/option"
        client.post(path, {"options": [{"value": "missed"}]})
        client.post(f"screens/addToDefault/{field}")
        key = client.create("x", **{field: {"value": "missed"}})
        assert fields_of(client, key)[field]["value"] == "missed"
        bad = client.put(f"issue/{key}", {"fields": {field: {"value": "lost"}}})
        assert bad.json()["errors"] == {field: "Specify a valid value for State"}


class TestSetUp:
    def test_a_new_issue_type_is_used_once_it_is_in_the_scheme(self, client: JiraClient) -> None:
        made = client.post("issuetype", {"name": "SLA report", "hierarchyLevel": 0}).json()
        assert client.post("issuetype", {"name": "SLA report"}).status_code == 409
        body = {"fields": {**PLACE, "issuetype": {"id": made["id"]}, "summary": "March"}}
        assert client.post("issue", body).status_code == 400
        scheme = client.get("issuetypescheme/project", projectId="10001").json()["values"][0]
        path = f"issuetypescheme/{scheme['issueTypeScheme']['id']}/issuetype"
        assert client.put(path, {"issueTypeIds": [made["id"]]}).status_code == 204
        assert client.post("issue", body).status_code == 201
        types = client.get("issue/createmeta/DESK/issuetypes").json()["issueTypes"]
        assert "SLA report" in [one["name"] for one in types]

    def test_projects_by_page(self, client: JiraClient) -> None:
        page = client.get("project/search", maxResults=1).json()
        assert [one["key"] for one in page["values"]] == ["DESK"]
        assert (page["total"], page["isLast"]) == (2, False)
        assert client.get("project/DESK").json()["projectTypeKey"] == "service_desk"
        assert client.get("project/NOPE").status_code == 404

    def test_a_file_comes_back_byte_for_byte(self, client: JiraClient) -> None:
        key, content = client.create(), bytes(range(256))
        path, form = f"issue/{key}/attachments", {"file": ("proof.bin", content, "application/x-proof")}
        assert client.send("POST", path, files=form).status_code == 403
        sent = client.send("POST", path, files=form, headers={"X-Atlassian-Token": "no-check"}).json()[0]
        assert (sent["filename"], sent["size"]) == ("proof.bin", 256)
        assert client.get(f"attachment/content/{sent['id']}").content == content


class TestMalformed:
    """JSON of a shape nobody expects is refused, and nothing of it happens."""

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("issue", {"fields": "x"}),
            ("issue", {"fields": {**PLACE, "summary": "x"}, "properties": [{"a": 1}]}),
            ("issue", {"fields": {**PLACE, "summary": "x"}, "update": {"comment": [{"add": {"body": "x"}}]}}),
            (
                "issue",
                {"fields": {**PLACE, "summary": "x"}, "update": {"issuelinks": [{"add": {"type": "x"}}]}},
            ),
            ("issue/DESK-1/comment", {"body": adf("x"), "properties": [1]}),
            ("issue/DESK-1/notify", {"to": {"users": ["x"]}}),
            ("issue/DESK-1/transitions", {"transition": "x"}),
            ("issueLink", {"type": "Blocks"}),
            ("changelog/bulkfetch", {"issueIdsOrKeys": ["DESK-1"], "fieldIds": [{}]}),
            ("search/jql", {"jql": "project = DESK", "fields": [1]}),
        ],
    )
    def test_a_body_of_another_shape(
        self, sandbox: Sandbox, client: JiraClient, path: str, body: dict[str, Any]
    ) -> None:
        sandbox.jira.create("Mail")
        before = sandbox.jira.dump()
        assert client.post(path, body).status_code == 400
        assert sandbox.jira.dump() == before
