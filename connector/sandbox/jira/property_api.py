"""Entity properties: JSON of an integration's own on an issue, up to 32,768 characters."""

from __future__ import annotations

import json

from connector.sandbox.jira import errors
from connector.sandbox.jira.call import Call, Route
from connector.sandbox.wire import Response

LONGEST = 32_768
LONGEST_KEY = 255


def checked(key: str, text: str) -> str:
    """A property's JSON text if it may be stored; Refused if not."""
    if len(key) > LONGEST_KEY:
        raise errors.refused(
            400, f"The property key has exceeded the maximum length of {LONGEST_KEY} characters."
        )
    if len(text) > LONGEST:
        raise errors.refused(
            400, f"The property value is too long. The maximum length is {LONGEST} characters."
        )
    return text


def keys(call: Call) -> Response:
    issue = call.issue()
    link = f"{call.present.api}/issue/{issue.id}/properties"
    return Response.json(200, {"keys": [{"self": f"{link}/{key}", "key": key} for key in issue.properties]})


def get(call: Call) -> Response:
    issue, key = call.issue(), call.args["property"]
    if key not in issue.properties:
        raise errors.refused(404, f"The property {key} does not exist.")
    return Response.json(200, {"key": key, "value": json.loads(issue.properties[key])})


def put(call: Call) -> Response:
    issue, key = call.issue(), call.args["property"]
    call.need_login()
    if not call.request.body:
        raise errors.refused(400, "The property value cannot be empty.")
    text = checked(key, call.request.body.decode("utf-8", "replace"))
    call.body()
    new = call.site.put_property(issue, key, text)
    return Response.json(201 if new else 200, {})


def delete(call: Call) -> Response:
    issue, key = call.issue(), call.args["property"]
    if key not in issue.properties:
        raise errors.refused(404, f"The property {key} does not exist.")
    call.site.drop_property(issue, key)
    return Response(204)


ROUTES: list[Route] = [
    ("GET", "issue/{key}/properties", keys),
    ("GET", "issue/{key}/properties/{property}", get),
    ("PUT", "issue/{key}/properties/{property}", put),
    ("DELETE", "issue/{key}/properties/{property}", delete),
]
