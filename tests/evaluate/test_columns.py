"""Bad rows of Parquet files: told as bad lines are, with their row; the good rows are not lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings

from connector.cli import main
from connector.evaluate.lines import json_lines
from connector.evaluate.plan import make_plan
from connector.evaluate.stream import Tally, evaluate_records
from connector.model.instant import format_instant
from connector.model.kind import FieldType
from connector.model.record import Record, Reference
from connector.ticketfile import read_ticket_file
from connector.ticketinspection import inspect_ticket_file
from tests.evaluate.columnar import write_tickets
from tests.evaluate.test_commands import RULES, lines
from tests.oracle.given import KINDS
from tests.properties.stories import Story, stories

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from connector.evaluate.bulk import Job, json_of_parquet, reference_names  # noqa: E402
from connector.ticketcolumns import row_check  # noqa: E402

TEXT, INSTANT = pa.string(), pa.timestamp("ms", tz="UTC")
FIELDS = {"state": TEXT, "priority": TEXT, "opened": INSTANT, "agreed": TEXT, "resolution": TEXT}
CHANGE = {"at": INSTANT, "field": TEXT, "from": TEXT, "to": TEXT}
OPENED = datetime(2026, 3, 2, 10, tzinfo=UTC)


def row(key: str, *changes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    given_fields = {"state": "new", "priority": "2", "opened": OPENED, "agreed": "4h"}
    return {"kind": "incident", "source": "acme", "id": key, "key": key, "fields": given_fields | fields,
            "changes": list(changes)}  # fmt: skip


def change(**told: Any) -> dict[str, Any]:
    return {"at": OPENED, "field": "priority", "from": "1", "to": "2"} | told


BAD = {
    "fields.priority: 'high' is not a number": row("X", priority="high"),
    "fields.agreed: 'soon' is not a length of time": row("X", agreed="soon"),
    "unknown kind 'incidnt'; did you mean 'incident'?": row("X") | {"kind": "incidnt"},
    "`kind` is missing": row("X") | {"kind": None},
    "`id` is missing": row("X") | {"id": None, "key": ""},
    "`fields` is missing": row("X") | {"fields": None},
    "the ticket has no `opened`": row("X", opened=None),
    "lies outside the years 1900 to 2199": row("X", opened=datetime(1850, 1, 1, tzinfo=UTC)),
    "changes[0].from: 'high' is not a number": row("X", change(**{"from": "high"})),
    "changes[1].at is empty": row("X", change(), change(at=None)),
    "changes[0].field is empty": row("X", change(field=None)),
}


def table(rows: list[dict[str, Any]], fields: dict[str, Any] | None = None, **more: Any) -> Any:
    schema = dict.fromkeys(("kind", "source", "id", "key"), TEXT)
    schema |= {"fields": pa.struct(fields or FIELDS), "changes": pa.list_(pa.struct(CHANGE))}
    return pa.Table.from_pylist(rows, pa.schema(schema | more))


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "acme.yaml").write_text(RULES)
    return tmp_path / "acme.yaml"


def evaluated(file: Path, rules: Path, *more: str) -> int:
    return main(["evaluate", str(file), "--rules", str(rules), "--at", "2026-03-03T00:00:00Z", *more])


@pytest.mark.parametrize(("said", "bad"), BAD.items(), ids=BAD.keys())
def test_a_bad_row_is_told_with_its_number_and_can_be_skipped(
    tmp_path: Path, rules: Path, capsys: pytest.CaptureFixture[str], said: str, bad: dict[str, Any]
) -> None:
    file, out = tmp_path / "t.parquet", tmp_path / "out.jsonl"
    pq.write_table(table([row("A"), row("B"), bad, row("C")]), file, row_group_size=2)
    assert evaluated(file, rules, "--out", str(out)) == 2
    assert not out.exists()
    told = capsys.readouterr().err
    assert f"{file}:3:1" in told
    assert said in told
    assert evaluated(file, rules, "--out", str(out), "--skip-bad") == 0
    assert sorted(json.loads(line)["key"] for line in out.open()) == ["A", "B", "C"]
    assert "1 bad record left out" in capsys.readouterr().err


def test_every_bad_row_is_told_in_the_words_used_for_lines(
    tmp_path: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pq.write_table(table(list(BAD.values())), tmp_path / "t.parquet")
    assert evaluated(tmp_path / "t.parquet", rules) == 2
    columns = capsys.readouterr().err.replace("t.parquet", "t")
    plain = [{k: v for k, v in each.items() if v is not None} for each in BAD.values()]
    as_text = [json.dumps(each, default=lambda at: at.isoformat().replace("+00:00", "Z")) for each in plain]
    assert evaluated(lines(tmp_path / "t.jsonl", *as_text), rules) == 2
    assert capsys.readouterr().err.replace("t.jsonl", "t") == columns


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (table([row("A")], felds=TEXT), "unknown column 'felds'; did you mean 'fields'?"),
        (table([row("A")]).drop(["kind"]), "there is no column 'kind'"),
        (table([row("A")]).drop(["fields"]), "there is no column 'fields'"),
        (table([row("A")]).drop(["id", "key"]), "there is no column 'id'"),
        (pa.table({"kind": ["incident"], "id": ["A"], "fields": [1]}), "column 'fields' is a struct"),
        (
            table([row("A")], changes=pa.list_(pa.struct({"at": INSTANT, "feild": TEXT}))),
            "unknown column 'changes.feild'; did you mean 'field'?",
        ),
        (table([]), "is empty"),
    ],
)
def test_columns_that_are_not_those_of_tickets_are_told(
    tmp_path: Path, rules: Path, capsys: pytest.CaptureFixture[str], broken: Any, said: str
) -> None:
    pq.write_table(broken, tmp_path / "t.parquet")
    assert evaluated(tmp_path / "t.parquet", rules) == 2
    assert said in capsys.readouterr().err


def test_columns_of_wrong_types_are_told_row_by_row(
    tmp_path: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    naive = FIELDS | {"opened": pa.timestamp("ms"), "priority": pa.list_(TEXT)}
    odd = row("A", opened=OPENED.replace(tzinfo=None), priority=["1"])
    pq.write_table(table([odd], naive), tmp_path / "t.parquet")
    assert evaluated(tmp_path / "t.parquet", rules) == 2
    told = capsys.readouterr().err
    assert "an integer is expected here, not a list" in told or "has no offset" in told


@pytest.mark.parametrize("garbage", [b"", b"\x00\x01garbage", b'{"kind": "incident"}'])
def test_a_file_that_is_no_parquet_is_told(tmp_path: Path, rules: Path, garbage: bytes) -> None:
    (tmp_path / "t.parquet").write_bytes(garbage)
    assert evaluated(tmp_path / "t.parquet", rules) == 2


# ------------------------------------------------------------- the same tickets in both forms


@settings(max_examples=50, deadline=None)
@given(story=stories(most=3))
def test_the_same_tickets_as_lines_and_as_parquet_give_the_same_cycles(story: Story) -> None:
    plan = make_plan(story.book, KINDS, story.book.measuring(), {})
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "t.jsonl").write_text("".join(map(as_line, story.tickets)))
        write_tickets(folder / "t.parquet", story.tickets, KINDS)
        found: list[bytes] = []
        names = reference_names(folder / "t.parquet", plan.fields)
        check = row_check(folder / "t.parquet", KINDS, {})
        job = Job(str(folder / "t.parquet"), plan, story.at, names, check)
        (done,) = json_of_parquet(job, found.append, workers=1)
        assert not done.problems
        inspected = inspect_ticket_file(folder / "t.jsonl", KINDS)
        assert not inspected.bad
        records = list(read_ticket_file(folder / "t.jsonl", KINDS))
    other = Tally()
    batches = evaluate_records(plan, records, story.at, inspected.names, other)
    assert sorted(b"".join(found).splitlines(keepends=True)) == sorted(
        line for batch in batches for line in json_lines(batch)
    )
    assert done.tally == other


def as_line(ticket: Record) -> str:
    """The line that says what *ticket* does."""
    fields = {name: spelt(name, value) for name, value in ticket.fields.items()}
    changes = [
        {"at": format_instant(c.at), "field": c.field,
         "from": spelt(c.field, c.old), "to": spelt(c.field, c.new)}
        for c in ticket.changes
    ]  # fmt: skip
    named = {name: getattr(ticket, name) for name in ("kind", "source", "id", "key")}
    return json.dumps({**named, "fields": fields, "changes": changes}) + "\n"


def spelt(name: str, value: Any) -> Any:
    declared = KINDS["incident"].fields.get(name)
    if isinstance(value, Reference):
        return {"id": value.id, "name": value.name}
    if declared and isinstance(value, int) and declared.type is FieldType.DATETIME:
        return format_instant(value)
    if declared and isinstance(value, int) and declared.type is FieldType.DURATION:
        return f"PT{value // 1000}S"
    return value
