"""Feeds of people, CSV or Parquet, into finished rows. A dirty row is set aside with its reason, the rest goes through.

Columns (text in both formats; Parquet may hold ``key`` as bytes): ``number``, or ``key`` with the 32 bytes of K in
hexadecimal; codes, test_result, test_at, test_issuer, doses, itinerary_as_of, stays, lists; test_kind and dose_month
may be left out. Cells are those of scripts.office.cells. CSV is UTF-8, one line per person.
"""

import csv
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from kiosk.core.errors import TableError
from kiosk.core.idnumber import IdNumber, NumberError, parse_number
from kiosk.core.times import local_day
from kiosk.table.chain import slow_key
from scripts.office import cells
from scripts.office.facts import KEY_BYTES, NO_DAY, Column, HeldRows
from scripts.office.feeds import Block, read_blocks
from scripts.office.words import Cells, Gathered

NUMBER, KEY = "number", "key"
REQUIRED = "codes test_result test_at test_issuer doses itinerary_as_of stays lists".split()
OPTIONAL = ["test_kind", "dose_month"]

Progress = Callable[[int, int], None]  # done, of


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why a row is set aside; says nothing of the person."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class Intake:
    """What a feed gave: of ``read`` rows those accepted, in ``rows``, and the number of those set aside."""

    read: int
    accepted: int
    quarantined: int
    rows: HeldRows


def read_rows(
    path: Path, quarantine: Path | None, *, built_at: datetime, salt: bytes, progress: Progress | None = None
) -> Intake:
    """All people of a feed; those set aside go to the CSV ``quarantine`` (line, column, reason), where one is named.

    A number costs 50 ms of one processor, a key nothing. Raises TableError for a feed that is none.
    """
    reader = _Reader(built_at)
    read = 0
    for block in read_blocks(path, [*REQUIRED, *OPTIONAL], (NUMBER, KEY), OPTIONAL):
        read += block.read
        reader.take(block)
    twice = reader.identities.repeated()
    for line in twice.tolist():
        reader.mistakes.append(Mistake(line, reader.identities.column, "the same person stands in another line"))
    wrong = {mistake.line for mistake in reader.mistakes}
    if quarantine is not None:
        _write_quarantine(quarantine, reader.mistakes)
    lines = reader.identities.lines
    kept = ~np.isin(lines, np.fromiter(wrong, np.int64, len(wrong)))
    keys = reader.identities.keys(kept, salt, progress)
    # Words are numbered by what is left, so that those of rows set aside do not show.
    facts, words = reader.gathered.facts(kept)
    return Intake(read, len(keys), read - len(keys), HeldRows(keys, facts, words))


@dataclass(slots=True, repr=False)
class _Identities:
    """Who the rows are about: numbers or keys, with their lines."""

    column: str = KEY
    numbers: list[IdNumber | None] = field(default_factory=list)
    parts: list[Column] = field(default_factory=list)  # uint8 [n, 32]
    valid: list[Column] = field(default_factory=list)
    line_parts: list[Column] = field(default_factory=list)

    @property
    def lines(self) -> Column:
        return np.concatenate([np.empty(0, np.int64), *self.line_parts])

    def repeated(self) -> Column:
        """Lines of everybody who stands in more than one."""
        valid = np.concatenate([np.empty(0, np.bool_), *self.valid])
        if self.column == NUMBER:
            who = np.array([number.text if number else "" for number in self.numbers], "S18")
        else:
            keys = self._all_keys()
            # Of random keys few share their first 8 bytes: only these are compared whole.
            starts = keys.view(np.uint64)[:, 0]
            _, where, counts = np.unique(starts, return_inverse=True, return_counts=True)
            valid &= counts[where] > 1
            who = keys.view(f"V{KEY_BYTES}").reshape(-1)
        _, where, counts = np.unique(who[valid], return_inverse=True, return_counts=True)
        lines: Column = self.lines[valid][counts[where] > 1]
        return lines

    def keys(self, kept: Column, salt: bytes, progress: Progress | None) -> Column:
        """K of the people that are kept."""
        if self.column == KEY:
            return self._all_keys()[kept]
        numbers = [self.numbers[place] for place in np.flatnonzero(kept).tolist()]
        keys = np.empty((len(numbers), KEY_BYTES), np.uint8)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            derived = pool.map(lambda number: slow_key(number, salt), filter(None, numbers))
            for done, key in enumerate(derived):
                keys[done] = np.frombuffer(key, np.uint8)
                if progress is not None:
                    progress(done + 1, len(numbers))
        return keys

    def _all_keys(self) -> Column:
        return np.concatenate([np.empty((0, KEY_BYTES), np.uint8), *self.parts])


