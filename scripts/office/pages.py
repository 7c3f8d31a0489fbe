"""Sealed rows into pages of a layer (kiosk/table/FORMAT.md, *Page*)."""

import hashlib
from dataclasses import dataclass, fields

import numpy as np

from scripts.office.facts import Column
from scripts.office.hashing import kernel, signed
from scripts.office.sealed import NO_SPILL, SIZES, Run, UnluckyLayerError

PAGE = 4096
LEAF = 16


@dataclass(frozen=True, slots=True, repr=False)
class Laid:
    """Which people of a run stand on which page: page p holds ``starts[p]`` to ``starts[p + 1]``, from ``index[p]``."""

    run: Run
    index: Column  # int64, first group of each page
    starts: Column  # int64 [pages + 1]
    first_page: int


class Layout:
    """Lays runs out on pages, group after group; what does not fill a page waits for the next run."""

    def __init__(self, group_bits: int, slot_bits: int) -> None:
        self._group_bits = group_bits
        self._slot_bits = slot_bits
        self._waiting: Run | None = None
        self._origin = 0  # of the page that is being filled
        self.pages = 0

    def lay(self, run: Run, last: bool) -> Laid:
        """The pages that are full now, with ``last`` all. Raises UnluckyLayerError where a group fits no page."""
        run = run if self._waiting is None else _joined(self._waiting, run)
        starts, index = np.zeros(len(run) + 2, np.int64), np.zeros(len(run) + 1, np.int64)
        pages = _lay(run.hashed, run.size, SIZES, self._group_bits, self._slot_bits, self._origin, last, starts, index)
        if pages < 0:
            raise UnluckyLayerError
        laid = Laid(run, index[:pages].copy(), starts[: pages + 1].copy(), self.pages)
        self.pages += pages
        self._origin = int(index[pages])
        self._waiting = _cut(run, int(starts[pages]))
        return laid


def fill_pages(laid: Laid, group_bits: int, slot_bits: int, layer_id: bytes) -> tuple[Column, bytes]:
    """The pages (uint8 [n, 4096]) and their leaves."""
    pages = np.zeros((len(laid.index), PAGE), np.uint8)
    run = laid.run
    _fill(
        run.hashed,
        run.slot,
        run.size,
        run.spill_at,
        run.spills,
        SIZES,
        laid.starts,
        laid.index,
        group_bits,
        slot_bits,
        pages,
    )
    start = hashlib.sha256(layer_id)
    leaves = []
    for number, page in enumerate(pages, laid.first_page):
        leaf = start.copy()
        leaf.update(number.to_bytes(8, "little"))
        leaf.update(page.data)
        leaves.append(leaf.digest()[:LEAF])
    return pages, b"".join(leaves)


def _joined(waiting: Run, run: Run) -> Run:
    both = {
        field.name: np.concatenate([getattr(waiting, field.name), getattr(run, field.name)]) for field in fields(Run)
    }
    both["spill_at"][len(waiting) :] += len(waiting.spills)
    return Run(**both)


def _cut(run: Run, start: int) -> Run:
    spilling = np.flatnonzero(run.size[start:] != NO_SPILL)
    # Spills of sorted people lie anywhere in the bucket: only those that wait are copied.
    sizes = SIZES[run.size[start:][spilling]]
    begins = run.spill_at[start:][spilling]
    spills = [run.spills[begin : begin + size] for begin, size in zip(begins, sizes, strict=True)]
    spill_at = np.zeros(len(run) - start, np.int64)
    spill_at[spilling] = np.cumsum(sizes) - sizes
    return Run(
        run.hashed[start:].copy(),
        run.slot[start:].copy(),
        run.size[start:].copy(),
        spill_at,
        np.concatenate([np.empty(0, np.uint8), *spills]),
    )


@kernel
def _lay(
    hashed: Column,
    size: Column,
    sizes: Column,
    group_bits: int,
    slot_bits: int,
    origin: int,
    last: bool,
    starts: Column,
    index: Column,
) -> int:
    """Number of full pages, whose starts and first groups are noted, and those of the next page; -1 without a way."""
    shift = np.uint64(64 - group_bits)
    index[0] = origin
    page = 0
    spilling = spilled = 0
    person = 0
    while person < len(hashed):
        group = signed(hashed[person] >> shift)
        end = person
        more = more_bytes = 0
        while end < len(hashed) and signed(hashed[end] >> shift) == group:
            if size[end] != NO_SPILL:
                more += 1
                more_bytes += sizes[size[end]]
            end += 1
        for again in range(2):
            people = end - starts[page]
            spills = spilling + more
            length = 4 + (group - index[page] + 2) // 2 + 4 * people + (people * slot_bits + 7) // 8
            length += (people + 7) // 8 + (spills + 1) // 2 + spilled + more_bytes
            if length <= PAGE:
                break
            if again or person == starts[page]:
                return -1
            page += 1
            starts[page] = person
            index[page] = group
            spilling = spilled = 0
        spilling += more
        spilled += more_bytes
        person = end
    if last and len(hashed) > starts[page]:
        page += 1
        starts[page] = len(hashed)
    return page


@kernel
def _fill(
    hashed: Column,
    slot: Column,
    size: Column,
    spill_at: Column,
    spills: Column,
    sizes: Column,
    starts: Column,
    index: Column,
    group_bits: int,
    slot_bits: int,
    pages: Column,
) -> None:
    shift, low_shift = np.uint64(64 - group_bits), np.uint64(32 - group_bits)
    for number in range(len(index)):
        page = pages[number]
        first, end = starts[number], starts[number + 1]
        people = end - first
        groups = signed(hashed[end - 1] >> shift) - index[number] + 1
        page[0], page[1] = people & 255, people >> 8
        page[2], page[3] = groups & 255, groups >> 8
        low = 4 + (groups + 1) // 2
        slots = low + 4 * people
        bits = slots + (people * slot_bits + 7) // 8
        classes = bits + (people + 7) // 8
        spilling = 0
        for i in range(first, end):
            spilling += size[i] != NO_SPILL
        spill = classes + (spilling + 1) // 2
        waiting, waiting_bits = np.uint64(0), 0
        spilling = 0
        for i in range(first, end):
            place = signed(hashed[i] >> shift) - index[number]
            page[4 + place // 2] += 16 if place % 2 else 1
            below = hashed[i] >> low_shift
            for k in range(4):
                page[low] = (below >> np.uint64(8 * k)) & np.uint64(255)
                low += 1
            waiting |= np.uint64(slot[i]) << np.uint64(waiting_bits)
            waiting_bits += slot_bits
            while waiting_bits >= 8:
                page[slots] = waiting & np.uint64(255)
                waiting >>= np.uint64(8)
                waiting_bits -= 8
                slots += 1
            if size[i] != NO_SPILL:
                person = i - first
                page[bits + person // 8] |= 1 << person % 8
                page[classes + spilling // 2] |= size[i] << 4 * (spilling % 2)
                spilling += 1
                for k in range(sizes[size[i]]):
                    page[spill + k] = spills[spill_at[i] + k]
                spill += sizes[size[i]]
        if waiting_bits:
            page[slots] = waiting & np.uint64(255)
