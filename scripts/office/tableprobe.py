"""Look-ups measured in a process that holds nothing but the reader.

``python -P -m scripts.office.tableprobe`` takes one JSON object (``Task``) on standard input and prints another.
Called by ``kioskctl bench table``, whose own process holds the encoder: it would count as memory and start.
"""

import json
import os
import random
import sqlite3
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum, unique
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from kiosk.core.status import PersonStatus
from kiosk.store import ActiveLayer, Manifest, Supply, write_durably
from kiosk.table.chain import Pepper, row_keys
from kiosk.table.layer import PAGE, Layer, open_layer
from kiosk.table.layered import LayeredTable

SQLITE_QUERY = "SELECT facts FROM person WHERE hashed = ?"
_MOST = 1 << 63
_BLOCK = 25  # calls of one kind after each other
_KIB_OF_MB = 1e6 / 1024


@unique
class Do(StrEnum):
    """What a process of its own measures."""

    COLD = "cold"  # raw reads, look-ups in one layer, in all layers, and in SQLite take turns, each from the disk
    WARM = "warm"  # look-ups in one layer, each a second time
    ACTIVATE = "activate"  # what is left to do for the last layer once it is copied


class Task(BaseModel):
    """``keys``: T in hexadecimal; ``before``: such that are asked first; ``sqlite``: database, or ""."""

    do: Do
    layers: list[ActiveLayer]
    pepper: str
    keys: list[str] = []
    before: list[str] = []
    sqlite: str = ""


def sqlite_key(hashed: int, group_bits: int) -> int:
    """What a page tells of a hash as SQLite's rowid, which is signed; the order stays."""
    untold = 32 - group_bits
    return (hashed >> untold << untold) - _MOST


def run(task: Task) -> dict[str, Any]:
    """Times in ns, memory in MB, and how many were found."""
    imported = _memory()
    pepper = Pepper(bytes.fromhex(task.pepper))
    if task.do is Do.ACTIVATE:
        return {"ns": _activate(task.layers, pepper)}
    keys = [bytes.fromhex(key) for key in task.keys]
    began = time.perf_counter_ns()
    layer = _open(task.layers[0], pepper)
    opened = time.perf_counter_ns() - began
    if task.do is Do.COLD:
        return _cold(task, keys, layer, pepper)
    found = sum(layer.find(key) is not None for key in keys)
    times = [_timed(layer.find, key)[0] for key in keys]
    return {"ns": times, "found": found, "open_ns": opened, "imported_mb": imported, "reader_mb": _memory()}


def _cold(task: Task, keys: list[bytes], layer: Layer, pepper: Pepper) -> dict[str, Any]:
    table = LayeredTable(1, {each.kind: _open(each, pepper) for each in task.layers}, pepper, datetime.now(UTC), ())
    now, head = table.info.as_of, layer.header
    chance = random.Random(1)  # noqa: S311
    files = [each.file for each in task.layers] + ([task.sqlite] if task.sqlite else [])
    handles = [os.open(file, os.O_RDONLY) for file in files]
    os.posix_fadvise(handles[0], 0, 0, os.POSIX_FADV_RANDOM)
    database = sqlite3.connect(f"file:{task.sqlite}?mode=ro&immutable=1" if task.sqlite else ":memory:", uri=True)

    def raw(_: bytes) -> object:
        return os.pread(handles[0], PAGE, offset)

    def in_all(key: bytes) -> object:
        answer = table.lookup(key, now)
        return answer if isinstance(answer, PersonStatus) else None

    def in_sqlite(key: bytes) -> object:
        return database.execute(
            SQLITE_QUERY, (sqlite_key(row_keys(key, head.layer_id)[0], head.group_bits),)
        ).fetchone()

    calls: dict[str, Callable[[bytes], object]] = {"raw": raw, "one": layer.find, "all": in_all}
    if task.sqlite:
        calls["sqlite"] = in_sqlite
    for key in map(bytes.fromhex, task.before):
        for call in (layer.find, in_all):
            call(key)
    times = {name: list[int]() for name in calls}
    pages = dict.fromkeys(calls, 0)
    missing = 0
    for block in range(0, len(keys), _BLOCK):
        name = list(calls)[block // _BLOCK % len(calls)]
        for handle in handles:
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        before = _read_bytes()
        for key in keys[block : block + _BLOCK]:
            offset = PAGE * (1 + chance.randrange(head.pages))
            took, answer = _timed(calls[name], key)
            times[name].append(took)
            missing += answer is None
        pages[name] += (_read_bytes() - before) // PAGE
    for handle in handles:
        os.close(handle)
    database.close()
    table.close()
    return {**times, "missing": missing, "pages": pages["one"]}


def _timed(call: Callable[[bytes], object], key: bytes) -> tuple[int, object]:
    began = time.perf_counter_ns()
    answer = call(key)
    return time.perf_counter_ns() - began, answer


def _open(layer: ActiveLayer, pepper: Pepper) -> Layer:
    return open_layer(Path(layer.file), bytes.fromhex(layer.root), pepper)


def _activate(layers: list[ActiveLayer], pepper: Pepper) -> int:
    new = layers[-1]
    store = Path(new.file).resolve().parent
    began = time.perf_counter_ns()
    layer = _open(new, pepper)
    for number in range(layer.header.pages):
        layer.page(number)
    supply = Supply(serial=2, issued_at=layer.header.built_at, layers=tuple(layers), envelope="envelopes/none")
    write_durably(store / "manifest.json", Manifest(province=supply).model_dump_json().encode())
    took = time.perf_counter_ns() - began
    layer.close()
    return took


def _memory() -> float:
    """Most memory that this process ever held, in MB; the one of getrusage would be its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / _KIB_OF_MB


def _read_bytes() -> int:
    """Bytes that this process made the disk read."""
    counts = Path("/proc/self/io").read_text(encoding="ascii")
    return int(counts.partition("\nread_bytes:")[2].split()[0])


if __name__ == "__main__":
    print(json.dumps(run(Task.model_validate_json(sys.stdin.read()))))
