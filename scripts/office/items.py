"""Rows into what a layer stores of them: a slot value and the items that spill (kiosk/table/FORMAT.md, *Items*)."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np

from kiosk.core.errors import TableError
from scripts.office.facts import NO_DAY, Column, Dictionaries, Facts
from scripts.office.hashing import inlined, kernel

LONGEST = 512
_OFFSET = 8 * 3600  # Asia/Shanghai
_DAY = 86400
_FORM_TABLE, _FORM_DAY, _FORM_SECONDS = 1, 2, 3  # how the since of a code is told

# The parts of a profile, packed into 63 bits; 0 is a part that is not there. A fact too large for its part is spilled.
_STATEMENT, _VACCINE, _ITINERARY, _PLACE, _TEST = 1 << 20, 1 << 16, 1 << 6, 1 << 13, 1 << 8
_MONTHS = 1 << 11


class Columns(NamedTuple):
    """The columns of Facts, flat, as kernels take them."""

    statement: Column
    since: Column
    test: Column
    test_hour: Column
    doses: Column
    dose_month: Column
    itinerary_day: Column
    stays: Column
    stay_place: Column
    stay_day: Column
    more: Column
    more_statement: Column
    more_since: Column
    lists: Column
    list_index: Column
    list_until: Column
    removed: Column


class Frame(NamedTuple):
    """What a layer's rows are told relative to. ``hours`` is H; ``since`` holds that of each statement."""

    as_of: int
    day: int
    hour: int
    hours: int
    since: Column
    tests: int
    places: int
    lists: int


class Chosen(NamedTuple):
    """The chosen profiles as an open hash table: packed parts (0 is a free place) and the profile's number."""

    parts: Column
    numbers: Column


@dataclass(frozen=True, slots=True, repr=False)
class Written:
    """What rows became: slot values (uint32), lengths of the spilled items (uint16), and these items (uint8)."""

    values: Column
    lengths: Column
    items: Column


def columns_of(facts: Facts) -> Columns:
    """The same columns, flat."""
    stay_place, stay_day = facts.stays.columns
    more_statement, more_since = facts.more_statements.columns
    list_index, list_until = facts.lists.columns
    return Columns(
        facts.statement,
        facts.since,
        facts.test,
        facts.test_hour,
        facts.doses,
        facts.dose_month,
        facts.itinerary_day,
        facts.stays.offsets,
        stay_place,
        stay_day,
        facts.more_statements.offsets,
        more_statement,
        more_since,
        facts.lists.offsets,
        list_index,
        list_until,
        facts.removed,
    )


def frame_of(as_of: datetime, hours: int, words: Dictionaries) -> Frame:
    """The frame of a layer with this data cut-off."""
    seconds = int(as_of.timestamp())
    return Frame(
        seconds,
        (seconds + _OFFSET) // _DAY,
        seconds // 3600,
        hours,
        np.array([since for *_, since in words.statements], np.int64),
        len(words.tests),
        len(words.places),
        len(words.lists),
    )


def write_rows(facts: Facts, frame: Frame, chosen: Chosen, first: int) -> Written:
    """Encode people; ``first`` is the number of the first one in error messages.

    Raises TableError for a person of more than 512 bytes, and for columns that contradict each other.
    """
    columns, people = columns_of(facts), len(facts)
    entries = sum(
        int(ragged.offsets[-1] - ragged.offsets[0]) for ragged in (facts.stays, facts.more_statements, facts.lists)
    )
    values, lengths = np.empty(people, np.uint32), np.empty(people, np.uint16)
    items = np.empty(_FIXED_LONGEST * people + _ENTRY_LONGEST * entries, np.uint8)
    used, wrong = _write(columns, frame, chosen, values, lengths, items)
    if wrong:
        raise TableError(None, f"row {first + used}: {_WRONG[wrong]}. Correct the row, or leave it out.")
    return Written(values, lengths, items[:used])


def parts_of(facts: Facts, frame: Frame) -> Column:
    """The packed parts (uint64) of each person that is not removed, whatever profiles there are."""
    parts = np.zeros(len(facts), np.uint64)
    _parts(columns_of(facts), frame, parts)
    return parts[~facts.removed]


def split_parts(parts: Column) -> tuple[Column, Column, Column, Column, Column]:
    """Statement, vaccine, itinerary, place and test of packed parts (int64)."""
    rest = parts.astype(np.int64)
    rest, test = rest // _TEST, rest % _TEST
    rest, place = rest // _PLACE, rest % _PLACE
    rest, itinerary = rest // _ITINERARY, rest % _ITINERARY
    return rest // _VACCINE, rest % _VACCINE, itinerary, place, test


