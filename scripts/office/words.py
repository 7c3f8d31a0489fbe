"""Parsed cells gathered into columns and dictionaries."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kiosk.core.status import Colour, ListKind
from scripts.office.cells import Code, Entry, Stay
from scripts.office.facts import Column, Dictionaries, Facts, Ragged, joined, nothing_known


@dataclass(frozen=True, slots=True, repr=False)
class Cells:
    """One column: its distinct values, and which of them each row has."""

    values: Sequence[Any]
    places: Column

    @property
    def holds(self) -> Column:
        """Where there is something."""
        return np.array([value not in (None, "", ()) for value in self.values], np.bool_)[self.places]

    @property
    def lengths(self) -> Column:
        """Entries of each row's cell."""
        return np.array([len(value) for value in self.values], np.int64)[self.places]

    def numbers(self, none: int) -> Column:
        """The number of each row, or what stands for none."""
        return np.array([none if value is None else value for value in self.values], np.int64)[self.places]


class _Words(dict[Any, int]):
    def __missing__(self, word: Hashable) -> int:
        self[word] = len(self)
        return self[word]


class Gathered:
    """Facts of all rows so far, and the words that they use."""

    def __init__(self) -> None:
        self._parts: list[Facts] = [nothing_known(0)]
        self._statements, self._tests, self._places, self._lists = _Words(), _Words(), _Words(), _Words()

    def add(
        self,
        codes: Cells,
        tests: Cells,
        stays: Cells,
        lists: Cells,
        *,
        test_hour: Column,
        doses: Column,
        dose_month: Column,
        itinerary_day: Column,
    ) -> None:
        """Add rows; a test is (kind, result, issuer), other cells are tuples of cells.Code, cells.Stay, cells.Entry."""
        known: list[list[tuple[int, int]]] = [[self._code(code) for code in cell] for cell in codes.values]
        first = np.array([told[0] if told else (-1, 0) for told in known], np.int64).reshape(-1, 2)[codes.places]
        test = np.array([-1 if word is None else self._tests[word] for word in tests.values], np.int32)
        self._parts.append(
            Facts(
                statement=first[:, 0].astype(np.int32),
                since=first[:, 1],
                test=test[tests.places],
                test_hour=test_hour.astype(np.int32),
                doses=doses.astype(np.int8),
                dose_month=dose_month.astype(np.int16),
                itinerary_day=itinerary_day.astype(np.int32),
                stays=_ragged(([self._stay(stay) for stay in cell] for cell in stays.values), stays.places, np.int32),
                more_statements=_ragged((told[1:] for told in known), codes.places, np.int64),
                lists=_ragged(
                    ([self._entry(entry) for entry in cell] for cell in lists.values), lists.places, np.int64
                ),
                removed=np.zeros(len(codes.places), np.bool_),
            )
        )

    def facts(self, kept: Column) -> tuple[Facts, Dictionaries]:
        """The rows that are kept, with the words that they use, the most frequent first."""
        facts = joined(self._parts).take(np.flatnonzero(kept))
        told = facts.statement >= 0
        statements = np.concatenate([facts.statement[told], facts.more_statements.columns[0]])
        since = np.concatenate([facts.since[told], facts.more_statements.columns[1]])
        codes, new_code = _by_frequency(statements, len(self._statements))
        tests, new_test = _by_frequency(facts.test[facts.test >= 0], len(self._tests))
        places, new_place = _by_frequency(facts.stays.columns[0], len(self._places))
        lists, new_list = _by_frequency(facts.lists.columns[0], len(self._lists))
        usual = _usual(statements, since, len(self._statements))
        return (
            replace(
                facts,
                statement=new_code[facts.statement],
                test=new_test[facts.test],
                stays=_renamed(facts.stays, new_place),
                more_statements=_renamed(facts.more_statements, new_code),
                lists=_renamed(facts.lists, new_list),
            ),
            Dictionaries(
                tuple((*word, usual[number]) for word, number in _chosen(self._statements, codes)),
                tuple(word for word, _ in _chosen(self._tests, tests)),
                tuple(word for word, _ in _chosen(self._places, places)),
                tuple(word for word, _ in _chosen(self._lists, lists)),
            ),
        )

    def _code(self, code: Code) -> tuple[int, int]:
        colour, reason, issuer, since = code
        word: tuple[Colour, str, str] = (colour, reason, issuer)
        return self._statements[word], since

    def _stay(self, stay: Stay) -> tuple[int, int]:
        place, area, day = stay
        return self._places[place, area], day

    def _entry(self, entry: Entry) -> tuple[int, int]:
        kind, title, issuer, until = entry
        word: tuple[ListKind, str, str] = (kind, title, issuer)
        return self._lists[word], until


def _ragged(cells: Iterable[Sequence[tuple[int, int]]], places: Column, second: type) -> Ragged:
    each = list(cells)
    offsets = np.cumsum([0, *map(len, each)])
    entries = np.array([entry for cell in each for entry in cell], np.int64).reshape(-1, 2)
    return Ragged(offsets, (entries[:, 0].astype(np.int32), entries[:, 1].astype(second))).take(places)


def _by_frequency(used: Column, words: int) -> tuple[Column, Column]:
    """Old numbers in their new order, and the new number of each old one; that of none (-1) stays."""
    counts = np.bincount(used, minlength=words)
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    new = np.full(words + 1, -1, np.int32)
    new[order] = np.arange(len(order))
    return order, new


def _usual(statements: Column, since: Column, words: int) -> list[int]:
    """The since that most people with a statement have, the earliest of several."""
    usual = [0] * words
    pairs, counts = np.unique(np.stack([statements, since]).astype(np.int64), axis=1, return_counts=True)
    # Written in the order of their frequency: the last one stays.
    for place in np.lexsort((-pairs[1], counts)).tolist():
        usual[pairs[0, place]] = int(pairs[1, place])
    return usual


def _renamed(ragged: Ragged, new: Column) -> Ragged:
    return Ragged(ragged.offsets, (new[ragged.columns[0]], *ragged.columns[1:]))


def _chosen(words: _Words, order: Column) -> list[tuple[Any, int]]:
    each = list(words)
    return [(each[number], number) for number in order.tolist()]
