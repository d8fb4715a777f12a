"""Customer organisations: their members, and properties to keep facts about them in."""

from __future__ import annotations

from connector.sandbox.jira import errors
from connector.sandbox.jira.call import Call, Route
from connector.sandbox.jira.desk_page import base, need_agent, need_opt_in, page, person
from connector.sandbox.jira.site import Organization
from connector.sandbox.wire import Response


def organizations(call: Call) -> Response:
    """All of them for agents, one's own for customers."""
    found = list(call.site.organizations.values())
    if not call.person.agent:
        found = [one for one in found if call.person.account_id in one.members]
    return page(call, found, lambda one: call.present.organization(one.id))


def _organization(call: Call) -> Organization:
    need_agent(call)
    wanted = call.args["id"]
    found = call.site.organizations.get(int(wanted)) if wanted.isdigit() else None
    if found is None:
        raise errors.desk(404, "The organization does not exist.", "sd.organisation.not.found")
    return found


def organization(call: Call) -> Response:
    return Response.json(200, call.present.organization(_organization(call).id))


def add_organization(call: Call) -> Response:
    need_agent(call)
    name = call.record().get("name")
    if not isinstance(name, str) or not name:
        raise errors.desk(400, "The organization name must not be empty.", "sd.organisation.name.empty")
    return Response.json(201, call.present.organization(call.site.organization_named(name).id))


def members(call: Call) -> Response:
    return page(call, sorted(_organization(call).members), lambda account: person(call, account))


def keys(call: Call) -> Response:
    need_opt_in(call, "property")
    one = _organization(call)
    link = f"{base(call)}/organization/{one.id}/property"
    return Response.json(200, {"keys": [{"self": f"{link}/{key}", "key": key} for key in one.properties]})


def get_property(call: Call) -> Response:
    need_opt_in(call, "property")
    one, key = _organization(call), call.args["property"]
    if key not in one.properties:
        raise errors.desk(404, f"The property {key} does not exist.", "sd.property.not.found")
    return Response.json(200, {"key": key, "value": one.properties[key]})


def put_property(call: Call) -> Response:
    need_opt_in(call, "property")
    one, key = _organization(call), call.args["property"]
    new = key not in one.properties
    one.properties[key] = call.body()
    return Response.json(201 if new else 200, {})


def delete_property(call: Call) -> Response:
    need_opt_in(call, "property")
    one, key = _organization(call), call.args["property"]
    if one.properties.pop(key, None) is None:
        raise errors.desk(404, f"The property {key} does not exist.", "sd.property.not.found")
    return Response(204)


ROUTES: list[Route] = [
    ("GET", "organization", organizations),
    ("POST", "organization", add_organization),
    ("GET", "organization/{id}", organization),
    ("GET", "organization/{id}/user", members),
    ("GET", "organization/{id}/property", keys),
    ("GET", "organization/{id}/property/{property}", get_property),
    ("PUT", "organization/{id}/property/{property}", put_property),
    ("DELETE", "organization/{id}/property/{property}", delete_property),
    ("GET", "servicedesk/{desk}/organization", organizations),
]
