"""JQL: what it finds, in whose time zone, and how it is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox import Sandbox
from connector.sandbox.jira.jql import JqlError, parse
from connector.sandbox.jira.jql.syntax import Both, Clause, Query, Value
from tests.sandbox.jira.conftest import START, JiraClient, Login, Make
from tests.sandbox.jira.contract import needs_spec


@pytest.fixture
def issues(sandbox: Sandbox) -> None:
    jira = sandbox.jira
    accord = jira.person("accord").account_id
    one = jira.create("Printer burns", priority="1", assignee=accord, labels=["fire", "print"])
    jira.create('Mail "down" again', priority="3", Category="Mail")
    three = jira.create("Slow network", priority="4", kind="[System] Problem")
    jira.move(one, "Resolved")
    jira.comment(three, "the router is hot")
    jira.site.link(jira.site.setup.link_types["10000"], one, three, accord)


@pytest.mark.parametrize(
    ("jql", "numbers"),
    [
        ("project = DESK", "321"),
        ("project = desk AND priority = Highest", "1"),
        ("priority in (Highest, 4)", "31"),
        ("priority not in (Highest, Low)", "2"),
        ("priority > Low and project = DESK", "21"),
        ("priority <= Low", "3"),
        ("assignee is EMPTY and project = DESK", "32"),
        ("assignee = currentUser()", "1"),
        ("assignee != currentUser()", ""),
        ("assignee in membersOf('site-admins')", "1"),
        ("resolution = Unresolved and project = DESK", "32"),
        ("resolution is not EMPTY", "1"),
        ("statusCategory = Done", "1"),
        ("statusCategory != Done", "32"),
        ('status = "Resolved" or issuetype = "[System] Problem"', "31"),
        ("not status = Resolved and project = DESK", "32"),
        ("project = DESK and not (priority = Highest or priority = Low)", "2"),
        ("status was Open and status = Resolved", "1"),
        ("status changed", "1"),
        ("labels = fire", "1"),
        ("labels in (fire, water)", "1"),
        ("summary ~ printer", "1"),
        ('summary ~ "\\"mail \\\\\\"down\\\\\\"\\""', ""),
        ("text ~ router", "3"),
        ("comment ~ router", "3"),
        ("printer burns", "1"),
        ("this is not jql", ""),
        ("cf[10043] ~ mail", "2"),
        ("Category ~ mail", "2"),
        ("Category is empty and project = DESK", "31"),
        ("key = DESK-2", "2"),
        ("key in (DESK-1, desk-3)", "31"),
        ("id = 10002", "2"),
        ("key >= DESK-2", "32"),
        ("issue in linkedIssues(DESK-1)", "3"),
        ('issue in linkedIssues(DESK-1, "blocks")', "3"),
        ('issue in linkedIssues(DESK-1, "is blocked by")', ""),
        ("project = DESK order by priority desc", "321"),
        ("project = DESK order by priority asc", "123"),
        ("project = DESK order by summary", "213"),
        ("project = DESK && priority = 1 || priority = 4", "31"),
        ('issue.property[accord.sla].state = "missed"', ""),
    ],
)  # fmt: skip
def test_what_a_query_finds(client: JiraClient, issues: None, jql: str, numbers: str) -> None:
    assert "".join(key[-1] for key in client.keys(jql)) == numbers


@pytest.mark.parametrize(
    ("jql", "message"),
    [
        ("project = NOPE", "The value 'NOPE' does not exist for the field 'project'."),
        ("nope = 1", "Field 'nope' does not exist or you do not have permission to view it."),
        ("(project = DESK", "Error in the JQL Query: Expecting ')' before the end of the query."),
        ('project = "unterminated', ("Error in the JQL Query: The quoted string 'unterminated' has not been"
         " completed. (line 1, character 11)")),
        ("summary ~ a@b", ("Error in the JQL Query: The character '@' is a reserved JQL character. You must"
         " enclose it in a string or use the escape '\\u0040' instead.")),
        ("project = DESK nonsense", ("Error in the JQL Query: Expecting either 'OR' or 'AND' but got"
         " 'nonsense'. (line 1, character 16)")),
        ("status = In Progress", "Error in the JQL Query: Expecting either a value, list or function"),
        ("project = select", "Error in the JQL Query: 'select' is a reserved JQL word."),
        ("summary = printer", "The operator '=' is not supported by the 'summary' field."),
        ("priority ~ High", "The operator '~' is not supported by the 'priority' field."),
        ("key = DESK-99", "An issue with key 'DESK-99' does not exist for field 'key'."),
        ('updated >= "2026-03-02T08:00:00"', "Date value '2026-03-02T08:00:00' for field 'updated'"),
        ('updated >= "2026-03-02 08:00:30"', "Date value '2026-03-02 08:00:30' for field 'updated'"),
        ('updated >= "1772438400000"', "Date value '1772438400000' for field 'updated' is invalid."),
        ("project = DESK and created > nope()", "Date value 'nope' for field 'created' is invalid."),
    ],
)  # fmt: skip
def test_refusals_are_worded_as_the_site_words_them(client: JiraClient, jql: str, message: str) -> None:
    response = client.post("search/jql", {"jql": jql})
    assert response.status_code == 400
    assert response.json()["errorMessages"][0].startswith(message)


class TestDates:
    """`START` is 08:00 UTC, which is 19:00 in Sydney."""

    @pytest.mark.parametrize(
        ("condition", "found"),
        [
            ('updated >= "2026-03-02 19:00"', True),
            ('updated >= "2026/03/02 19:00"', True),
            ('updated >= "2026-03-02 08:00"', True),
            ('updated > "2026-03-02 19:00"', False),
            ('updated < "2026-03-02 19:01"', True),
            ('created >= "2026-03-02"', True),
            ('created >= "2026-03-03"', False),
            (f"updated >= {START}", True),
            (f"updated >= {START + 1}", False),
            (f"updated <= {START}", True),
            ("updated >= -5m", True),
            ("updated < -1d", False),
            ("created >= startOfDay()", True),
            ("created >= startOfDay(1)", False),
            ("created <= endOfDay()", True),
            ('created >= startOfMonth("-1")', True),
            ("created <= now()", True),
        ],
    )
    def test_literals_are_read_in_the_accounts_zone(
        self, sandbox: Sandbox, client: JiraClient, condition: str, found: bool
    ) -> None:
        sandbox.jira.create("Mail")
        assert bool(client.keys(f"project = DESK and {condition}")) is found

    def test_another_zone_reads_the_same_literal_otherwise(self, make: Make, login: Login) -> None:
        for zone, found in (("UTC", []), ("Australia/Sydney", ["DESK-1"])):
            sandbox = make(zone=zone)
            sandbox.jira.create("Mail")
            assert (
                login(sandbox).keys('updated <= "2026-03-02 19:00" and updated >= "2026-03-02 18:00"')
                == found
            )


class TestParsing:
    @needs_spec
    def test_a_query_is_checked_without_being_run(self, client: JiraClient) -> None:
        queries = ["project = DESK and priority in (1, 2) order by updated asc", "nope = 1", "project = ("]
        good, bad, broken = client.post("jql/parse", {"queries": queries}).json()["queries"]
        where = good["structure"]["where"]
        assert (where["operator"], where["clauses"][1]["operator"]) == ("and", "in")
        assert bad["errors"] == ["Field 'nope' does not exist or you do not have permission to view it."]
        assert "structure" not in broken

    @pytest.mark.parametrize("text", ['a"b', "tab\tand\\slash", "quote's", "ünï ©", "line\nbreak"])
    def test_a_quoted_value_comes_through_whole(self, text: str) -> None:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        query = parse(f'summary ~ "{escaped}"')
        assert query.where is not None
        assert getattr(query.where, "operand").text == text  # noqa: B009

    @given(st.text(alphabet=st.sampled_from("ab1 =\"'\\()[],!<>~&|-@.:\n") | st.characters(), max_size=40))
    def test_any_text_is_a_query_or_refused_in_words(self, text: str) -> None:
        with suppress(JqlError):
            parse(text)

    @given(st.text(min_size=1))
    def test_any_value_can_be_quoted(self, text: str) -> None:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        assert parse(f'summary ~ "{quoted}" and project = A') == Query(
            Both((Clause("summary", "~", Value(text)), Clause("project", "=", Value("A", quoted=False))))
        )

    def test_an_unknown_escape_is_refused(self) -> None:
        with pytest.raises(JqlError, match="illegal JQL escape"):
            parse('summary ~ "a\\qb"')
