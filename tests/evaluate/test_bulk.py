"""Parquet: the same cycles as from JSON lines, whatever the layout, the row groups and the processes."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from connector.cli import main
from tests.evaluate.test_commands import RULES, lines

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def tickets(count: int) -> list[dict[str, Any]]:
    """Tickets of all kinds of histories."""
    found = []
    for n in range(count):
        states = ["new", "on_hold", "in_progress", "resolved", "new", "closed"][: n % 7 + 1]
        changes = [
            {"at": f"2026-03-0{2 + n % 3}T{10 + i}:{n % 60:02}:00Z", "field": "state", "from": a, "to": b}
            for i, (a, b) in enumerate(itertools.pairwise(states))
        ]
        if n % 3 == 0:
            changes.append({"at": "2026-03-05T09:00:00Z", "field": "priority", "from": "1", "to": str(n % 4)})
        fields = {
            "state": states[-1], "priority": n % 4 or None, "opened": f"2026-03-02T0{n % 9}:30:00Z",
            "agreed": [None, "2h", "PT30M"][n % 3], "location": f"place {n}",
        }  # fmt: skip
        found.append({"kind": "incident", "source": "acme", "id": str(n), "key": f"INC{n}", "fields": fields,
                      "changes": changes})  # fmt: skip
    return found


def columnar(rows: list[dict[str, Any]]) -> Any:
    """The bulk layout: typed columns, instants as timestamps, changes as text."""
    text = pa.string()
    instant = pa.timestamp("us", tz="UTC")
    fields = pa.struct(
        {"state": text, "priority": pa.int64(), "opened": text, "agreed": text, "location": text}
    )
    change = pa.struct({"at": text, "field": text, "from": text, "to": text})
    schema = pa.schema(
        {"kind": text, "source": text, "id": text, "key": text, "fields": fields, "changes": pa.list_(change)}
    )
    table = pa.Table.from_pylist(rows, schema)
    lists, inner = table["changes"].combine_chunks(), table["changes"].combine_chunks().flatten()
    at = pa.compute.cast(inner.field("at"), instant)
    parts = [at, *(inner.field(name).dictionary_encode() for name in ("field", "from", "to"))]
    changes = pa.ListArray.from_arrays(
        lists.offsets, pa.StructArray.from_arrays(parts, names=["at", "field", "from", "to"])
    )
    given = table["fields"].combine_chunks()
    columns = [
        pa.compute.cast(given.field(n), instant) if name == "opened" else given.field(n)
        for n, name in enumerate(fields.names if hasattr(fields, "names") else [f.name for f in fields])
    ]
    typed = pa.StructArray.from_arrays(columns, names=[f.name for f in fields])
    return table.set_column(4, "fields", typed).set_column(5, "changes", changes)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "acme.yaml").write_text(RULES)
    return tmp_path / "acme.yaml"


def evaluated(file: Path, rules: Path, out: Path, *more: str) -> list[dict[str, Any]]:
    command = [
        "evaluate",
        str(file),
        "--rules",
        str(rules),
        "--at",
        "2026-03-05T10:00:00Z",
        "--out",
        str(out),
    ]
    assert main([*command, *more]) == 0
    rows = pq.read_table(out).to_pylist() if out.suffix == ".parquet" else map(json.loads, out.open())
    return sorted(map(plain, rows), key=lambda row: (row["key"], row["target"], row["cycle"]))


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A cycle with its instants as milliseconds, so that both forms compare."""
    from connector.model.instant import from_datetime, parse_instant

    def instant(value: Any) -> Any:
        return (
            value
            if value is None
            else parse_instant(value)
            if isinstance(value, str)
            else from_datetime(value)
        )

    row = {**row, "warnings": [(instant(w["at"]), w["line"]) for w in row["warnings"]]}
    return {k: instant(v) if k in ("started", "ended", "due", "breached_at") else v for k, v in row.items()}


