"""Reads every person of a layer back before it may be signed.

A second reader, written from kiosk/table/FORMAT.md alone: it shares neither code nor constants with the encoder nor
with the kiosk's reader, so that a mistake in one of them shows. The bulk hashes are compared with hashlib's at every
thousandth key.
"""

import hashlib
import hmac
import json
import os
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from kiosk.core.errors import TableError
from kiosk.core.status import Colour
from kiosk.table.chain import Pepper
from scripts.office.facts import Column, Facts, Rows
from scripts.office.hashing import Chain
from scripts.office.readback import COLUMNS, Asked, compare, locate, walk

_PAGE = 4096
_EVERY = 1000
_PART = 1 << 17


@dataclass(frozen=True, slots=True)
class Checked:
    """What a layer was found to hold. ``colours`` counts statements as they were read back."""

    people: int
    pages: int
    colours: Mapping[Colour, int]


@dataclass(frozen=True, slots=True, repr=False)
class _File:
    path: Path
    data: Column  # uint8, the whole file
    number: Mapping[str, int]
    layer_id: bytes
    index: Column
    meta: Mapping[str, Any]

    @property
    def pages(self) -> Column:
        return self.data[_PAGE : _PAGE * (1 + self.number["pages"])].reshape(-1, _PAGE)


_NUMBERS = {  # offset and length of each number of the header
    "version": (8, 2),
    "kind": (10, 1),
    "group_bits": (11, 1),
    "slot_bits": (12, 1),
    "people": (16, 8),
    "pages": (24, 8),
    "as_of": (104, 8),
    "hours": (120, 4),
    "meta": (124, 4),
}


def walk_layer(path: Path, root: bytes, pepper: Pepper) -> int:
    """Check every byte of a layer against its root, and the build of every page. Returns the number of people.

    Raises TableError.
    """
    file = _open(path, root, pepper)
    number = file.number
    leaves = bytes(file.data[_PAGE * (1 + number["pages"]) + 4 * number["pages"] :][: 16 * number["pages"]])
    for place, page in enumerate(file.pages):
        leaf = hashlib.sha256(file.layer_id + place.to_bytes(8, "little") + page.tobytes()).digest()[:16]
        if leaf != leaves[16 * place : 16 * place + 16]:
            raise _wrong(path, f"page {place} is not that of its leaf")
    people, page = walk(file.pages, file.index, number["group_bits"], number["slot_bits"])
    if page >= 0:
        raise _wrong(path, f"page {page} is not built as it should be")
    if people != number["people"]:
        raise _wrong(path, f"{people} people on its pages, {number['people']} in its header")
    return int(people)


def check_layer(path: Path, root: bytes, rows: Rows, pepper: Pepper) -> Checked:
    """Walk a layer, then ask it for every row and compare what it says. Raises TableError at the first difference."""
    people = walk_layer(path, root, pepper)
    if people != rows.people:
        raise _wrong(path, f"{people} people instead of {rows.people}")
    file = _open(path, root, pepper)
    words = rows.dictionaries
    for name, written in (
        ("statements", words.statements),
        ("tests", words.tests),
        ("places", words.places),
        ("lists", words.lists),
    ):
        if file.meta[name] != [list(word) for word in written]:
            raise _wrong(path, f"other {name}")
    counted = np.zeros(len(words.statements), np.int64)
    first = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for keys, facts in rows.batches():
            parts = [
                (file, keys[start : start + _PART], facts[start : start + _PART], first + start, pepper)
                for start in range(0, len(facts), _PART)
            ]
            for counts in pool.map(_compare, *zip(*parts, strict=True)):
                counted += counts
            first += len(facts)
    colours = Counter[Colour]()
    for (colour, *_), count in zip(words.statements, counted.tolist(), strict=True):
        colours[colour] += count
    return Checked(people, file.number["pages"], +colours)


