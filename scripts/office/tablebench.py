"""The supplied table measured on a synthetic province: size, look-ups, encoder, delta."""

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from kiosk.core.status import (
    Unknown,
)
from kiosk.store import ActiveLayer, LayerKind
from kiosk.table.chain import Pepper
from kiosk.table.layer import open_layer
from kiosk.table.layered import LayeredTable
from scripts.office.encode import encode_layer
from scripts.office.facts import (
    Column,
    Dictionaries,
    Facts,
    HeldRows,
    LayerHead,
    Rows,
    nothing_known,
)
from scripts.office.hashing import Chain
from scripts.office.nextday import LATER, changed
from scripts.office.rowids import write_database
from scripts.office.synth import (
    AS_OF,
    BATCH,
    DICTIONARIES,
    HOUR,
    ISSUERS,
    SALT,
    SCOPE,
    Province,
    entropy_bits,
    invented_number,
    synthetic_province,
)
from scripts.office.tableprobe import Do, Task
from scripts.office.told import person_status

_Any = TypeVar("_Any")

_MEMBERSHIP_BYTES = 3.9  # of an answer that takes one of 2^31 strangers for somebody
_PEPPER = Pepper(bytes(range(100, 132)))
_BASE = LayerHead(LayerKind.BASE, 1, AS_OF, AS_OF, SALT, SCOPE, ISSUERS, demo=True)
_ROUNDS, _COLD = 5, 400
_WARM, _OPENED = 50_000, 1000
_KEPT = 1 << 25  # people whose rows are kept in memory while they are encoded
_URGENT = 5000  # of how many one is on the urgent list
_RED = 4  # in the dictionary
_STRANGERS = 20
_SAMPLED = 2000
_SECONDS = 600  # for one process that measures
_JIT = 3000


@dataclass(frozen=True, slots=True)
class Built:
    """A layer that was written."""

    layer: ActiveLayer
    layer_id: bytes
    length: int
    people: int


