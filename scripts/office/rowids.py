"""The people of a layer as a table of SQLite: what a layer is compared with."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kiosk.store import ActiveLayer
from kiosk.table.chain import Pepper
from kiosk.table.layer import PAGE, open_layer
from scripts.office.facts import Column

_PAGES = 512  # between two inserts
_SIGN = np.uint64(1 << 63)


def write_database(layer: ActiveLayer, pepper: Pepper, path: Path) -> None:
    """A rowid table with 8 bytes of hash, the rowid, and 8 bytes of facts for each person.

    The hash is what the page tells of it, so that nothing has to be sorted.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("CREATE TABLE person (hashed INTEGER PRIMARY KEY, facts INTEGER NOT NULL)")
        connection.execute("BEGIN")
        for hashed in _hashes(layer, pepper):
            facts = hashed * np.uint64(0x9E3779B97F4A7C15)
            rows = zip((hashed ^ _SIGN).view(np.int64).tolist(), facts.view(np.int64).tolist(), strict=True)
            connection.executemany("INSERT INTO person VALUES (?, ?)", rows)
        connection.execute("COMMIT")
    finally:
        connection.close()
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _hashes(layer: ActiveLayer, pepper: Pepper) -> Iterator[Column]:
    """What the pages tell of the hashes, in order."""
    opened = open_layer(Path(layer.file), bytes.fromhex(layer.root), pepper)
    head = opened.header
    opened.close()
    path = Path(layer.file)
    firsts = np.fromfile(path, "<u4", head.pages, offset=PAGE * (1 + head.pages)).astype(np.uint64)
    untold = np.uint64(32 - head.group_bits)
    for start in range(0, head.pages, _PAGES):
        pages = np.fromfile(path, np.uint8, PAGE * min(_PAGES, head.pages - start), offset=PAGE * (1 + start))
        parts = [_page(page, first) for page, first in zip(pages.reshape(-1, PAGE), firsts[start:], strict=False)]
        yield np.concatenate(parts) << untold


def _page(page: Column, first: np.uint64) -> Column:
    people, groups = (int(number) for number in page[:4].view("<u2"))
    halves = page[4 : 4 + (groups + 1) // 2]
    counts = np.stack([halves & 15, halves >> 4], axis=1).ravel()[:groups]
    low = 4 + len(halves)
    group = first + np.repeat(np.arange(groups, dtype=np.uint64), counts)
    return group << np.uint64(32) | page[low : low + 4 * people].copy().view("<u4").astype(np.uint64)
