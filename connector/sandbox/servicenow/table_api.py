"""The Table API: reading, making, changing and removing records of any table."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode

from connector.sandbox.servicenow import errors, rules
from connector.sandbox.servicenow.access import Access
from connector.sandbox.servicenow.accounts import Caller
from connector.sandbox.servicenow.incoming import displayed_values
from connector.sandbox.servicenow.instance import Writer
from connector.sandbox.servicenow.params import Params
from connector.sandbox.servicenow.present import Presenter
from connector.sandbox.servicenow.query import Condition, Query, parse
from connector.sandbox.servicenow.select import Answer, Selection
from connector.sandbox.servicenow.tables import DuplicateKey, Row, Table
from connector.sandbox.wire import Request, Response

if TYPE_CHECKING:
    from connector.sandbox.servicenow.instance import Instance

Made = TypeVar("Made")


@dataclass(slots=True)
class Call:
    """One authenticated request on one table."""

    instance: Instance
    request: Request
    caller: Caller
    table: str
    version: str = ""
    params: Params = field(init=False)
    access: Access = field(init=False)

    def __post_init__(self) -> None:
        self.params = Params(self.request.params())
        self.access = Access(self.instance, self.caller)

    @property
    def writer(self) -> Writer:
        return Writer(self.caller.name, self.caller.sys_id)

    def presenter(self) -> Presenter:
        return Presenter(self.instance, self.caller, self.params.shape, self.request.origin)


def handle(call: Call, sys_id: str | None) -> Response:
    """Answer one request; Refused when the platform would."""
    if call.table not in call.instance.tables:
        raise errors.invalid_table(call.table)
    if call.access.refuses_table(call.table):
        raise errors.not_authorized()
    method = call.request.method
    if sys_id is None:
        if method in {"GET", "HEAD"}:
            return _list(call)
        if method == "POST":
            return _create(call)
    else:
        if method in {"GET", "HEAD"}:
            return _read(call, sys_id)
        if method in {"PUT", "PATCH"}:
            return _change(call, sys_id)
        if method == "DELETE":
            return _remove(call, sys_id)
    raise errors.wrong_method()


# -- reading


def _list(call: Call) -> Response:
    params = call.params
    answer = select(call)
    page = answer.page(params.offset, params.limit)
    if params.limit == 0:
        page = []
    presenter = call.presenter()
    result = [
        presenter.show(table, row, call.access.hidden_fields(table))
        for table, row in page
        if call.access.sees_row(table.name, row[0])
    ]
    if not result and call.version == "v1" and not answer.total:
        raise errors.no_record()
    return Response.json(200, {"result": result}, *_page_headers(call, answer.total))


def select(call: Call) -> Answer:
    """The rows the call's query matches, before access rules; Refused where the query is."""
    query = _query(call)
    quirks = call.instance.quirks
    asker = call.instance.accounts.asker(call.caller)
    salt = (
        0
        if quirks.stable_order
        else 1 + call.instance.world.chance.number("order", call.instance.requests_seen) % (2**31)
    )
    selection = Selection(call.instance.tables, call.table, query, asker, salt)
    unknown = selection.unknown or _unreadable(call, query)
    if unknown and quirks.unknown_query_field == "403":
        raise errors.unreadable_field()
    if unknown and (quirks.unknown_query_field == "none" or call.instance.rejects_invalid_queries):
        return Answer(0, [])
    return selection.answer()


def _query(call: Call) -> Query:
    text = call.params.text("query")
    if text or not call.params.plain:
        return parse(text)
    table = call.instance.tables[call.table]
    clauses = [
        (Condition(name, "=", _value_of_display(call, table, name, value)),)
        for name, value in call.params.plain.items()
    ]
    return Query(groups=[list(clauses)])


def _value_of_display(call: Call, table: Table, name: str, value: str) -> str:
    """Plain `field=value` parameters may give what a choice or reference displays."""
    column = table.columns.get(name)
    if column is None:
        return value
    if column.type == "reference" and not call.instance.tables.find(column.reference, value):
        return call.instance.by_display(column.reference, value) or value
    labels = call.instance.choices(table, name)
    return next((held for held, label in labels.items() if label.lower() == value.lower()), value)


