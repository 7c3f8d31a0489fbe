"""A delta over its base says of everybody what the new rows say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kiosk.core.errors import TableError
from kiosk.store import LayerKind
from kiosk.table.layer import open_layer
from scripts.office import delta
from scripts.office.delta import BaseDue, Delta, compare_rows
from scripts.office.encode import encode_layer
from scripts.office.facts import Column, Dictionaries, Facts, HeldRows, Ragged, joined
from scripts.office.selfcheck import check_layer
from scripts.office.told import person_status
from tests.office.invented_rows import HEAD, PEPPER, odd


def without_tombstones(rows: HeldRows) -> HeldRows:
    rows.facts.removed[:] = False
    return rows


def other_words(rows: HeldRows) -> HeldRows:
    """The same facts with all dictionaries turned round."""
    words, facts = rows.dictionaries, rows.facts

    def turn(numbers: Column, count: int) -> Column:
        return np.where(numbers < 0, -1, count - 1 - numbers).astype(np.int32)

    def turned(ragged: Ragged, count: int) -> Ragged:
        return Ragged(ragged.offsets, (turn(ragged.columns[0], count), *ragged.columns[1:]))

    return HeldRows(
        rows.keys,
        replace(
            facts,
            statement=turn(facts.statement, len(words.statements)),
            test=turn(facts.test, len(words.tests)),
            stays=turned(facts.stays, len(words.places)),
            more_statements=turned(facts.more_statements, len(words.statements)),
            lists=turned(facts.lists, len(words.lists)),
        ),
        Dictionaries(words.statements[::-1], words.tests[::-1], words.places[::-1], words.lists[::-1]),
    )


def mixed(old: HeldRows, changed: HeldRows, every: int) -> tuple[HeldRows, Facts]:
    """Some people of ``old`` gone, each ``every``-th with the facts of ``changed``, and some new ones."""
    people = np.arange(old.people)
    kept = people[people % 10 != 3]
    source = np.where(kept % every == 0, kept + old.people, kept)
    both = joined([old.facts, changed.facts])
    fresh = np.arange(len(changed.keys) - 50, len(changed.keys))
    facts = both.take(np.concatenate([source, fresh + old.people]))
    keys = np.concatenate([old.keys[kept], changed.keys[fresh]])
    order = np.random.default_rng(5).permutation(len(keys))
    return HeldRows(keys[order], facts.take(order), old.dictionaries), facts


@pytest.mark.parametrize("at_once", [300, 1 << 24])
def test_delta_over_base(at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta, "_AT_ONCE", at_once)
    old, changed = without_tombstones(odd(1000, 1)), without_tombstones(odd(1000, 2))
    new, _ = mixed(old, changed, 8)
    new = other_words(new)
    found = compare_rows(old, new)
    assert isinstance(found, Delta)
    people = np.arange(1000)
    assert found.changed == np.count_nonzero((people % 8 == 0) & (people % 10 != 3))
    assert (found.new, found.removed) == (50, 100)
    assert found.rows.people == found.changed + found.new + found.removed
    base = encode_layer(old, HEAD, PEPPER, tmp_path / "base")
    head = replace(HEAD, kind=LayerKind.DELTA, base_id=base.layer_id)
    made = encode_layer(found.rows, head, PEPPER, tmp_path / "delta")
    check_layer(tmp_path / "delta", made.root, found.rows, PEPPER)
    below, above = open_layer(tmp_path / "base", base.root, PEPPER), open_layer(tmp_path / "delta", made.root, PEPPER)
    try:
        for person, key in enumerate(new.keys):
            answer = above.find(PEPPER.blind(key.tobytes())) or below.find(PEPPER.blind(key.tobytes()))
            assert answer is not None
            assert answer.status == person_status(new.facts, new.dictionaries, person)
        for key in old.keys[people % 10 == 3]:
            answer = above.find(PEPPER.blind(key.tobytes()))
            assert answer is not None
            assert answer.status is None
    finally:
        below.close()
        above.close()


def test_the_same_people_make_an_empty_delta() -> None:
    rows = without_tombstones(odd(500))
    order = np.random.default_rng(1).permutation(500)
    found = compare_rows(rows, other_words(HeldRows(rows.keys[order], rows.facts.take(order), rows.dictionaries)))
    assert isinstance(found, Delta)
    assert found.rows.people == 0


def test_beyond_the_limit_a_base_is_due() -> None:
    old, new = without_tombstones(odd(100, 1)), without_tombstones(odd(100, 1))
    new.facts.doses[:71] = 90
    assert compare_rows(old, new) == BaseDue(71, 70)
    new.facts.doses[70] = old.facts.doses[70]
    assert isinstance(compare_rows(old, new), Delta)


def test_a_person_twice_is_refused() -> None:
    rows = without_tombstones(odd(10))
    rows.keys[3] = rows.keys[4]
    for old, new in ((rows, odd(10, 1)), (odd(10, 1), rows), (rows, rows)):
        with pytest.raises(TableError, match="stands twice"):
            compare_rows(old, new)


@pytest.mark.parametrize("name", ["since", "test", "test_hour", "doses", "dose_month", "itinerary_day", "statement"])
def test_each_column_makes_a_change(name: str) -> None:
    old, new = without_tombstones(odd(100)), without_tombstones(odd(100))
    for rows in (old, new):
        rows.facts.statement[5] = rows.facts.test[5] = 3
    getattr(new.facts, name)[5] += 1
    found = compare_rows(old, new)
    assert isinstance(found, Delta)
    assert found.changed == found.rows.people == 1
    assert found.rows.keys.tobytes() == new.keys[5].tobytes()


@pytest.mark.parametrize("name", ["stays", "more_statements", "lists"])
@pytest.mark.parametrize("place", [0, 1])
def test_each_entry_makes_a_change(name: str, place: int) -> None:
    old, new = without_tombstones(odd(100)), without_tombstones(odd(100))
    column = getattr(new.facts, name).columns[place]
    column[0] += -1 if column[0] else 1
    found = compare_rows(old, new)
    assert isinstance(found, Delta)
    assert found.changed == found.rows.people == 1
