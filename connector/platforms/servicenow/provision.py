"""The tables and columns that Accord needs on an instance: shown, made, read back, and taken away again.

Made through the tables that describe tables (`sys_db_object`, `sys_dictionary`), as an admin would by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import requests

from connector.errors import NotAllowed, NotReachable
from connector.mappings.catalogue import Catalogue, Column, RecordMapping
from connector.platforms.governor import Passing, gave_up
from connector.platforms.port import Provision
from connector.platforms.servicenow.answers import raise_for, words_of
from connector.platforms.servicenow.client import Client
from connector.platforms.servicenow.dictionary import Dictionary
from connector.platforms.servicenow.pages import named

_BY_AN_ADMIN = (
    "let an admin run `accord setup --apply`, or load the update set: `accord setup --update-set FILE`"
)
INTERNAL_TYPES: Mapping[str, str] = {
    "string": "string",
    "text": "string",
    "integer": "integer",
    "decimal": "decimal",
    "float": "float",
    "boolean": "boolean",
    "datetime": "glide_date_time",
    "duration": "glide_duration",
    "reference": "reference",
}


def wanted(client: Client, dictionary: Dictionary, catalogue: Catalogue) -> list[Provision]:
    """What the catalogue wants, in the order in which it is made. NotAllowed without the dictionary."""
    mappings = [one for one in catalogue.records.values() if one.provision is not None]
    dictionary.learn(one.table for one in mappings)
    if not dictionary.is_readable:
        raise NotAllowed(
            f"{client.source.name}: sys_dictionary cannot be read, so nobody can tell what is missing",
            hint=_BY_AN_ADMIN,
        )
    there = [one for one in mappings if dictionary.has_table(one.table) or not one.optional]
    found = {one.what: one for mapping in there for one in _wanted(dictionary, mapping)}
    return list(found.values())


def _wanted(dictionary: Dictionary, mapping: RecordMapping) -> Iterator[Provision]:
    assert mapping.provision is not None
    if mapping.provision.label is not None:
        present = dictionary.has_table(mapping.table)
        body = table_row(mapping.table, mapping.provision.label)
        yield Provision(f"table {mapping.table}", present, {"table": "sys_db_object", "body": body})
    known = dictionary.columns(mapping.table)
    for column in mapping.provision.columns.values():
        body = column_row(mapping.table, column)
        what = f"column {mapping.table}.{column.name}"
        yield Provision(what, column.name in known, {"table": "sys_dictionary", "body": body})


def table_row(table: str, label: str) -> dict[str, str]:
    """The row of `sys_db_object` that makes a table."""
    return {"name": table, "label": label, "is_extendable": "false", "access": "public", "ws_access": "true"}


def column_row(table: str, column: Column) -> dict[str, str]:
    """The row of `sys_dictionary` that makes a column."""
    row = {
        "name": table,
        "element": column.name,
        "column_label": column.label or column.name,
        "internal_type": INTERNAL_TYPES[column.type],
        "unique": "true" if column.unique else "false",
        "active": "true",
    }
    if column.length is not None:
        row["max_length"] = str(column.length)
    elif column.type == "text":
        row["max_length"] = "4000"
    if column.table is not None:
        row["reference"] = column.table
    return row


def made(client: Client, dictionary: Dictionary, missing: Sequence[Provision]) -> Iterator[Provision]:
    """Make each of *missing*, and read it back: a column that came out shorter is an error."""
    for one in missing:
        if one.present:
            continue
        table, body = str(one.request["table"]), one.request["body"]
        try:
            _write(client, "POST", table, None, body, f"making {one.what}")
        except NotAllowed as error:
            if client.governor.is_closed:
                raise
            raise NotAllowed(error.problem.what, hint=_BY_AN_ADMIN) from None
        if table == "sys_dictionary":
            _read_back(client, one.what, body)
        dictionary.forget(str(body["name"]))
        yield Provision(one.what, True, one.request)


def _read_back(client: Client, what: str, body: Mapping[str, Any]) -> None:
    fields = ["element", "max_length", "unique"]
    rows = list(named(client, "sys_dictionary", "element", [body["element"]], fields, f"name={body['name']}"))
    if not rows:
        raise NotReachable(f"{what} was made, but is not there", hint="run `accord setup` again in a minute")
    length, got = body.get("max_length"), str(rows[0].get("max_length") or "").replace(",", "")
    if length and body["internal_type"] == "string" and got.isdigit() and int(got) < int(length):
        raise NotAllowed(
            f"{what} came out {got} characters long instead of {length}", hint="lengthen it by hand"
        )
    if body.get("unique") == "true" and str(rows[0].get("unique")) not in ("true", "1"):
        raise NotAllowed(f"{what} did not become unique", hint="set Unique on it by hand")


def removed(client: Client, dictionary: Dictionary, catalogue: Catalogue) -> Iterator[Provision]:
    """Take away every column and table that the catalogue provisions and that is there."""
    there = [one for one in wanted(client, dictionary, catalogue) if one.present]
    whole = {str(one.request["body"]["name"]) for one in there if one.request["table"] == "sys_db_object"}
    for one in reversed(there):
        table, body = str(one.request["table"]), one.request["body"]
        if table == "sys_dictionary" and body["name"] in whole:
            continue  # it goes with its table
        for sys_id in _ids(client, table, body):
            _write(client, "DELETE", table, sys_id, None, f"removing {one.what}")
        dictionary.forget(str(body["name"]))
        yield Provision(one.what, False, one.request)


def _ids(client: Client, table: str, body: Mapping[str, Any]) -> list[str]:
    conditions: Iterable[str] = [f"element={body['element']}"] if "element" in body else []
    return [str(row["sys_id"]) for row in named(client, table, "name", [body["name"]], ["name"], *conditions)]


def _write(
    client: Client, method: str, table: str, sys_id: str | None, body: Mapping[str, Any] | None, doing: str
) -> None:
    def judge(response: requests.Response) -> None:
        raise_for(response, client.world.now(), f"{client.source.name}: {doing}")
        if response.status_code not in (200, 201, 204):
            raise NotReachable(f"{client.source.name}: {doing}: {words_of(response)}")

    try:
        client.write(method, table, sys_id, body, judge)
    except Passing as passing:
        raise gave_up(passing, client.source.name, doing) from None
