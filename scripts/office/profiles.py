"""Which profiles a layer gets: those with which its file becomes smallest (kiosk/table/FORMAT.md, *Page*)."""

from dataclasses import dataclass

import numpy as np

from scripts.office.facts import Column, Facts, LayerHead, Rows
from scripts.office.items import Chosen, Frame, frame_of, join_parts, lookup_table, parts_of, profile_items, split_parts

_SAMPLE = 1 << 20
_QUANTILES = (1.0, 0.999, 0.99, 0.95, 0.9)
_LONGEST_AGE = 1 << 14
_MOST_BITS = 32
_META_BYTES = 32  # of one profile: some fourteen bytes in hexadecimal, with quotes and comma
_SPILL_BYTES = 0.5  # of its size class
_EXPLICIT_TEST = 4.5


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """How a layer's slots are used."""

    frame: Frame
    chosen: Chosen
    profiles: tuple[bytes, ...]  # items of each; profile 0 is empty
    slot_bits: int


def plan_slots(rows: Rows, head: LayerHead) -> Plan:
    """The plan with which the file should become smallest, judged by the first million people.

    Raises TableError as write_rows does.
    """
    sample = _sample(rows)
    frame = frame_of(head.as_of, 1, rows.dictionaries)
    hours = _hours(sample, frame.hour)
    frame = frame._replace(hours=hours)
    parts = _cheapest(sample, frame, rows.people)
    return Plan(
        frame,
        lookup_table(parts),
        (b"", *(profile_items(int(one)) for one in parts)),
        max(1, ((len(parts) + 1) * hours - 1).bit_length()),
    )


def _sample(rows: Rows) -> list[Facts]:
    sample: list[Facts] = []
    left = _SAMPLE
    for _, facts in rows.batches():
        sample.append(facts[:left])
        left -= len(sample[-1])
        if not left:
            break
    return [facts for facts in sample if len(facts)]


def _hours(sample: list[Facts], hour: int) -> int:
    """How many hour values a slot should tell apart: each test beyond is spilled, and all pay for more bits."""
    ages = [hour - facts.test_hour[(facts.test >= 0) & ~facts.removed] for facts in sample]
    near = np.sort(np.concatenate([np.empty(0, np.int64), *ages]))
    near = near[(near >= 0) & (near < _LONGEST_AGE)]
    if not len(near):
        return 1
    inside = (np.array(_QUANTILES) * (len(near) - 1)).astype(np.int64)
    hours = near[inside] + 1
    people = sum(len(facts) for facts in sample)
    costs = people * np.log2(hours) / 8 + _EXPLICIT_TEST * (len(near) - 1 - inside)
    return int(hours[np.argmin(costs)])


def _cheapest(sample: list[Facts], frame: Frame, people: int) -> Column:
    """The parts of the profiles with which slots, spills and profiles of ``people`` take the fewest bytes."""
    firsts = np.cumsum([0, *map(len, sample)]).tolist()
    each = [parts_of(facts, frame, first)[~facts.removed] for facts, first in zip(sample, firsts, strict=False)]
    parts, counts = np.unique(np.concatenate([np.empty(0, np.uint64), *each]), return_counts=True)
    sampled = sum(len(facts) for facts in sample) or 1
    weights = counts * (people / sampled)
    statement, vaccine, itinerary, place, test = split_parts(parts)
    none = np.zeros_like(statement)
    vaccine_bytes = np.where(vaccine > 0, 4, 0)
    place_bytes = np.where(place > 0, 2, 0)
    other_bytes = np.where(statement > 0, 2, 0) + np.where(itinerary > 0, 2, 0) + np.where(test > 0, 2, 0)
    # From the profile that says all to the one that leaves vaccine and place to the spill, as the encoder tries them.
    tries = [
        (parts, none, place_bytes + vaccine_bytes),
        (join_parts(statement, vaccine, itinerary, none, test), place_bytes, vaccine_bytes),
        (join_parts(statement, none, itinerary, place, test), vaccine_bytes, place_bytes),
        (join_parts(statement, none, itinerary, none, test), vaccine_bytes + place_bytes, none),
    ]
    untold = other_bytes + vaccine_bytes + place_bytes
    candidates, where = np.unique(np.concatenate([one for one, *_ in tries]), return_inverse=True)
    places = where.reshape(len(tries), -1)
    gains = np.zeros((len(tries), len(candidates)))
    # What a profile saves over the next simpler one.
    first = np.where(place > 0, place_bytes + _SPILL_BYTES, np.where(vaccine > 0, vaccine_bytes + _SPILL_BYTES, untold))
    for level, saved in enumerate([first, vaccine_bytes, place_bytes, other_bytes]):
        gains[level] = np.bincount(places[level], weights * saved, len(candidates))
    gain = gains.max(axis=0)
    gain[candidates == 0] = 0
    order = np.lexsort((candidates, -gain))
    order = order[: int(np.count_nonzero(gain > _META_BYTES))]
    rank = np.full(len(candidates), len(candidates) + 1)
    rank[order] = np.arange(len(order))
    costs = []
    for number in _numbers(frame.hours, len(order)):
        spilled = untold
        for level in reversed(range(len(tries))):
            spilled = np.where(rank[places[level]] < number, tries[level][1], spilled)
        spill = float(np.sum(weights * (spilled + np.where(spilled > 0, _SPILL_BYTES, 0))))
        bits = ((number + 1) * frame.hours - 1).bit_length()
        costs.append((people * bits / 8 + spill + _META_BYTES * number, number))
    _, number = min(costs)
    return candidates[order[:number]]


def _numbers(hours: int, most: int) -> list[int]:
    """How many profiles fill the slot values of a number of bits, up to the most that are of use."""
    full = [(1 << bits) // hours - 1 for bits in range(1, _MOST_BITS + 1)]
    return sorted({min(number, most) for number in full if number >= 0})
