"""The whole of Atlassian's description that Accord's kind of client needs, walked once over a real socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from requests.adapters import HTTPAdapter

from connector.sandbox import Sandbox
from tests.sandbox.jira.conftest import adf
from tests.sandbox.jira.contract import OPERATIONS, Breach, Contract, needs_spec

pytestmark = [pytest.mark.shared, needs_spec]
PLACE = {"project": {"key": "DESK"}, "issuetype": {"name": "[System] Incident"}, "summary": "Mail"}
DOCUMENTS = {"body": adf("text")}
TARGET = {"globalId": "g", "object": {"url": "https://x", "title": "x"}}
LINKED = {"type": {"name": "Relates"}, "inwardIssue": {"key": "DESK-1"}, "outwardIssue": {"key": "DESK-2"}}
# Every request is sent in this order; the first issue is DESK-1, the first comment 10001.
TOUR: list[tuple[str, str, object]] = [
    ("GET", "serverInfo", None),
    ("GET", "myself?expand=groups", None),
    ("GET", "field", None),
    ("GET", "status", None),
    ("GET", "priority", None),
    ("GET", "issuetype", None),
    ("GET", "project/search?maxResults=1", None),
    ("GET", "project/DESK", None),
    ("PUT", "project/OPS", {"name": "Operating"}),
    ("POST", "issue", {"fields": PLACE, "properties": [{"key": "accord.key", "value": 1}]}),
    ("POST", "issue/bulk", {"issueUpdates": [{"fields": PLACE}, {"fields": {}}]}),
    ("PUT", "issue/DESK-1", {"fields": {"priority": {"id": "1"}, "description": adf("why")}}),
    ("PUT", "issue/DESK-1?returnIssue=true", {"fields": {"labels": ["a"]}}),
    ("GET", "issue/DESK-1/transitions?expand=transitions.fields", None),
    ("POST", "issue/DESK-1/transitions", {"transition": {"id": "51"}}),
    ("POST", "issue/DESK-1/comment", DOCUMENTS),
    ("GET", "issue/DESK-1/comment", None),
    ("PUT", "issue/DESK-1/comment/10001", DOCUMENTS),
    ("GET", "issue/DESK-1/comment/10001", None),
    ("PUT", "issue/DESK-1/properties/accord.sla", {"cycles": []}),
    ("GET", "issue/DESK-1/properties", None),
    ("GET", "issue/DESK-1/properties/accord.sla", None),
    ("DELETE", "issue/DESK-1/properties/accord.sla", None),
    ("POST", "issue/DESK-1/remotelink", TARGET),
    ("GET", "issue/DESK-1/remotelink", None),
    ("GET", "issue/DESK-1/remotelink?globalId=g", None),
    ("DELETE", "issue/DESK-1/remotelink?globalId=g", None),
    ("POST", "issueLink", LINKED),
    ("GET", "issueLinkType", None),
    ("POST", "issueLinkType", {"name": "Covers", "inward": "is covered by", "outward": "covers"}),
    (
        "POST",
        "issue/DESK-1/notify",
        {"subject": "x", "textBody": "x", "to": {"groups": [{"name": "site-admins"}]}},
    ),
    ("GET", "issue/DESK-1?expand=changelog,names,schema&properties=accord.key", None),
    ("GET", "issue/DESK-1/changelog", None),
    ("POST", "issue/DESK-1/changelog/list", {"changelogIds": [10001]}),
    ("POST", "changelog/bulkfetch", {"issueIdsOrKeys": ["DESK-1"], "maxResults": 1}),
    ("POST", "issue/bulkfetch", {"issueIdsOrKeys": ["DESK-1"], "fields": ["*all"], "expand": ["changelog"]}),
    ("GET", "search/jql?jql=project%3DDESK&fields=*all&expand=names,schema,changelog", None),
    ("POST", "search/jql", {"jql": "project = DESK", "fields": ["*all"], "properties": ["accord.key"]}),
    ("POST", "search/approximate-count", {"jql": "project = DESK"}),
    ("POST", "jql/parse", {"queries": ["project = DESK order by key"]}),
    ("POST", "field", {"name": "Due", "type": "com.atlassian.jira.plugin.system.customfieldtypes:datetime"}),
    ("POST", "issuetype", {"name": "SLA report", "hierarchyLevel": 0}),
    ("POST", "priority", {"name": "None", "statusColor": "#ffffff"}),
    ("GET", "search?jql=project%3DDESK", None),
    ("POST", "search", {"jql": "project = DESK"}),
    ("DELETE", "issue/DESK-1/comment/10001", None),
    ("DELETE", "issue/DESK-2", None),
    ("DELETE", "project/OPS", None),
]


@pytest.fixture
def site() -> Iterator[tuple[str, Contract, requests.Session]]:
    with Sandbox(now=1_772_438_400_000).serve() as server, requests.Session() as session:
        session.auth = ("accord@example.com", "accord")
        session.headers["Content-Type"] = "application/json"
        contract = Contract(HTTPAdapter(), strict=True)
        session.mount("http://", contract)
        yield server.url, contract, session


def test_every_described_operation_is_served_as_described(
    site: tuple[str, Contract, requests.Session],
) -> None:
    url, contract, session = site
    for method, path, body in TOUR:
        response = session.request(method, f"{url}/rest/api/3/{path}", json=body, timeout=30)
        gone = path.partition("?")[0] == "search"
        assert (response.status_code == 410) if gone else response.ok, (method, path, response.text)
    assert set(contract.checked) == OPERATIONS
    assert not contract.unknown


def test_a_request_against_the_description_is_a_breach(
    site: tuple[str, Contract, requests.Session],
) -> None:
    url, _, session = site
    wrong = [
        ("POST", "search/jql", {"jql": "project = DESK", "startAt": 0}),
        ("POST", "issue/bulkfetch", {"issueIdsOrKeys": ["DESK-1"], "expand": "names"}),
        ("GET", "issue/DESK-1?field=summary", None),
    ]
    for method, path, body in wrong:
        with pytest.raises(Breach):
            session.request(method, f"{url}/rest/api/3/{path}", json=body, timeout=30)
