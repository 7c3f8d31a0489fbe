"""The kernels of the second reader (scripts.office.selfcheck), written from kiosk/table/FORMAT.md alone."""

from typing import NamedTuple

import numpy as np

from scripts.office.facts import Column
from scripts.office.hashing import kernel, signed, woven

_SIZES = np.array([2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 28, 48, 128, 512])
_ONES = np.array([byte.bit_count() for byte in range(256)])
_UNTOLD = -(2**31)
_READ = 4096  # entries of one kind that a person may have: more than 512 bytes can tell

COLUMNS = ("items", "statement", "since", "test", "test_hour", "doses", "dose_month", "itinerary_day", "stays", "lists")
_ITEMS, _STATEMENT, _SINCE, _TEST, _TEST_HOUR, _DOSES, _MONTH, _DAY, _STAYS, _LISTS = range(10)


class Asked(NamedTuple):
    """What the header and the dictionaries say; profile p is ``profiles[starts[p]:starts[p + 1]]``."""

    profiles: Column
    starts: Column
    since: Column
    as_of: int
    hours: int


@kernel
def walk(pages: Column, index: Column, group_bits: int, slot_bits: int) -> tuple[int, int]:
    """People on all pages and -1, or the first page that is not built as the format says."""
    total = 0
    for number in range(len(pages)):
        page = pages[number]
        people = page[0] + 256 * page[1]
        groups = page[2] + 256 * page[3]
        first = np.int64(index[number])
        if number == 0 and first != 0:
            return total, number
        after = np.int64(index[number + 1]) if number + 1 < len(index) else np.int64(1) << group_bits
        if people == 0 or groups == 0 or first + groups > after:
            return total, number
        counted = 0
        last = 0
        lows = 4 + (groups + 1) // 2
        for group in range(groups):
            last = page[4 + group // 2] // 16 if group % 2 else page[4 + group // 2] % 16
            before = np.int64(-1)
            for person in range(counted, counted + last):
                low = np.int64(0)
                for byte in range(4):
                    low += np.int64(page[lows + 4 * person + byte]) << 8 * byte
                if low <= before:
                    return total, number
                before = low
            counted += last
        # The last group counted is not empty, and so is the first of each page but the first.
        if counted != people or last == 0 or (number > 0 and page[4] % 16 == 0):
            return total, number
        slots_end = lows + 4 * people + (people * slot_bits + 7) // 8
        spills = 0
        for person in range(people):
            spills += page[slots_end + person // 8] // 2 ** (person % 8) % 2
        classes = slots_end + (people + 7) // 8
        end = classes + (spills + 1) // 2
        for spill in range(spills):
            end += _SIZES[page[classes + spill // 2] // 16 if spill % 2 else page[classes + spill // 2] % 16]
        if end > 4096:
            return total, number
        for byte in range(end, 4096):
            if page[byte]:
                return total, number
        total += people
    return total, -1


@kernel
def locate(
    pages: Column,
    index: Column,
    rows: Column,
    group_bits: int,
    slot_bits: int,
    value: Column,
    spill_at: Column,
    spill_size: Column,
) -> int:
    """Slot value, and place and size of the spill (0 without one), of each D; the first that is not found, or -1."""
    for i in range(len(rows)):
        group = np.int64(rows[i, 0] >> np.uint64(64 - group_bits))
        low = np.int64((rows[i, 0] >> np.uint64(32 - group_bits)) & np.uint64(0xFFFFFFFF))
        number, above = -1, len(index)
        while above - number > 1:
            middle = (number + above) // 2
            if index[middle] <= group:
                number = middle
            else:
                above = middle
        if number < 0:
            return i
        people = np.int64(pages[number, 0]) + 256 * np.int64(pages[number, 1])
        groups = np.int64(pages[number, 2]) + 256 * np.int64(pages[number, 3])
        place = group - np.int64(index[number])
        if place >= groups:
            return i
        before = 0
        for byte in range(4, 4 + place // 2):
            before += pages[number, byte] // 16 + pages[number, byte] % 16
        both = pages[number, 4 + place // 2]
        here = both % 16
        if place % 2:
            before += here
            here = both // 16
        lows = 4 + (groups + 1) // 2
        found = -1
        for person in range(before, before + here):
            at = lows + 4 * person
            read = (
                np.int64(pages[number, at])
                + (np.int64(pages[number, at + 1]) << 8)
                + (np.int64(pages[number, at + 2]) << 16)
                + (np.int64(pages[number, at + 3]) << 24)
            )
            if read == low:
                found = person
        if found < 0:
            return i
        slots = lows + 4 * people
        packed = np.int64(0)
        first_byte = found * slot_bits // 8
        for byte in range((found * slot_bits + slot_bits - 1) // 8 - first_byte + 1):
            packed |= np.int64(pages[number, slots + first_byte + byte]) << 8 * byte
        packed = (packed >> found * slot_bits % 8) & ((1 << slot_bits) - 1)
        value[i] = packed ^ (np.int64(rows[i, 1] & np.uint64(0xFFFFFFFF)) & ((1 << slot_bits) - 1))
        bits = slots + (people * slot_bits + 7) // 8
        spill_size[i] = 0
        spill_at[i] = 0
        if pages[number, bits + found // 8] // 2 ** (found % 8) % 2:
            spilling = earlier = 0
            for byte in range((people + 7) // 8):
                some = np.int64(pages[number, bits + byte])
                spilling += _ONES[some]
                if byte < found // 8:
                    earlier += _ONES[some]
                elif byte == found // 8:
                    earlier += _ONES[some & ((1 << found % 8) - 1)]
            classes = bits + (people + 7) // 8
            at = classes + (spilling + 1) // 2
            for spill in range(earlier):
                at += _SIZES[(pages[number, classes + spill // 2] >> 4 * (spill % 2)) & 15]
            spill_at[i] = number * 4096 + at
            spill_size[i] = _SIZES[(pages[number, classes + earlier // 2] >> 4 * (earlier % 2)) & 15]
    return -1


@woven
def _leb(data: Column, at: int) -> tuple[int, int]:
    value = signed(data[at] & 127)
    shift = 7
    while data[at] >= 128:
        at += 1
        value += signed(data[at] & 127) << shift
        shift += 7
    return value, at + 1


@woven
def _zigzag(value: int) -> int:
    return -(value + 1) // 2 if value % 2 else value // 2


@kernel
def compare(
    pages: Column,
    asked: Asked,
    value: Column,
    spill_at: Column,
    spill_size: Column,
    stream: Column,
    long_streams: Column,
    place_of: Column,
    statement: Column,
    since: Column,
    test: Column,
    test_hour: Column,
    doses: Column,
    dose_month: Column,
    itinerary_day: Column,
    removed: Column,
    stays: Column,
    stay_place: Column,
    stay_day: Column,
    more: Column,
    more_statement: Column,
    more_since: Column,
    lists: Column,
    list_index: Column,
    list_until: Column,
    counted: Column,
) -> tuple[int, int]:
    """Decode each person and compare; the first that differs and the column, or -1 twice. Counts statements."""
    profiles, starts, known, as_of, hours = asked.profiles, asked.starts, asked.since, asked.as_of, asked.hours
    day, hour = (as_of + 28800) // 86400, as_of // 3600
    data = np.zeros(2048, np.uint8)
    code, began = np.zeros(_READ, np.int64), np.zeros(_READ, np.int64)
    place, last_day = np.zeros(_READ, np.int64), np.zeros(_READ, np.int64)
    listed, until = np.zeros(_READ, np.int64), np.zeros(_READ, np.int64)
    for i in range(len(value)):
        profile = signed(value[i]) // hours
        if profile >= len(starts) - 1:
            return i, _ITEMS
        told = starts[profile + 1] - starts[profile]
        for k in range(told):
            data[k] = profiles[starts[profile] + k]
        size = spill_size[i]
        for k in range(size):
            key = stream[i, 12 + k] if size <= 52 else long_streams[place_of[i], k]
            data[told + k] = pages[spill_at[i] + k] ^ key
        length = told + size
        # A LEB128 never runs on beyond this zero.
        data[length] = 0
        codes = goes = entries = 0
        read_test, read_hour = signed(-1), signed(0)
        read_doses, read_month, read_day = signed(-1), signed(-1), signed(_UNTOLD)
        gone = False
        at = 0
        while at < length and data[at] != 0:
            item = data[at]
            if item >= 0x80:
                both = (signed(item & 0x7F) << 8) + signed(data[at + 1])
                place[goes], last_day[goes] = both // 32, read_day - both % 32
                goes += 1
                at += 2
                continue
            at += 1
            if item == 0x0A:
                gone = True
            elif item == 0x03:
                number, at = _leb(data, at)
                if codes == 0:
                    return i, _ITEMS
                began[codes - 1] = (day - number) * 86400 - 28800
            elif item == 0x06:
                read_doses = signed(data[at])
                number, at = _leb(data, at + 1)
                read_month = number - 1
            elif item == 0x07:
                number, at = _leb(data, at)
                read_day = day - _zigzag(number)
            elif item in (0x01, 0x02, 0x04, 0x05, 0x08, 0x09):
                word, at = _leb(data, at)
                number = signed(0)
                if item not in (0x01, 0x04):
                    number, at = _leb(data, at)
                    number = _zigzag(number)
                if item in (0x01, 0x02):
                    if word >= len(known):
                        return i, _ITEMS
                    code[codes], began[codes] = word, known[word] + number
                    codes += 1
                elif item == 0x04:
                    read_test, read_hour = word, hour - signed(value[i]) % hours
                elif item == 0x05:
                    read_test, read_hour = word, hour - number
                elif item == 0x08:
                    place[goes], last_day[goes] = word, read_day - number
                    goes += 1
                else:
                    listed[entries], until[entries] = word, as_of + number
                    entries += 1
            else:
                return i, _ITEMS
        for k in range(at, length):
            if data[k]:
                return i, _ITEMS
        if gone != removed[i] or (gone and (codes or goes or entries or at > 1)):
            return i, _ITEMS
        if gone:
            continue
        own = 1 if statement[i] >= 0 else 0
        if codes != own + more[i + 1] - more[i]:
            return i, _STATEMENT
        for k in range(codes):
            counted[code[k]] += 1
            from_more = more[i] + k - own
            if code[k] != (statement[i] if k < own else more_statement[from_more]):
                return i, _STATEMENT
            if began[k] != (since[i] if k < own else more_since[from_more]):
                return i, _SINCE
        if read_test != test[i]:
            return i, _TEST
        if read_test >= 0 and read_hour != test_hour[i]:
            return i, _TEST_HOUR
        if read_doses != doses[i]:
            return i, _DOSES
        if read_month != dose_month[i]:
            return i, _MONTH
        if read_day != itinerary_day[i]:
            return i, _DAY
        if goes != stays[i + 1] - stays[i]:
            return i, _STAYS
        for k in range(goes):
            if place[k] != stay_place[stays[i] + k] or last_day[k] != stay_day[stays[i] + k]:
                return i, _STAYS
        if entries != lists[i + 1] - lists[i]:
            return i, _LISTS
        for k in range(entries):
            if listed[k] != list_index[lists[i] + k] or until[k] != list_until[lists[i] + k]:
                return i, _LISTS
    return -1, -1
