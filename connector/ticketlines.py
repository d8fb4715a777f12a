"""A file of lines in bulk: its pieces are shared out among processes, which inspect them and evaluate them.

A piece is a range of bytes; a line belongs to the piece that it begins in. Lines are told by their number
in the piece until it is known how many come before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from connector.errors import AccordError, Position
from connector.evaluate.engine import Batch
from connector.evaluate.lines import json_lines
from connector.evaluate.plan import Plan
from connector.evaluate.shared import in_order
from connector.evaluate.stream import Tally, evaluate_records
from connector.model.instant import Instant
from connector.model.kind import FieldType, Kind
from connector.ticketfile import BYTE_ORDER_MARK, bounded, read_lines
from connector.ticketinspection import Inspection, inspect_lines, settled

BYTES_IN_A_PIECE = 4 << 20
_PIECES_IN_A_ROW_GROUP = 4

Piece = tuple[int, int, int]  # its number, where it begins and ends


@dataclass(frozen=True, slots=True)
class LinesJob:
    """An evaluation of a file of lines; plain data, so that processes can share it. *extra*: types of the
    fields that *kinds* do not declare; *names*: of references, by id."""

    file: Path
    kinds: Mapping[str, Kind]
    extra: Mapping[str, FieldType]
    names: Mapping[str, str]
    plan: Plan
    at: Instant


def inspect_pieces(
    path: Path, kinds: Mapping[str, Kind], uses: Mapping[str, FieldType], *, workers: int
) -> Inspection:
    """As `inspect_ticket_file`."""
    found = Inspection()
    pieces = pieces_of(path, BYTES_IN_A_PIECE)
    for each in in_order(partial(_given, (path, kinds, uses)), _inspected, pieces, min(workers, len(pieces))):
        found.add(each)
    return settled(found, path, uses)


def json_of_lines(job: LinesJob, write: Callable[[bytes], Any], *, workers: int) -> Iterator[Tally]:
    """Evaluate every good line of the file; *write* is given the cycles as JSON lines."""
    pieces = pieces_of(job.file, BYTES_IN_A_PIECE)
    for tally, lines in in_order(partial(_given, job), _as_json, pieces, min(workers, len(pieces))):
        write(lines)
        yield tally


def parquet_of_lines(job: LinesJob, out: Path, *, workers: int) -> Iterator[Tally]:
    """Likewise, into the Parquet file *out*."""
    from connector.evaluate.written import started  # needs pyarrow

    pieces = pieces_of(job.file, BYTES_IN_A_PIECE * _PIECES_IN_A_ROW_GROUP)
    with started(out) as shared:
        state = partial(_given, (job, shared))
        for tally, part in in_order(state, _as_parquet, pieces, min(workers, len(pieces))):
            shared.parts.append(part)
            yield tally


def _given(state: Any) -> Any:
    return state


def _inspected(given: tuple[Path, Mapping[str, Kind], Mapping[str, FieldType]], piece: Piece) -> Inspection:
    path, kinds, uses = given
    return inspect_lines(lines_in(path, piece), kinds, uses)


def _evaluated(job: LinesJob, piece: Piece, tally: Tally) -> Iterator[Batch]:
    records = read_lines(lines_in(job.file, piece), job.kinds, skip_bad=True, extra=job.extra)
    return evaluate_records(job.plan, records, job.at, job.names, tally)


def _as_json(job: LinesJob, piece: Piece) -> tuple[Tally, bytes]:
    tally = Tally()
    return tally, b"".join(line for batch in _evaluated(job, piece, tally) for line in json_lines(batch))


def _as_parquet(given: tuple[LinesJob, Any], piece: Piece) -> tuple[Tally, Any]:
    job, shared = given
    tally = Tally()
    return tally, shared.write(piece[0], lambda: _evaluated(job, piece, tally))


def pieces_of(path: Path, size: int) -> list[Piece]:
    """The bytes of *path* in pieces of that *size*."""
    if not path.is_file():
        raise AccordError(f"{path} is no plain file", hint="it is read twice: save it as a file first")
    whole = path.stat().st_size
    return [(number, start, min(start + size, whole)) for number, start in enumerate(range(0, whole, size))]


def lines_in(path: Path, piece: Piece) -> Iterator[tuple[Position, bytes]]:
    """The lines that begin in *piece*, each with its number there."""
    _, start, stop = piece
    with path.open("rb") as file:
        if start:
            file.seek(start - 1)
            before = file.readline(stop - start + 1)  # what belongs to a piece before
            if not before.endswith(b"\n"):
                return
        begin = file.tell()
        for number, line in enumerate(bounded(file), 1):
            if begin >= stop:
                return
            yield Position(str(path), number), line if begin else line.removeprefix(BYTE_ORDER_MARK)
            begin = file.tell()
