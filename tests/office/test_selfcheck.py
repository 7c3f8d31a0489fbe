"""The second reader finds every person, and anything that is not as it was given."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kiosk.core.errors import TableError
from scripts.office.encode import encode_layer
from scripts.office.facts import NO_DAY, Column, HeldRows, Ragged
from scripts.office.selfcheck import check_layer, walk_layer
from tests.office.invented_rows import HEAD, PEPPER, odd, ordinary


def assert_checked(rows: HeldRows, out: Path) -> None:
    done = encode_layer(rows, HEAD, PEPPER, out)
    checked = check_layer(out, done.root, rows, PEPPER)
    assert (checked.people, checked.pages, checked.colours) == (rows.people, done.pages, done.colours)


def test_every_number_of_people(full: bool, tmp_path: Path) -> None:
    whole = odd(1000)
    for people in range(1001) if full else [*range(20), *range(20, 1001, 89), 1000]:
        chosen = np.arange(people)
        assert_checked(HeldRows(whole.keys[:people], whole.facts.take(chosen), whole.dictionaries), tmp_path / "layer")


@pytest.mark.parametrize("seed", range(4))
def test_odd_people(seed: int, full: bool, tmp_path: Path) -> None:
    assert_checked(odd(400_000 if full else 20_000, seed), tmp_path / "layer")


def test_ordinary_people(full: bool, tmp_path: Path) -> None:
    assert_checked(ordinary(10_000_000 if full else 300_000), tmp_path / "layer")


def changed(column: Column) -> Column:
    other = column.copy()
    other[len(other) // 2] = ~other[len(other) // 2] if other.dtype == np.bool_ else other[len(other) // 2] ^ 1
    return other


@pytest.mark.parametrize("name", [field.name for field in fields(odd(1).facts)])
def test_each_column_is_compared(name: str, tmp_path: Path) -> None:
    rows = odd(2001)
    facts = rows.facts
    # Told of everybody, so that the person in the middle has it.
    facts.removed[:] = False
    for column in (facts.statement, facts.test, facts.doses, facts.dose_month):
        column[:] = 2
    facts.itinerary_day[facts.itinerary_day == NO_DAY] = 3
    done = encode_layer(rows, HEAD, PEPPER, tmp_path / "layer")
    check_layer(tmp_path / "layer", done.root, rows, PEPPER)
    old = getattr(facts, name)
    others: list[Any] = (
        [Ragged(old.offsets, tuple(changed(c) if c is one else c for c in old.columns)) for one in old.columns]
        if isinstance(old, Ragged)
        else [changed(old)]
    )
    for other in others:
        with pytest.raises(TableError, match="does not read back: row "):
            check_layer(
                tmp_path / "layer",
                done.root,
                HeldRows(rows.keys, replace(facts, **{name: other}), rows.dictionaries),
                PEPPER,
            )


def test_a_person_too_many_or_another(tmp_path: Path) -> None:
    rows = odd(50)
    done = encode_layer(rows, HEAD, PEPPER, tmp_path / "layer")
    with pytest.raises(TableError, match="50 people instead of 51"):
        check_layer(tmp_path / "layer", done.root, odd(51), PEPPER)
    with pytest.raises(TableError, match="row 0 is not found"):
        check_layer(tmp_path / "layer", done.root, HeldRows(odd(50, 1).keys, rows.facts, rows.dictionaries), PEPPER)


def test_every_flipped_bit_is_found(full: bool, tmp_path: Path) -> None:
    path = tmp_path / "layer"
    done = encode_layer(odd(3000), HEAD, PEPPER, path)
    whole = path.read_bytes()
    for bit in np.random.default_rng(3).integers(0, 8 * len(whole), 2000 if full else 60).tolist():
        spoilt = bytearray(whole)
        spoilt[bit // 8] ^= 1 << bit % 8
        path.write_bytes(spoilt)
        with pytest.raises(TableError):
            walk_layer(path, done.root, PEPPER)
