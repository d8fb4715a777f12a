"""The Attachment API: files that hang on records."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import Any

from connector.sandbox.servicenow import errors, table_api
from connector.sandbox.servicenow.access import Access
from connector.sandbox.servicenow.table_api import Call
from connector.sandbox.servicenow.tables import Row, Table
from connector.sandbox.wire import Response


def handle(call: Call, path: list[str]) -> Response:
    """Answer one request under `/api/now/attachment`."""
    method = call.request.method
    match path:
        case [] if method == "GET":
            return _list(call)
        case ["file"] if method == "POST":
            return _upload(call)
        case ["upload"] if method == "POST":
            return _upload_form(call)
        case [sys_id] if method == "GET":
            return Response.json(200, {"result": _shown(call, *table_api.find(call, sys_id))})
        case [sys_id] if method == "DELETE":
            return _remove(call, sys_id)
        case [sys_id, "file"] if method == "GET":
            return _download(call, sys_id)
    raise errors.no_resource() if len(path) > 2 else errors.wrong_method()


def _list(call: Call) -> Response:
    answer = table_api.select(call)
    found = answer.page(call.params.offset, call.params.limit)
    result = [_shown(call, table, row) for table, row in found if call.access.sees_row(table.name, row[0])]
    return Response.json(200, {"result": result}, ("X-Total-Count", str(answer.total)))


def _shown(call: Call, table: Table, row: Row) -> dict[str, Any]:
    shown = call.presenter().show(table, row)
    shown["download_link"] = f"{call.request.origin}/api/now/attachment/{row[0]}/file"
    return shown


def _upload(call: Call) -> Response:
    content_type = call.request.header("content-type")
    if not content_type:
        raise errors.Refused(400, "Content-Type header is missing")
    plain = call.params.plain
    return _keep(
        call,
        plain.get("table_name", ""),
        plain.get("table_sys_id", ""),
        plain.get("file_name", ""),
        content_type,
        call.request.body,
    )


def _upload_form(call: Call) -> Response:
    """A form with `table_name`, `table_sys_id` and the file as its last part."""
    parts = _form(call.request.header("content-type"), call.request.body)
    texts = {name: body.decode("utf-8", "replace") for name, file, _, body in parts if not file}
    uploaded = next((part for part in parts if part[1]), None)
    if uploaded is None:
        raise errors.Refused(400, "Failed to create the attachment", "No file in the request")
    _, file_name, content_type, body = uploaded
    return _keep(
        call, texts.get("table_name", ""), texts.get("table_sys_id", ""), file_name, content_type, body
    )


def _form(content_type: str, body: bytes) -> list[tuple[str, str, str, bytes]]:
    """The parts of a multipart body as (name, file name, content type, content)."""
    boundary = re.search(r'boundary="?([^";]+)"?', content_type)
    if boundary is None:
        raise errors.Refused(415, "Unsupported media type", "multipart/form-data needs a boundary")
    parts = []
    for chunk in body.split(b"--" + boundary[1].encode())[1:-1]:
        head, _, content = chunk.strip(b"\r\n").partition(b"\r\n\r\n")
        text = head.decode("utf-8", "replace")
        name = re.search(r'\bname="([^"]*)"', text)
        file_name = re.search(r'filename="([^"]*)"', text)
        kind = re.search(r"(?i)content-type:\s*([^\r\n]+)", text)
        parts.append(
            (
                name[1] if name else "",
                file_name[1] if file_name else "",
                kind[1] if kind else "application/octet-stream",
                content,
            )
        )
    return parts


def _keep(
    call: Call, table_name: str, table_sys_id: str, file_name: str, content_type: str, body: bytes
) -> Response:
    instance = call.instance
    target = instance.tables.find(table_name, table_sys_id) if table_name in instance.tables else None
    access = Access(instance, call.caller)
    if target is None or not access.sees_row(table_name, table_sys_id):
        raise errors.no_record()
    if not file_name:
        raise errors.Refused(400, "Invalid attachment", "file_name is missing")
    if not access.may_write(target[0].name, table_sys_id):
        raise errors.refused_by_acl("Insert")
    fields = {
        "file_name": file_name,
        "content_type": content_type,
        "size_bytes": str(len(body)),
        "size_compressed": str(len(body)),
        "compressed": "true",
        "table_name": table_name,
        "table_sys_id": table_sys_id,
        "hash": sha256(body).hexdigest(),
        "state": "available",
    }
    row = instance.insert("sys_attachment", fields, call.writer)
    instance.attachments[row[0]] = body
    shown = _shown(call, instance.tables["sys_attachment"], row)
    location = f"{call.request.origin}/api/now/attachment/{row[0]}"
    return Response.json(201, {"result": shown}, ("Location", location))


def _download(call: Call, sys_id: str) -> Response:
    table, row = table_api.find(call, sys_id)
    shown = json.dumps(_shown(call, table, row), separators=(",", ":"))
    kind = row[table.at["content_type"]]
    headers = (("Content-Type", kind), ("X-Attachment-Metadata", shown))
    return Response(200, call.instance.attachments[sys_id], headers)


def _remove(call: Call, sys_id: str) -> Response:
    table, row = table_api.find(call, sys_id)
    if not call.access.may_delete(table.name, sys_id):
        raise errors.refused_by_acl("Delete")
    call.instance.delete(table, row, call.writer)
    call.instance.attachments.pop(sys_id, None)
    return Response(204)