def _open(path: Path, root: bytes, pepper: Pepper) -> _File:
    try:
        data = np.memmap(path, np.uint8, "r")
    except (OSError, ValueError) as error:
        raise TableError(None, f"{path} cannot be read: {error}. Name a layer file.") from None
    head = bytes(data[:_PAGE])
    number = {
        name: int.from_bytes(head[at : at + size], "little", signed=True) for name, (at, size) in _NUMBERS.items()
    }
    if head[:8] != b"OCPLAYER" or number["version"] != 1 or any(head[13:16]) or any(head[128:]):
        raise _wrong(path, "not the header of a layer")
    end = _PAGE * (1 + number["pages"])
    if len(data) != end + 20 * number["pages"] + number["meta"]:
        raise _wrong(path, f"{len(data)} bytes")
    tail = bytes(data[end:])
    if not hmac.compare_digest(hashlib.sha256(head + tail).digest(), root):
        raise _wrong(path, "not the root that was given")
    if pepper.key_id != head[80:96]:
        raise TableError(None, f"{path} was made with another pepper. Name that one.")
    layer_id = head[32:48]
    key = hmac.digest(pepper.secret, b"meta" + layer_id, "sha256")
    try:
        meta = json.loads(ChaCha20Poly1305(key).decrypt(bytes(12), tail[20 * number["pages"] :], None))
    except InvalidTag:
        raise _wrong(path, "dictionaries under another key") from None
    return _File(path, data, number, layer_id, np.frombuffer(tail[: 4 * number["pages"]], "<u4"), meta)


def _compare(file: _File, keys: Column, facts: Facts, first: int, pepper: Pepper) -> Column:
    rows = Chain.of(pepper).rows(keys, file.layer_id)
    for sampled in range(0, len(keys), _EVERY):
        blinded = hmac.digest(pepper.secret, keys[sampled].tobytes(), "sha256")
        if hashlib.blake2b(key=blinded, person=file.layer_id).digest() != rows[sampled].tobytes():
            raise _wrong(file.path, f"row {first + sampled}: hashed wrongly")
    number = file.number
    people = len(keys)
    value, spill_at, spill_size = np.empty(people, np.uint32), np.empty(people, np.int64), np.empty(people, np.int64)
    lost = locate(file.pages, file.index, rows, number["group_bits"], number["slot_bits"], value, spill_at, spill_size)
    if lost >= 0:
        raise _wrong(file.path, f"row {first + lost} is not found")
    stream = rows.view(np.uint8).reshape(people, 64)
    long = np.flatnonzero(spill_size > 52)
    long_streams = np.zeros((len(long), 512), np.uint8)
    for place, person in enumerate(long):
        longer = hashlib.shake_256(stream[person, 12:].tobytes()).digest(int(spill_size[person]))
        long_streams[place, : len(longer)] = np.frombuffer(longer, np.uint8)
    place_of = np.full(people, -1, np.int64)
    place_of[long] = np.arange(len(long))
    statements = file.meta["statements"]
    profiles = [bytes.fromhex(items) for items in file.meta["profiles"]]
    asked = Asked(
        np.frombuffer(b"".join(profiles), np.uint8),
        np.cumsum([0, *map(len, profiles)]),
        np.array([since for *_, since in statements], np.int64),
        number["as_of"],
        number["hours"],
    )
    counted = np.zeros(len(statements), np.int64)
    lists = facts.lists
    stay_place, stay_day = facts.stays.columns
    more_statement, more_since = facts.more_statements.columns
    row, column = compare(
        file.pages.reshape(-1), asked, value, spill_at, spill_size, stream, long_streams, place_of,
        facts.statement, facts.since, facts.test, facts.test_hour, facts.doses, facts.dose_month, facts.itinerary_day,
        facts.removed, facts.stays.offsets, stay_place, stay_day, facts.more_statements.offsets,
        more_statement, more_since, lists.offsets, lists.columns[0], lists.columns[1], counted,
    )  # fmt: skip
    if column >= 0:
        raise _wrong(file.path, f"row {first + row}: another {COLUMNS[column]}")
    return counted


def _wrong(path: Path, what: str) -> TableError:
    return TableError(None, f"{path} does not read back: {what}. Check disk and memory, then build again.")
