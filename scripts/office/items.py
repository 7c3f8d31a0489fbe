"""Rows into what a layer stores of them: a slot value and the items that spill (kiosk/table/FORMAT.md, *Items*)."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np

from kiosk.core.errors import TableError
from scripts.office.facts import NO_DAY, Column, Dictionaries, Facts
from scripts.office.hashing import kernel, signed, woven

LONGEST = 512
_OFFSET = 8 * 3600  # Asia/Shanghai
_DAY = 86400
_FORM_TABLE, _FORM_DAY, _FORM_SECONDS = 1, 2, 3  # how the since of a code is told

# The parts of a profile, packed into 63 bits; 0 is a part that is not there. A fact too large for its part is spilled.
_STATEMENT, _VACCINE, _ITINERARY, _PLACE, _TEST = 1 << 20, 1 << 16, 1 << 6, 1 << 13, 1 << 8
_MONTHS, _DOSES = 1 << 11, 31


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
    parts = parts_of(facts, frame, first)
    used, wrong = _write(columns, frame, chosen, parts, values, lengths, items)
    if wrong:
        raise _refused(first + used, wrong)
    return Written(values, lengths, items[:used])


def parts_of(facts: Facts, frame: Frame, first: int) -> Column:
    """The packed parts (uint64) of each person, whatever profiles there are. Raises TableError as write_rows does."""
    parts = np.empty(len(facts), np.uint64)
    row, wrong = _split(columns_of(facts), frame, parts)
    if wrong:
        raise _refused(first + row, wrong)
    return parts


def _refused(row: int, wrong: int) -> TableError:
    return TableError(None, f"row {row}: {_WRONG[wrong]}. Correct the row, or leave it out.")


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
    _fill(chosen.parts, chosen.numbers, parts)
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


@woven
def _unsigned(out: Column, at: int, value: int) -> int:
    rest = np.uint64(value)
    while rest >= np.uint64(0x80):
        out[at] = (rest & np.uint64(0x7F)) | np.uint64(0x80)
        rest >>= np.uint64(7)
        at += 1
    out[at] = rest
    return at + 1


@woven
def _signed(out: Column, at: int, value: int) -> int:
    return _unsigned(out, at, 2 * value if value >= 0 else -2 * value - 1)


@woven
def _form(known: int, since: int, day: int) -> int:
    if since == known:
        return _FORM_TABLE
    at_midnight = (since + _OFFSET) % _DAY == 0
    return _FORM_DAY if at_midnight and (since + _OFFSET) // _DAY <= day else _FORM_SECONDS


@woven
def _code(out: Column, at: int, statement: int, since: int, known: int, day: int, given: bool) -> int:
    form = _form(known, since, day)
    if form == _FORM_SECONDS:
        out[at] = 0x02
        at = _unsigned(out, at + 1, statement)
        return _signed(out, at, since - known)
    if not given:
        out[at] = 0x01
        at = _unsigned(out, at + 1, statement)
    if form == _FORM_DAY:
        out[at] = 0x03
        at = _unsigned(out, at + 1, day - (since + _OFFSET) // _DAY)
    return at


@woven
def _stay(out: Column, at: int, place: int, days: int) -> int:
    if place < 1 << 10 and 0 <= days < 32:
        out[at] = 0x80 | place >> 3
        out[at + 1] = (place & 7) << 5 | days
        return at + 2
    out[at] = 0x08
    return _signed(out, _unsigned(out, at + 1, place), days)


@woven
def _vaccine(doses: int, month: int) -> int:
    return 1 + doses * _MONTHS + month + 1 if 0 <= doses < _DOSES and -1 <= month < _MONTHS - 1 else 0


@woven
def _itinerary(days: int) -> int:
    zigzag = 2 * days if days >= 0 else -2 * days - 1
    return 1 + zigzag if zigzag < _ITINERARY - 1 else 0


@kernel
def _split(c: Columns, frame: Frame, parts: Column) -> tuple[int, int]:
    """Note the parts of each person; the row that is wrong and why, or 0 and 0."""
    # Members are taken out once: each use of a member inside the loop would be counted, at several times its cost.
    statements, sinces, tests, hours, doses, months = c.statement, c.since, c.test, c.test_hour, c.doses, c.dose_month
    days, stays, places, stay_days = c.itinerary_day, c.stays, c.stay_place, c.stay_day
    more, more_statements, lists, listed, removed = c.more, c.more_statement, c.lists, c.list_index, c.removed
    known, day, hour, ages = frame.since, frame.day, frame.hour, frame.hours
    most_tests, most_places, most_lists = frame.tests, frame.places, frame.lists
    for i in range(len(statements)):
        parts[i] = 0
        if removed[i]:
            continue
        fits = statements[i] < len(known) and tests[i] < most_tests
        for k in range(stays[i], stays[i + 1]):
            fits &= 0 <= places[k] < most_places
        for k in range(more[i], more[i + 1]):
            fits &= 0 <= more_statements[k] < len(known)
        for k in range(lists[i], lists[i + 1]):
            fits &= 0 <= listed[k] < most_lists
        if not fits:
            return i, _NO_WORD
        if days[i] == NO_DAY and stays[i] < stays[i + 1]:
            return i, _NO_ITINERARY
        if doses[i] < 0 <= months[i]:
            return i, _NO_DOSES
        statement = itinerary = place = test = 0
        told = statements[i]
        if 0 <= told < _STATEMENT - 1 and _form(known[told], sinces[i], day) != _FORM_SECONDS:
            statement = told + 1
        if days[i] != NO_DAY:
            itinerary = _itinerary(day - days[i])
            k = stays[i]
            if itinerary and k < stays[i + 1] and stay_days[k] == days[i] and places[k] < _PLACE - 1:
                place = 1 + places[k]
        if 0 <= tests[i] < _TEST - 1 and 0 <= hour - hours[i] < ages:
            test = 1 + tests[i]
        parts[i] = _join(statement, _vaccine(doses[i], months[i]), itinerary, place, test)
    return 0, 0


@woven
def _join(statement: int, vaccine: int, itinerary: int, place: int, test: int) -> np.uint64:
    packed = (((statement * _VACCINE + vaccine) * _ITINERARY + itinerary) * _PLACE + place) * _TEST + test
    return np.uint64(packed)


@woven
def _place_in(table: Column, parts: np.uint64) -> int:
    mask = np.uint64(len(table) - 1)
    at = (parts * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)) & mask
    while table[at] != 0 and table[at] != parts:
        at = (at + np.uint64(1)) & mask
    return signed(at)


@kernel
def _fill(table: Column, numbers: Column, parts: Column) -> None:
    for i in range(len(parts)):
        at = _place_in(table, parts[i])
        table[at] = parts[i]
        numbers[at] = i + 1


@kernel
def _write(
    c: Columns, frame: Frame, chosen: Chosen, parts: Column, values: Column, lengths: Column, out: Column
) -> tuple[int, int]:
    """Bytes used and 0, or the row that is wrong and why."""
    statements, sinces, tests, hours, doses, months = c.statement, c.since, c.test, c.test_hour, c.doses, c.dose_month
    days, stays, places, stay_days = c.itinerary_day, c.stays, c.stay_place, c.stay_day
    more, more_statements, more_sinces, removed = c.more, c.more_statement, c.more_since, c.removed
    lists, listed, untils = c.lists, c.list_index, c.list_until
    known, as_of, day, hour, ages = frame.since, frame.as_of, frame.day, frame.hour, frame.hours
    table, numbers = chosen.parts, chosen.numbers
    vaccine_unit, place_unit = _ITINERARY * _PLACE * _TEST, _TEST
    at = 0
    for i in range(len(statements)):
        start = at
        if removed[i]:
            values[i], lengths[i], out[at] = 0, 1, 0x0A
            at += 1
            continue
        whole = signed(parts[i])
        test = whole % _TEST
        place = whole // place_unit % _PLACE
        itinerary = whole // (_PLACE * _TEST) % _ITINERARY
        vaccine = whole // vaccine_unit % _VACCINE
        statement = whole // (_VACCINE * vaccine_unit)
        # What the profile does not say is spilled; the test's hour stands in the slot in any case.
        age = hour - hours[i] if test else 0
        profile = 0
        for fewer in range(4):
            tried = whole
            if fewer >= 2:
                tried -= vaccine * vaccine_unit
            if fewer % 2:
                tried -= place * place_unit
            profile = numbers[_place_in(table, np.uint64(tried))]
            if profile:
                vaccine = vaccine if fewer < 2 else 0
                place = 0 if fewer % 2 else place
                break
        if not profile:
            statement = vaccine = itinerary = place = 0
        values[i] = profile * ages + age
        if statements[i] >= 0:
            at = _code(out, at, statements[i], sinces[i], known[statements[i]], day, statement > 0)
        for k in range(more[i], more[i + 1]):
            at = _code(out, at, more_statements[k], more_sinces[k], known[more_statements[k]], day, False)
        if test and not profile:
            out[at] = 0x04
            at = _unsigned(out, at + 1, tests[i])
        elif tests[i] >= 0 and not test:
            out[at] = 0x05
            at = _signed(out, _unsigned(out, at + 1, tests[i]), hour - hours[i])
        if doses[i] >= 0 and not vaccine:
            out[at] = 0x06
            out[at + 1] = doses[i]
            at = _unsigned(out, at + 2, months[i] + 1)
        if days[i] != NO_DAY and not itinerary:
            out[at] = 0x07
            at = _signed(out, at + 1, day - days[i])
        for k in range(stays[i] + (1 if place else 0), stays[i + 1]):
            at = _stay(out, at, places[k], days[i] - stay_days[k])
        for k in range(lists[i], lists[i + 1]):
            out[at] = 0x09
            at = _signed(out, _unsigned(out, at + 1, listed[k]), untils[k] - as_of)
        if at - start > LONGEST:
            return i, _TOO_LONG
        lengths[i] = at - start
    return at, 0
