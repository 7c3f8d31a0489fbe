"""What stands in one cell of a feed. A mistake is told without the cell's text: it may be somebody's number.

    codes   colour|reason|issuer|since       stays   place:area:day       lists   kind|title|issuer|until

Several entries in a cell are separated by ``;``. Days are 2022-04-18, months 2022-01, moments
2022-04-18T09:00:00+08:00.
Functions raise ValueError, whose text says what a cell must be.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from kiosk.core.idnumber import PROVINCES
from kiosk.core.status import Colour, ListKind, TestKind, TestResult

_PLACE = re.compile(r"[1-9]\d{5}|[A-Z]{3}", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_T = TypeVar("_T")
_Choice = TypeVar("_Choice", bound=StrEnum)

Code = tuple[Colour, str, str, int]  # colour, reason, issuer, seconds since 1970 UTC
Stay = tuple[str, str, int]  # place, area, days since 1970
Entry = tuple[ListKind, str, str, int]  # kind, title, issuer, seconds since 1970 UTC


def several(parse: Callable[[str], _T]) -> Callable[[str], tuple[_T, ...]]:
    """A cell of any number of entries."""
    return lambda text: tuple(parse(part.strip()) for part in text.split(";") if part.strip())


def optional(parse: Callable[[str], _T]) -> Callable[[str], _T | None]:
    """A cell that may be empty."""
    return lambda text: parse(text) if text else None


def code(text: str) -> Code:
    """Reason and issuer may be empty: such a statement is kept, and must not stop anybody (C4)."""
    colour, reason, issuer, since = _parts(text, "|", "colour|reason|issuer|since")
    return choice(Colour)(colour), reason, issuer, seconds(since)


def stay(text: str) -> Stay:
    """One place with its last day."""
    where, area, last = _parts(text, ":", "place:area:day")
    return place(where), area, day(last)


def entry(text: str) -> Entry:
    """One entry of a list."""
    kind, title, issuer, until = _parts(text, "|", "kind|title|issuer|until")
    return choice(ListKind)(kind), filled(title), filled(issuer), seconds(until)


def place(text: str) -> str:
    """A city or a country."""
    if not _PLACE.fullmatch(text):
        raise ValueError("a place must be six digits (GB/T 2260) or three capital letters (ISO 3166 alpha-3)")
    if text.isdigit() and text[:2] not in PROVINCES:
        raise ValueError("no such province (GB/T 2260)")
    return text


def choice(kind: type[_Choice]) -> Callable[[str], _Choice]:
    """One of a few words."""

    def parse(text: str) -> _Choice:
        try:
            return kind(text)
        except ValueError:
            raise ValueError(f"must be one of {', '.join(kind)}") from None

    return parse


def test_kind(text: str) -> TestKind:
    """Empty is a nucleic acid test, as in feeds that know no other."""
    return choice(TestKind)(text) if text else TestKind.NUCLEIC_ACID


test_result = optional(choice(TestResult))


def filled(text: str) -> str:
    """A text that must be there."""
    if not text:
        raise ValueError("empty")
    return text


def doses(text: str) -> int | None:
    """A number of doses, None where it is not known."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= 9):
        raise ValueError("must be 0 to 9, or empty where it is not known")
    return int(text)


def month(text: str) -> int:
    """Months since 1970-01."""
    match = _MONTH.fullmatch(text)
    if match is None:
        raise ValueError("must be a month, for example 2022-01")
    months = 12 * (int(match[1]) - 1970) + int(match[2]) - 1
    if months < 0:
        raise ValueError("before 1970")
    return months


def day(text: str) -> int:
    """Days since 1970."""
    try:
        return (date.fromisoformat(text) - _EPOCH.date()).days
    except ValueError:
        raise ValueError("must be a day, for example 2022-04-18") from None


def seconds(text: str) -> int:
    """Full seconds since 1970 UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("must be a moment with its UTC offset, for example 2022-04-18T09:00:00+08:00")
    return (moment - _EPOCH) // timedelta(seconds=1)


def _parts(text: str, separator: str, names: str) -> list[str]:
    parts = [part.strip() for part in text.split(separator)]
    if len(parts) != len(names.split(separator)):
        raise ValueError(f"must be {names}")
    return parts
