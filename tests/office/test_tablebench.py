"""kioskctl bench table answers with the promised names, and everybody it looks up is found and right."""

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from kiosk.store import ActiveLayer, LayerKind
from kiosk.table.chain import row_keys
from scripts.ctl.benchtable import table
from scripts.office import tablebench
from scripts.office.encode import encode_layer
from scripts.office.rowids import write_database
from scripts.office.synth import synthetic_province
from scripts.office.tableprobe import SQLITE_QUERY, sqlite_key

NAMES = {
    "people_count",
    "entropy_bits",
    "bytes_per_person",
    "bound_bytes_per_person",
    "size_over_bound_ratio",
    "encode_rows_per_s",
    "keys_rows_per_s",
    "encode_with_keys_rows_per_s",
    "delta_bytes",
    "delta_import_ms",
    "raw_read_4k_p50_us",
    "lookup_cold_p50_us",
    "lookup_cold_over_raw_read_ratio",
    "lookup_cold_three_layers_p50_us",
    "lookup_warm_p50_us",
    "lookup_warm_p99_us",
    "open_ms",
    "reader_rss_mb",
    "sqlite_lookup_cold_p50_us",
    "lookup_cold_over_sqlite_ratio",
}


def test_a_short_bench_names_its_figures(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(table)
    asked = ["--people", "200000", "--derived", "3", "--folder", str(tmp_path), "--json"]
    ended = CliRunner().invoke(app, asked)
    assert ended.exit_code == 0, ended.output
    figures = json.loads(ended.stdout.splitlines()[-1])["figures"]
    assert set(figures) >= NAMES
    assert figures["people_count"] == 200_000
    assert figures["derived_people_count"] == 3
    assert figures["sampled_people_count"] == 2000
    assert [figures[name] for name in ("wrong_count", "missing_count", "absent_found_count")] == [0, 0, 0]
    assert figures["lookup_warm_p50_us"] <= figures["lookup_warm_p99_us"]
    assert not list(tmp_path.iterdir())


def test_a_wrong_record_is_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    province = synthetic_province(3000, derived=2)
    done = encode_layer(province, tablebench._BASE, tablebench._PEPPER, tmp_path / "base")
    layer = ActiveLayer(kind=LayerKind.BASE, file=str(tmp_path / "base"), root=done.root.hex())
    assert tablebench._right(province, [layer])["wrong_count"] == 0
    other = province.batch(0)[1].take(np.arange(2999, -1, -1))
    monkeypatch.setattr(type(province), "batch", lambda *_: (province.derived, other))
    assert tablebench._right(province, [layer])["wrong_count"] == 2


def test_the_database_holds_the_same_people(tmp_path: Path) -> None:
    province = synthetic_province(3000, derived=0)
    done = encode_layer(province, tablebench._BASE, tablebench._PEPPER, tmp_path / "base")
    layer = ActiveLayer(kind=LayerKind.BASE, file=str(tmp_path / "base"), root=done.root.hex())
    write_database(layer, tablebench._PEPPER, tmp_path / "sqlite")
    connection = sqlite3.connect(tmp_path / "sqlite")
    group_bits = max(1, ((10 * 3000 + 20) // 21 - 1).bit_length())
    try:
        assert connection.execute("SELECT count(*) FROM person").fetchone() == (3000,)
        for key in province.batch(0)[0]:
            hashed, _ = row_keys(tablebench._PEPPER.blind(key.tobytes()), done.layer_id)
            assert connection.execute(SQLITE_QUERY, (sqlite_key(hashed, group_bits),)).fetchone()
    finally:
        connection.close()
