"""What rows became, encrypted and sorted by hash, in memory or in a file (kiosk/table/FORMAT.md)."""

import hashlib
import os
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from scripts.office.facts import Column
from scripts.office.hashing import kernel, signed
from scripts.office.items import Written

SIZES = np.array([2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 28, 48, 128, 512], np.int64)
NO_SPILL = 255
_OWN_STREAM = 52
_MOST_IN_GROUP = 15

_RECORD = np.dtype([("hashed", "<u8"), ("slot", "<u4"), ("size", "u1")])


class UnluckyLayerError(Exception):
    """Two people share group and low, or a group holds too many: another layer id has to be tried."""


@dataclass(frozen=True, slots=True, repr=False)
class Sealed:
    """Encrypted rows by bucket: that of bucket b are ``starts[b]`` to ``starts[b + 1]``, its spills likewise."""

    records: Column  # _RECORD [n]
    spills: Column  # uint8
    starts: Column  # int64 [buckets + 1]
    spill_starts: Column


def seal(written: Written, rows: Column, slot_bits: int, bucket_bits: int) -> Sealed:
    """Encrypt what rows became under their D (uint64 [n, 8]), and sort them into buckets of their hash."""
    people = len(rows)
    records = np.empty(people, _RECORD)
    starts = np.zeros((1 << bucket_bits) + 1, np.int64)
    spill_starts = np.zeros((1 << bucket_bits) + 1, np.int64)
    places, spill_places = np.empty(people, np.int64), np.empty(people, np.int64)
    _arrange(written.lengths, rows, bucket_bits, SIZES, starts, spill_starts, places, spill_places)
    spills = np.zeros(spill_starts[-1], np.uint8)
    stream = rows.view(np.uint8).reshape(people, -1)
    _seal(
        written.values,
        written.lengths,
        written.items,
        rows,
        stream,
        slot_bits,
        SIZES,
        places,
        spill_places,
        records,
        spills,
    )
    # Their keystream is longer than what D holds; they are few.
    for person in np.flatnonzero(written.lengths > SIZES[SIZES <= _OWN_STREAM][-1]):
        size = SIZES[np.searchsorted(SIZES, written.lengths[person])]
        part = slice(spill_places[person], spill_places[person] + size)
        spills[part] ^= np.frombuffer(hashlib.shake_256(stream[person, -_OWN_STREAM:].tobytes()).digest(size), np.uint8)
    return Sealed(records, spills, starts, spill_starts)


class Spool:
    """Sealed rows until their bucket's turn: in memory, or in a file."""

    def __init__(self, file: BinaryIO | None) -> None:
        self._file = file
        self._parts: list[Sealed] = []

    def add(self, part: Sealed) -> None:
        """Keep a part. Raises OSError."""
        if self._file is not None:
            records, spills = _stored(self._file, part.records), _stored(self._file, part.spills)
            part = Sealed(records, spills, part.starts, part.spill_starts)
        self._parts.append(part)

    def bucket(self, number: int) -> tuple[Column, Column]:
        """Records and spills of a bucket."""
        records = [np.empty(0, _RECORD)]
        spills = [np.empty(0, np.uint8)]
        for part in self._parts:
            records.append(part.records[part.starts[number] : part.starts[number + 1]])
            spills.append(part.spills[part.spill_starts[number] : part.spill_starts[number + 1]])
        return np.concatenate(records), np.concatenate(spills)


@dataclass(frozen=True, slots=True, repr=False)
class Run:
    """People sorted by hash. ``spill_at`` is where in ``spills`` each one's begin."""

    hashed: Column  # uint64
    slot: Column  # uint32
    size: Column  # uint8, NO_SPILL without one
    spill_at: Column  # int64
    spills: Column  # uint8

    def __len__(self) -> int:
        return len(self.hashed)


def sort_bucket(records: Column, spills: Column, number: int, bucket_bits: int, group_bits: int) -> Run:
    """Sort a bucket. Raises UnluckyLayerError."""
    people = len(records)
    run = Run(
        np.empty(people, np.uint64),
        np.empty(people, np.uint32),
        np.empty(people, np.uint8),
        np.empty(people, np.int64),
        spills,
    )
    groups = 1 << group_bits - bucket_bits
    if not _sort(
        records["hashed"],
        records["slot"],
        records["size"],
        SIZES,
        group_bits,
        number * groups,
        np.zeros(groups + 1, np.int64),
        run.hashed,
        run.slot,
        run.size,
        run.spill_at,
    ):
        raise UnluckyLayerError
    return run