def test_parquet_gives_the_cycles_that_lines_give(tmp_path: Path, rules: Path) -> None:
    rows = tickets(100)
    wanted = evaluated(lines(tmp_path / "t.jsonl", *rows), rules, tmp_path / "lines.jsonl")
    assert len(wanted) > 100
    pq.write_table(columnar(rows), tmp_path / "t.parquet", row_group_size=30)
    assert evaluated(tmp_path / "t.parquet", rules, tmp_path / "out.parquet") == wanted
    assert evaluated(tmp_path / "t.parquet", rules, tmp_path / "out.jsonl") == wanted


def test_rules_may_ask_for_a_key_in_columns_too(tmp_path: Path, rules: Path) -> None:
    rules.write_text(RULES.replace("record: [incident]", "record: [incident], where: {key: inc7}"))
    pq.write_table(columnar(tickets(10)), tmp_path / "t.parquet")
    found = evaluated(tmp_path / "t.parquet", rules, tmp_path / "out.jsonl")
    assert {row["key"] for row in found} == {"INC7"}


def test_parquet_of_another_layout_is_read_row_by_row(tmp_path: Path, rules: Path) -> None:
    rows = tickets(20)
    wanted = evaluated(lines(tmp_path / "t.jsonl", *rows), rules, tmp_path / "lines.jsonl")
    as_text = [
        row | {"fields": json.dumps(row["fields"]), "changes": json.dumps(row["changes"])} for row in rows
    ]
    pq.write_table(pa.Table.from_pylist(as_text), tmp_path / "t.parquet")
    assert evaluated(tmp_path / "t.parquet", rules, tmp_path / "out.parquet") == wanted


def test_a_row_without_opened_is_an_error_unless_skipped(
    tmp_path: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = tickets(3)
    rows[1]["fields"]["opened"] = None
    pq.write_table(columnar(rows), tmp_path / "t.parquet")
    command = ["evaluate", str(tmp_path / "t.parquet"), "--rules", str(rules), "--at", "2026-03-05T10:00:00Z"]
    assert main(command) == 2
    assert "t.parquet:2:1: the ticket has no `opened`" in capsys.readouterr().err
    assert main([*command, "--skip-bad"]) == 0
    assert "1 bad record left out" in capsys.readouterr().err


def test_records_written_as_parquet_are_evaluated_as_they_are(tmp_path: Path) -> None:
    from connector.evaluate import evaluate
    from connector.evaluate.bulk import Job, evaluate_parquet, reference_names
    from connector.evaluate.plan import make_plan
    from connector.mappings.kinds import shipped_kinds
    from connector.model.record import Reference
    from tests.evaluate.columnar import write_tickets
    from tests.evaluate.desk import desk, t, ticket

    rules = desk("is: stint\ngroup: Network\nwithin: [{time: 3h}]")
    records = [
        ticket(f"mon {hour}:00", ("mon 15:00", "assignment_group", Reference("g2", "Desk")), key=f"INC{hour}",
               assignment_group=Reference("g1", "Network" if hour == 10 else None), major=hour == 11)
        for hour in (10, 11, 12)
    ]  # fmt: skip
    write_tickets(tmp_path / "t.parquet", records, shipped_kinds())
    plan = make_plan(rules, shipped_kinds(), rules.agreements, {})
    names = reference_names(tmp_path / "t.parquet", plan.fields)
    job = Job(str(tmp_path / "t.parquet"), plan, t("mon 16:00"), {**names, "g1": "Network"})
    assert [done.tally.tickets for done in evaluate_parquet(job, tmp_path / "out.parquet", workers=1)] == [3]
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    found = {row["key"]: (row["state"], row["elapsed_s"]) for row in rows}
    wanted = evaluate(records, rules, at=t("mon 16:00"), kinds=shipped_kinds()).cycles()
    assert names == {"g2": "Desk"}
    assert {cycle.ticket.key: (str(cycle.state), cycle.elapsed / 1000) for cycle in wanted}["INC10"] == found[
        "INC10"
    ]
    assert len(found) == 3
