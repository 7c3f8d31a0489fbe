"""What changed between two sets of rows: the rows of a delta, or the news that a new base is due."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from kiosk.core.errors import TableError
from scripts.office.facts import KEY_BYTES, Column, Dictionaries, Facts, HeldRows, Ragged, Rows, joined, nothing_known

LIMIT = 0.7  # of the people: beyond, a base is hardly larger and is asked first
_AT_ONCE = 1 << 24  # people of one set in memory


@dataclass(frozen=True, slots=True, repr=False)
class Delta:
    """Rows of everybody who changed, is new, or is gone (a tombstone), sorted by K."""

    rows: HeldRows
    changed: int
    new: int
    removed: int


@dataclass(frozen=True, slots=True)
class BaseDue:
    """A delta of so many rows would exceed its limit: build a base."""

    rows: int
    limit: int


def compare_rows(old: Rows, new: Rows, limit: float = LIMIT) -> Delta | BaseDue:
    """The delta from the rows of a base to new ones; ``limit`` is the largest share of the new people that it may have.

    Raises TableError where a person stands twice in one set.
    """
    most = int(limit * new.people)
    words = _renaming(old.dictionaries, new.dictionaries)
    parts = [(np.empty((0, KEY_BYTES), np.uint8), nothing_known(0))]
    changed = fresh = removed = 0
    passes = max(1, -(-max(old.people, new.people) // _AT_ONCE))
    borders = [256 * number // passes for number in range(passes + 1)]
    for low, high in pairwise(borders):
        before, after = _part(old, low, high), _part(new, low, high)
        both = _match(before[0], after[0])
        differ = _differing(_renamed(before[1].take(both.old), words), after[1].take(both.new))
        chosen = np.concatenate([both.new[differ], both.only_new])
        gone = nothing_known(len(both.only_old))
        gone.removed[:] = True
        keys = np.concatenate([after[0][chosen], before[0][both.only_old]])
        order = _by_key(keys)
        parts.append((keys[order], joined([after[1].take(chosen), gone]).take(order)))
        changed += int(np.count_nonzero(differ))
        fresh += len(both.only_new)
        removed += len(both.only_old)
    if changed + fresh + removed > most:
        return BaseDue(changed + fresh + removed, most)
    rows = HeldRows(
        np.concatenate([keys for keys, _ in parts]), joined([facts for _, facts in parts]), new.dictionaries
    )
    return Delta(rows, changed, fresh, removed)


def _part(rows: Rows, low: int, high: int) -> tuple[Column, Facts]:
    """The people whose K begins with a byte from ``low`` to below ``high``."""
    keys, facts = [np.empty((0, KEY_BYTES), np.uint8)], [nothing_known(0)]
    for some_keys, some in rows.batches():
        chosen = np.flatnonzero((some_keys[:, 0] >= low) & (some_keys[:, 0] < high))
        keys.append(some_keys[chosen])
        facts.append(some.take(chosen))
    return np.concatenate(keys), joined(facts)


@dataclass(frozen=True, slots=True, repr=False)
class _Matched:
    old: Column  # places of the people of both sets, in the same order
    new: Column
    only_old: Column
    only_new: Column


def _by_key(keys: Column) -> Column:
    words = np.ascontiguousarray(keys).view(">u8").astype(np.uint64)
    order: Column = np.lexsort(words.T[::-1])
    return order


def _match(old: Column, new: Column) -> _Matched:
    keys = np.concatenate([old, new])
    order = _by_key(keys)  # stable: the old one comes first
    ordered = keys[order]
    same = np.flatnonzero((ordered[1:] == ordered[:-1]).all(axis=1))
    first, second = order[same], order[same + 1]
    if np.any(second < len(old)) or np.any(first >= len(old)):
        raise TableError(None, "a person stands twice in one set of rows. Leave one of the two out.")
    alone: Column = np.ones(len(keys), np.bool_)
    alone[first] = alone[second] = False
    return _Matched(first, second - len(old), np.flatnonzero(alone[: len(old)]), np.flatnonzero(alone[len(old) :]))


def _differing(old: Facts, new: Facts) -> Column:
    """Where two lists of the same people differ, once both use the same words."""
    differ: Column = (old.statement != new.statement) | (old.test != new.test) | (old.removed != new.removed)
    differ |= (old.since != new.since) & (new.statement >= 0)
    differ |= (old.test_hour != new.test_hour) & (new.test >= 0)
    for name in ("doses", "dose_month", "itinerary_day"):
        differ |= getattr(old, name) != getattr(new, name)
    for name in ("stays", "more_statements", "lists"):
        differ |= _ragged_differ(getattr(old, name), getattr(new, name))
    return differ


def _ragged_differ(old: Ragged, new: Ragged) -> Column:
    counts = np.diff(new.offsets)
    differ: Column = np.diff(old.offsets) != counts
    alike = np.flatnonzero(~differ)
    entries = np.zeros(int(counts[alike].sum()), np.bool_)
    for one, other in zip(old.take(alike).columns, new.take(alike).columns, strict=True):
        entries |= one != other
    differ[np.repeat(alike, counts[alike])[entries]] = True
    return differ


def _renaming(old: Dictionaries, new: Dictionaries) -> dict[str, Column]:
    """For each dictionary the new number of each old word: -1 stays none, -2 is no word any more."""

    def numbers(before: Sequence[Any], after: Sequence[Any]) -> Column:
        places = {word: place for place, word in enumerate(after)}
        return np.array([*(places.get(word, -2) for word in before), -1], np.int32)

    def without_since(words: Dictionaries) -> list[Any]:
        return [statement[:3] for statement in words.statements]

    return {
        "statements": numbers(without_since(old), without_since(new)),
        "tests": numbers(old.tests, new.tests),
        "places": numbers(old.places, new.places),
        "lists": numbers(old.lists, new.lists),
    }


def _renamed(facts: Facts, words: dict[str, Column]) -> Facts:
    def entries(ragged: Ragged, numbers: Column) -> Ragged:
        return Ragged(ragged.offsets, (numbers[ragged.columns[0]], *ragged.columns[1:]))

    return replace(
        facts,
        statement=words["statements"][facts.statement],
        test=words["tests"][facts.test],
        stays=entries(facts.stays, words["places"]),
        more_statements=entries(facts.more_statements, words["statements"]),
        lists=entries(facts.lists, words["lists"]),
    )
