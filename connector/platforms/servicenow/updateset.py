"""What Accord needs on an instance as an update set, for an admin to load where the API may not make it.

The file has the form in which the platform exports a retrieved update set. Nothing is sent from here.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

from connector.mappings.catalogue import Catalogue
from connector.model.instant import Instant
from connector.platforms.servicenow.provision import column_row, table_row
from connector.platforms.servicenow.spelling import format_instant

_SPACE = uuid.UUID("6f0a3c1e-64a5-4d39-9f2b-0c7d2e4b8a11")  # ids are made from names, so a file never changes
_NAME = "Accord"


def update_set(catalogue: Catalogue, now: Instant) -> str:
    """The XML of an update set that makes everything *catalogue* provisions."""
    stamp = format_instant(now)
    root = ElementTree.Element("unload", {"unload_date": stamp})
    head = _id("sys_remote_update_set", _NAME)
    _row(
        root,
        "sys_remote_update_set",
        {
            "name": _NAME,
            "application": "global",
            "application_name": "Global",
            "application_scope": "global",
            "description": "Tables and columns that Accord writes service level achievements to.",
            "state": "loaded",
            "release_date": "",
            "sys_id": head,
        },
    )
    for table, row in _rows(catalogue):
        _row(root, "sys_update_xml", _update(table, row, head))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _rows(catalogue: Catalogue) -> Iterator[tuple[str, dict[str, str]]]:
    for mapping in catalogue.records.values():
        if mapping.provision is None:
            continue
        if mapping.provision.label is not None:
            yield "sys_db_object", table_row(mapping.table, mapping.provision.label)
        for column in mapping.provision.columns.values():
            yield "sys_dictionary", column_row(mapping.table, column)


def _update(table: str, row: Mapping[str, str], head: str) -> dict[str, str]:
    sys_id = _id(table, row["name"], row.get("element", ""))
    name = f"{table}_{sys_id}" if table == "sys_db_object" else f"{table}_{row['name']}_{row['element']}"
    return {
        "action": "INSERT_OR_UPDATE",
        "application": "global",
        "category": "customer",
        "name": name,
        "payload": _payload(table, row, sys_id),
        "remote_update_set": head,
        "table": table,
        "target_name": row.get("element") or row["name"],
        "type": "Table" if table == "sys_db_object" else "Dictionary",
        "sys_id": _id("sys_update_xml", name),
    }


def _payload(table: str, row: Mapping[str, str], sys_id: str) -> str:
    update = ElementTree.Element("record_update", {"table": table})
    attributes = {"element": row["element"], "table": row["name"]} if "element" in row else {}
    record = ElementTree.SubElement(update, table, {"action": "INSERT_OR_UPDATE", **attributes})
    for name, value in {**row, "sys_id": sys_id}.items():
        ElementTree.SubElement(record, name).text = value
    return '<?xml version="1.0" encoding="UTF-8"?>' + ElementTree.tostring(update, encoding="unicode")


def _row(root: ElementTree.Element, table: str, row: Mapping[str, str]) -> None:
    record = ElementTree.SubElement(root, table, {"action": "INSERT_OR_UPDATE"})
    for name, value in row.items():
        ElementTree.SubElement(record, name).text = value


def _id(*parts: str) -> str:
    return uuid.uuid5(_SPACE, "/".join(parts)).hex
