"""Rows into a layer file (kiosk/table/FORMAT.md), in bounded memory, on all processors."""

import hashlib
import json
import os
import struct
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, TypeVar

import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from kiosk.core.errors import TableError
from kiosk.core.status import Colour
from kiosk.store import LayerKind, sync_folder
from kiosk.table.chain import LAYER_ID_BYTES, Pepper
from scripts.office.facts import Column, Facts, LayerHead, Rows
from scripts.office.hashing import Chain
from scripts.office.items import Written, write_rows
from scripts.office.pages import PAGE, Laid, Layout, fill_pages
from scripts.office.profiles import Plan, plan_slots
from scripts.office.sealed import Run, Sealed, Spool, UnluckyLayerError, seal, sort_bucket

_HEADER = struct.Struct("<8sHBBB3xQQ16s16s16s16sQqqII")
_MAGIC, _VERSION = b"OCPLAYER", 1
_KINDS = tuple(LayerKind)
_TAG = 16
_PERSON = b"one-card layer"
_ATTEMPTS = 16  # one in twenty fails at most, unless a person stands twice
_UNIT = 1 << 18  # people that one thread works on at a time
_HELD = 1 << 25  # people whose sealed rows are kept in memory
_MOST_BUCKET_BITS = 9
_AHEAD = 4

_Unit = tuple[int, Column, Facts]  # number of the first person, keys, facts
_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True, slots=True)
class EncodedLayer:
    """A layer that was written. ``colours`` counts statements, those of tombstones excepted."""

    root: bytes
    sha256: bytes
    length: int
    people: int
    pages: int
    layer_id: bytes
    colours: Mapping[Colour, int]


