"""The reader: a table that is missing, damaged or not for this kiosk is never asked; no flipped bit makes a colour."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.core.errors import Fault, TableError
from kiosk.core.status import Answer, Unknown
from kiosk.showing import Mode
from kiosk.table.file import digest_file, open_table, sha256_of
from kiosk.table.source import TableSource
from tests.kiosk.invented_table import NOW, Files, known, person


@pytest.fixture
def files(tmp_path: Path) -> Files:
    files = Files(tmp_path)
    files.build()
    return files


def refusal(files: Files, mode: Mode = Mode.DEMO) -> TableError:
    with pytest.raises(TableError) as caught:
        open_table(files.table, files.pepper, mode)
    return caught.value


def redigest(table: Path) -> None:
    digest_file(table).write_text(f"{sha256_of(table)}  {table.name}\n")


def alter(table: Path, statement: str) -> None:
    with closing(sqlite3.connect(table)) as connection, connection:
        connection.execute(statement)
    redigest(table)


def test_a_missing_file_is_named(files: Files) -> None:
    digest = digest_file(files.table)
    text = digest.read_text()
    digest.unlink()
    assert (refusal(files).fault, digest.name in refusal(files).detail) == (Fault.TABLE_MISSING, True)
    digest.write_text(text)
    files.pepper.rename(files.folder / "elsewhere")
    assert (refusal(files).fault, str(files.pepper) in refusal(files).detail) == (Fault.TABLE_FOREIGN, True)
    files.table.unlink()
    assert (refusal(files).fault, str(files.table) in refusal(files).detail) == (Fault.TABLE_MISSING, True)


@pytest.mark.parametrize("digest", ["", "0" * 64 + "  table.sqlite\n", "\N{SNOWMAN}"])
def test_a_digest_that_does_not_fit_is_damage(files: Files, digest: str) -> None:
    digest_file(files.table).write_text(digest, encoding="utf-8")
    assert refusal(files).fault is Fault.TABLE_DAMAGED


def test_sha256sum_accepts_the_digest(files: Files) -> None:
    assert digest_file(files.table).read_text() == f"{sha256_of(files.table)}  {files.table.name}\n"


def test_what_is_no_table_is_refused(files: Files) -> None:
    files.table.write_bytes(b"not a database, however long it may be" * 100)
    redigest(files.table)
    assert refusal(files).fault is Fault.TABLE_DAMAGED
    files.table.write_bytes(b"")
    redigest(files.table)
    assert refusal(files).fault is Fault.TABLE_FOREIGN


def test_a_newer_format_is_refused_with_what_to_update(files: Files) -> None:
    alter(files.table, "PRAGMA user_version = 2")
    error = refusal(files)
    assert error.fault is Fault.TABLE_FOREIGN
    assert "format 2" in error.detail
    assert "Update" in error.detail


@pytest.mark.parametrize("pepper", ["00" * 32, "00" * 31, "no hexadecimal digits"])
def test_another_pepper_opens_nothing(files: Files, pepper: str) -> None:
    files.pepper.write_text(pepper)
    assert refusal(files).fault is Fault.TABLE_FOREIGN


def test_a_head_changed_without_the_pepper_is_refused(files: Files) -> None:
    alter(files.table, "UPDATE meta SET info = CAST(replace(CAST(info AS TEXT), '2022-04-17', '2022-04-19') AS BLOB)")
    assert refusal(files).fault is Fault.TABLE_FOREIGN


def test_demo_and_field_tables_do_not_mix(files: Files) -> None:
    assert refusal(files, Mode.FIELD).fault is Fault.TABLE_FOREIGN
    open_table(files.table, files.pepper, Mode.TRAINING).close()
    files.build(demo=False)
    assert refusal(files, Mode.DEMO).fault is Fault.TABLE_FOREIGN
    for mode in (Mode.FIELD, Mode.TRAINING):
        open_table(files.table, files.pepper, mode).close()


def test_a_row_put_under_another_number_is_unreadable(files: Files) -> None:
    with closing(sqlite3.connect(files.table)) as connection, connection:
        hashes = [row[0] for row in connection.execute("SELECT hash FROM person ORDER BY hash")]
        rows = connection.execute("SELECT record, tag FROM person ORDER BY hash").fetchall()
        for target, row in zip(hashes, rows[1:] + rows[:1], strict=True):
            connection.execute("UPDATE person SET record = ?, tag = ? WHERE hash = ?", (*row, target))
    redigest(files.table)
    with closing(open_table(files.table, files.pepper, Mode.DEMO)) as table:
        assert [table.lookup(table.derive_key(known(who)), NOW) for who in (11, 12, 13, 14)] == [Unknown.UNREADABLE] * 4


def test_no_flipped_bit_ever_gives_a_wrong_answer(files: Files, full: bool) -> None:
    """The digest would catch each one; here it is made to fit, so that only what lies behind it protects."""
    with closing(open_table(files.table, files.pepper, Mode.DEMO)) as table:
        keys = [table.derive_key(known(who)) for who in (11, 12, 13, 14, 99)]
        truth = [table.lookup(key, NOW) for key in keys]
        info = table.info
    good = files.table.read_bytes()
    every = range(len(good))
    places = every if full else random.Random(1).sample(every, 250)
    refused = unknown = 0
    for place in places:
        bad = bytearray(good)
        bad[place] ^= 1 << place % 8
        files.table.write_bytes(bad)
        redigest(files.table)
        try:
            table = open_table(files.table, files.pepper, Mode.DEMO)
        except TableError:
            refused += 1
            continue
        with closing(table):
            assert table.info == info, place
            answers: list[Answer] = [table.lookup(key, NOW) for key in keys]
        for answer, right in zip(answers, truth, strict=True):
            assert answer == right or isinstance(answer, Unknown), place
        unknown += answers != truth
    assert refused > 0
    assert unknown > 0


def test_an_open_table_that_is_overwritten_in_place_is_unreadable(files: Files) -> None:
    with closing(open_table(files.table, files.pepper, Mode.DEMO)) as table:
        with files.table.open("r+b") as file:
            file.write(b"\x55" * files.table.stat().st_size)
        assert table.lookup(table.derive_key(known(11)), NOW) is Unknown.UNREADABLE


def test_the_source_follows_what_lies_on_the_disk(files: Files) -> None:
    source = TableSource(files.table, files.pepper, Mode.DEMO)
    try:
        first, error = source.poll()
        assert first is not None
        assert error is None
        assert source.poll() == (first, None)

        files.build(serial=8)
        second, error = source.poll()
        assert error is None
        assert second is not None
        assert second.info.serial == 8
        assert first.lookup(bytes(32), NOW) is Unknown.UNREADABLE

        good = files.table.read_bytes()
        files.table.write_bytes(good[:-1] + b"x")
        table, error = source.poll()
        assert table is None
        assert error is not None
        assert error.fault is Fault.TABLE_DAMAGED
        assert source.poll() == (None, error)

        files.table.unlink()
        table, error = source.poll()
        assert (table, error and error.fault) == (None, Fault.TABLE_MISSING)

        files.build([person(11)], serial=9)
        table, error = source.poll()
        assert error is None
        assert table is not None
        assert table.info.serial == 9
    finally:
        source.close()
