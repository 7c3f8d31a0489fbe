"""The CSV files from which a table is built. Every mistake is collected with its place, so that one pass mends a file.

people: one row per person, columns PEOPLE_COLUMNS; several entries in a cell are separated by ``;``
    codes   colour|reason|issuer|since       stays   place:area:day       lists   kind|title|issuer|until
risks: one row per risk area, columns RISK_COLUMNS; an empty ``until`` means still listed

Days are 2022-04-18, moments 2022-04-18T09:00:00+08:00. The identity number itself is never repeated in a message.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from kiosk.core.errors import TableError
from kiosk.core.idnumber import IdNumber, NumberError, parse_number
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
    TestResult,
)

PEOPLE_COLUMNS = "number codes test_result test_at test_issuer doses itinerary_as_of stays lists".split()
RISK_COLUMNS = "city area level since until".split()
_SHOWN_MISTAKES = 20
_PLACE = re.compile(r"[1-9]\d{5}|[A-Z]{3}", re.ASCII)

_T = TypeVar("_T")
_Choice = TypeVar("_Choice", bound=StrEnum)


class _Row:
    """One row; what is wrong with it collects in ``mistakes``."""

    def __init__(self, place: str, cells: Mapping[str, str], mistakes: list[str]) -> None:
        self._place = place
        self._cells = cells
        self._mistakes = mistakes

    def cell(self, column: str, parse: Callable[[str], _T]) -> _T | None:
        """The parsed cell, or None after noting the mistake."""
        try:
            return parse(self._cells[column].strip())
        except ValueError as error:
            self.wrong(column, str(error))
            return None

    def wrong(self, column: str, what: str) -> None:
        self._mistakes.append(f"{self._place}, column {column}: {what}")


def read_people(path: Path) -> dict[IdNumber, PersonStatus]:
    """All people of a file. Raises TableError, which lists every mistake with line, column, value and remedy."""
    mistakes: list[str] = []
    people: dict[IdNumber, PersonStatus] = {}
    lines: dict[IdNumber, int] = {}
    for line, row in _rows(path, PEOPLE_COLUMNS, mistakes):
        number = row.cell("number", _number)
        status = PersonStatus(
            codes=row.cell("codes", _several(_code)) or (),
            test=_test(row),
            vaccine_doses=row.cell("doses", _doses),
            itinerary=_itinerary(row),
            lists=row.cell("lists", _several(_list_entry)) or (),
        )
        if number is None:
            continue
        if number in people:
            row.wrong("number", f"the same number stands in line {lines[number]}. Keep one of the two rows")
        people[number] = status
        lines[number] = line
    _refuse(path, mistakes)
    if not people:
        raise TableError(None, f"{path} holds no people. Name the file that does.")
    return people


def read_risks(path: Path) -> tuple[RiskEntry, ...]:
    """All risk areas of a file. Raises TableError as read_people does."""
    mistakes: list[str] = []
    risks = []
    for _, row in _rows(path, RISK_COLUMNS, mistakes):
        city = row.cell("city", _city)
        area = row.cell("area", _text)
        level = row.cell("level", _choice(Risk))
        since = row.cell("since", _day)
        until = row.cell("until", _optional(_day))
        if since is not None and until is not None and until < since:
            row.wrong("until", f"{until} is before since. Correct one of the two days")
        if city is not None and area is not None and level is not None and since is not None:
            risks.append(RiskEntry(city, area, level, since, until))
    _refuse(path, mistakes)
    return tuple(risks)


def _rows(path: Path, columns: list[str], mistakes: list[str]) -> Iterator[tuple[int, _Row]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            if sorted(header) != sorted(columns):
                detail = (
                    f"{path}: the first line must name the columns {','.join(columns)}; it holds {','.join(header)}"
                )
                raise TableError(None, f"{detail}. Correct the first line.")
            for cells in reader:
                place = f"line {reader.line_num}"
                if len(cells) == len(header):
                    yield reader.line_num, _Row(place, dict(zip(header, cells, strict=True)), mistakes)
                elif cells:
                    mistakes.append(
                        f"{place}: {len(cells)} cells instead of {len(header)}. Quote cells that hold commas"
                    )
    except OSError as error:
        raise TableError(None, f"{path}: {error.strerror}. Name a file that can be read.") from None
    except UnicodeDecodeError:
        raise TableError(None, f"{path}: not UTF-8. Save the file as UTF-8.") from None
    except csv.Error as error:
        raise TableError(None, f"{path}, line {reader.line_num}: {error}. Correct the quotes.") from None


def _refuse(path: Path, mistakes: list[str]) -> None:
    if mistakes:
        shown = [f"  {mistake}." for mistake in mistakes[:_SHOWN_MISTAKES]]
        if len(mistakes) > len(shown):
            shown.append(f"  and {len(mistakes) - len(shown)} more.")
        raise TableError(None, "\n".join([f"{path}: {len(mistakes)} wrong; nothing was written.", *shown]))


def _test(row: _Row) -> LabTest | None:
    result = row.cell("test_result", _optional(_choice(TestResult)))
    sampled_at = row.cell("test_at", _optional(_moment))
    issuer = row.cell("test_issuer", str) or ""
    if result is None or sampled_at is None:
        if result is not None or sampled_at is not None or issuer:
            row.wrong("test_result", "result and test_at belong together. Fill both, or neither")
        return None
    return LabTest(result, sampled_at, issuer)


def _itinerary(row: _Row) -> Itinerary | None:
    as_of = row.cell("itinerary_as_of", _optional(_day))
    stays = row.cell("stays", _several(_stay)) or ()
    if as_of is None:
        if stays:
            row.wrong("itinerary_as_of", "empty although there are stays. Give the day on which they were known")
        return None
    return Itinerary(as_of, stays)


def _number(text: str) -> IdNumber:
    try:
        return parse_number(text)
    except NumberError as error:
        raise ValueError(f"no identity number: {error}. Correct it") from None


def _several(parse: Callable[[str], _T]) -> Callable[[str], tuple[_T, ...]]:
    return lambda text: tuple(parse(part.strip()) for part in text.split(";") if part.strip())


def _optional(parse: Callable[[str], _T]) -> Callable[[str], _T | None]:
    return lambda text: parse(text) if text else None


def _parts(text: str, separator: str, names: str) -> list[str]:
    parts = [part.strip() for part in text.split(separator)]
    if len(parts) != len(names.split(separator)):
        raise ValueError(f'"{text}": must be {names}')
    return parts


def _code(text: str) -> CodeStatement:
    # Reason and issuer may be empty: such a statement is kept, and must not stop anybody (C4).
    colour, reason, issuer, since = _parts(text, "|", "colour|reason|issuer|since")
    return CodeStatement(_choice(Colour)(colour), reason, issuer, _moment(since))


def _stay(text: str) -> Stay:
    place, area, day = _parts(text, ":", "place:area:day")
    if not _PLACE.fullmatch(place):
        raise ValueError(f'"{place}": must be six digits (GB/T 2260) or three capital letters (ISO 3166 alpha-3)')
    return Stay(place, area, _day(day))


def _list_entry(text: str) -> ListEntry:
    kind, title, issuer, until = _parts(text, "|", "kind|title|issuer|until")
    return ListEntry(_choice(ListKind)(kind), _text(title), _text(issuer), _moment(until))


def _choice(kind: type[_Choice]) -> Callable[[str], _Choice]:
    def parse(text: str) -> _Choice:
        try:
            return kind(text)
        except ValueError:
            raise ValueError(f'"{text}": must be {", ".join(kind)}') from None

    return parse


def _text(text: str) -> str:
    if not text:
        raise ValueError("empty. Fill it in")
    return text


def _city(text: str) -> str:
    if not _PLACE.fullmatch(text) or text.isalpha():
        raise ValueError(f'"{text}": must be six digits (GB/T 2260)')
    return text


def _doses(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= 9):
        raise ValueError(f'"{text}": must be 0 to 9, or empty where it is not known')
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f'"{text}": must be a day, for example 2022-04-18') from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f'"{text}": must be a moment with its UTC offset, for example 2022-04-18T09:00:00+08:00')
    return moment.astimezone(UTC)
