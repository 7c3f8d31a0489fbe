"""A synthetic province: as many invented people as asked for, the same at every pass, one batch in memory at a time.

Who is where follows the 2020 census of Guangdong; everything else is a model of a quiet week under regular testing.
Every fact is drawn from a table of 65,536 places, so that the entropy of a record is known exactly.
"""

import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from functools import partial

import numpy as np

from kiosk.core.idnumber import IdNumber, check_character, parse_number
from kiosk.core.status import Colour, ListKind, TestKind, TestResult
from kiosk.table.chain import slow_key
from scripts.office.facts import KEY_BYTES, NO_DAY, Column, Dictionaries, Facts, Ragged, nothing_known

AS_OF = datetime(2022, 4, 20, 14, tzinfo=UTC)  # 22:00 local time
SALT = bytes(range(16))
SCOPE = frozenset({"44"})
BATCH = 1 << 18

HOUR = int(AS_OF.timestamp()) // 3600
_OFFSET_HOURS = 8
DAY = (HOUR + _OFFSET_HOURS) // 24
_GREEN_DAYS = 50  # since when most people are green; beyond every other day that is drawn
_GREEN_SINCE = ((DAY - _GREEN_DAYS) * 24 - _OFFSET_HOURS) * 3600
STEPS = 1 << 16

# Millions of people.
_HOMES = {
    "440100": 18.68, "440300": 17.56, "441900": 10.47, "440600": 9.50, "440800": 6.98, "440900": 6.17, "441300": 6.04,
    "445200": 5.58, "440500": 5.50, "440700": 4.80, "442000": 4.42, "441200": 4.11, "441800": 3.97, "441400": 3.87,
    "440200": 2.86, "441600": 2.84, "441500": 2.67, "441700": 2.60, "445100": 2.57, "440400": 2.44, "445300": 2.38,
}  # fmt: skip
_ELSEWHERE = (
    "430100 450100 360100 310100 420100 350200 350100 460100 330100 500100 510100 110100 320100 430400 360700 450300 "
    "520100 410100 340100 610100 370200 120100 530100 210100 HKG MAC SGP THA VNM MYS"
).split()
_AREAS = tuple(f"示范{word}街" for word in "东南西北中")
_YELLOW, _RED = ("时空伴随", "三天两检", "七天三检"), ("密切接触", "高风险地区旅居", "入境隔离", "阳性")
_REASONS = (*((Colour.YELLOW, reason) for reason in _YELLOW), *((Colour.RED, reason) for reason in _RED))
_POSITIVE = len(_REASONS) - 1
_ISSUERS = ("示范省防控办", *(f"示范市防控办{home}" for home in _HOMES))
ISSUERS = frozenset(_ISSUERS)
_LABORATORY, _OTHER_LABORATORY = "示范检验所", "示范医院"


# What is out of the ordinary about a person: one thing at most.
_Kind = IntEnum(
    "_Kind",
    "PLAIN SINCE OLD_ITINERARY NO_ITINERARY NO_TEST NO_DOSES OTHER_TEST UNDER_CHECK AREA ADMITTED BLOCKED "
    "TWO_AUTHORITIES NO_CODE YELLOW RED POSITIVE",
    start=0,
)

_OUT_OF_THE_ORDINARY = {
    _Kind.SINCE: 3e-2,
    _Kind.OLD_ITINERARY: 8e-3,
    _Kind.NO_ITINERARY: 4e-3,
    _Kind.NO_TEST: 1.2e-2,
    _Kind.NO_DOSES: 4e-3,
    _Kind.OTHER_TEST: 5e-3,
    _Kind.UNDER_CHECK: 2e-4,
    _Kind.AREA: 1.5e-3,
    _Kind.ADMITTED: 2e-3,
    _Kind.BLOCKED: 2e-4,
    _Kind.TWO_AUTHORITIES: 5e-4,
    _Kind.NO_CODE: 5e-4,
    _Kind.YELLOW: 7.5e-3,
    _Kind.RED: 2.8e-3,
    _Kind.POSITIVE: 2e-4,
}


