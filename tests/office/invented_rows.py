"""Rows of invented people, ordinary and odd, and what a reader should say of them."""

from datetime import UTC, date, datetime

import numpy as np

from kiosk.core.status import (
    Colour,
    ListKind,
    TestKind,
    TestResult,
)
from kiosk.store import LayerKind
from kiosk.table.chain import Pepper
from scripts.office.facts import NO_DAY, Column, Dictionaries, Facts, HeldRows, LayerHead, Ragged, nothing_known

AS_OF = datetime(2022, 4, 17, 22, 30, tzinfo=UTC)
BUILT_AT = datetime(2022, 4, 17, 23, tzinfo=UTC)
DAY = (date(2022, 4, 18) - date(1970, 1, 1)).days
HOUR = int(AS_OF.timestamp()) // 3600
PEPPER = Pepper(bytes(range(32)))
SINCE = int(datetime(2022, 3, 1, tzinfo=UTC).timestamp()) - 8 * 3600
HEAD = LayerHead(LayerKind.BASE, 7, AS_OF, BUILT_AT, bytes(16), frozenset({"44"}), frozenset({"health office"}), True)

WORDS = Dictionaries(
    statements=(
        (Colour.GREEN, "", "health office", SINCE),
        (Colour.YELLOW, "3天2检", "health office", SINCE + 12345),
        (Colour.RED, "close contact", "police", SINCE),
        *((Colour.RED, f"reason {number}", "health office", SINCE) for number in range(150)),
    ),
    tests=(
        (TestKind.NUCLEIC_ACID, TestResult.NEGATIVE, "laboratory"),
        (TestKind.ANTIGEN, TestResult.POSITIVE, "laboratory"),
        *((TestKind.NUCLEIC_ACID, TestResult.UNDER_CHECK, f"laboratory {number}") for number in range(300)),
    ),
    places=tuple((f"{440100 + 100 * (number % 21)}", f"street {number}") for number in range(1200)),
    lists=((ListKind.ADMITTED, "staff", "site"), (ListKind.BLOCKED, "lost card", "police")),
)


def ragged(
    random: np.random.Generator, people: int, most: int, share: float, *columns: tuple[int, int, type]
) -> Ragged:
    counts = np.where(random.random(people) < share, random.integers(0, most + 1, people), 0)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Ragged(offsets, tuple(random.integers(low, high, offsets[-1]).astype(kind) for low, high, kind in columns))


def odd(people: int, seed: int = 0) -> HeldRows:
    """People with whatever can be said of people, most of it never seen in life."""
    random = np.random.default_rng(seed)
    words = WORDS
    doses = random.integers(-1, 40, people).astype(np.int8)
    itinerary = random.choice([DAY, DAY - 1, DAY - 40, DAY + 3, NO_DAY], people).astype(np.int32)
    statement = random.integers(-1, len(words.statements), people).astype(np.int32)
    days = SINCE + 86400 * random.integers(-100, 100, people)
    since = random.choice([SINCE, SINCE + 12345, 1, 2**36, -5], people)
    stays = ragged(random, people, 6, 0.7, (0, len(words.places), np.int32), (DAY - 60, DAY + 2, np.int32))
    of = np.repeat(np.arange(people), np.diff(stays.offsets))
    keep = itinerary[of] != NO_DAY
    counts = np.bincount(of[keep], minlength=people)
    place, day = (column[keep] for column in stays.columns)
    day = np.where(random.random(len(day)) < 0.5, itinerary[of[keep]], day).astype(np.int32)
    facts = Facts(
        statement=statement,
        since=np.where(random.random(people) < 0.5, days, since),
        test=random.integers(-1, len(words.tests), people).astype(np.int32),
        test_hour=(HOUR - random.choice([0, 1, 5, 24, 336, 20_000, -3], people)).astype(np.int32),
        doses=doses,
        dose_month=np.where(doses < 0, -1, random.choice([-1, 0, 624, 627, 3000], people)).astype(np.int16),
        itinerary_day=itinerary,
        stays=Ragged(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), (place, day)),
        more_statements=ragged(
            random, people, 4, 0.2, (0, len(words.statements), np.int32), (SINCE - 5, SINCE + 5, np.int64)
        ),
        lists=ragged(random, people, 3, 0.2, (0, 2, np.int32), (SINCE - 5, 2**36, np.int64)),
        removed=random.random(people) < 0.05,
    )
    return HeldRows(keys(people, seed), facts, words)


def ordinary(people: int, seed: int = 0) -> HeldRows:
    """People as most are: green, tested days ago, at home."""
    random = np.random.default_rng(seed)
    facts = nothing_known(people)
    facts.statement[:] = np.where(random.random(people) < 0.99, 0, 1)
    facts.since[:] = SINCE
    facts.test[:] = 0
    facts.test_hour[:] = HOUR - random.integers(0, 337, people)
    facts.doses[:] = random.choice([0, 1, 2, 3], people, p=[0.05, 0.05, 0.4, 0.5])
    facts.dose_month[:] = np.where(facts.doses > 0, 627 - random.geometric(0.15, people).clip(1, 15), -1)
    facts.itinerary_day[:] = DAY
    home = random.geometric(0.15, people).clip(1, 21) - 1
    away = random.random(people) < 0.18
    counts = 1 + away
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    place = np.repeat(home, counts).astype(np.int32)
    day = np.full(offsets[-1], DAY, np.int32)
    second = offsets[1:][away] - 1
    place[second] = random.integers(21, 300, len(second))
    day[second] -= random.integers(0, 14, len(second)).astype(np.int32)
    stays = Ragged(offsets, (place, day))
    return HeldRows(keys(people, seed), with_stays(facts, stays), WORDS)


def with_stays(facts: Facts, stays: Ragged) -> Facts:
    return Facts(
        facts.statement,
        facts.since,
        facts.test,
        facts.test_hour,
        facts.doses,
        facts.dose_month,
        facts.itinerary_day,
        stays,
        facts.more_statements,
        facts.lists,
        facts.removed,
    )


def keys(people: int, seed: int) -> Column:
    return np.random.default_rng([seed, 1]).integers(0, 256, (people, 32), np.uint8)