class TimedRows:
    """Rows that know how long inventing them took."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.seconds = 0.0
        self.of_processor = 0.0

    @property
    def people(self) -> int:
        return self._rows.people

    @property
    def dictionaries(self) -> Dictionaries:
        return self._rows.dictionaries

    def batches(self) -> Iterator[tuple[Column, Facts]]:
        batches = iter(self._rows.batches())
        while True:
            began, busy = time.perf_counter(), time.thread_time()
            batch = next(batches, None)
            self.seconds += time.perf_counter() - began
            self.of_processor += time.thread_time() - busy
            if batch is None:
                return
            yield batch


class KeptRows(TimedRows):
    """Rows that are in memory from now on."""

    def __init__(self, rows: Rows) -> None:
        super().__init__(rows)
        self._kept = list(rows.batches())

    def batches(self) -> Iterator[tuple[Column, Facts]]:
        return iter(self._kept)


def measure(people: int, derived: int, folder: Path, sqlite: bool) -> dict[str, float]:
    """The figures of ``kioskctl bench table``; names end with their unit. ``folder`` is empty and stays full.

    The first ``derived`` people are looked up by number; ``sqlite`` compares with a table of the same people there.
    """
    province = synthetic_province(people, derived)
    encode_layer(Province(_JIT, province.derived[:0]), _BASE, _PEPPER, folder / "compiling")
    base, figures = _encoded(province, folder / "base")
    bound = _MEMBERSHIP_BYTES + entropy_bits() / 8
    figures = {
        "people_count": people,
        "entropy_bits": entropy_bits(),
        "bytes_per_person": base.length / people,
        "bound_bytes_per_person": bound,
        "size_over_bound_ratio": base.length / people / bound,
        **figures,
    }
    news = changed(province).news()
    later = AS_OF + LATER
    delta_head = replace(_BASE, kind=LayerKind.DELTA, serial=2, as_of=later, built_at=later, base_id=base.layer_id)
    delta = _written(news, delta_head, folder / "delta")
    urgent_head = replace(_BASE, kind=LayerKind.URGENT, serial=3, as_of=later, built_at=later)
    urgent = _written(_urgent(province), urgent_head, folder / "urgent")
    layers = [base.layer, delta.layer, urgent.layer]
    figures |= {"delta_people_count": delta.people, "delta_bytes": delta.length}
    imports = [_probe(Do.ACTIVATE, [base.layer, delta.layer])["ns"] for _ in range(_ROUNDS)]
    figures["delta_import_ms"] = statistics.median(imports) / 1e6
    return figures | _lookups(province, layers, folder, sqlite) | _right(province, layers)


def _written(rows: Rows, head: LayerHead, path: Path) -> Built:
    done = encode_layer(rows, head, _PEPPER, path)
    return Built(
        ActiveLayer(kind=head.kind, file=str(path), root=done.root.hex()), done.layer_id, done.length, done.people
    )


def _encoded(province: Province, path: Path) -> tuple[Built, dict[str, float]]:
    began = time.perf_counter()
    for number in range(min(8, -(-province.people // BATCH))):
        keys, _ = province.batch(number)
    invented = min(8 * BATCH, province.people) / (time.perf_counter() - began)
    rows = KeptRows(province) if province.people <= _KEPT else TimedRows(province)
    began, busy = time.perf_counter(), time.process_time()
    base = _written(rows, _BASE, path)
    busy = time.process_time() - busy - rows.of_processor
    # Rows that do not fit into memory are invented twice, on one of the processors.
    cores = os.cpu_count() or 1
    whole = time.perf_counter() - began - rows.seconds / cores
    chain = Chain.of(_PEPPER)
    parts = [keys[start : start + BATCH // 8] for start in range(0, len(keys), BATCH // 8)] * cores
    began = time.perf_counter()
    with ThreadPoolExecutor(cores) as pool:
        chained = sum(len(done) for done in pool.map(lambda part: chain.rows(part, base.layer_id), parts))
    keys_rate = chained / (time.perf_counter() - began)
    return base, {
        "encode_rows_per_s": 1 / max(1e-9, whole / base.people - 1 / keys_rate),
        "keys_rows_per_s": keys_rate,
        "encode_with_keys_rows_per_s": base.people / whole,
        "encode_with_keys_rows_per_core_s": base.people / busy,
        "synth_rows_per_s": invented,
    }


def _urgent(province: Province) -> HeldRows:
    keys, _ = province.batch(0)
    some = keys[:: max(1, len(keys) * _URGENT // province.people)] if len(keys) < province.people else keys[::_URGENT]
    facts = nothing_known(len(some))
    facts.statement[:] = _RED
    facts.since[:] = HOUR * 3600
    return HeldRows(some, facts, DICTIONARIES)


def _lookups(province: Province, layers: list[ActiveLayer], folder: Path, sqlite: bool) -> dict[str, float]:
    chance = random.Random(1)  # noqa: S311
    known = _keys(province, _WARM, chance)
    strangers = [chance.randbytes(32) for _ in range(_WARM)]
    database = folder / "sqlite" if sqlite else None
    if database is not None:
        write_database(layers[0], _PEPPER, database)
    calls = 3 + sqlite
    cold = _probe(Do.COLD, layers, _some(known, calls * _COLD, chance), known[:_OPENED], database)
    raw, one, every = (statistics.median(cold[name]) / 1e3 for name in ("raw", "one", "all"))
    warm, absent = _probe(Do.WARM, layers, known), _probe(Do.WARM, layers, strangers)
    opened = [_probe(Do.WARM, layers, known[:_OPENED]) for _ in range(_ROUNDS)]
    figures = {
        "missing_count": cold["missing"] + len(known) - warm["found"],
        "absent_found_count": absent["found"],
        "raw_read_4k_p50_us": raw,
        "lookup_cold_p50_us": one,
        "lookup_cold_over_raw_read_ratio": one / raw,
        "lookup_cold_pages_per_lookup": cold["pages"] / len(cold["one"]),
        "lookup_cold_three_layers_p50_us": every,
        "lookup_warm_p50_us": statistics.median(warm["ns"]) / 1e3,
        "lookup_warm_p99_us": statistics.quantiles(warm["ns"], n=100)[-1] / 1e3,
        "lookup_absent_warm_p50_us": statistics.median(absent["ns"]) / 1e3,
        "open_ms": statistics.median(run["open_ns"] for run in opened) / 1e6,
        "reader_rss_mb": max(run["reader_mb"] for run in opened),
        "reader_imports_rss_mb": statistics.median(run["imported_mb"] for run in opened),
    }
    if sqlite:
        rowids = statistics.median(cold["sqlite"]) / 1e3
        figures |= {"sqlite_lookup_cold_p50_us": rowids, "lookup_cold_over_sqlite_ratio": one / rowids}
    return figures


def _keys(province: Province, count: int, chance: random.Random) -> list[bytes]:
    """T of people drawn at random, from a few batches."""
    batches = -(-province.people // BATCH)
    drawn = chance.sample(range(batches), min(16, batches))
    keys = np.concatenate([province.batch(number)[0] for number in drawn])
    return [_PEPPER.blind(keys[place].tobytes()) for place in _some(range(len(keys)), count, chance)]


def _some(sequence: Sequence[_Any], count: int, chance: random.Random) -> list[_Any]:
    return chance.sample(sequence, min(count, len(sequence)))


def _right(province: Province, layers: Sequence[ActiveLayer]) -> dict[str, float]:
    """People by their numbers, and some by their keys, against what was encoded."""
    opened = {layer.kind: open_layer(Path(layer.file), bytes.fromhex(layer.root), _PEPPER) for layer in layers[:1]}
    table = LayeredTable(1, opened, _PEPPER, AS_OF, ())
    keys, facts = province.batch(0)
    numbered = len(province.derived)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        numbers = map(invented_number, range(numbered + _STRANGERS))
        derived = list(pool.map(table.derive_key, numbers))
    answers = [table.lookup(key, AS_OF) for key in derived]
    sampled = range(numbered, min(len(keys), numbered + _SAMPLED))
    answers[numbered:numbered] = [table.lookup(_PEPPER.blind(keys[place].tobytes()), AS_OF) for place in sampled]
    table.close()
    known = numbered + len(sampled)
    wrong = sum(answers[place] != person_status(facts, DICTIONARIES, place) for place in range(known))
    return {
        "derived_people_count": numbered,
        "sampled_people_count": len(sampled),
        "wrong_count": wrong + sum(answer is not Unknown.NOT_FOUND for answer in answers[known:]),
    }


def _probe(
    do: Do,
    layers: list[ActiveLayer],
    keys: Sequence[bytes] = (),
    before: Sequence[bytes] = (),
    database: Path | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    task = Task(
        do=do,
        layers=layers,
        pepper=_PEPPER.secret.hex(),
        keys=[key.hex() for key in keys],
        before=[key.hex() for key in before],
        sqlite=str(database or ""),
    )
    answered = subprocess.run(
        [sys.executable, "-P", "-m", "scripts.office.tableprobe"],
        input=task.model_dump_json().encode(),
        stdout=subprocess.PIPE,
        timeout=_SECONDS,
        check=True,
    ).stdout
    answer: dict[str, Any] = json.loads(answered)
    return answer