@dataclass(frozen=True, slots=True, repr=False)
class _Choice:
    """A random outcome: the table has each of them as often as it is likely."""

    table: Column  # [65536]

    @classmethod
    def of(cls, weights: Sequence[float], kind: type = np.int32) -> "_Choice":
        """Outcomes 0, 1, 2 ...; each has one place at least."""
        shares = np.asarray(weights) / sum(weights) * (STEPS - len(weights))
        places = np.floor(shares).astype(np.int64) + 1
        most = np.argsort(places - 1 - shares, kind="stable")[: STEPS - places.sum()]
        places[most] += 1
        return cls(np.repeat(np.arange(len(places)), places).astype(kind))

    def draw(self, numbers: Column) -> Column:
        """The outcomes of random numbers below 65,536."""
        return self.table.take(numbers)

    @property
    def shares(self) -> Column:
        return np.bincount(self.table) / STEPS

    @property
    def bits(self) -> float:
        """Entropy of one draw."""
        shares = self.shares
        return float(-np.sum(shares * np.log2(shares)))


def _test_ages() -> list[float]:
    # Exponential with a mean of 32 hours; few samples are taken at night.
    night = [0.05 if hour < 7 else 1.0 for hour in range(24)]
    return [math.exp(-age / 32) * night[(HOUR + _OFFSET_HOURS - age) % 24] for age in range(337)]


def _bell(middle: float, width: float, count: int) -> list[float]:
    weights = [math.exp(-(((place - middle) / width) ** 2) / 2) for place in range(count)]
    return [weight / sum(weights) for weight in weights]


_FIRST_MONTH, _MONTHS = (2021 - 1970) * 12, 16  # January 2021 to April 2022
_MIDDLES = (6.0, 7.0, 11.5)  # of the last of one, two, three doses
_DOSED = (0.03, 0.38, 0.50)
_VACCINES = (
    0.09,
    *(dosed * share for dosed, middle in zip(_DOSED, _MIDDLES, strict=True) for share in _bell(middle, 4.5, _MONTHS)),
)
_MOST_TRIPS = 3
_GAPS = 15

_KINDS = _Choice.of([1 - sum(_OUT_OF_THE_ORDINARY.values()), *_OUT_OF_THE_ORDINARY.values()], np.uint8)
_HOME = _Choice.of(list(_HOMES.values()))
_AGE = _Choice.of(_test_ages())
_VACCINE = _Choice.of(_VACCINES)
_TRIPS = _Choice.of([0.82, 0.12, 0.045, 0.015])
_GAP = _Choice.of([0.75**gap for gap in range(_GAPS)])
_TRIP_DAY = _Choice.of([0.95**day for day in range(14)])
_SINCE_DAY = _Choice.of([0.95**day for day in range(_GREEN_DAYS - 1)])
_CODE_AGE = _Choice.of([0.995**age for age in range(336)])
_LATE = _Choice.of([0.6, 0.3, 0.1])  # the itinerary is one, two, three days old
_YELLOW_REASON = _Choice.of([0.5, 0.3, 0.2])
_RED_REASON = _Choice.of([0.5, 0.35, 0.15])
_ANY_REASON = _Choice.of([0.4, 0.2, 0.1, 0.15, 0.1, 0.05])
_LOCAL = _Choice.of([0.7, 0.3])
_AREA = _Choice.of([1.0] * (len(_AREAS) * len(_HOMES)))
_UNTIL = _Choice.of([1.0] * 30)
_OTHER_TEST = _Choice.of([0.5, 0.5])
NEGATIVE, _FIRST_OTHER, _UNDER_CHECK_TEST, _POSITIVE_TEST = 0, 1, 3, 4

_PLACES = (*_HOMES, *_ELSEWHERE)
# Where people of each home go to, the most likely places first.
_TARGETS = np.array(
    [[place for place in range(len(_PLACES)) if place != home] for home in range(len(_HOMES))], np.int32
)

DICTIONARIES = Dictionaries(
    statements=(
        (Colour.GREEN, "常规", _ISSUERS[0], _GREEN_SINCE),
        *((colour, reason, issuer, (HOUR - 96) * 3600) for issuer in _ISSUERS for colour, reason in _REASONS),
    ),
    tests=(
        (TestKind.NUCLEIC_ACID, TestResult.NEGATIVE, _LABORATORY),
        (TestKind.NUCLEIC_ACID, TestResult.NEGATIVE, _OTHER_LABORATORY),
        (TestKind.ANTIGEN, TestResult.NEGATIVE, _OTHER_LABORATORY),
        (TestKind.NUCLEIC_ACID, TestResult.UNDER_CHECK, _LABORATORY),
        (TestKind.NUCLEIC_ACID, TestResult.POSITIVE, _LABORATORY),
    ),
    places=(*((place, "") for place in _PLACES), *((home, area) for home in _HOMES for area in _AREAS)),
    lists=(
        (ListKind.ADMITTED, "本楼住户", _ISSUERS[0]),
        (ListKind.BLOCKED, "挂失", _ISSUERS[0]),
    ),
)


