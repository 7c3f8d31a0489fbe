"""The CSV of risk areas: a table of its own, so that re-grading a city rewrites no person."""

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from kiosk.core.errors import TableError
from kiosk.core.status import Risk, RiskEntry
from scripts.office import cells

COLUMNS = "city area level since until".split()
_SHOWN = 20


def read_risks(path: Path) -> tuple[RiskEntry, ...]:
    """All risk areas of a file; an empty ``until`` means still listed.

    Raises TableError, which lists every mistake with line and column: a list of areas is never taken in part.
    """
    mistakes: list[str] = []
    risks = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True, restkey="")
            if sorted(reader.fieldnames or []) != sorted(COLUMNS):
                raise TableError(None, f"{path}: the first line must name the columns {','.join(COLUMNS)}. Correct it.")
            for row in reader:
                try:
                    risks.append(_risk(row))
                except ValueError as error:
                    mistakes.append(f"  line {reader.line_num}: {error}.")
    except OSError as error:
        raise TableError(None, f"{path}: {error.strerror}. Name a file that can be read.") from None
    except UnicodeDecodeError:
        raise TableError(None, f"{path}: not UTF-8. Save the file as UTF-8.") from None
    except csv.Error as error:
        raise TableError(None, f"{path}: {error}. Correct the quotes.") from None
    if mistakes:
        more = [f"  and {len(mistakes) - _SHOWN} more."] if len(mistakes) > _SHOWN else []
        head = f"{path}: {len(mistakes)} wrong; nothing was taken. Correct them."
        raise TableError(None, "\n".join([head, *mistakes[:_SHOWN], *more]))
    return tuple(risks)


def _city(text: str) -> str:
    if text.isalpha():
        raise ValueError("must be six digits (GB/T 2260)")
    return cells.place(text)


def _day(text: str) -> date:
    cells.day(text)
    return date.fromisoformat(text)


_PARSE: dict[str, Callable[[str], Any]] = {
    "city": _city,
    "area": cells.filled,
    "level": cells.choice(Risk),
    "since": _day,
    "until": cells.optional(_day),
}


def _risk(row: dict[str, str]) -> RiskEntry:
    if None in row.values() or "" in row:
        raise ValueError(f"must have {len(COLUMNS)} cells")
    told = {}
    for column in COLUMNS:
        try:
            told[column] = _PARSE[column](row[column].strip())
        except ValueError as error:
            raise ValueError(f"column {column}: {error}") from None
    entry = RiskEntry(**told)
    if entry.until is not None and entry.until < entry.since:
        raise ValueError("column until: before since")
    return entry
