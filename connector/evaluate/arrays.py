"""The array types and the few array idioms that evaluation is written in. No rules, no tickets.

A missing instant or length is `NONE` in a column of integers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Positions = NDArray[np.int16]
Flags = NDArray[np.uint16]
Reals = NDArray[np.float64]
Bools = NDArray[np.bool_]

NONE = int(np.iinfo(np.int64).min)


def spans(starts: Ints, lengths: Ints) -> Ints:
    """The integers of all ranges [start, start + length) one after the other."""
    total = int(lengths.sum())
    if not total:
        return np.empty(0, np.int64)
    before = np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.repeat(starts, lengths) + np.arange(total, dtype=np.int64) - before


def distinct(ascending: Ints) -> Ints:
    """The values of a column in ascending order, each once."""
    is_new = np.ones(len(ascending), np.bool_)
    is_new[1:] = ascending[1:] != ascending[:-1]
    found: Ints = ascending[is_new]
    return found


def offsets_of(lengths: Ints) -> Ints:
    """Where each of the parts of these lengths begins, and where the last one ends."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)))


def looked_up(table: Bools, codes: Codes) -> Bools:
    """table[codes]; by comparing where few entries differ from the rest, which is quicker than looking up."""
    few = np.flatnonzero(table)
    rare = len(few) * 2 <= len(table)
    few = few if rare else np.flatnonzero(~table)
    if len(few) > _FEW:
        return table[codes]
    found = np.zeros(len(codes), np.bool_)
    for code in few.tolist():
        found |= codes == code
    return found if rare else ~found


_FEW = 4


def filled(length: int, value: int = NONE) -> Ints:
    """A column of *value*."""
    return np.full(length, value, np.int64)