def entropy_bits() -> float:
    """Entropy of one whole record in bits: that of every draw, weighed by how often it is made."""
    kind = dict(zip(_Kind, _KINDS.shares.tolist(), strict=True))
    trips = float(np.arange(_MOST_TRIPS + 1) @ _TRIPS.shares)
    travel = _HOME.bits + _TRIPS.bits + trips * (_GAP.bits + _TRIP_DAY.bits)
    code = _CODE_AGE.bits + _LOCAL.bits
    return float(
        _KINDS.bits
        + (1 - kind[_Kind.NO_ITINERARY]) * travel
        + (1 - kind[_Kind.NO_TEST]) * _AGE.bits
        + (1 - kind[_Kind.NO_DOSES]) * _VACCINE.bits
        + kind[_Kind.SINCE] * _SINCE_DAY.bits
        + kind[_Kind.OLD_ITINERARY] * _LATE.bits
        + kind[_Kind.OTHER_TEST] * _OTHER_TEST.bits
        + kind[_Kind.AREA] * (_AREA.bits + _TRIP_DAY.bits)
        + (kind[_Kind.ADMITTED] + kind[_Kind.BLOCKED]) * _UNTIL.bits
        + kind[_Kind.TWO_AUTHORITIES] * (_ANY_REASON.bits + _CODE_AGE.bits)
        + kind[_Kind.YELLOW] * (_YELLOW_REASON.bits + code)
        + kind[_Kind.RED] * (_RED_REASON.bits + code)
        + kind[_Kind.POSITIVE] * code
    )


def invented_number(place: int) -> IdNumber:
    """The number of an invented person, another one for each place; county 99 is not assigned."""
    days = 27393  # to the end of 2004
    born = date(1930, 1, 1) + timedelta(days=place * 7919 % days)
    first = f"440199{born:%Y%m%d}{1 + place // days:03}"
    return parse_number(first + check_character(first))


