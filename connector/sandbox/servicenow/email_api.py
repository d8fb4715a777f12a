"""The Email API: a mail handed to the platform becomes a row of `sys_email`, ready to be sent."""

from __future__ import annotations

import json
from typing import Any

from connector.sandbox.servicenow import errors, table_api
from connector.sandbox.servicenow.table_api import Call
from connector.sandbox.wire import Response


def handle(call: Call, path: list[str]) -> Response:
    """Answer `POST /api/now/v1/email` and `GET /api/now/v1/email/{id}`."""
    if not path and call.request.method == "POST":
        return _send(call)
    if len(path) == 1 and call.request.method == "GET":
        table, row = table_api.find(call, path[0])
        return Response.json(200, {"result": _shown(call, table.values(row))})
    raise errors.wrong_method()


def _send(call: Call) -> Response:
    try:
        mail = json.loads(call.request.body or b"{}")
    except ValueError:
        raise errors.bad_payload() from None
    recipients = _addresses(mail.get("to"))
    if not recipients:
        raise errors.Refused(400, "Unable to create email", "The to parameter is mandatory")
    if not call.access.may_create("sys_email"):
        raise errors.refused_by_acl("Insert")
    fields = {
        "type": "send-ready",
        "mailbox": "outbox",
        "state": "ready",
        "subject": mail.get("subject", ""),
        "body": mail.get("html") or mail.get("text", ""),
        "body_text": mail.get("text", ""),
        "recipients": recipients,
        "copied": _addresses(mail.get("cc")),
        "blind_copied": _addresses(mail.get("bcc")),
        "headers": json.dumps(mail.get("headers") or {}),
        "target_table": mail.get("table_name", ""),
        "instance": mail.get("table_record_id", ""),
        "user": call.caller.name,
    }
    row = call.instance.insert("sys_email", fields, call.writer)
    return Response.json(200, {"result": _shown(call, call.instance.tables["sys_email"].values(row))})


def _addresses(given: Any) -> str:
    if isinstance(given, str):
        given = given.split(",")
    return ",".join(str(address).strip() for address in given or ())


def _shown(call: Call, row: dict[str, str]) -> dict[str, Any]:
    link = f"{call.request.origin}/api/now/v1/email/{row['sys_id']}"
    return {
        "id": row["sys_id"],
        "to": row["recipients"].split(","),
        "cc": [address for address in row["copied"].split(",") if address],
        "bcc": [address for address in row["blind_copied"].split(",") if address],
        "subject": row["subject"],
        "text": row["body_text"],
        "html": row["body"],
        "table_name": row["target_table"],
        "table_record_id": row["instance"],
        "links": [{"href": link, "rel": "self"}],
    }
