"""How a record is shown: strings only, references with links, display values, dot-walked keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.sandbox.servicenow import dates
from connector.sandbox.servicenow.accounts import Caller
from connector.sandbox.servicenow.conditions import Compiler, UnknownField
from connector.sandbox.servicenow.instance import JOURNALS
from connector.sandbox.servicenow.schema import Column
from connector.sandbox.servicenow.tables import Row, Table

if TYPE_CHECKING:
    from connector.sandbox.servicenow.instance import Instance

Cell = Callable[[Row], Any]
JOURNAL_LABEL = {"comments": "Additional comments", "work_notes": "Work notes"}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a request asked to see: `display` is false, true or all; no fields means all."""

    fields: tuple[str, ...] = ()
    display: str = "false"
    links: bool = True


class Presenter:
    """Shows records to one caller in one shape."""

    def __init__(self, instance: Instance, caller: Caller, shape: Shape, base_url: str) -> None:
        self._instance, self._shape, self._base_url = instance, shape, base_url
        self._compiler = Compiler(instance.tables, instance.accounts.asker(caller))
        self._zone = dates.zone_of(caller.zone)
        self._plans: dict[str, list[tuple[str, Cell]]] = {}

    def show(self, table: Table, row: Row, hidden: Iterable[str] = ()) -> dict[str, Any]:
        """One record as the API's JSON has it, without hidden fields."""
        plan = self._plans.get(table.name)
        if plan is None:
            plan = self._plans[table.name] = self._plan(table, frozenset(hidden))
        return {name: cell(row) for name, cell in plan}

    def _plan(self, table: Table, hidden: frozenset[str]) -> list[tuple[str, Cell]]:
        """A cell for each wanted field; fields that do not exist are ignored."""
        plan = []
        for name in self._shape.fields or sorted(table.columns):
            if name.partition(".")[0] in hidden:
                continue
            try:
                read, column = self._compiler.getter(table, name)
            except UnknownField:
                continue
            plan.append((name, self._cell(table, name, read, column)))
        return plan

    def _cell(self, table: Table, name: str, read: Callable[[Row], str], column: Column) -> Cell:
        if name in JOURNALS:
            return self._journal_cell(name)
        if self._shape.display == "false":
            return self._value_cell(read, column)
        show = self._display(table, name, read, column)
        return self._display_cell(read, show, column)

    def _value_cell(self, read: Callable[[Row], str], column: Column) -> Cell:
        if column.type != "reference" or not self._shape.links:
            return read
        link = self._linker(column)

        def cell(row: Row) -> Any:
            value = read(row)
            return {"link": link(value), "value": value} if value else ""

        return cell

    def _display_cell(self, read: Callable[[Row], str], show: Callable[[Row], str], column: Column) -> Cell:
        both = self._shape.display == "all"
        linked = column.type == "reference" and self._shape.links
        link = self._linker(column)

        def cell(row: Row) -> Any:
            value = read(row)
            if both:
                shown = {"display_value": show(row), "value": value}
                return {**shown, "link": link(value)} if linked and value else shown
            if linked and value:
                return {"display_value": show(row), "link": link(value)}
            return show(row)

        return cell

    def _linker(self, column: Column) -> Callable[[str], str]:
        # Types and tables are referenced by name, not by id, and their links say so.
        mark = "?name=" if column.reference in {"sys_glide_object", "sys_db_object"} else "/"
        root = f"{self._base_url}/api/now/table/{column.reference}"
        if column.name == "super_class":
            mark = "/"
        return lambda value: f"{root}{mark}{value}"

    # -- display values

    def _display(
        self, table: Table, name: str, read: Callable[[Row], str], column: Column
    ) -> Callable[[Row], str]:
        match column.type:
            case "reference":
                if column.reference in {"sys_glide_object", "sys_db_object"} and name != "super_class":
                    return read
                return self._compiler.displayed(table, name)
            case "datetime":
                return lambda row: dates.shown(read(row), self._zone)
            case "duration":
                return lambda row: dates.duration_shown(read(row)) if read(row) else ""
        labels = self._labels(table, name)
        return (lambda row: labels.get(read(row), read(row))) if labels else read

    def _labels(self, table: Table, name: str) -> dict[str, str]:
        *walk, field = name.split(".")
        for step in walk:
            column = table.columns[step]
            table = self._instance.tables[column.reference]
        return self._instance.choices(table, field)

    def _journal_cell(self, name: str) -> Cell:
        """Journals read as nothing; their display value is the whole conversation, newest first."""
        if self._shape.display == "false":
            return lambda _: ""
        text = self._journal_text(name)
        if self._shape.display == "all":
            return lambda row: {"display_value": text(row), "value": ""}
        return text

    def _journal_text(self, element: str) -> Callable[[Row], str]:
        journal = self._instance.tables["sys_journal_field"]
        at = journal.at

        def text(row: Row) -> str:
            entries = [e for e in journal.with_value("element_id", row[0]) if e[at["element"]] == element]
            return "".join(
                f"{dates.shown(e[at['sys_created_on']], self._zone)} - {e[at['sys_created_by']]}"
                f" ({JOURNAL_LABEL[element]})\n{e[at['value']]}\n\n"
                for e in sorted(entries, key=lambda e: e[at["sys_created_on"]], reverse=True)
            )

        return text