def _stored(file: BinaryIO, column: Column) -> Column:
    if not len(column):
        return column
    start = file.seek(0, os.SEEK_END)
    file.write(column.data)
    file.flush()
    return np.memmap(file, column.dtype, "r", start, column.shape)


@kernel
def _arrange(
    lengths: Column,
    rows: Column,
    bucket_bits: int,
    sizes: Column,
    starts: Column,
    spill_starts: Column,
    places: Column,
    spill_places: Column,
) -> None:
    """Where each person goes, and its spill: a counting sort by bucket."""
    for i in range(len(rows)):
        bucket = signed(rows[i, 0] >> np.uint64(64 - bucket_bits)) if bucket_bits else 0
        starts[bucket + 1] += 1
        if lengths[i]:
            spill_starts[bucket + 1] += sizes[np.searchsorted(sizes, lengths[i])]
    for bucket in range(len(starts) - 1):
        starts[bucket + 1] += starts[bucket]
        spill_starts[bucket + 1] += spill_starts[bucket]
    at, spill_at = starts[:-1].copy(), spill_starts[:-1].copy()
    for i in range(len(rows)):
        bucket = signed(rows[i, 0] >> np.uint64(64 - bucket_bits)) if bucket_bits else 0
        places[i] = at[bucket]
        at[bucket] += 1
        spill_places[i] = spill_at[bucket]
        if lengths[i]:
            spill_at[bucket] += sizes[np.searchsorted(sizes, lengths[i])]


@kernel
def _seal(
    values: Column,
    lengths: Column,
    items: Column,
    rows: Column,
    stream: Column,
    slot_bits: int,
    sizes: Column,
    places: Column,
    spill_places: Column,
    records: Column,
    spills: Column,
) -> None:
    mask = np.uint64((1 << slot_bits) - 1)
    read = 0
    for i in range(len(rows)):
        record = places[i]
        records[record].hashed = rows[i, 0]
        records[record].slot = (np.uint64(values[i]) ^ rows[i, 1]) & mask
        records[record].size = NO_SPILL
        length = lengths[i]
        if length:
            size = np.searchsorted(sizes, length)
            records[record].size = size
            start = spill_places[i]
            own = sizes[size] <= _OWN_STREAM
            for k in range(sizes[size]):
                plain = items[read + k] if k < length else np.uint8(0)
                spills[start + k] = plain ^ stream[i, 12 + k] if own else plain
            read += length


@kernel
def _sort(
    hashed: Column,
    slot: Column,
    size: Column,
    sizes: Column,
    group_bits: int,
    first_group: int,
    starts: Column,
    to_hashed: Column,
    to_slot: Column,
    to_size: Column,
    to_spill: Column,
) -> bool:
    """A counting sort by group, then insertion within the group; false where group and low do not tell people apart."""
    shift = np.uint64(64 - group_bits)
    for i in range(len(hashed)):
        starts[signed(hashed[i] >> shift) - first_group + 1] += 1
    for group in range(len(starts) - 1):
        if starts[group + 1] > _MOST_IN_GROUP:
            return False
        starts[group + 1] += starts[group]
    ends = starts[:-1].copy()
    spill = 0
    for i in range(len(hashed)):
        group = signed(hashed[i] >> shift) - first_group
        at = ends[group]
        while at > starts[group] and to_hashed[at - 1] > hashed[i]:
            to_hashed[at] = to_hashed[at - 1]
            to_slot[at] = to_slot[at - 1]
            to_size[at] = to_size[at - 1]
            to_spill[at] = to_spill[at - 1]
            at -= 1
        to_hashed[at] = hashed[i]
        to_slot[at] = slot[i]
        to_size[at] = size[i]
        to_spill[at] = spill
        if size[i] != NO_SPILL:
            spill += sizes[size[i]]
        ends[group] += 1
    told_apart = np.uint64(32 - group_bits)
    alike = 0
    for i in range(1, len(hashed)):
        alike += to_hashed[i] >> told_apart == to_hashed[i - 1] >> told_apart
    return alike == 0
