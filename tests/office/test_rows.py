"""Feeds: what is clean goes through, what is dirty is set aside with line, column and reason, and counts add up."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from kiosk.core import status as facts
from kiosk.core.errors import TableError
from kiosk.core.idnumber import parse_number
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
)
from kiosk.table.chain import slow_key
from scripts.office import feeds
from scripts.office.risks import read_risks
from scripts.office.rows import Intake, read_rows
from scripts.office.told import person_status
from tests.office.invented_feeds import CLEAN, COLUMNS, feed, number, person

BUILT_AT = datetime(2022, 4, 17, 23, tzinfo=UTC)
SALT = bytes(range(16))


def take(path: Path) -> tuple[Intake, list[list[str]]]:
    quarantine = path.with_suffix(".quarantine")
    intake = read_rows(path, quarantine, built_at=BUILT_AT, salt=SALT)
    assert intake.read == intake.accepted + intake.quarantined
    assert intake.accepted == intake.rows.people == len(intake.rows.keys)
    with quarantine.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["line", "column", "reason"]
    assert len({row[0] for row in rows}) == intake.quarantined
    return intake, rows


def test_all_that_is_said_of_a_person(tmp_path: Path) -> None:
    rich = person(
        1,
        codes="yellow|3天2检|甲|2022-04-15T00:00:01.5+08:00; red|x, y|police|2022-04-01T00:00:00Z",
        test_kind="antigen",
        test_result="under_check",
        stays="440100:Invented Street:2022-04-10;USA::2022-04-05",
        lists="admitted|staff|site|2022-05-18T09:00:00+08:00; blocked|lost card|police|2022-04-30T00:00:00Z",
    )
    nothing = dict.fromkeys(COLUMNS, "") | {"key": "f" * 64}
    intake, wrong = take(feed(tmp_path / "people.csv", [rich, nothing, person(3)]))
    assert wrong == []
    rows = intake.rows
    assert rows.keys.tobytes().hex() == "".join(row["key"] for row in (rich, nothing, person(3)))
    assert person_status(rows.facts, rows.dictionaries, 0) == PersonStatus(
        (
            CodeStatement(Colour.YELLOW, "3天2检", "甲", datetime(2022, 4, 14, 16, 0, 1, tzinfo=UTC)),
            CodeStatement(Colour.RED, "x, y", "police", datetime(2022, 4, 1, tzinfo=UTC)),
        ),
        LabTest(
            facts.TestResult.UNDER_CHECK, datetime(2022, 4, 17, 2, tzinfo=UTC), "laboratory", facts.TestKind.ANTIGEN
        ),
        2,
        Itinerary(
            date(2022, 4, 17),
            (Stay("440100", "Invented Street", date(2022, 4, 10)), Stay("USA", "", date(2022, 4, 5))),
        ),
        (
            ListEntry(ListKind.ADMITTED, "staff", "site", datetime(2022, 5, 18, 1, tzinfo=UTC)),
            ListEntry(ListKind.BLOCKED, "lost card", "police", datetime(2022, 4, 30, tzinfo=UTC)),
        ),
        date(2022, 1, 1),
    )
    assert person_status(rows.facts, rows.dictionaries, 1) == PersonStatus((), None, None, None, ())
    ordinary = person_status(rows.facts, rows.dictionaries, 2)
    assert ordinary is not None
    assert ordinary.test is not None
    assert ordinary.test.kind is facts.TestKind.NUCLEIC_ACID


WRONG = [
    ("key", "12"),
    ("key", "g" * 64),
    ("codes", "blue||office|2022-03-01T00:00:00+08:00"),
    ("codes", "green|office|2022-03-01T00:00:00+08:00"),
    ("codes", "green||office|2022-03-01T00:00:00"),
    ("codes", "green||office|2022-04-17T23:00:01Z"),
    ("codes", ";".join(["green||office|2022-03-01T00:00:00+08:00"] * 30)),
    ("test_kind", "smell"),
    ("test_result", "fine"),
    ("test_result", ""),
    ("test_at", ""),
    ("test_at", "yesterday"),
    ("test_at", "2022-04-17T10:30:00"),
    ("test_at", "2022-04-18T08:00:00+08:00"),
    ("doses", "10"),
    ("doses", "²"),
    ("doses", ""),
    ("dose_month", "2022-13"),
    ("dose_month", "2022-05"),
    ("itinerary_as_of", "2022-02-30"),
    ("itinerary_as_of", "2022-04-19"),
    ("itinerary_as_of", ""),
    ("stays", "440100:2022-04-10"),
    ("stays", "992200::2022-04-10"),
    ("stays", "gz::2022-04-10"),
    ("stays", "440100::2022-04-19"),
    ("stays", ";".join(["440100::2022-04-10"] * 80)),
    ("lists", "allowed|staff|site|2022-05-18T09:00:00+08:00"),
    ("lists", "admitted||site|2022-05-18T09:00:00+08:00"),
]


def test_each_column_wrong_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "_BLOCK_BYTES", 1000)
    rows = [person(0)]
    for place, (column, cell) in enumerate(WRONG, 1):
        rows += [person(2 * place, **{column: cell}), person(2 * place + 1)]
    intake, wrong = take(feed(tmp_path / "people.csv", rows))
    assert (intake.read, intake.quarantined) == (1 + 2 * len(WRONG), len(WRONG))
    told = {int(line): column for line, column, _ in reversed(wrong)}
    assert sorted(told) == [3 + 2 * place for place in range(len(WRONG))]
    accepted = intake.rows.keys[:, 31].tolist()
    assert accepted == [0, *range(3, 2 * len(WRONG) + 2, 2)]
    for place, (column, cell) in enumerate(WRONG):
        columns = {column for line, column, _ in wrong if int(line) == 3 + 2 * place}
        assert column in columns or (column, cell) in {
            ("test_at", ""), ("test_result", ""), ("doses", ""), ("codes", WRONG[6][1]), ("itinerary_as_of", "")
        }  # fmt: skip
        assert columns


def test_a_person_twice_is_set_aside_twice(tmp_path: Path) -> None:
    twice = [person(1), person(2), person(1, doses="3"), person(3), person(3, doses="many"), person(4)]
    intake, wrong = take(feed(tmp_path / "people.csv", twice))
    assert intake.rows.keys[:, 31].tolist() == [2, 4]
    assert [(line, column) for line, column, reason in wrong if "another line" in reason] == [
        ("2", "key"),
        ("4", "key"),
        ("5", "key"),
        ("6", "key"),
    ]


def test_numbers_are_checked_and_never_repeated(tmp_path: Path) -> None:
    good, other = number(11), number(12)
    wrong_digit = other[:-1] + ("0" if other[-1] != "0" else "1")
    numbers = [good, other, wrong_digit, "440199520303011", "", other.lower() + " ", number(13)]
    columns = ["number", *COLUMNS[1:]]
    rows = [{"number": text} | CLEAN for text in numbers]
    done: list[tuple[int, int]] = []
    path = feed(tmp_path / "people.csv", rows, columns)
    quarantine = tmp_path / "quarantine.csv"
    intake = read_rows(path, quarantine, built_at=BUILT_AT, salt=SALT, progress=lambda now, of: done.append((now, of)))
    assert (intake.read, intake.accepted, intake.quarantined) == (7, 2, 5)
    assert done == [(1, 2), (2, 2)]
    assert intake.rows.keys.tobytes() == slow_key(parse_number(good), SALT) + slow_key(parse_number(number(13)), SALT)
    told = quarantine.read_text(encoding="utf-8")
    assert not any(text in told for text in numbers if text)
    assert "15 digits" in told
    assert "check character" in told


def test_lines_that_are_no_rows(tmp_path: Path) -> None:
    path = feed(tmp_path / "people.csv", [person(place) for place in range(1, 6)])
    lines = path.read_bytes().replace(b"laboratory", "实验室".encode()).split(b"\r\n")
    lines[2] = lines[2].replace("实验室".encode(), "实验室".encode("gb18030"))
    lines[3] += b",one more"
    lines[4] = lines[4].replace(b"green||", b'"green||')
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines[:2]) + b"\n\n" + b"\n".join(lines[2:]))
    intake, wrong = take(path)
    assert intake.rows.keys[:, 31].tolist() == [1, 5]
    assert [line for line, *_ in wrong] == ["4", "5", "6"]
    assert intake.rows.dictionaries.tests == ((facts.TestKind.NUCLEIC_ACID, facts.TestResult.NEGATIVE, "实验室"),)


def test_parquet_is_the_same(tmp_path: Path) -> None:
    rows = [person(1), person(2, doses="many"), person(3, stays=""), person(4, doses="", dose_month="")]
    from_csv, wrong = take(feed(tmp_path / "people.csv", rows))
    frame = pl.DataFrame([{"lists": "", **row} for row in rows]).with_columns(
        pl.when(pl.col("doses") != "").then("doses").alias("doses")
    )
    frame.write_parquet(tmp_path / "people.parquet")
    from_parquet, wrong_too = take(tmp_path / "people.parquet")
    assert [int(line) - 1 for line, *_ in wrong] == [int(line) for line, *_ in wrong_too] == [2]
    binary = frame.with_columns(pl.col("key").str.decode("hex"))
    binary.write_parquet(tmp_path / "binary.parquet")
    from_binary, _ = take(tmp_path / "binary.parquet")
    for other in (from_parquet, from_binary):
        assert np.array_equal(other.rows.keys, from_csv.rows.keys)
        assert other.rows.dictionaries == from_csv.rows.dictionaries
        for place in range(3):
            assert person_status(other.rows.facts, other.rows.dictionaries, place) == person_status(
                from_csv.rows.facts, from_csv.rows.dictionaries, place
            )


def test_the_usual_since_is_the_word_s(tmp_path: Path) -> None:
    later = "green||health office|2022-03-02T00:00:00+08:00"
    rows = [person(1), person(2, codes=later), person(3, codes=later), person(4, codes=later, doses="many")]
    intake, _ = take(feed(tmp_path / "people.csv", rows))
    assert intake.rows.dictionaries.statements == ((Colour.GREEN, "", "health office", 1646150400),)


@pytest.mark.parametrize("columns", [COLUMNS[1:], [*COLUMNS, "number"], [*COLUMNS, "name"], COLUMNS[:-1]])
def test_a_feed_without_its_columns_is_refused(columns: list[str], tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(",".join(columns) + "\n", encoding="utf-8")
    with pytest.raises(TableError, match="needs the columns number or key"):
        take(path)


def test_what_is_no_feed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "people.parquet").write_bytes(b"not")
    for name in ("none.csv", "people.parquet"):
        with pytest.raises(TableError, match=name):
            take(tmp_path / name)


def test_risks(tmp_path: Path) -> None:
    path = tmp_path / "risks.csv"
    path.write_text(
        "\ufeffcity,area,level,since,until\n440100,Street,high,2022-04-09,\n310100,Road,medium,2022-04-01,2022-04-10\n",
        encoding="utf-8",
    )
    assert read_risks(path) == (
        RiskEntry("440100", "Street", Risk.HIGH, date(2022, 4, 9), None),
        RiskEntry("310100", "Road", Risk.MEDIUM, date(2022, 4, 1), date(2022, 4, 10)),
    )
    path.write_text(
        "city,area,level,since,until\nUSA,Street,high,2022-04-09,\n440100,,high,2022-04-09,\n440100,x,low,2022-04-09,\n"
        "440100,x,high,soon,\n440100,x,high,2022-04-09,2022-04-08\n440100,x,high\n440100,x,high,2022-04-09,,\n",
        encoding="utf-8",
    )
    with pytest.raises(TableError) as caught:
        read_risks(path)
    assert [line.split(":")[0] for line in str(caught.value).splitlines()[1:]] == [
        f"  line {line}" for line in range(2, 9)
    ]
