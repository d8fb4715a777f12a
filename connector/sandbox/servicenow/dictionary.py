"""Tables that describe tables (`sys_db_object`, `sys_dictionary`, `sys_choice`), and what writing there does.

Creating a row there creates the table or the column, as on the platform, so that an integration can provision
what it needs over the API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.servicenow.schema import (
    INTERNAL_TYPES,
    Column,
    Schema,
    TableDefinition,
    base_columns,
    column_from_dictionary,
)
from connector.sandbox.servicenow.tables import Row, Table

if TYPE_CHECKING:
    from connector.sandbox.servicenow.instance import Instance

START = "2015-01-01 00:00:00"
OWN_PREFIXES = ("u_", "x_")


def install(instance: Instance, schema: Schema) -> None:
    """Make all declared tables and the rows that describe them."""
    for definition in schema.tables.values():
        instance.tables.create(definition)
        if definition.audit:
            instance.audited.add(definition.name)
        if definition.prefix:
            instance.prefixes[definition.name] = definition.prefix
    for definition in schema.tables.values():
        _describe_table(instance, definition)
    for name, internal in INTERNAL_TYPES.items():
        _put(instance, "sys_glide_object", internal, {"name": internal, "label": name.capitalize()})
    for place, labels in schema.choices.items():
        table, _, element = place.partition(".")
        for sequence, (value, label) in enumerate(labels.items()):
            entry = {"name": table, "element": element, "value": value, "label": label, "language": "en"}
            entry |= {"sequence": str(sequence), "inactive": "false"}
            _put(instance, "sys_choice", f"{place}.{value}", entry)


def after_insert(instance: Instance, table: Table, row: Row) -> None:
    """Make what a new descriptive row describes."""
    if table.name == "sys_db_object":
        _create_table(instance, table, row)
    elif table.name == "sys_dictionary":
        _apply_entry(instance, table, row)
    elif table.name == "sys_choice":
        instance.forget_choices()


def after_update(instance: Instance, table: Table, row: Row) -> None:
    if table.name == "sys_dictionary":
        _apply_entry(instance, table, row)
    elif table.name == "sys_choice":
        instance.forget_choices()


def before_delete(instance: Instance, table: Table, row: Row) -> None:
    """Remove what the row described."""
    if table.name == "sys_dictionary" and row[table.at["element"]]:
        name, element = row[table.at["name"]], row[table.at["element"]]
        if name in instance.tables and element in instance.tables[name].columns:
            instance.tables.drop_column(name, element)
    elif table.name == "sys_db_object":
        _drop_table(instance, row[table.at["name"]])


def adopt(instance: Instance) -> None:
    """Make the tables and columns that restored descriptive rows speak of."""
    tables = instance.tables["sys_db_object"]
    for row in list(tables.rows.values()):
        if row[tables.at["name"]] not in instance.tables:
            _create(instance, tables.values(row))
    entries = instance.tables["sys_dictionary"]
    for row in list(entries.rows.values()):
        _apply_entry(instance, entries, row)


def _create_table(instance: Instance, table: Table, row: Row) -> None:
    name = row[table.at["name"]]
    if not name.startswith(OWN_PREFIXES):
        name = f"u_{name}"
        table.change(row, {"name": name})
    if not row[table.at["label"]]:
        table.change(row, {"label": name.removeprefix("u_").replace("_", " ").capitalize()})
    _create(instance, table.values(row))
    _describe_columns(instance, instance.tables[name].definition)


def _create(instance: Instance, entry: dict[str, str]) -> None:
    parent = instance.tables.find("sys_db_object", entry["super_class"])
    above = parent[1][parent[0].at["name"]] if parent else entry["super_class"]
    above = above if above in instance.tables else ""
    display = instance.tables[above].display if above else ""
    definition = TableDefinition(entry["name"], entry["label"], parent=above, display=display)
    instance.tables.create(definition)


def _drop_table(instance: Instance, name: str) -> None:
    if name not in instance.tables:
        return
    entries = instance.tables["sys_dictionary"]
    for entry in list(entries.with_value("name", name)):
        entries.remove(entry[0])
        instance.mark(entries, entry[0])
    table = instance.tables[name]
    for sys_id in list(table.rows):
        table.remove(sys_id)
        instance.mark(table, sys_id)
    instance.tables.drop(name)


def _apply_entry(instance: Instance, table: Table, row: Row) -> None:
    entry = table.values(row)
    name, element = entry["name"], entry["element"]
    if name not in instance.tables:
        return
    if not element:
        _set_audit(instance, name, on=entry["audit"] == "true")
        return
    target = instance.tables[name]
    held = target.columns.get(element)
    if held is None and not element.startswith(OWN_PREFIXES):
        element = f"u_{element}"
        table.change(row, {"element": element})
        entry["element"] = element
    column = column_from_dictionary(entry)
    if not entry["max_length"]:
        table.change(row, {"max_length": str(column.length)})
    if held != column:
        instance.tables.add_column(name, column)


def _set_audit(instance: Instance, name: str, *, on: bool) -> None:
    if on:
        instance.audited.add(name)
    else:
        instance.audited.discard(name)


# -- rows that describe what ships


def _describe_table(instance: Instance, definition: TableDefinition) -> None:
    entry = {"name": definition.name, "label": definition.label, "access": "public"}
    entry |= {"is_extendable": str(definition.hierarchy or definition.name == "task").lower()}
    if definition.parent:
        entry["super_class"] = table_id(instance, definition.parent)
    _put(instance, "sys_db_object", definition.name, entry)
    _describe_columns(instance, definition)


def table_id(instance: Instance, name: str) -> str:
    """The sys_id of the `sys_db_object` row of a table that ships."""
    return instance.world.chance.identifier("sys_db_object", name)


def _describe_columns(instance: Instance, definition: TableDefinition) -> None:
    own = definition.columns if definition.parent else (*base_columns(definition.base), *definition.columns)
    collection = {"name": definition.name, "internal_type": "collection", "column_label": definition.label}
    collection |= {"audit": str(definition.audit).lower(), "active": "true"}
    _put(instance, "sys_dictionary", definition.name, collection)
    for column in own:
        _put(instance, "sys_dictionary", f"{definition.name}.{column.name}", _entry(definition, column))


def _entry(definition: TableDefinition, column: Column) -> dict[str, str]:
    return {
        "name": definition.name,
        "element": column.name,
        "column_label": column.label,
        "internal_type": column.internal_type,
        "max_length": str(column.length),
        "reference": column.reference,
        "unique": str(column.unique).lower(),
        "display": str(column.name == definition.display).lower(),
        "read_only": str(column.name.startswith("sys_")).lower(),
        "mandatory": "false",
        "active": "true",
        "audit": "true",
        "array": "false",
    }


def _put(instance: Instance, table: str, subject: str, fields: dict[str, str]) -> None:
    stamps = {
        "sys_id": instance.world.chance.identifier(table, subject),
        "sys_created_on": START,
        "sys_created_by": "system",
        "sys_updated_on": START,
        "sys_updated_by": "system",
        "sys_mod_count": "0",
    }
    instance.put(instance.tables[table], fields | stamps)