def join_parts(statement: Column, vaccine: Column, itinerary: Column, place: Column, test: Column) -> Column:
    """The reverse of split_parts."""
    packed = (((statement * _VACCINE + vaccine) * _ITINERARY + itinerary) * _PLACE + place) * _TEST + test
    return packed.astype(np.uint64)


def profile_items(parts: int) -> bytes:
    """The items that stand for packed parts."""
    statement, vaccine, itinerary, place, test = (int(part[0]) for part in split_parts(np.array([parts], np.uint64)))
    items = b""
    if statement:
        items += b"\x01" + _leb128(statement - 1)
    if itinerary:
        items += b"\x07" + _leb128(itinerary - 1)
    if place:
        short = place - 1 < 1 << 10
        items += (0x8000 | (place - 1) << 5).to_bytes(2, "big") if short else b"\x08" + _leb128(place - 1) + b"\x00"
    if vaccine:
        doses, month = divmod(vaccine - 1, _MONTHS)
        items += b"\x06" + bytes([doses]) + _leb128(month)
    if test:
        items += b"\x04" + _leb128(test - 1)
    return items


def lookup_table(parts: Column) -> Chosen:
    """The table of profiles 1, 2, 3 ... with these parts."""
    size = 1 << max(4, (2 * len(parts)).bit_length())
    chosen = Chosen(np.zeros(size, np.uint64), np.zeros(size, np.int32))
    _fill(chosen, parts)
    return chosen


