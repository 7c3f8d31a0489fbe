"""The frozen vectors: today's reader reads them, today's encoder makes the same bytes."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from kiosk.table.chain import Pepper
from kiosk.table.layer import open_layer
from scripts.office.encode import encode_layer
from scripts.office.selfcheck import check_layer
from scripts.office.told import person_status
from tests.office.vectors import head_of, rows_of

FOLDER = Path(__file__).parents[2] / "kiosk" / "table" / "vectors"
NAMES = ["base", "delta", "urgent", "local", "empty"]


def vector(name: str) -> tuple[dict[str, Any], Path, Pepper]:
    told = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return told, FOLDER / f"{name}.layer", Pepper(bytes.fromhex(told["pepper"]))


@pytest.mark.parametrize("name", NAMES)
def test_the_reader_reads_it(name: str) -> None:
    told, path, pepper = vector(name)
    rows = rows_of(told)
    layer = open_layer(path, bytes.fromhex(told["root"]), pepper)
    try:
        assert layer.header.layer_id.hex() == told["layer_id"]
        assert layer.header.kind == told["head"]["kind"]
        for person, key in enumerate(rows.keys):
            found = layer.find(pepper.blind(key.tobytes()))
            assert found is not None
            assert found.status == person_status(rows.facts, rows.dictionaries, person)
    finally:
        layer.close()
    check_layer(path, bytes.fromhex(told["root"]), rows, pepper)


@pytest.mark.parametrize("name", NAMES)
def test_the_encoder_makes_the_same_bytes(name: str, tmp_path: Path) -> None:
    told, path, pepper = vector(name)
    done = encode_layer(rows_of(told), head_of(told), pepper, tmp_path / "layer")
    assert (tmp_path / "layer").read_bytes() == path.read_bytes()
    assert (done.layer_id.hex(), done.root.hex()) == (told["layer_id"], told["root"])
    assert done.sha256.hex() == told["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_vectors_belong_together() -> None:
    base, delta = vector("base")[0], vector("delta")[0]
    assert delta["head"]["base_id"] == base["layer_id"]
