"""Every person of a layer is read back as it was given, by the reader that kiosks have."""

from pathlib import Path

import pytest

from kiosk.table.layer import open_layer
from scripts.office.encode import encode_layer
from scripts.office.facts import HeldRows
from tests.office.invented_rows import HEAD, PEPPER, odd, ordinary, status


def assert_read_back(rows: HeldRows, out: Path) -> None:
    done = encode_layer(rows, HEAD, PEPPER, out)
    layer = open_layer(out, done.root, PEPPER)
    try:
        for person, key in enumerate(rows.keys):
            found = layer.find(PEPPER.blind(key.tobytes()))
            assert found is not None, person
            assert found.status == status(rows.facts, rows.dictionaries, person), person
    finally:
        layer.close()


@pytest.mark.parametrize("people", [*range(12), 100, 3000])
def test_odd_people_are_read_back(people: int, tmp_path: Path) -> None:
    assert_read_back(odd(people, people), tmp_path / "layer")


def test_ordinary_people_are_read_back(tmp_path: Path) -> None:
    assert_read_back(ordinary(20_000), tmp_path / "layer")