def _leb128(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


_FIXED_LONGEST = 48  # code 17, test 11, vaccine 5, itinerary 6
_ENTRY_LONGEST = 17
_TOO_LONG, _NO_ITINERARY, _NO_DOSES, _NO_WORD = 1, 2, 3, 4
_WRONG = {
    _TOO_LONG: f"more than {LONGEST} bytes of facts",
    _NO_ITINERARY: "stays without the day of the itinerary",
    _NO_DOSES: "the month of a dose without doses",
    _NO_WORD: "an index beyond its dictionary",
}


@inlined
def _unsigned(out: Column, at: int, value: int) -> int:
    rest = np.uint64(value)
    while rest >= np.uint64(0x80):
        out[at] = (rest & np.uint64(0x7F)) | np.uint64(0x80)
        rest >>= np.uint64(7)
        at += 1
    out[at] = rest
    return at + 1


@inlined
def _signed(out: Column, at: int, value: int) -> int:
    return _unsigned(out, at, 2 * value if value >= 0 else -2 * value - 1)


@inlined
def _form(statement: int, since: int, frame: Frame) -> int:
    if since == frame.since[statement]:
        return _FORM_TABLE
    at_midnight = (since + _OFFSET) % _DAY == 0
    return _FORM_DAY if at_midnight and (since + _OFFSET) // _DAY <= frame.day else _FORM_SECONDS


@inlined
def _code(out: Column, at: int, statement: int, since: int, frame: Frame, given: bool) -> int:
    form = _form(statement, since, frame)
    if form == _FORM_SECONDS:
        out[at] = 0x02
        at = _unsigned(out, at + 1, statement)
        return _signed(out, at, since - frame.since[statement])
    if not given:
        out[at] = 0x01
        at = _unsigned(out, at + 1, statement)
    if form == _FORM_DAY:
        out[at] = 0x03
        at = _unsigned(out, at + 1, frame.day - (since + _OFFSET) // _DAY)
    return at


@inlined
def _stay(out: Column, at: int, place: int, days: int) -> int:
    if place < 1 << 10 and 0 <= days < 32:
        out[at] = 0x80 | place >> 3
        out[at + 1] = (place & 7) << 5 | days
        return at + 2
    out[at] = 0x08
    return _signed(out, _unsigned(out, at + 1, place), days)


@inlined
def _split(c: Columns, i: int, frame: Frame) -> tuple[int, int, int, int, int]:
    statement = vaccine = itinerary = place = test = 0
    told = c.statement[i]
    if 0 <= told < _STATEMENT - 1 and _form(told, c.since[i], frame) != _FORM_SECONDS:
        statement = told + 1
    if 0 <= c.doses[i] < 31 and -1 <= c.dose_month[i] < _MONTHS - 1:
        vaccine = 1 + c.doses[i] * _MONTHS + c.dose_month[i] + 1
    if c.itinerary_day[i] != NO_DAY:
        days = frame.day - c.itinerary_day[i]
        zigzag = 2 * days if days >= 0 else -2 * days - 1
        if zigzag < _ITINERARY - 1:
            itinerary = 1 + zigzag
            first = c.stays[i]
            if first < c.stays[i + 1] and c.stay_day[first] == c.itinerary_day[i] and c.stay_place[first] < _PLACE - 1:
                place = 1 + c.stay_place[first]
    if 0 <= c.test[i] < _TEST - 1 and 0 <= frame.hour - c.test_hour[i] < frame.hours:
        test = 1 + c.test[i]
    return statement, vaccine, itinerary, place, test


@inlined
def _join(statement: int, vaccine: int, itinerary: int, place: int, test: int) -> np.uint64:
    packed = (((statement * _VACCINE + vaccine) * _ITINERARY + itinerary) * _PLACE + place) * _TEST + test
    return np.uint64(packed)


@inlined
def _place_in(chosen: Chosen, parts: np.uint64) -> int:
    mask = np.uint64(len(chosen.parts) - 1)
    at = (parts * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)) & mask
    while chosen.parts[at] != 0 and chosen.parts[at] != parts:
        at = (at + np.uint64(1)) & mask
    return np.int64(at)


@kernel
def _fill(chosen: Chosen, parts: Column) -> None:
    for i in range(len(parts)):
        at = _place_in(chosen, parts[i])
        chosen.parts[at] = parts[i]
        chosen.numbers[at] = i + 1


@kernel
def _parts(c: Columns, frame: Frame, out: Column) -> None:
    for i in range(len(c.statement)):
        if _unfit(c, i, frame) == 0:
            statement, vaccine, itinerary, place, test = _split(c, i, frame)
            out[i] = _join(statement, vaccine, itinerary, place, test)


@inlined
def _unfit(c: Columns, i: int, frame: Frame) -> int:
    if c.itinerary_day[i] == NO_DAY and c.stays[i] < c.stays[i + 1]:
        return _NO_ITINERARY
    if c.doses[i] < 0 <= c.dose_month[i]:
        return _NO_DOSES
    fits = c.statement[i] < len(frame.since) and c.test[i] < frame.tests
    for k in range(c.stays[i], c.stays[i + 1]):
        fits = fits and 0 <= c.stay_place[k] < frame.places
    for k in range(c.more[i], c.more[i + 1]):
        fits = fits and 0 <= c.more_statement[k] < len(frame.since)
    for k in range(c.lists[i], c.lists[i + 1]):
        fits = fits and 0 <= c.list_index[k] < frame.lists
    return 0 if fits else _NO_WORD


@kernel
def _write(c: Columns, frame: Frame, chosen: Chosen, values: Column, lengths: Column, out: Column) -> tuple[int, int]:
    """Bytes used and 0, or the row that is wrong and why."""
    at = 0
    for i in range(len(c.statement)):
        start = at
        if c.removed[i]:
            values[i] = 0
            lengths[i] = 1
            out[at] = 0x0A
            at += 1
            continue
        wrong = _unfit(c, i, frame)
        if wrong:
            return i, wrong
        statement, vaccine, itinerary, place, test = _split(c, i, frame)
        # What the profile does not say is spilled; the test's hour stands in the slot in any case.
        age = frame.hour - c.test_hour[i] if test else 0
        untold_test = c.test[i] >= 0
        profile = 0
        for fewer in range(4):
            v = vaccine if fewer < 2 else 0
            p = place if fewer % 2 == 0 else 0
            profile = chosen.numbers[_place_in(chosen, _join(statement, v, itinerary, p, test))]
            if profile:
                vaccine, place = v, p
                untold_test = untold_test and not test
                break
        if not profile:
            statement = vaccine = itinerary = place = 0
        values[i] = profile * frame.hours + age
        if c.statement[i] >= 0:
            at = _code(out, at, c.statement[i], c.since[i], frame, statement > 0)
        for k in range(c.more[i], c.more[i + 1]):
            at = _code(out, at, c.more_statement[k], c.more_since[k], frame, False)
        if untold_test and test:
            out[at] = 0x04
            at = _unsigned(out, at + 1, c.test[i])
        elif untold_test:
            out[at] = 0x05
            at = _signed(out, _unsigned(out, at + 1, c.test[i]), frame.hour - c.test_hour[i])
        if c.doses[i] >= 0 and not vaccine:
            out[at] = 0x06
            out[at + 1] = c.doses[i]
            at = _unsigned(out, at + 2, c.dose_month[i] + 1)
        if c.itinerary_day[i] != NO_DAY and not itinerary:
            out[at] = 0x07
            at = _signed(out, at + 1, frame.day - c.itinerary_day[i])
        for k in range(c.stays[i] + (1 if place else 0), c.stays[i + 1]):
            at = _stay(out, at, c.stay_place[k], c.itinerary_day[i] - c.stay_day[k])
        for k in range(c.lists[i], c.lists[i + 1]):
            out[at] = 0x09
            at = _signed(out, _unsigned(out, at + 1, c.list_index[k]), c.list_until[k] - frame.as_of)
        if at - start > LONGEST:
            return i, _TOO_LONG
        lengths[i] = at - start
    return at, 0
