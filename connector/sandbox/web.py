"""Pages for people: lists of records and issues, and a ticket as an agent of either platform sees it.

Read only, without a log-in and without a script; every value is escaped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from connector.sandbox import jira_pages
from connector.sandbox.servicenow.query import parse
from connector.sandbox.servicenow.select import Selection
from connector.sandbox.ticket_page import TicketPage, cells
from connector.sandbox.wire import Request, Response
from connector.sandbox.world import iso

if TYPE_CHECKING:
    from connector.sandbox.sandbox import Sandbox
    from connector.sandbox.servicenow import ServiceNow
    from connector.sandbox.servicenow.tables import Table

PAGE_SIZE = 50
GROUPS = {
    "Tickets": ("incident", "problem", "change_request", "sc_request", "sc_req_item", "sc_task"),
    "History": ("sys_audit", "sys_journal_field", "sys_audit_delete"),
    "Services and outages": (
        "cmdb_ci_service",
        "service_offering",
        "cmdb_ci",
        "cmdb_ci_outage",
        "task_outage",
    ),
    "People": ("sys_user", "sys_user_group", "sys_user_grmember", "core_company", "cmn_location"),
    "Messages": ("sys_email", "sys_attachment", "kb_knowledge"),
}
# What a list shows first, in this order, as far as a table has it.
LISTED = (
    "number", "u_key", "name", "user_name", "file_name", "subject", "fieldname", "element",
    "short_description", "state", "u_state", "priority", "hold_reason", "assignment_group",
    "assigned_to", "company", "type", "tablename", "documentkey", "element_id", "oldvalue",
    "newvalue", "value", "u_ticket", "u_target", "u_due", "recipients", "user", "begin", "end",
    "opened_at", "sys_created_by", "sys_created_on", "sys_updated_on",
)  # fmt: skip
MOST_COLUMNS = 9


def is_page(request: Request) -> bool:
    """Whether a path is one of the pages."""
    return (
        request.path == "/"
        or request.path == "/issues"
        or (request.path.startswith(("/t/", "/r/", "/browse/")))
    )


def handle(sandbox: Sandbox, request: Request) -> Response:
    """Answer with a page; 404 with a page that says what is missing."""
    match request.parts:
        case []:
            return _page(sandbox, "home.html", _home(sandbox))
        case ["t", table] if table in sandbox.servicenow.tables:
            return _page(sandbox, "list.html", _list(sandbox.servicenow, table, request.params()))
        case ["r", table, sys_id] if sandbox.servicenow.tables.find(table, sys_id):
            return _page(sandbox, "record.html", TicketPage(sandbox.servicenow, table, sys_id).context())
        case ["issues"]:
            return _page(sandbox, "issues.html", jira_pages.listed(sandbox.jira, request.params()))
        case ["browse", key] if issue := sandbox.jira.find(key):
            return _page(sandbox, "issue.html", jira_pages.IssuePage(sandbox.jira, issue).context())
    return _page(sandbox, "missing.html", {"what": f"There is nothing at {request.path}."}, 404)


def _environment() -> Environment:
    loader = PackageLoader("connector.sandbox", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)


_TEMPLATES = _environment()


def _page(sandbox: Sandbox, template: str, context: dict[str, Any], status: int = 200) -> Response:
    now = iso(sandbox.world.now() // 1000 * 1000)
    return Response.html(status, _TEMPLATES.get_template(template).render(now=now, **context))


def _home(sandbox: Sandbox) -> dict[str, Any]:
    tables = sandbox.servicenow.tables
    counts = sandbox.servicenow.counts()
    own = sorted(name for name in counts if name.startswith(("u_", "x_")))
    named = {name for names in GROUPS.values() for name in names} | set(own)
    rest = tuple(sorted(name for name in counts if name not in named))
    groups = {"Made by integrations": tuple(own), **GROUPS, "Other": rest}
    shown = [
        (
            title,
            [
                {"name": name, "label": tables[name].definition.label, "count": counts.get(name, 0)}
                for name in names
            ],
        )
        for title, names in groups.items()
        if names
    ]
    waiting = sandbox.log.waiting if sandbox.log else 0
    projects = jira_pages.projects(sandbox.jira)
    return {
        "groups": shown,
        "projects": projects,
        "waiting": waiting,
        "requests": sum(sandbox.requests.values()),
    }


def _list(instance: ServiceNow, name: str, params: dict[str, str]) -> dict[str, Any]:
    text = params.get("query", "")
    page = max(1, int(params["page"])) if params.get("page", "").isdigit() else 1
    selection = _selection(instance, name, text)
    answer = selection.answer()
    table = instance.tables[name]
    columns = _columns(table)
    found = answer.page((page - 1) * PAGE_SIZE, PAGE_SIZE)
    return {
        "table": name,
        "label": table.definition.label,
        "query": text,
        "unknown": selection.unknown,
        "total": answer.total,
        "page": page,
        "pages": max(1, -(-answer.total // PAGE_SIZE)),
        "columns": [table.columns[column].label for column in columns],
        "rows": cells(instance, found, columns),
    }


def _selection(instance: ServiceNow, name: str, text: str) -> Selection:
    newest = "sys_updated_on" if "sys_updated_on" in instance.tables[name].columns else "sys_created_on"
    ordered = text if "ORDERBY" in text else f"{text}^ORDERBYDESC{newest}"
    asker = instance.instance.accounts.asker(instance.instance.accounts.caller("admin"))
    return Selection(instance.tables, name, parse(ordered), asker, salt=0)


def _columns(table: Table) -> list[str]:
    listed = [name for name in LISTED if name in table.columns]
    own = [name for name in table.columns if name not in listed and not name.startswith("sys_")]
    first = [table.display] if table.display and table.display in table.columns else []
    return list(dict.fromkeys([*first, *listed, *own]))[:MOST_COLUMNS]
