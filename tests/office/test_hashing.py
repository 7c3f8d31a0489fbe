"""The chain for a million keys gives what hashlib gives for one."""

import numpy as np
import pytest

from kiosk.table.chain import Pepper, row_keys
from scripts.office.hashing import Chain


@pytest.mark.parametrize("people", [0, 1, 63, 64, 65, 1000])
def test_same_as_hashlib(people: int) -> None:
    random = np.random.default_rng(people)
    pepper, layer = Pepper(random.bytes(32)), random.bytes(16)
    keys = random.integers(0, 256, (people, 32), np.uint8)
    rows = Chain.of(pepper).rows(keys, layer)
    assert len(rows) == people
    for key, row in zip(keys, rows, strict=True):
        hashed, stream = row_keys(pepper.blind(key.tobytes()), layer)
        assert row.tobytes() == hashed.to_bytes(8, "little") + stream


def test_repr_shows_nothing() -> None:
    chain = Chain.of(Pepper(bytes([33] * 32)))
    assert not any(str(int(word)) in repr(chain) for word in (*chain.inner, *chain.outer))