@dataclass(frozen=True, slots=True, repr=False)
class _Draft:
    """All that is known of a layer before its id is drawn."""

    head: LayerHead
    people: int
    plan: Plan
    meta: bytes
    key_id: bytes
    content: bytes
    colours: Counter[Colour]
    written: tuple[Written, ...]  # of each unit, where there is room for all

    @property
    def group_bits(self) -> int:
        # The smallest B with 2.1 * 2^B >= N.
        return max(1, ((10 * self.people + 20) // 21 - 1).bit_length())

    @property
    def bucket_bits(self) -> int:
        return min(_MOST_BUCKET_BITS, self.group_bits, (self.people // (1 << 18)).bit_length())

    def header(self, layer_id: bytes, pages: int) -> bytes:
        head = self.head
        fields = (
            *(_MAGIC, _VERSION, _KINDS.index(head.kind), self.group_bits, self.plan.slot_bits, self.people, pages),
            *(layer_id, head.base_id, head.salt, self.key_id, head.serial),
            *(_seconds(head.as_of), _seconds(head.built_at), self.plan.frame.hours, len(self.meta) + _TAG),
        )
        return _HEADER.pack(*fields).ljust(PAGE, b"\0")

    def layer_id(self, pepper: Pepper, attempt: int) -> bytes:
        drawn = hashlib.blake2b(digest_size=LAYER_ID_BYTES, key=pepper.secret, person=_PERSON)
        for part in (self.header(bytes(LAYER_ID_BYTES), 0), self.meta, self.content, bytes([attempt])):
            drawn.update(part)
        return drawn.digest()


def encode_layer(rows: Rows, head: LayerHead, pepper: Pepper, out: Path) -> EncodedLayer:
    """Write a layer; the same rows in the same order give the same bytes. ``out`` is replaced when all is durable.

    Raises TableError for rows that cannot be encoded, and where the file cannot be written.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        draft = _draft(rows, head, pepper, pool)
        for attempt in range(_ATTEMPTS):
            layer_id = draft.layer_id(pepper, attempt)
            try:
                return _write(rows, draft, layer_id, pepper, out, pool)
            except UnluckyLayerError:
                continue
            except OSError as error:
                detail = f"{out} cannot be written: {error.strerror}. Name a file in a folder with room."
                raise TableError(None, detail) from None
    raise TableError(None, "two people have the same key. Leave one of them out.")


def _draft(rows: Rows, head: LayerHead, pepper: Pepper, pool: ThreadPoolExecutor) -> _Draft:
    plan = plan_slots(rows, head)
    words = rows.dictionaries
    meta = {
        "scope": sorted(head.scope),
        "issuers": sorted(head.issuers),
        "demo": head.demo,
        "statements": words.statements,
        "tests": words.tests,
        "places": words.places,
        "lists": words.lists,
        "profiles": [items.hex() for items in plan.profiles],
    }
    columns = [hashlib.sha256() for _ in range(4)]
    counted = np.zeros(len(words.statements), np.int64)
    kept: list[Written] = []
    people = 0
    for keys, facts, written in _ahead(pool, lambda unit: _encoded(*unit, plan), _units(rows)):
        for column, part in zip(columns, (keys, written.values, written.lengths, written.items), strict=True):
            column.update(np.ascontiguousarray(part).data)
        counted += _statements(facts, len(counted))
        if rows.people <= _HELD:
            kept.append(Written(written.values, written.lengths, written.items.copy()))
        people += len(keys)
    if people != rows.people:
        raise TableError(None, f"{people} rows instead of {rows.people}. Build from files that nobody is writing.")
    colours = Counter[Colour]()
    for (colour, *_), number in zip(words.statements, counted.tolist(), strict=True):
        colours[colour] += number
    return _Draft(
        head,
        people,
        plan,
        json.dumps(meta, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(),
        pepper.key_id,
        b"".join(column.digest() for column in columns),
        +colours,
        tuple(kept),
    )


def _write(
    rows: Rows, draft: _Draft, layer_id: bytes, pepper: Pepper, out: Path, pool: ThreadPoolExecutor
) -> EncodedLayer:
    new = out.with_name(out.name + ".new")
    with ExitStack() as stack:
        stack.callback(new.unlink, missing_ok=True)
        spool = Spool(
            stack.enter_context(TemporaryFile(dir=out.parent)) if draft.people > _HELD else None,
        )
        for sealed in _ahead(pool, _sealer(draft, layer_id, pepper), enumerate(_units(rows))):
            spool.add(sealed)
        file = stack.enter_context(new.open("w+b"))
        file.write(bytes(PAGE))
        index, leaves = _write_pages(file, spool, draft, layer_id, pool)
        meta = ChaCha20Poly1305(pepper.meta_key(layer_id)).encrypt(bytes(12), draft.meta, None)
        tail = (np.concatenate([np.empty(0, np.uint32), *index]).astype("<u4").tobytes(), b"".join(leaves), meta)
        for part in tail:
            file.write(part)
        length = file.tell()
        pages = len(tail[0]) // 4
        header = draft.header(layer_id, pages)
        file.seek(0)
        file.write(header)
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        whole = hashlib.file_digest(file, "sha256").digest()
        new.replace(out)
        sync_folder(out.parent)
    root = hashlib.sha256(b"".join((header, *tail))).digest()
    return EncodedLayer(root, whole, length, draft.people, pages, layer_id, draft.colours)


def _write_pages(
    file: BinaryIO, spool: Spool, draft: _Draft, layer_id: bytes, pool: ThreadPoolExecutor
) -> tuple[list[Column], list[bytes]]:
    group_bits, slot_bits, bucket_bits = draft.group_bits, draft.plan.slot_bits, draft.bucket_bits
    layout = Layout(group_bits, slot_bits)
    last = (1 << bucket_bits) - 1

    def sort(bucket: int) -> Run:
        return sort_bucket(*spool.bucket(bucket), bucket, bucket_bits, group_bits)

    def fill(laid: Laid) -> tuple[Column, Column, bytes]:
        return laid.index, *fill_pages(laid, group_bits, slot_bits, layer_id)

    runs = enumerate(_ahead(pool, sort, range(last + 1)))
    laid = (layout.lay(run, bucket == last) for bucket, run in runs)
    index, leaves = [], []
    for firsts, pages, hashes in _ahead(pool, fill, laid):
        file.write(pages.data)
        index.append(firsts.astype(np.uint32))
        leaves.append(hashes)
    return index, leaves


def _encoded(number: int, keys: Column, facts: Facts, plan: Plan) -> tuple[Column, Facts, Written]:
    return keys, facts, write_rows(facts, plan.frame, plan.chosen, number)


def _sealer(draft: _Draft, layer_id: bytes, pepper: Pepper) -> Callable[[tuple[int, _Unit]], Sealed]:
    chain = Chain.of(pepper)

    def work(numbered: tuple[int, _Unit]) -> Sealed:
        number, unit = numbered
        keys = unit[1]
        written = draft.written[number] if draft.written else _encoded(*unit, draft.plan)[2]
        return seal(written, chain.rows(keys, layer_id), draft.plan.slot_bits, draft.bucket_bits)

    return work


def _units(rows: Rows) -> Iterator[_Unit]:
    number = 0
    for keys, facts in rows.batches():
        for start in range(0, len(facts), _UNIT):
            part = slice(start, start + _UNIT)
            yield number + start, keys[part], facts[part]
        number += len(facts)


def _statements(facts: Facts, words: int) -> Column:
    more = facts.more_statements
    kept = ~facts.removed
    counted = np.bincount(facts.statement[kept & (facts.statement >= 0)], minlength=words)
    if more.offsets[0] == more.offsets[-1]:
        return counted
    of_kept = np.repeat(kept, np.diff(more.offsets))
    return counted + np.bincount(
        more.columns[0][more.offsets[0] : more.offsets[-1]][of_kept],
        minlength=words,
    )


def _ahead(pool: ThreadPoolExecutor, work: Callable[[_In], _Out], items: Iterable[_In]) -> Iterator[_Out]:
    """The results in order, a few of them worked on in advance: no more than that is in memory."""
    waiting: deque[Future[_Out]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) == _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
