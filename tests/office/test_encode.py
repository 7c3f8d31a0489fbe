"""Every person of a layer is read back as it was given, by the reader that kiosks have."""

from pathlib import Path

import numpy as np
import pytest

from kiosk.core.errors import TableError
from kiosk.core.status import Colour
from kiosk.table.layer import open_layer
from scripts.office import encode, sealed
from scripts.office.encode import encode_layer
from scripts.office.facts import Column, HeldRows, Ragged, nothing_known
from scripts.office.pages import Layout
from scripts.office.told import person_status
from tests.office.invented_rows import DAY, HEAD, HOUR, PEPPER, SINCE, WORDS, keys, odd, ordinary, with_stays


def assert_read_back(rows: HeldRows, out: Path) -> None:
    done = encode_layer(rows, HEAD, PEPPER, out)
    layer = open_layer(out, done.root, PEPPER)
    try:
        for person, key in enumerate(rows.keys):
            found = layer.find(PEPPER.blind(key.tobytes()))
            assert found is not None, person
            assert found.status == person_status(rows.facts, rows.dictionaries, person), person
    finally:
        layer.close()


@pytest.mark.parametrize("people", [*range(12), 100, 3000])
def test_odd_people_are_read_back(people: int, tmp_path: Path) -> None:
    assert_read_back(odd(people, people), tmp_path / "layer")


def test_ordinary_people_are_read_back(tmp_path: Path) -> None:
    assert_read_back(ordinary(20_000), tmp_path / "layer")


def bytes_of(rows: HeldRows, out: Path) -> bytes:
    encode_layer(rows, HEAD, PEPPER, out)
    return out.read_bytes()


def test_units_buckets_and_where_rows_wait_change_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = odd(20_000)
    once = bytes_of(rows, tmp_path / "layer")
    assert bytes_of(rows, tmp_path / "layer") == once
    for unit in (700, 50):
        monkeypatch.setattr(encode, "_UNIT", unit)
        assert bytes_of(rows, tmp_path / "layer") == once
    assert bytes_of(rows, tmp_path / "layer") == once
    monkeypatch.setattr(encode, "_HELD", 0)
    assert bytes_of(rows, tmp_path / "layer") == once
    assert [path.name for path in tmp_path.iterdir()] == ["layer"]


def test_other_facts_or_people_never_share_a_keystream(tmp_path: Path) -> None:
    def layer_id(rows: HeldRows) -> bytes:
        return encode_layer(rows, HEAD, PEPPER, tmp_path / "layer").layer_id

    seen = {layer_id(odd(40)), layer_id(odd(41)), layer_id(HeldRows(keys(40, 9), odd(40).facts, WORDS))}
    rows = odd(40)
    rows.facts.doses[3] ^= 1
    assert len(seen | {layer_id(rows)}) == 4
    later = HEAD.__class__(HEAD.kind, 8, HEAD.as_of, HEAD.built_at, HEAD.salt, HEAD.scope, HEAD.issuers, True)
    assert encode_layer(odd(40), later, PEPPER, tmp_path / "layer").layer_id not in seen