class _Reader:
    def __init__(self, built_at: datetime) -> None:
        self._now = int(built_at.astimezone(UTC).timestamp())
        self._today = (local_day(built_at) - datetime(1970, 1, 1, tzinfo=UTC).date()).days
        month = local_day(built_at)
        self._month = 12 * (month.year - 1970) + month.month - 1
        self._known: dict[tuple[str, str], Any] = {}
        self.identities = _Identities()
        self.gathered = Gathered()
        self.mistakes: list[Mistake] = []

    def take(self, block: Block) -> None:
        told = len(self.mistakes)
        self.mistakes.extend(Mistake(line, "", reason) for line, reason in block.mistakes)
        lines = block.lines
        self._identify(block, lines)

        def read(column: str, parse: Callable[[str], Any]) -> Cells:
            return self._read(block.frame, column, parse, lines)

        kind, result = read("test_kind", cells.test_kind), read("test_result", cells.test_result)
        sampled, issuer = read("test_at", cells.optional(self._past)), read("test_issuer", str)
        doses, month = read("doses", cells.doses), read("dose_month", cells.optional(self._past_month))
        as_of = read("itinerary_as_of", cells.optional(self._past_day))
        codes, stays = read("codes", cells.several(self._code)), read("stays", cells.several(self._stay))
        lists = read("lists", cells.several(cells.entry))
        tested = sampled.holds & result.holds
        # Of rows that are wrong already nothing more is said: what does not fit may follow from that.
        clean = ~np.isin(lines, [mistake.line for mistake in self.mistakes[told:]])
        entries = 17 * codes.lengths + 8 * stays.lengths + 12 * lists.lengths
        for which, column, reason in (
            (sampled.holds != result.holds, "test_result", "result and test_at belong together: fill both, or neither"),
            (issuer.holds & ~tested, "test_issuer", "must be empty where no test is known"),
            (month.holds & ~doses.holds, "dose_month", "must be empty where doses are not known"),
            (stays.holds & ~as_of.holds, "itinerary_as_of", "empty although there are stays"),
            (entries > _MOST_BYTES, "stays", "more codes, stays and lists than a record holds"),
        ):
            self._wrong(lines, clean & which, column, reason)
        self.gathered.add(
            codes,
            _together(kind, result, issuer, tested),
            stays,
            lists,
            test_hour=sampled.numbers(0) // 3600,
            doses=doses.numbers(-1),
            dose_month=month.numbers(-1),
            itinerary_day=as_of.numbers(NO_DAY),
        )

    def _identify(self, block: Block, lines: Column) -> None:
        identities = self.identities
        identities.column = NUMBER if NUMBER in block.frame.columns else KEY
        identities.line_parts.append(lines)
        series = block.frame[identities.column]
        if identities.column == NUMBER:
            numbers: list[IdNumber | None] = []
            for line, text in zip(lines.tolist(), series.to_list(), strict=True):
                number = None
                try:
                    number = parse_number(text)
                except NumberError as error:
                    self.mistakes.append(Mistake(line, NUMBER, _number_reason(text, error)))
                numbers.append(number)
            identities.numbers.extend(numbers)
            valid = np.array([number is not None for number in numbers], np.bool_)
        else:
            if series.dtype == pl.Binary:
                series = series.bin.encode("hex")
            valid = series.str.contains(r"^[0-9A-Fa-f]{64}$").to_numpy()
            self._wrong(lines, ~valid, KEY, "must be 32 bytes in hexadecimal")
            text = "".join(series.set(pl.Series(~valid), "0" * 2 * KEY_BYTES).to_list())
            identities.parts.append(np.frombuffer(bytes.fromhex(text), np.uint8).reshape(-1, KEY_BYTES))
        identities.valid.append(valid)

    def _read(self, frame: pl.DataFrame, column: str, parse: Callable[[str], Any], lines: Column) -> Cells:
        if column not in frame.columns:
            return Cells([parse("")], np.zeros(len(frame), np.int64))
        series = frame[column].str.strip_chars()
        texts = series.unique(maintain_order=True)
        places = series.replace_strict(texts, pl.Series(range(len(texts)), dtype=pl.Int64)).to_numpy()
        values: list[Any] = []
        wrong: dict[int, str] = {}
        for place, text in enumerate(texts.to_list()):
            value = self._parsed(column, text, parse)
            if isinstance(value, ValueError):
                wrong[place] = str(value)
                value = parse("")
            values.append(value)
        for row in np.flatnonzero(np.isin(places, list(wrong))).tolist() if wrong else ():
            self.mistakes.append(Mistake(int(lines[row]), column, wrong[int(places[row])]))
        return Cells(values, places)

    def _parsed(self, column: str, text: str, parse: Callable[[str], Any]) -> Any:
        known = self._known.get((column, text))
        if known is None:
            try:
                known = parse(text)
            except ValueError as error:
                known = error
            self._known[column, text] = known
        return known

    def _wrong(self, lines: Column, which: Column, column: str, reason: str) -> None:
        self.mistakes.extend(Mistake(line, column, reason) for line in lines[which].tolist())

    def _past(self, text: str) -> int:
        return _not_after(cells.seconds(text), self._now)

    def _past_day(self, text: str) -> int:
        return _not_after(cells.day(text), self._today)

    def _past_month(self, text: str) -> int:
        return _not_after(cells.month(text), self._month)

    def _code(self, text: str) -> cells.Code:
        code = cells.code(text)
        _not_after(code[3], self._now)
        return code

    def _stay(self, text: str) -> cells.Stay:
        stay = cells.stay(text)
        _not_after(stay[2], self._today)
        return stay


