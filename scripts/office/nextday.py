"""The synthetic province a day later, whole or as what is new: the input of a delta."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from scripts.office.facts import KEY_BYTES, NO_DAY, Column, Dictionaries, Facts, HeldRows, Ragged, Rows, joined
from scripts.office.synth import DAY, DICTIONARIES, HOUR, NEGATIVE, STEPS, Province, draws

CHANGED, NEW = 0.02, 0.001
LATER = timedelta(days=1)


@dataclass(frozen=True, slots=True, repr=False)
class NextDay:
    """The same people a day later (Rows)."""

    before: Rows
    share: float
    newcomers: Province

    @property
    def people(self) -> int:
        return self.before.people + self.newcomers.people

    @property
    def dictionaries(self) -> Dictionaries:
        return self.before.dictionaries

    def batches(self) -> Iterator[tuple[Column, Facts]]:
        for keys, facts, _ in self._later():
            yield keys, facts
        yield from self.newcomers.batches()

    def news(self) -> HeldRows:
        """The people who are new or of whom something else is known, all in memory."""
        parts = [(keys[tested], facts.take(tested)) for keys, facts, tested in self._later()]
        parts += self.newcomers.batches()
        return HeldRows(
            np.concatenate([keys for keys, _ in parts]), joined([facts for _, facts in parts]), DICTIONARIES
        )

    def _later(self) -> Iterator[tuple[Column, Facts, Column]]:
        for number, (keys, facts) in enumerate(self.before.batches()):
            bits = np.random.SFC64(np.random.SeedSequence((self.newcomers.seed, number, 1)))
            drawn = draws(bits, 2, len(facts))
            tested = np.flatnonzero(drawn[0] < self.share * STEPS)
            yield keys, _a_day_later(facts, tested, drawn[1][tested].astype(np.int32)), tested


def changed(rows: Rows, share: float = CHANGED, new: float = NEW) -> NextDay:
    """What the same people are known for a day later, ``share`` of them tested again, and some that are new."""
    return NextDay(rows, share, Province(round(rows.people * new), np.empty((0, KEY_BYTES), np.uint8), seed=2))


def _a_day_later(facts: Facts, tested: Column, drawn: Column) -> Facts:
    columns = (facts.test, facts.test_hour, facts.itinerary_day, facts.statement, facts.since)
    test, test_hour, itinerary_day, statement, since = (column.copy() for column in columns)
    place, stay_day = facts.stays.columns[0], facts.stays.columns[1].copy()
    test[tested] = NEGATIVE
    test_hour[tested] = HOUR + 24 - drawn % 24
    known = tested[itinerary_day[tested] != NO_DAY]
    itinerary_day[known] = DAY + 1
    stay_day[facts.stays.offsets[known]] = DAY + 1
    # One of a hundred became yellow.
    ill = tested[drawn < STEPS // 100]
    statement[ill] = 1
    since[ill] = test_hour[ill].astype(np.int64) * 3600
    return replace(
        facts,
        test=test,
        test_hour=test_hour,
        itinerary_day=itinerary_day,
        stays=Ragged(facts.stays.offsets, (place, stay_day)),
        statement=statement,
        since=since,
    )
