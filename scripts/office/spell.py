"""Finished rows as a feed of people, in the columns and cells that scripts.office.rows reads."""

import csv
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import polars as pl

from kiosk.core.errors import TableError
from kiosk.core.times import SHANGHAI
from scripts.office.facts import NO_DAY, Column, Dictionaries, Facts, Ragged, Rows
from scripts.office.rows import KEY, OPTIONAL, REQUIRED

_COLUMNS = [KEY, *REQUIRED, *OPTIONAL]


def write_feed(rows: Rows, path: Path) -> int:
    """Write a CSV, or a Parquet file (.parquet), which is made in memory. Returns the number of people.

    Some 100,000 people a second. Raises TableError where the file cannot be written.
    """
    words = rows.dictionaries
    lines = (line for keys, facts in rows.batches() for line in _lines(keys, facts, words))
    try:
        if path.suffix == ".parquet":
            pl.DataFrame(list(lines), dict.fromkeys(_COLUMNS, pl.String), orient="row").write_parquet(path)
        else:
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(_COLUMNS)
                writer.writerows(lines)
    except OSError as error:
        raise TableError(None, f"{path}: {error.strerror}. Name a file in a folder with room.") from None
    return rows.people


def _lines(keys: Column, facts: Facts, words: Dictionaries) -> Iterator[list[str]]:
    statements = [f"{colour}|{reason}|{issuer}|" for colour, reason, issuer, _ in words.statements]
    lists = [f"{kind}|{title}|{issuer}|" for kind, title, issuer in words.lists]
    places = [f"{place}:{area}:" for place, area in words.places]

    stays = _cells(facts.stays, lambda place, last: places[place] + _day(last))
    more = _cells(facts.more_statements, lambda statement, since: statements[statement] + _moment(since))
    entries = _cells(facts.lists, lambda entry, until: lists[entry] + _moment(until))
    columns = (
        keys,
        facts.statement.tolist(),
        facts.since.tolist(),
        facts.test.tolist(),
        facts.test_hour.tolist(),
        facts.doses.tolist(),
        facts.dose_month.tolist(),
        facts.itinerary_day.tolist(),
    )
    for key, statement, since, test, hour, doses, month, day in zip(*columns, strict=True):
        codes = [statements[statement] + _moment(since)] if statement >= 0 else []
        kind, result, laboratory = words.tests[test] if test >= 0 else ("", "", "")
        yield [
            key.tobytes().hex(),
            ";".join([*codes, *next(more)]),
            result,
            _moment(3600 * hour) if test >= 0 else "",
            laboratory,
            str(doses) if doses >= 0 else "",
            _day(day) if day != NO_DAY else "",
            ";".join(next(stays)),
            ";".join(next(entries)),
            kind,
            f"{1970 + month // 12}-{1 + month % 12:02}" if month >= 0 else "",
        ]


def _cells(ragged: Ragged, spell: Callable[[int, int], str]) -> Iterator[list[str]]:
    offsets = ragged.offsets.tolist()
    pairs = list(zip(*(column[offsets[0] : offsets[-1]].tolist() for column in ragged.columns), strict=True))
    for start, end in pairwise(offsets):
        yield [spell(*pair) for pair in pairs[start - offsets[0] : end - offsets[0]]]


@lru_cache(maxsize=1 << 12)
def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, SHANGHAI).isoformat()


@lru_cache(maxsize=1 << 12)
def _day(days: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=days)).isoformat()
