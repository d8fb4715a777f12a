"""Fields: what there is, making custom ones, their options, and the screens they must be on."""

from __future__ import annotations

from typing import Any

from connector.sandbox.jira import errors
from connector.sandbox.jira.call import Call, Route
from connector.sandbox.jira.setup import CUSTOM, CUSTOM_KINDS, Field
from connector.sandbox.wire import Response

SCREEN, TAB = "1", "10000"


def fields(call: Call) -> Response:
    found = call.site.setup.fields if call.login.person else ()
    return Response.json(200, [call.present.field(one) for one in found])


def search(call: Call) -> Response:
    """Fields by page, at most fifty; `type=custom` for custom ones only."""
    call.need_login()
    kinds, ids, wanted = call.many("type"), call.many("id"), call.text("query").lower()
    found = [
        one
        for one in call.site.setup.fields
        if (not kinds or ("custom" if one.custom else "system") in kinds)
        and (not ids or one.id in ids)
        and wanted in one.name.lower()
    ]
    return call.paged(found, lambda one: _searched(call, one), 50)


def _searched(call: Call, one: Field) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "schema": call.present.field(one).get("schema"),
        "description": one.description,
    }


def create(call: Call) -> Response:
    call.need_admin()
    given = call.strict({"name": str, "description": str, "type": str, "searcherKey": str})
    kind = str(given.get("type") or "").removeprefix(CUSTOM)
    if not given.get("name"):
        raise errors.refused(400, errors={"name": "The custom field name is required."})
    if kind not in CUSTOM_KINDS:
        raise errors.refused(400, errors={"type": f"Invalid custom field type: {given.get('type')}"})
    made = call.site.setup.add_field(given["name"], kind, given.get("description") or "")
    return Response.json(201, call.present.field(made))


def _custom(call: Call) -> Field:
    call.need_admin()
    one = call.site.setup.fields.get(call.args["id"])
    if one is None or not one.custom:
        raise errors.refused(404, "The custom field was not found.")
    return one


def trash(call: Call) -> Response:
    """Away with a field: its values go out of sight with it."""
    call.site.setup.fields.remove(_custom(call).id)
    return Response.json(200, {})


def delete(call: Call) -> Response:
    """Deleting is a task of its own; the answer says where to look at it."""
    call.site.setup.fields.remove(_custom(call).id)
    number = call.site.next_id("task")
    return Response(303, headers=(("Location", f"{call.present.api}/task/{number}"),))


def contexts(call: Call) -> Response:
    one = _custom(call)
    shown = {"id": str(10_000 + one.number), "name": f"Default for {one.name}", "isGlobalContext": True}
    return call.paged([shown], lambda context: {**context, "description": "", "isAnyIssueType": True}, 50)


def options(call: Call) -> Response:
    one = _custom(call)
    found = list(one.options.items())
    return call.paged(found, lambda pair: {"id": pair[0], "value": pair[1], "disabled": False}, 100)


def add_options(call: Call) -> Response:
    one = _custom(call)
    made = []
    for given in call.record().get("options") or ():
        if given["value"] in one.options.values():
            raise errors.refused(400, f"The option '{given['value']}' already exists.")
        number = str(call.site.next_id("option") + 10_000)
        one.options[number] = given["value"]
        made.append({"id": number, "value": given["value"], "disabled": False})
    return Response.json(200, {"options": made})


# -- screens: one for all issues here


def screens(call: Call) -> Response:
    call.need_admin()
    return call.paged([{"id": int(SCREEN), "name": "Default Screen", "description": ""}], dict, 100)


def tabs(call: Call) -> Response:
    call.need_admin()
    return Response.json(200, [{"id": int(TAB), "name": "Field Tab"}])


def on_tab(call: Call) -> Response:
    call.need_admin()
    found = [one for one in call.site.setup.fields if one.settable and one.on_screen]
    return Response.json(200, [{"id": one.id, "name": one.name} for one in found])


def put_on_tab(call: Call) -> Response:
    call.need_admin()
    one = call.site.setup.fields.get(str(call.record().get("fieldId")))
    return _on_screen(one, 200)


def put_on_default(call: Call) -> Response:
    call.need_admin()
    return _on_screen(call.site.setup.fields.get(call.args["id"]), 200)


def _on_screen(one: Field | None, status: int) -> Response:
    if one is None:
        raise errors.refused(404, "The field does not exist.")
    if one.on_screen:
        raise errors.refused(400, f"The field with id '{one.id}' is already on the screen.")
    one.on_screen = True
    return Response.json(status, {"id": one.id, "name": one.name})


def take_off_tab(call: Call) -> Response:
    one = _custom(call)
    one.on_screen = False
    return Response(204)


TAB_FIELDS = "screens/{screen}/tabs/{tab}/fields"
ROUTES: list[Route] = [
    ("GET", "field", fields),
    ("POST", "field", create),
    ("GET", "screens", screens),
    ("GET", "screens/{screen}/tabs", tabs),
    ("GET", TAB_FIELDS, on_tab),
    ("POST", TAB_FIELDS, put_on_tab),
    ("DELETE", TAB_FIELDS + "/{id}", take_off_tab),
    ("POST", "screens/addToDefault/{id}", put_on_default),
]
CLOUD: list[Route] = [
    ("GET", "field/search", search),
    ("DELETE", "field/{id}", delete),
    ("POST", "field/{id}/trash", trash),
    ("GET", "field/{id}/context", contexts),
    ("GET", "field/{id}/context/{context}/option", options),
    ("POST", "field/{id}/context/{context}/option", add_options),
]
