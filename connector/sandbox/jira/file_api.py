"""Attachments: files sent as a form, read back byte for byte."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from connector.sandbox.jira import errors
from connector.sandbox.jira.call import Call, Route
from connector.sandbox.jira.issue import Attached, Issue
from connector.sandbox.wire import Response


def attach(call: Call) -> Response:
    issue = call.issue()
    if call.request.header("x-atlassian-token") != "no-check":
        raise errors.Refused(Response(403, b"XSRF check failed", (("Content-Type", "text/plain"),)))
    head = f"Content-Type: {call.request.header('content-type')}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + call.request.body)
    made = [
        call.site.attach(
            issue,
            part.get_filename() or "file",
            part.get_content_type(),
            _content(part),
            call.person.account_id,
        )
        for part in (form.iter_parts() if form.is_multipart() else ())
        if part.get_param("name", header="content-disposition") == "file"
    ]
    if not made:
        raise errors.refused(400, "No file was sent.")
    return Response.json(200, [call.present.file(one) for one in made])


def _content(part: Any) -> bytes:
    held = part.get_payload(decode=True)
    return held if isinstance(held, bytes) else b""


def _found(call: Call) -> tuple[Issue, Attached]:
    for issue in call.site.issues.values():
        for one in issue.files:
            if str(one.id) == call.args["id"] and call.site.visible(issue, call.person):
                return issue, one
    raise errors.refused(404, f"The attachment with id '{call.args['id']}' does not exist")


def get(call: Call) -> Response:
    return Response.json(200, call.present.file(_found(call)[1]))


def content(call: Call) -> Response:
    one = _found(call)[1]
    return Response(200, one.content, (("Content-Type", one.type),))


def delete(call: Call) -> Response:
    issue, one = _found(call)
    issue.files.remove(one)
    call.site.touch(issue)
    return Response(204)


ROUTES: list[Route] = [
    ("POST", "issue/{key}/attachments", attach),
    ("GET", "attachment/{id}", get),
    ("GET", "attachment/content/{id}", content),
    ("DELETE", "attachment/{id}", delete),
]