_MOST_BYTES = 460  # of 512: the rest is test, doses, itinerary, and the first code's own


def _together(kind: Cells, result: Cells, issuer: Cells, tested: Column) -> Cells:
    """The distinct tests, None for no test, and which of them each row has."""
    mixed = (kind.places * len(result.values) + result.places) * len(issuer.values) + issuer.places
    distinct, places = np.unique(np.where(tested, mixed, -1), return_inverse=True)
    words: list[Any] = []
    for number in distinct.tolist():
        rest, last = divmod(number, len(issuer.values))
        first, second = divmod(rest, len(result.values))
        words.append(None if number < 0 else (kind.values[first], result.values[second], issuer.values[last]))
    return Cells(words, places.reshape(-1))


def _not_after(value: int, limit: int) -> int:
    if value > limit:
        raise ValueError("later than the time of building")
    return value


def _number_reason(text: str, error: NumberError) -> str:
    digits = text.strip()
    if len(digits) == 15 and digits.isdigit():
        return "15 digits, the form before 1999: give the 18 characters"
    return f"no identity number: {error}"


def _write_quarantine(path: Path, mistakes: list[Mistake]) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["line", "column", "reason"])
            ordered = sorted(mistakes, key=lambda mistake: (mistake.line, mistake.column))
            writer.writerows((mistake.line, mistake.column, mistake.reason) for mistake in ordered)
    except OSError as error:
        raise TableError(None, f"{path}: {error.strerror}. Name a file in a folder that can be written.") from None