def _unreadable(call: Call, query: Query) -> list[str]:
    hidden = call.access.hidden_fields(call.instance.tables[call.table])
    conditions = (c for group in query.groups for clause in group for c in clause if isinstance(c, Condition))
    return [c.field for c in conditions if c.field in hidden]


def _page_headers(call: Call, total: int) -> list[tuple[str, str]]:
    headers = []
    counted = call.instance.quirks.total_count and not call.params.flag("no_count")
    if counted:
        headers.append(("X-Total-Count", str(total)))
    if not call.params.flag("suppress_pagination_header"):
        links = _links(call, total, counted=counted)
        if links:
            headers.append(("Link", ",".join(links)))
    return headers


def _links(call: Call, total: int, *, counted: bool) -> list[str]:
    limit, offset = call.params.limit, call.params.offset
    if not limit or (total <= limit and not offset):
        return []
    negative = call.instance.quirks.negative_prev_link
    targets = {"first": 0}
    if offset > 0 or negative:
        targets["prev"] = offset - limit if negative else max(0, offset - limit)
    if offset + limit < total:
        targets["next"] = offset + limit
    if counted and total:
        targets["last"] = (total - 1) // limit * limit
    kept = [(name, value) for name, value in call.request.params().items() if name != "sysparm_offset"]
    stem = f"{call.request.origin}{call.request.path}?{urlencode(kept, quote_via=quote)}"
    return [f'<{stem}&sysparm_offset={target}>;rel="{name}"' for name, target in targets.items()]


def find(call: Call, sys_id: str) -> tuple[Table, Row]:
    """The record, if it is there and the caller may see it."""
    found = call.instance.tables.find(call.table, sys_id)
    if found is None or not call.access.sees_row(call.table, sys_id):
        raise errors.no_record()
    return found


def _read(call: Call, sys_id: str) -> Response:
    return _one(call, 200, *find(call, sys_id))


def _one(call: Call, status: int, table: Table, row: Row, *headers: tuple[str, str]) -> Response:
    if call.request.header("x-no-response-body").lower() == "true":
        return Response(status, b"", headers)
    shown = call.presenter().show(table, row, call.access.hidden_fields(table))
    return Response.json(status, {"result": shown}, *headers)


# -- writing


def _create(call: Call) -> Response:
    values = _body(call)
    if not call.access.may_create(call.table):
        raise errors.refused_by_acl("Insert")
    row = guarded(lambda: call.instance.insert(call.table, values, call.writer))
    location = f"{call.request.origin}/api/now/table/{call.table}/{row[0]}"
    return _one(call, 201, call.instance.tables[call.table], row, ("Location", location))


def _change(call: Call, sys_id: str) -> Response:
    values = _body(call)
    table, row = find(call, sys_id)
    if not call.access.may_write(table.name, sys_id):
        raise errors.refused_by_acl("Update")
    guarded(lambda: call.instance.update(table, row, values, call.writer))
    return _one(call, 200, table, row)


def _remove(call: Call, sys_id: str) -> Response:
    table, row = find(call, sys_id)
    if not call.access.may_delete(table.name, sys_id):
        raise errors.refused_by_acl("Delete")
    call.instance.delete(table, row, call.writer)
    return Response(204)


def guarded(write: Callable[[], Made]) -> Made:
    """Do a write; what the database or a business rule refuses is answered 403."""
    try:
        return write()
    except DuplicateKey as duplicate:
        raise errors.operation_failed(f"Unique Key violation detected by database ({duplicate})") from None
    except rules.Aborted as aborted:
        raise errors.operation_failed(str(aborted)) from None


def _body(call: Call) -> dict[str, Any]:
    """The fields sent; of several records only the first counts."""
    content_type = call.request.header("content-type")
    if not content_type:
        raise errors.Refused(400, "Content-Type header is missing")
    if "json" not in content_type:
        raise errors.Refused(415, "Unsupported media type", f"{content_type} is not supported")
    try:
        sent = json.loads(call.request.body or b"{}")
    except ValueError:
        raise errors.bad_payload() from None
    if isinstance(sent, dict) and isinstance(sent.get("records"), list):
        sent = sent["records"]
    if isinstance(sent, list):
        sent = sent[0] if sent else {}
    if not isinstance(sent, dict):
        raise errors.bad_payload()
    if call.params.flag("input_display_value"):
        return displayed_values(call.instance, call.instance.tables[call.table], sent, call.caller)
    return sent
