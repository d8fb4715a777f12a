"""A file is evaluated in pieces that processes share: what comes out does not depend on how it was cut."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.cli import main
from connector.evaluate.shared import Turns, in_order
from tests.evaluate.test_bulk import columnar, evaluated, rules, tickets
from tests.evaluate.test_commands import lines

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

__all__ = ["rules"]  # a fixture


@pytest.fixture(params=[1, 2, 3])
def workers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """So many processes, and pieces of 30 tickets in batches of 10."""
    from connector.evaluate import bulk

    monkeypatch.setattr(bulk, "TICKETS_IN_A_BATCH", 10)
    monkeypatch.setattr("connector.cli.evaluate.cpu_count", lambda: request.param)
    return int(request.param)


@pytest.mark.parametrize("rows_in_a_group", [7, 30, 45, 200], ids="{} rows in a group".format)
def test_cuts_and_processes_do_not_matter(
    tmp_path: Path, rules: Path, workers: int, rows_in_a_group: int
) -> None:
    given = tickets(200)
    wanted = evaluated(lines(tmp_path / "t.jsonl", *given), rules, tmp_path / "lines.jsonl")
    pq.write_table(columnar(given), tmp_path / "t.parquet", row_group_size=rows_in_a_group)
    assert evaluated(tmp_path / "t.parquet", rules, tmp_path / "out.parquet") == wanted
    assert evaluated(tmp_path / "t.parquet", rules, tmp_path / "out.jsonl") == wanted


def test_the_same_bytes_come_out_of_one_process_and_of_several(
    tmp_path: Path, rules: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(columnar(tickets(200)), tmp_path / "t.parquet", row_group_size=50)
    evaluated(tmp_path / "t.parquet", rules, tmp_path / "several.parquet")
    evaluated(tmp_path / "t.parquet", rules, tmp_path / "several.jsonl")
    monkeypatch.setattr("connector.cli.evaluate.cpu_count", lambda: 1)
    for form in ("parquet", "jsonl"):
        evaluated(tmp_path / "t.parquet", rules, tmp_path / f"one.{form}")
        assert (tmp_path / f"one.{form}").read_bytes() == (tmp_path / f"several.{form}").read_bytes()


def test_bad_rows_are_told_by_their_numbers_in_the_file_and_leave_no_file(
    tmp_path: Path, rules: Path, workers: int, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tickets(120)
    for number in (3, 44, 119):
        given[number]["fields"]["opened"] = None
    pq.write_table(columnar(given), tmp_path / "t.parquet", row_group_size=70)
    command = ["evaluate", str(tmp_path / "t.parquet"), "--rules", str(rules), "--at", "2026-03-05T10:00:00Z"]
    for out in ([], ["--out", str(tmp_path / "out.parquet")], ["--out", str(tmp_path / "out.jsonl")]):
        assert main([*command, *out]) == 2
        told = capsys.readouterr()
        assert not told.out
        assert [f"t.parquet:{number + 1}:1" in told.err for number in (3, 44, 119)] == [True] * 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["acme.yaml", "t.parquet"]
    good = [row for number, row in enumerate(given) if number not in (3, 44, 119)]
    wanted = evaluated(lines(tmp_path / "t.jsonl", *good), rules, tmp_path / "lines.jsonl")
    assert evaluated(tmp_path / "t.parquet", rules, tmp_path / "out.parquet", "--skip-bad") == wanted
    assert evaluated(tmp_path / "t.parquet", rules, tmp_path / "out.jsonl", "--skip-bad") == wanted


def test_a_parquet_file_written_in_parts_is_one_that_others_read(
    tmp_path: Path, rules: Path, workers: int
) -> None:
    pq.write_table(columnar(tickets(200)), tmp_path / "t.parquet", row_group_size=50)
    wanted = evaluated(tmp_path / "t.parquet", rules, tmp_path / "out.parquet")
    about = pq.read_metadata(tmp_path / "out.parquet")
    assert about.num_row_groups > 1
    assert about.num_rows == len(wanted)
    groups = [
        pq.ParquetFile(tmp_path / "out.parquet").read_row_group(n).num_rows
        for n in range(about.num_row_groups)
    ]
    assert sum(groups) == len(wanted)


# ------------------------------------------------------------------------- lines


@pytest.mark.parametrize("size", [1, 97, 1000, 10_000], ids="pieces of {} bytes".format)
def test_where_lines_are_cut_does_not_matter(
    tmp_path: Path, rules: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = lines(tmp_path / "t.jsonl", *tickets(12))
    wanted = evaluated(given, rules, tmp_path / "whole.jsonl")
    spaced = given.read_bytes().replace(b"\n", b"\r\n\n", 5)  # blank lines, and those of another system
    given.write_bytes(b"\xef\xbb\xbf" + spaced.rstrip())
    monkeypatch.setattr("connector.ticketlines.BYTES_IN_A_PIECE", size)
    monkeypatch.setattr("connector.cli.evaluate.cpu_count", lambda: 1 if size < 1000 else 3)
    assert evaluated(given, rules, tmp_path / "out.jsonl") == wanted
    assert evaluated(given, rules, tmp_path / "out.parquet") == wanted


@pytest.mark.parametrize("size", [97, 1000], ids="pieces of {} bytes".format)
def test_bad_lines_are_told_by_their_numbers_in_the_file(
    tmp_path: Path,
    rules: Path,
    size: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [json.dumps(row) for row in tickets(40)]
    given[7], given[20], given[39] = "no JSON", "", '{"kind": "incident"}'
    (tmp_path / "t.jsonl").write_text("\n".join(given))
    monkeypatch.setattr("connector.ticketlines.BYTES_IN_A_PIECE", size)
    command = ["evaluate", str(tmp_path / "t.jsonl"), "--rules", str(rules), "--at", "2026-03-05T10:00:00Z"]
    assert main(command) == 2
    told = capsys.readouterr()
    assert not told.out
    assert [line.split(": ")[0].rpartition("/")[2] for line in told.err.splitlines() if "jsonl:" in line] == [
        "t.jsonl:8:1", "t.jsonl:40:1",
    ]  # fmt: skip
    assert main([*command, "--skip-bad"]) == 0
    assert "37 tickets" in capsys.readouterr().err


def test_what_cannot_be_read_twice_is_told(
    tmp_path: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "t.jsonl")
    assert (
        main(["evaluate", str(tmp_path / "t.jsonl"), "--rules", str(rules), "--at", "2026-03-05T10:00:00Z"])
        == 2
    )
    assert "save it as a file first" in capsys.readouterr().err


# ------------------------------------------------------------------------- sharing out


class _Adder:
    def __init__(self, turns: Turns) -> None:
        self.turns = turns

    def add(self, number: int) -> int:
        """Adds *number* to what earlier pieces left; 5 is too much."""
        with self.turns.taken(number):
            if number == 5:
                raise ValueError("five")
            self.turns.at += number
            return self.turns.at


class _Make:
    def __init__(self, turns: Turns) -> None:
        self.turns = turns

    def __call__(self) -> _Adder:
        return _Adder(self.turns)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_turns_are_taken_in_order_and_results_come_in_order(workers: int) -> None:
    turns = Turns()
    assert list(in_order(_Make(turns), _Adder.add, range(5), workers)) == [0, 1, 3, 6, 10]
    assert turns.at == 10


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_first_piece_that_fails_is_the_one_that_is_told(workers: int) -> None:
    found: list[int] = []

    def gather(told: Callable[[Any], None]) -> None:
        for each in in_order(_Make(Turns()), _Adder.add, range(20), workers):
            told(each)

    with pytest.raises(ValueError, match="five"):
        gather(found.append)
    assert json.dumps(found) == "[0, 1, 3, 6, 10]"
