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
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum, unique
from pathlib import Path

from pydantic import BaseModel

from kiosk.core.status import PersonStatus
from kiosk.store import ActiveLayer, Manifest, Supply, write_durably
from kiosk.table.chain import Pepper, row_keys
from kiosk.table.layer import PAGE, Layer, open_layer
from kiosk.table.layered import LayeredTable

SQLITE_QUERY = "SELECT facts FROM person WHERE hashed = ?"
_MOST = 1 << 63
_KIB_OF_MB = 1e6 / 1024


@unique
class Do(StrEnum):
    """What a process of its own measures."""

    RAW = "raw"  # reads of 4 KiB
    ONE = "one"  # look-ups in the first layer
    ALL = "all"  # look-ups in all layers
    SQLITE = "sqlite"
    WARM = "warm"  # look-ups in the first layer, each a second time
    ACTIVATE = "activate"  # what is left to do for the last layer once it is copied


class Task(BaseModel):
    """``keys``: T in hexadecimal; ``layers`` with paths from the working directory; ``sqlite``: database, or "".

    ``seed``: of the pages to read.
    """

    do: Do
    layers: list[ActiveLayer]
    pepper: str
    keys: list[str] = []
    sqlite: str = ""
    seed: int = 0


def sqlite_key(hashed: int, group_bits: int) -> int:
    """What a page tells of a hash as SQLite's rowid, which is signed; the order stays."""
    untold = 32 - group_bits
    return (hashed >> untold << untold) - _MOST


def run(task: Task) -> dict[str, object]:
    """Times in ns, memory in MB, and how many were found."""
    keys = [bytes.fromhex(key) for key in task.keys]
    pepper = Pepper(bytes.fromhex(task.pepper))
    if task.do is Do.ACTIVATE:
        return {"ns": [_activate(task.layers, pepper)]}
    imported = _memory()
    if task.do is Do.RAW:
        return {"ns": _raw(Path(task.layers[0].file), len(keys), random.Random(task.seed))}  # noqa: S311
    if task.do is Do.ALL:
        layers = {layer.kind: _open(layer, pepper) for layer in task.layers}
        table = LayeredTable(1, layers, pepper, datetime.now(UTC), ())
        now = table.info.as_of
        before = _read_bytes()
        ns, found = _timed(lambda key: table.lookup(key, now), keys)
        pages = (_read_bytes() - before) / PAGE
        table.close()
        return {"ns": ns, "found": sum(isinstance(answer, PersonStatus) for answer in found), "pages": pages}
    began = time.perf_counter_ns()
    layer = _open(task.layers[0], pepper)
    opened = time.perf_counter_ns() - began
    if task.do is Do.SQLITE:
        head = layer.header
        return _sqlite(task.sqlite, [sqlite_key(row_keys(key, head.layer_id)[0], head.group_bits) for key in keys])
    if task.do is Do.WARM:
        _timed(layer.find, keys)
    before = _read_bytes()
    ns, found = _timed(layer.find, keys)
    return {
        "ns": ns,
        "found": sum(answer is not None for answer in found),
        "pages": (_read_bytes() - before) / PAGE,
        "open_ns": opened,
        "imported_mb": imported,
        "reader_mb": _memory(),
    }


def _open(layer: ActiveLayer, pepper: Pepper) -> Layer:
    return open_layer(Path(layer.file), bytes.fromhex(layer.root), pepper)


def _timed(lookup: Callable[[bytes], object], keys: Iterable[bytes]) -> tuple[list[int], list[object]]:
    times, answers = [], []
    clock = time.perf_counter_ns
    for key in keys:
        began = clock()
        answer = lookup(key)
        times.append(clock() - began)
        answers.append(answer)
    return times, answers


def _raw(path: Path, count: int, chance: random.Random) -> list[int]:
    pages = path.stat().st_size // PAGE
    handle = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_RANDOM)
        offsets = (PAGE * chance.randrange(pages) for _ in range(count))
        return [_one_read(handle, offset) for offset in offsets]
    finally:
        os.close(handle)


def _one_read(handle: int, offset: int) -> int:
    began = time.perf_counter_ns()
    os.pread(handle, PAGE, offset)
    return time.perf_counter_ns() - began


def _sqlite(database: str, rowids: Sequence[int]) -> dict[str, object]:
    connection = sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)
    try:
        times = []
        found = 0
        for rowid in rowids:
            began = time.perf_counter_ns()
            row = connection.execute(SQLITE_QUERY, (rowid,)).fetchone()
            times.append(time.perf_counter_ns() - began)
            found += row is not None
        return {"ns": times, "found": found}
    finally:
        connection.close()


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
