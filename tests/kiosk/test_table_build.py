"""The builder: what the CSV says is what the reader answers, and a mistake is named instead of being guessed at."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.core.errors import TableError
from kiosk.core.status import (
    CodeStatement,
    Colour,
    Itinerary,
    LabTest,
    ListEntry,
    ListKind,
    PersonStatus,
    Risk,
    RiskEntry,
    Stay,
    Unknown,
)
from kiosk.core.status import TestResult as Result  # pytest would collect the name
from kiosk.showing import Mode
from kiosk.table.build import build_table
from kiosk.table.file import digest_file, open_table
from kiosk.table.keys import make_pepper
from tests.kiosk.invented_table import AS_OF, BUILT_AT, NOW, Files, known, number, person

POLICE_LIST = ListEntry(ListKind.BLOCKED, "lost card", "police", datetime(2022, 4, 30, tzinfo=UTC))
STAFF_LIST = ListEntry(ListKind.ADMITTED, "staff", "health office", datetime(2022, 4, 18, 1, tzinfo=UTC))


def test_the_reader_answers_what_the_csv_says(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.build()
    table = open_table(files.table, files.pepper, Mode.DEMO)
    try:
        test = LabTest(Result.NEGATIVE, datetime(2022, 4, 17, 2, 30, tzinfo=UTC), "laboratory")
        green = CodeStatement(Colour.GREEN, "", "health office", datetime(2022, 2, 28, 16, tzinfo=UTC))
        yellow = CodeStatement(Colour.YELLOW, "3天2检", "另一办公室", datetime(2022, 4, 14, 16, tzinfo=UTC))
        stays = (Stay("440100", "", date(2022, 4, 10)), Stay("USA", "", date(2022, 4, 5)))
        expected = PersonStatus(
            (green, yellow), test, 2, Itinerary(date(2022, 4, 17), stays), (STAFF_LIST, POLICE_LIST)
        )
        assert table.lookup(table.derive_key(known(13)), NOW) == expected
        nothing = PersonStatus((), None, None, None, ())
        assert table.lookup(table.derive_key(known(14)), NOW) == nothing
        assert table.lookup(table.derive_key(known(99)), NOW) is Unknown.NOT_FOUND
        assert table.info.as_of == AS_OF
        assert table.info.built_at == BUILT_AT
        assert (table.info.serial, table.info.demo, table.info.scope) == (7, True, frozenset({"44"}))
        assert table.info.issuers == {"health office", "police"}
        assert table.info.risks == (
            RiskEntry("440100", "Invented Street", Risk.HIGH, date(2022, 4, 9), None),
            RiskEntry("310100", "Made-up Road", Risk.MEDIUM, date(2022, 4, 1), date(2022, 4, 10)),
        )
    finally:
        table.close()


@pytest.mark.parametrize(
    ("after", "left"), [(timedelta(0), (STAFF_LIST, POLICE_LIST)), (timedelta(seconds=1), (POLICE_LIST,))]
)
def test_an_expired_list_entry_is_left_out(tmp_path: Path, after: timedelta, left: tuple[ListEntry, ...]) -> None:
    files = Files(tmp_path)
    files.build()
    table = open_table(files.table, files.pepper, Mode.DEMO)
    try:
        status = table.lookup(table.derive_key(known(13)), STAFF_LIST.until + after)
        assert isinstance(status, PersonStatus)
        assert status.lists == left
    finally:
        table.close()


def test_the_same_input_gives_the_same_bytes_and_other_input_shares_none(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.build()
    first = files.table.read_bytes()
    files.build()
    assert files.table.read_bytes() == first
    # Under the same salt a changed fact changes the row hashes and keystreams of everybody.
    files.build([person(11, doses="3"), person(12)])
    one = _rows(files.table)
    files.build([person(11, doses="2"), person(12)])
    other = _rows(files.table)
    assert {row for row, _ in one}.isdisjoint(row for row, _ in other)
    assert {record for _, record in one}.isdisjoint(record for _, record in other)


def test_the_file_tells_nothing_of_a_person_in_plain(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.build()
    content = files.table.read_bytes()
    for secret in (
        number(12),
        "close contact",
        "laboratory",
        "negative",
        "2022-04-12",
        files.pepper.read_text().strip(),
    ):
        assert secret.encode() not in content


WRONG_CELLS = [
    ("number", "440199195203030110", "check character"),
    ("number", "", "form"),
    ("codes", "purple||health office|2022-03-01T00:00:00+08:00", "green, yellow, red"),
    ("codes", "green|health office|2022-03-01T00:00:00+08:00", "colour|reason|issuer|since"),
    ("codes", "green||health office|2022-03-01T00:00:00", "UTC offset"),
    ("codes", "green||health office|yesterday", "UTC offset"),
    ("test_result", "fine", "negative, positive, under_check"),
    ("test_result", "", "belong together"),
    ("test_at", "2022-04-17 noon", "UTC offset"),
    ("test_at", "", "belong together"),
    ("doses", "-1", "0 to 9"),
    ("doses", "two", "0 to 9"),
    ("itinerary_as_of", "17.4.2022", "2022-04-18"),
    ("itinerary_as_of", "", "although there are stays"),
    ("stays", "440100:2022-04-12", "place:area:day"),
    ("stays", "Guangzhou::2022-04-12", "six digits"),
    ("stays", "440100::2022-02-30", "2022-04-18"),
    ("lists", "guest|title|issuer|2022-04-18T09:00:00+08:00", "admitted, blocked"),
    ("lists", "admitted||issuer|2022-04-18T09:00:00+08:00", "empty"),
    ("lists", "admitted|title|issuer|tomorrow", "UTC offset"),
]


@pytest.mark.parametrize(("column", "cell", "said"), WRONG_CELLS)
def test_a_wrong_cell_is_named_and_nothing_is_written(tmp_path: Path, column: str, cell: str, said: str) -> None:
    files = Files(tmp_path)
    row = person(12, stays="440100::2022-04-12") | {column: cell}
    with pytest.raises(TableError) as caught:
        files.build([person(11), row])
    assert "people.csv" in caught.value.detail
    assert "line 3, column " in caught.value.detail
    assert said in caught.value.detail
    if column == "number":
        assert not cell or cell not in caught.value.detail
    assert [path.name for path in tmp_path.iterdir() if "table" in path.name] == []


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("city", "Guangzhou", "six digits"),
        ("area", "", "empty"),
        ("level", "low", "medium, high"),
        ("since", "", "2022-04-18"),
        ("until", "2022-04-08", "before since"),
    ],
)
def test_a_wrong_risk_is_named(tmp_path: Path, column: str, cell: str, said: str) -> None:
    risk = {"city": "440100", "area": "Invented Street", "level": "high", "since": "2022-04-09", "until": ""}
    with pytest.raises(TableError, match=rf"risks.csv.*\n.*line 2, column {column}:.*{said}"):
        Files(tmp_path).build(risks=[risk | {column: cell}])


def test_every_mistake_is_listed_at_once(tmp_path: Path) -> None:
    with pytest.raises(TableError) as caught:
        Files(tmp_path).build([person(11, doses="x"), person(12), person(13, doses="y", stays="?"), person(12)])
    detail = caught.value.detail
    assert "4 wrong" in detail
    assert all(f"line {line}, column {what}" in detail for line, what in ((2, "doses"), (4, "doses"), (4, "stays")))
    assert "line 5, column number: the same number stands in line 3" in detail


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "first line must name the columns"),
        (b"number,codes\n", "first line must name the columns"),
        (b"\xff\xfe", "not UTF-8"),
        (
            b"number,codes,test_result,test_at,test_issuer,doses,itinerary_as_of,stays,lists\n1,2\n",
            "2 cells instead of 9",
        ),
        (b"number,codes,test_result,test_at,test_issuer,doses,itinerary_as_of,stays,lists\n", "no people"),
        (b'number,codes,test_result,test_at,test_issuer,doses,itinerary_as_of,stays,lists\n"1', "Correct the quotes"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_no_feed_is_refused(tmp_path: Path, text: bytes | None, said: str) -> None:
    feed = tmp_path / "feed.csv"
    if text is not None:
        feed.write_bytes(text)
    make_pepper(tmp_path / "pepper")
    with pytest.raises(TableError, match=said):
        build_table(
            feed,
            None,
            tmp_path / "table",
            tmp_path / "pepper",
            as_of=AS_OF,
            built_at=BUILT_AT,
            serial=1,
            scope=frozenset({"44"}),
            issuers=frozenset({"health office"}),
            demo=True,
        )


def test_a_head_that_cannot_be_is_refused(tmp_path: Path) -> None:
    files = Files(tmp_path)
    with pytest.raises(TableError, match="serial 0"):
        files.build(serial=0)
    with pytest.raises(TableError, match="scope 99: no province"):
        files.build(scope=frozenset({"44", "99"}))
    with pytest.raises(TableError, match="later than the time of building"):
        files.build(as_of=BUILT_AT + timedelta(seconds=1))


def test_a_failed_build_leaves_the_old_table_in_place(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.build()
    before = files.table.read_bytes(), digest_file(files.table).read_text()
    with pytest.raises(TableError):
        files.build([person(11, doses="x")])
    assert (files.table.read_bytes(), digest_file(files.table).read_text()) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "people.csv",
        "pepper",
        "risks.csv",
        "table.sqlite",
        "table.sqlite.sha256",
    ]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.table.mkdir()
    with pytest.raises(TableError, match=r"table\.sqlite cannot be written"):
        files.build([person(11)])
    assert not digest_file(files.table).exists()


def test_a_pepper_is_private_and_never_replaced(tmp_path: Path) -> None:
    pepper = tmp_path / "pepper"
    make_pepper(pepper)
    assert pepper.stat().st_mode & 0o777 == 0o600
    with pytest.raises(TableError, match="exists already"):
        make_pepper(pepper)


def _rows(table: Path) -> list[tuple[bytes, bytes]]:
    with closing(sqlite3.connect(table)) as connection:
        return connection.execute("SELECT hash, record FROM person").fetchall()
