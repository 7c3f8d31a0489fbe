"""One layer file: nothing is believed that was not signed, nothing is told without number and key."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.core.errors import Fault, TableError
from kiosk.store import LayerKind
from kiosk.table.chain import Pepper
from kiosk.table.layer import open_layer, read_header
from scripts.office.encode import EncodedLayer, encode_layer
from tests.layers import PEPPER, head_of
from tests.office.invented_rows import HEAD, odd

PEOPLE = 3000

Written = tuple[Path, EncodedLayer, list[bytes]]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A layer of several pages, and T of everybody in it."""
    path = tmp_path_factory.mktemp("layer") / "odd.layer"
    rows = odd(PEOPLE)
    return path, encode_layer(rows, HEAD, PEPPER, path), [PEPPER.blind(bytes(key)) for key in rows.keys]


def test_every_changed_bit_is_noticed(written: Written, tmp_path: Path, full: bool) -> None:
    """Either the file does not open, or the page that was changed is not believed; wrong facts never come out."""
    path, encoded, _ = written
    whole = path.read_bytes()
    header = read_header(path)
    spoilt_file = tmp_path / "spoilt.layer"
    chance = random.Random(7)
    # The header byte by byte, the rest by chance.
    bits = [*range(0, 8 * 128, 8), *(chance.randrange(8 * len(whole)) for _ in range(5000 if full else 1000))]
    pages = range(4096, 4096 * (1 + header.pages))
    for bit in bits:
        spoilt = bytearray(whole)
        spoilt[bit // 8] ^= 1 << bit % 8
        spoilt_file.write_bytes(spoilt)
        if bit // 8 not in pages:
            with pytest.raises(TableError):
                open_layer(spoilt_file, encoded.root, PEPPER)
            continue
        layer = open_layer(spoilt_file, encoded.root, PEPPER)
        with pytest.raises(TableError):
            layer.page(bit // 8 // 4096 - 1)
        layer.close()


def test_a_file_cut_short_or_longer_does_not_open(written: Written, tmp_path: Path) -> None:
    path, encoded, _ = written
    whole = path.read_bytes()
    for length in (0, 7, 8, 100, 4095, 4096, 4097, len(whole) - 1, len(whole) + 1):
        (tmp_path / "cut").write_bytes((whole + b"\0")[:length])
        with pytest.raises(TableError):
            open_layer(tmp_path / "cut", encoded.root, PEPPER)
    with pytest.raises(TableError) as refused:
        open_layer(tmp_path / "none", encoded.root, PEPPER)
    assert refused.value.fault is Fault.TABLE_MISSING


def test_another_root_or_another_pepper_opens_nothing(written: Written) -> None:
    path, encoded, _ = written
    with pytest.raises(TableError) as refused:
        open_layer(path, bytes(32), PEPPER)
    assert refused.value.fault is Fault.TABLE_DAMAGED
    with pytest.raises(TableError) as refused:
        open_layer(path, encoded.root, Pepper(bytes(32)))
    assert refused.value.fault is Fault.TABLE_FOREIGN


def test_a_newer_format_is_refused_with_what_to_do(written: Written, tmp_path: Path) -> None:
    newer = bytearray(written[0].read_bytes())
    newer[8] = 2
    (tmp_path / "newer").write_bytes(newer)
    with pytest.raises(TableError, match="format 2, this kiosk reads format 1") as refused:
        read_header(tmp_path / "newer")
    assert refused.value.fault is Fault.TABLE_FOREIGN


def test_a_stolen_table_tells_nothing_without_number_and_key(
    written: Written,
) -> None:
    """With the file alone no word of it can be read and nobody be tried; with number and key exactly that person."""
    path, encoded, blinded = written
    whole = path.read_bytes()
    # No dictionary, and nobody's hash, stands in clear.
    for word in ("health office", "laboratory", "3天2检", "440100", "close contact", "lost card"):
        assert word.encode() not in whole
    layer = open_layer(path, encoded.root, PEPPER)
    assert layer.find(blinded[0]) is not None
    # The right numbers under a guessed pepper find nobody.
    keys = odd(PEOPLE).keys
    guess = Pepper(bytes(31) + b"\1")
    assert not any(layer.find(guess.blind(bytes(key))) for key in keys)


def test_the_same_people_in_two_layers_cannot_be_matched(tmp_path: Path) -> None:
    """Neither hashes nor sealed bytes repeat: a thief of two nights learns nothing from comparing them."""
    lows = []
    for serial in (1, 2):
        path = tmp_path / str(serial)
        encode_layer(odd(500), head_of(LayerKind.BASE, datetime(2022, 4, 17, tzinfo=UTC), serial=serial), PEPPER, path)
        page = path.read_bytes()[4096:8192]
        people, groups = int.from_bytes(page[:2], "little"), int.from_bytes(page[2:4], "little")
        at = 4 + (groups + 1) // 2
        lows.append({page[at + 4 * i : at + 4 * i + 4] for i in range(people)})
    assert len(lows[0]) > 100
    assert not lows[0] & lows[1]


def test_a_closed_layer_believes_nothing(written: Written) -> None:
    path, encoded, blinded = written
    layer = open_layer(path, encoded.root, PEPPER)
    layer.close()
    layer.close()
    with pytest.raises(TableError):
        layer.find(blinded[0])
