"""The Aggregate API: counts, sums and averages, whole or by group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connector.sandbox.servicenow import errors
from connector.sandbox.servicenow.conditions import COUNTS, Compiler, UnknownField
from connector.sandbox.servicenow.present import Presenter, Shape
from connector.sandbox.servicenow.select import Found
from connector.sandbox.servicenow.table_api import Call, select
from connector.sandbox.wire import Response

FUNCTIONS: dict[str, Callable[[list[float]], float]] = {
    "avg": lambda values: sum(values) / len(values),
    "sum": sum,
    "min": min,
    "max": max,
}


def handle(call: Call) -> Response:
    """Answer `GET /api/now/stats/{table}`."""
    if call.table not in call.instance.tables:
        raise errors.invalid_table(call.table)
    if call.access.refuses_table(call.table):
        raise errors.not_authorized()
    if call.request.method != "GET":
        raise errors.wrong_method()
    rows = list(select(call))
    names = [name for name in call.params.text("group_by").split(",") if name]
    if not names:
        return Response.json(200, {"result": {"stats": _stats(call, rows)}})
    groups = _grouped(call, names, rows)
    result = [
        {"stats": _stats(call, members), "groupby_fields": _fields(call, names, members[0])}
        for members in groups
        if _wanted(call, members)
    ]
    return Response.json(200, {"result": _ordered(call, result)})


def _stats(call: Call, rows: list[Found]) -> dict[str, Any]:
    stats: dict[str, Any] = {}
    if call.params.flag("count"):
        stats["count"] = str(len(rows))
    for name, function in FUNCTIONS.items():
        fields = [field for field in call.params.text(f"{name}_fields").split(",") if field]
        if fields:
            stats[name] = {field: _figure(call, function, field, rows, name) for field in fields}
    return stats


def _figure(
    call: Call, function: Callable[[list[float]], float], field: str, rows: list[Found], name: str
) -> str:
    values = [value for value in (_read(call, field, found) for found in rows) if value]
    if not values:
        return ""
    try:
        figure = function([float(value) for value in values])
    except ValueError:  # dates and texts have a least and a greatest, but no mean
        return {"min": min, "max": max}[name](values) if name in {"min", "max"} else ""
    return f"{figure:.4f}" if name == "avg" else f"{figure:g}" if figure % 1 else str(int(figure))


def _read(call: Call, field: str, found: Found) -> str:
    table, row = found
    compiler = Compiler(call.instance.tables, call.instance.accounts.asker(call.caller))
    try:
        return compiler.getter(table, field)[0](row)
    except UnknownField:
        return ""


def _grouped(call: Call, names: list[str], rows: list[Found]) -> list[list[Found]]:
    groups: dict[tuple[str, ...], list[Found]] = {}
    for found in rows:
        groups.setdefault(tuple(_read(call, name, found) for name in names), []).append(found)
    return [groups[key] for key in sorted(groups)]


def _fields(call: Call, names: list[str], found: Found) -> list[dict[str, Any]]:
    shape = Shape(tuple(names), call.params.shape.display, links=False)
    shown = Presenter(call.instance, call.caller, shape, call.request.origin).show(*found)
    fields = []
    for name in names:
        value = shown.get(name, "")
        both = value if isinstance(value, dict) else {"value": value}
        fields.append({"field": name, **both})
    return fields


def _wanted(call: Call, members: list[Found]) -> bool:
    """`sysparm_having=count^field^>^3`: only groups whose figure passes."""
    parts = call.params.text("having").split("^")
    if len(parts) != 4 or parts[2] not in COUNTS:
        return True
    name, field, operator, border = parts
    if name.lower() == "count":
        figure = float(len(members))
    else:
        figure = float(_figure(call, FUNCTIONS[name.lower()], field, members, name.lower()) or 0)
    return bool(COUNTS[operator](figure, float(border)))


def _ordered(call: Call, result: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`sysparm_order_by=COUNT^DESC` or `AVG^field^DESC`; groups come by their values otherwise."""
    parts = call.params.text("order_by").split("^")
    name = parts[0].lower()
    descending = parts[-1].upper() == "DESC"
    if name == "count":
        return sorted(result, key=lambda group: int(group["stats"].get("count", 0)), reverse=descending)
    if name in FUNCTIONS and len(parts) > 1:
        figures = parts[1]
        return sorted(
            result,
            key=lambda group: float(group["stats"].get(name, {}).get(figures) or 0),
            reverse=descending,
        )
    return result
