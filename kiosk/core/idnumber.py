"""Number rules of Chinese identity documents.

Citizen numbers follow GB 11643-1999 (check character: ISO 7064 MOD 11-2); residence permits for people from
Hong Kong, Macau and Taiwan use the same form with area 810000, 820000 or 830000; foreign permanent residents have
15 characters (check digit: ICAO 9303 weights 7-3-1) or, since 2023-12-01, 18 digits that begin with 9.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, unique

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_EIGHTEEN = re.compile(r"[1-9]\d{16}[0-9X]", re.ASCII)
_FIFTEEN = re.compile(r"[A-Z]{3}\d{12}", re.ASCII)
_PERMIT_AREAS = frozenset({"810000", "820000", "830000"})
# GB/T 2260 provinces in use. County codes are not checked: those of abolished counties stay on old people's cards.
PROVINCES = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82".split()
)


@unique
class NumberKind(StrEnum):
    """Which document family a number belongs to."""

    CITIZEN = "citizen"
    PERMIT = "permit"
    FOREIGNER_15 = "foreigner15"
    FOREIGNER_18 = "foreigner18"


@unique
class Sex(StrEnum):
    """GB/T 2261.1."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    NOT_STATED = "9"


class NumberError(ValueError):
    """The text is not a valid identity number; the message names the rule, never the number."""


@dataclass(frozen=True, slots=True, repr=False)
class IdNumber:
    """A number whose form and check character are right. Its repr and str show nothing of it."""

    text: str
    kind: NumberKind

    def __repr__(self) -> str:
        return f"IdNumber({self.kind.value})"

    @property
    def province(self) -> str:
        """First two digits of the area that issued the number (GB/T 2260)."""
        if self.kind is NumberKind.FOREIGNER_15:
            return self.text[3:5]
        return self.text[1:3] if self.kind is NumberKind.FOREIGNER_18 else self.text[:2]

    @property
    def birth(self) -> date | None:
        """Birth date inside the number; None for the 15-character form, whose year has two digits only."""
        if self.kind is NumberKind.FOREIGNER_15:
            return None
        return _day(self.text[6:14])

    @property
    def sex(self) -> Sex | None:
        """Sex by the parity of the sequence number; None for the 15-character form."""
        if self.kind is NumberKind.FOREIGNER_15:
            return None
        return Sex.MALE if int(self.text[16]) % 2 else Sex.FEMALE


def check_character(first17: str) -> str:
    """ISO 7064 MOD 11-2 check character of 17 digits, as GB 11643-1999 prints it."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first17, strict=True))
    return _CHECKS[total % 11]


def icao_check_digit(text: str) -> str:
    """ICAO 9303 check digit (weights 7, 3, 1; A=10 ... Z=35) of digits and capital letters."""
    return str(sum((7, 3, 1)[i % 3] * int(character, 36) for i, character in enumerate(text)) % 10)


def parse_number(text: str) -> IdNumber:
    """Check form, dates and check character; a lower-case x is accepted.

    Raises NumberError, whose message names the broken rule.
    """
    number = text.strip().upper()
    if _FIFTEEN.fullmatch(number):
        if icao_check_digit(number[:14]) != number[14]:
            raise NumberError("check digit")
        _month_and_day(number[9:13])
        return IdNumber(number, NumberKind.FOREIGNER_15)
    if not _EIGHTEEN.fullmatch(number):
        raise NumberError("form")
    if check_character(number[:17]) != number[17]:
        raise NumberError("check character")
    kind = _kind(number)
    _day(number[6:14])
    return IdNumber(number, kind)


def _kind(number: str) -> NumberKind:
    if number[0] == "9":
        if number[1:3] not in PROVINCES:
            raise NumberError("province")
        return NumberKind.FOREIGNER_18
    if number[:6] in _PERMIT_AREAS:
        return NumberKind.PERMIT
    if number[:2] not in PROVINCES:
        raise NumberError("province")
    return NumberKind.CITIZEN


def _day(digits: str) -> date:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise NumberError("birth date") from None


def _month_and_day(digits: str) -> None:
    # A leap year, so that 29 February is accepted: the century is not known.
    _day("2000" + digits)