def derive_keys(people: int, salt: bytes = SALT) -> Column:
    """K of the first invented numbers (uint8 [n, 32]), on all processors; about 50 ms each."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        keys = pool.map(partial(slow_key, salt=salt), map(invented_number, range(people)))
        return np.frombuffer(b"".join(keys), np.uint8).reshape(people, KEY_BYTES)


@dataclass(frozen=True, slots=True, repr=False)
class Province:
    """Invented people (Rows); the first have the keys in ``derived``, all others random ones."""

    people: int
    derived: Column
    seed: int = 1

    @property
    def dictionaries(self) -> Dictionaries:
        return DICTIONARIES

    def batches(self) -> Iterator[tuple[Column, Facts]]:
        return map(self.batch, range(-(-self.people // BATCH)))

    def batch(self, number: int) -> tuple[Column, Facts]:
        """One of the batches, without those before it."""
        start = number * BATCH
        bits = np.random.SFC64(np.random.SeedSequence((self.seed, number)))
        people = min(BATCH, self.people - start)
        keys = bits.random_raw(people * KEY_BYTES // 8).view(np.uint8).reshape(people, KEY_BYTES)
        known = self.derived[start : start + people]
        keys[: len(known)] = known
        return keys, _draw(bits, people)


def synthetic_province(people: int, derived: int) -> Province:
    """A province of which the first ``derived`` people have numbers that can be typed."""
    return Province(people, derive_keys(min(derived, people)))


def draws(bits: np.random.SFC64, rows: int, columns: int) -> Column:
    """Random numbers below 65,536 (uint16 [rows, columns])."""
    raw = bits.random_raw((rows * columns + 3) // 4).view(np.uint16)
    return raw[: rows * columns].reshape(rows, columns)


def _draw(bits: np.random.SFC64, people: int) -> Facts:
    drawn = draws(bits, 5, people)
    kind, home, trips = _KINDS.draw(drawn[0]), _HOME.draw(drawn[1]), _TRIPS.draw(drawn[2])
    facts = nothing_known(people)
    facts.statement[:] = 0
    facts.since[:] = _GREEN_SINCE
    facts.test[:] = NEGATIVE
    np.subtract(HOUR, _AGE.draw(drawn[3]), out=facts.test_hour)
    vaccine = _VACCINE.draw(drawn[4])
    facts.doses[:] = (vaccine + _MONTHS - 1) // _MONTHS
    facts.dose_month[:] = np.where(vaccine > 0, _FIRST_MONTH + (vaccine - 1) % _MONTHS, -1)
    facts.itinerary_day[:] = DAY
    unusual = np.flatnonzero(kind)
    who = {each: unusual[kind[unusual] == each] for each in _Kind}
    one = partial(_one, bits)

    facts.since[who[_Kind.SINCE]] = _GREEN_SINCE + (_GREEN_DAYS - one(_SINCE_DAY, who[_Kind.SINCE])) * 86400
    facts.itinerary_day[who[_Kind.OLD_ITINERARY]] = DAY - 1 - one(_LATE, who[_Kind.OLD_ITINERARY])
    facts.itinerary_day[who[_Kind.NO_ITINERARY]] = NO_DAY
    facts.test[who[_Kind.NO_TEST]] = -1
    facts.test_hour[who[_Kind.NO_TEST]] = 0
    facts.doses[who[_Kind.NO_DOSES]] = facts.dose_month[who[_Kind.NO_DOSES]] = -1
    facts.test[who[_Kind.OTHER_TEST]] = _FIRST_OTHER + one(_OTHER_TEST, who[_Kind.OTHER_TEST])
    facts.test[who[_Kind.UNDER_CHECK]] = _UNDER_CHECK_TEST
    facts.test[who[_Kind.POSITIVE]] = _POSITIVE_TEST
    facts.statement[who[_Kind.NO_CODE]] = -1
    facts.since[who[_Kind.NO_CODE]] = 0
    reasons = {
        _Kind.YELLOW: one(_YELLOW_REASON, who[_Kind.YELLOW]),
        _Kind.RED: len(_YELLOW) + one(_RED_REASON, who[_Kind.RED]),
        _Kind.POSITIVE: np.full(len(who[_Kind.POSITIVE]), _POSITIVE),
    }
    for coded, reason in reasons.items():
        local = one(_LOCAL, who[coded]) * (1 + home[who[coded]])
        facts.statement[who[coded]] = 1 + local * len(_REASONS) + reason
        facts.since[who[coded]] = (HOUR - one(_CODE_AGE, who[coded])) * 3600

    two = who[_Kind.TWO_AUTHORITIES]
    second = 1 + (1 + home[two]) * len(_REASONS) + one(_ANY_REASON, two)
    second_since = (HOUR - one(_CODE_AGE, two).astype(np.int64)) * 3600
    listed = np.sort(np.concatenate([who[_Kind.ADMITTED], who[_Kind.BLOCKED]]))
    until = (DAY * 24 - _OFFSET_HOURS + 24 * (1 + one(_UNTIL, listed).astype(np.int64))) * 3600
    on_list = (kind[listed] == _Kind.BLOCKED).astype(np.int32)
    trips[who[_Kind.NO_ITINERARY]] = 0
    return replace(
        facts,
        stays=_stays(bits, home, trips, facts.itinerary_day, who[_Kind.AREA]),
        more_statements=Ragged(_offsets(people, two), (second.astype(np.int32), second_since)),
        lists=Ragged(_offsets(people, listed), (on_list, until)),
    )


def _stays(bits: np.random.SFC64, home: Column, trips: Column, day: Column, in_area: Column) -> Ragged:
    people = len(home)
    known = day != NO_DAY
    counts = known + trips
    counts[in_area] += 1
    offsets = np.zeros(people + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    place, last_day = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.int32)
    starts = offsets[:-1]
    place[starts[known]] = home[known]
    last_day[starts[known]] = day[known]
    rank = np.full(people, -1, np.int32)
    who = np.arange(people)
    for trip in range(_MOST_TRIPS):
        # Always farther down the list: nobody is in one place twice.
        who = who[trips[who] > trip]
        rank[who] += 1 + _one(bits, _GAP, who)
        place[starts[who] + 1 + trip] = _TARGETS[home[who], rank[who]]
        last_day[starts[who] + 1 + trip] = day[who] - _one(bits, _TRIP_DAY, who)
    ends = offsets[in_area + 1] - 1
    place[ends] = len(_PLACES) + _one(bits, _AREA, in_area)
    last_day[ends] = day[in_area] - _one(bits, _TRIP_DAY, in_area)
    return Ragged(offsets, (place, last_day))


def _one(bits: np.random.SFC64, choice: _Choice, who: Column) -> Column:
    return choice.draw(draws(bits, 1, len(who))[0])


def _offsets(people: int, who: Column) -> Column:
    counts = np.zeros(people + 1, np.int64)
    counts[who + 1] = 1
    return np.cumsum(counts)