def test_an_unlucky_layer_id_is_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ordinary(3000)
    first = encode_layer(rows, HEAD, PEPPER, tmp_path / "layer").layer_id
    asked: list[int] = []

    def unlucky(*arguments: object) -> sealed.Run:
        asked.append(1)
        if len(asked) < 3:
            raise sealed.UnluckyLayerError
        return sealed.sort_bucket(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(encode, "sort_bucket", unlucky)
    assert_read_back(rows, tmp_path / "layer")
    assert encode_layer(rows, HEAD, PEPPER, tmp_path / "layer").layer_id == first
    assert len(asked) == 4


@pytest.mark.parametrize("people", [2, 500])
def test_a_person_twice_is_refused_and_the_old_file_stays(people: int, tmp_path: Path) -> None:
    rows = odd(people)
    before = bytes_of(rows, tmp_path / "layer")
    rows.keys[1] = rows.keys[0]
    with pytest.raises(TableError, match="the same key"):
        encode_layer(rows, HEAD, PEPPER, tmp_path / "layer")
    assert (tmp_path / "layer").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["layer"]


def long_person(stays: int) -> HeldRows:
    facts = nothing_known(3)
    facts.itinerary_day[1] = DAY
    places = np.arange(stays, dtype=np.int32) % 1000
    told = Ragged(np.array([0, 0, stays, stays]), (places, np.full(stays, DAY - 1, np.int32)))
    return HeldRows(keys(3, 0), with_stays(facts, told), WORDS)


def test_512_bytes_are_written_and_no_more(tmp_path: Path) -> None:
    assert_read_back(long_person(255), tmp_path / "layer")
    with pytest.raises(TableError, match="row 1: more than 512 bytes"):
        encode_layer(long_person(256), HEAD, PEPPER, tmp_path / "layer")


def test_many_long_people_are_written(tmp_path: Path) -> None:
    one = long_person(250)
    facts = one.facts.take(np.ones(400, np.int64))
    assert_read_back(HeldRows(keys(400, 5), facts, WORDS), tmp_path / "layer")


def test_contradicting_columns_are_refused_with_their_row(tmp_path: Path) -> None:
    def refused(rows: HeldRows) -> str:
        with pytest.raises(TableError) as caught:
            encode_layer(rows, HEAD, PEPPER, tmp_path / "layer")
        return caught.value.detail

    no_itinerary = long_person(1)
    no_itinerary.facts.itinerary_day[1] = nothing_known(1).itinerary_day[0]
    assert "row 1: stays without" in refused(no_itinerary)
    for column in ("statement", "test"):
        rows = HeldRows(keys(3, 0), nothing_known(3), WORDS)
        getattr(rows.facts, column)[2] = 1000
        assert "row 2: an index" in refused(rows)
    rows = HeldRows(keys(3, 0), nothing_known(3), WORDS)
    rows.facts.dose_month[0] = 600
    assert "row 0: the month" in refused(rows)


def test_colours_are_counted_without_tombstones(tmp_path: Path) -> None:
    facts = nothing_known(5)
    facts.statement[:] = [0, 1, 0, -1, 2]
    facts.removed[2] = True
    done = encode_layer(HeldRows(keys(5, 0), facts, WORDS), HEAD, PEPPER, tmp_path / "layer")
    assert done.colours == {Colour.GREEN: 1, Colour.YELLOW: 1, Colour.RED: 1}


def test_an_ordinary_person_is_small(full: bool, tmp_path: Path) -> None:
    people = 3_000_000 if full else 300_000
    done = encode_layer(ordinary(people), HEAD, PEPPER, tmp_path / "layer")
    assert done.length / people < 7.7


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be written"):
        encode_layer(ordinary(10), HEAD, PEPPER, tmp_path / "none" / "layer")


def test_the_hour_of_a_test_is_told_to_the_hour(tmp_path: Path) -> None:
    facts = nothing_known(400)
    facts.test[:] = 0
    facts.test_hour[:] = HOUR - np.arange(400)
    facts.statement[:] = 0
    facts.since[:] = SINCE
    assert_read_back(HeldRows(keys(400, 1), facts, WORDS), tmp_path / "layer")


def test_a_test_just_beyond_the_hours_of_the_slot(tmp_path: Path) -> None:
    facts = nothing_known(2000)
    facts.test[:] = 0
    facts.test_hour[:] = HOUR - np.arange(2000) % 10
    facts.test_hour[7] = HOUR - 10
    assert_read_back(HeldRows(keys(2000, 1), facts, WORDS), tmp_path / "layer")


def run_of_one_group(people: int, size: int) -> tuple[Column, Column]:
    records = np.zeros(people, sealed._RECORD)
    records["hashed"] = np.arange(people, dtype=np.uint64) << np.uint64(40)
    records["size"] = size
    return records, np.zeros(people * int(sealed.SIZES[size]), np.uint8)


def test_a_group_of_more_than_15_or_larger_than_a_page_is_unlucky() -> None:
    sealed.sort_bucket(*run_of_one_group(15, 0), 0, 0, 1)
    with pytest.raises(sealed.UnluckyLayerError):
        sealed.sort_bucket(*run_of_one_group(16, 0), 0, 0, 1)
    Layout(1, 8).lay(sealed.sort_bucket(*run_of_one_group(7, 15), 0, 0, 1), last=True)
    with pytest.raises(sealed.UnluckyLayerError):
        Layout(1, 8).lay(sealed.sort_bucket(*run_of_one_group(8, 15), 0, 0, 1), last=True)
