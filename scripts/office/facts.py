"""Finished rows in columns: what an encoder takes, however many people there are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from kiosk.core.status import Colour, ListKind, TestKind, TestResult
from kiosk.store import LayerKind
from kiosk.table.chain import LAYER_ID_BYTES

KEY_BYTES = 32
NO_DAY = -(2**31)  # an itinerary_day of people without itinerary

Column = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Dictionaries:
    """The words that columns point into by their place; each tuple as in FORMAT.md, *Meta*.

    A statement's since (seconds since 1970 UTC) should be the one that most people with it have: it costs nothing then.
    """

    statements: tuple[tuple[Colour, str, str, int], ...] = ()
    tests: tuple[tuple[TestKind, TestResult, str], ...] = ()
    places: tuple[tuple[str, str], ...] = ()
    lists: tuple[tuple[ListKind, str, str], ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Ragged:
    """Any number of entries per person: those of person i are ``offsets[i]`` to ``offsets[i + 1]`` of each column."""

    offsets: Column  # int64 [n + 1]
    columns: tuple[Column, ...]

    def take(self, chosen: Column) -> "Ragged":
        """The entries of the people at these places, in this order."""
        starts, counts = self.offsets[chosen], self.offsets[chosen + 1] - self.offsets[chosen]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        entries = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], counts)
        return Ragged(offsets, tuple(column[entries] for column in self.columns))

    @property
    def entries(self) -> tuple[Column, ...]:
        """The columns cut to the entries of these people."""
        return tuple(column[self.offsets[0] : self.offsets[-1]] for column in self.columns)


@dataclass(frozen=True, slots=True, repr=False)
class Facts:
    """What is known of n people, person i at place i of every column.

    Put the stay at home, whose day is that of the itinerary, first: only the first stay can be told without a spill.
    """

    statement: Column  # int32, -1 none
    since: Column  # int64, seconds since 1970 UTC at which that statement began
    test: Column  # int32, -1 none
    test_hour: Column  # int32, hours since 1970 UTC
    doses: Column  # int8, -1 not known
    dose_month: Column  # int16, months since 1970-01 of the last dose, -1 not known
    itinerary_day: Column  # int32, local days since 1970, NO_DAY none
    stays: Ragged  # int32 place, int32 local days since 1970
    more_statements: Ragged  # int32 statement, int64 since
    lists: Ragged  # int32 list, int64 until, seconds since 1970 UTC
    removed: Column  # bool: a tombstone, everything else is ignored

    def __len__(self) -> int:
        return len(self.statement)

    def __getitem__(self, part: slice) -> "Facts":
        """Consecutive people, without a copy."""
        whole = slice(part.start or 0, len(self) if part.stop is None else min(part.stop, len(self)))
        offsets = slice(whole.start, whole.stop + 1)
        return self._each(lambda column: column[whole], lambda ragged: Ragged(ragged.offsets[offsets], ragged.columns))

    def take(self, chosen: Column) -> "Facts":
        """The people at these places (int64), in this order."""
        return self._each(lambda column: column[chosen], lambda ragged: ragged.take(chosen))

    def _each(self, column: Any, ragged: Any) -> "Facts":
        mine = ((field.name, getattr(self, field.name)) for field in fields(self))
        return Facts(**{name: (ragged if isinstance(one, Ragged) else column)(one) for name, one in mine})


def nothing_known(people: int) -> Facts:
    """Facts of n people of whom nothing is known; its columns may be filled in place."""

    def none_each(*types: Any) -> Ragged:
        return Ragged(np.zeros(people + 1, np.int64), tuple(np.empty(0, kind) for kind in types))

    return Facts(
        statement=np.full(people, -1, np.int32),
        since=np.zeros(people, np.int64),
        test=np.full(people, -1, np.int32),
        test_hour=np.zeros(people, np.int32),
        doses=np.full(people, -1, np.int8),
        dose_month=np.full(people, -1, np.int16),
        itinerary_day=np.full(people, NO_DAY, np.int32),
        stays=none_each(np.int32, np.int32),
        more_statements=none_each(np.int32, np.int64),
        lists=none_each(np.int32, np.int64),
        removed=np.zeros(people, np.bool_),
    )


def joined(parts: Sequence[Facts]) -> Facts:
    """People one part after the other; at least one part."""

    def join(columns: list[Any]) -> Any:
        if isinstance(columns[0], Ragged):
            counts = [np.diff(ragged.offsets) for ragged in columns]
            offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate(counts))])
            entries = zip(*(ragged.entries for ragged in columns), strict=True)
            return Ragged(offsets, tuple(np.concatenate(one) for one in entries))
        return np.concatenate(columns)

    return Facts(**{field.name: join([getattr(part, field.name) for part in parts]) for field in fields(Facts)})


class Rows(Protocol):
    """Finished rows, asked for more than once: every pass gives the same batches."""

    @property
    def people(self) -> int: ...

    @property
    def dictionaries(self) -> Dictionaries: ...

    def batches(self) -> Iterator[tuple[Column, Facts]]:
        """K of each person (uint8 [n, 32]) and what is known of them; a few million people at most at a time."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class HeldRows:
    """Rows that are in memory."""

    keys: Column  # uint8 [n, 32]
    facts: Facts
    dictionaries: Dictionaries

    @property
    def people(self) -> int:
        return len(self.facts)

    def batches(self) -> Iterator[tuple[Column, Facts]]:
        for start in range(0, self.people, _BATCH):
            part = slice(start, start + _BATCH)
            yield self.keys[part], self.facts[part]


@dataclass(frozen=True, slots=True)
class LayerHead:
    """What a layer says of itself. ``base_id`` is the layer id of the base for a delta, zero otherwise."""

    kind: LayerKind
    serial: int
    as_of: datetime
    built_at: datetime
    salt: bytes
    scope: frozenset[str]
    issuers: frozenset[str]
    demo: bool = False
    base_id: bytes = bytes(LAYER_ID_BYTES)


_BATCH = 1 << 20
