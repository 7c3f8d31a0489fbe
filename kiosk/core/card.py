"""What a reader can report about a card, as typed values that show nothing personal in logs."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum, unique

from kiosk.core.idnumber import IdNumber, NumberError, Sex, parse_number


@unique
class Document(StrEnum):
    """Resident documents by the type flag of their record (offset 248)."""

    CITIZEN = "citizen"


@unique
class OtherCard(StrEnum):
    """Cards that are not a resident document."""

    BANK = "bank"
    PHONE = "phone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, repr=False)
class IdCard:
    """The text of one resident card, as printed on the chip: dates parsed, nothing cross-checked yet.

    ``number`` is the raw text: whether it is valid is a finding (P5), not a parse error.
    ``valid_to`` is None for 长期. ``photo`` is the coded photo block, b"" when the card carries none.
    """

    document: Document
    name: str
    sex: str
    ethnic: str
    birth: date | None
    address: str
    number: str
    issuer: str
    valid_from: date | None
    valid_to: date | None
    without_end: bool
    photo: bytes

    def __repr__(self) -> str:
        return f"IdCard({self.document.value})"

    @property
    def id_number(self) -> IdNumber | None:
        """The number when it obeys its rules, else None."""
        try:
            return parse_number(self.number)
        except NumberError:
            return None

    @property
    def agrees_with_itself(self) -> bool:
        """True when number, birth date, sex and both validity dates fit together (CARDS: tamper and garble check)."""
        number = self.id_number
        return (
            number is not None
            and number.birth in (None, self.birth)
            and number.sex in (None, self.sex)
            and self.sex in tuple(Sex)
            and self.valid_from is not None
            and (self.without_end or (self.valid_to is not None and self.valid_from <= self.valid_to))
        )

    def masked_name(self) -> str:
        """王*明; never more than the first and the last character."""
        if len(self.name) <= 1:
            return "*"
        middle = "*" * max(1, len(self.name) - 2)
        return self.name[0] + middle + (self.name[-1] if len(self.name) > 2 else "")


@dataclass(frozen=True, slots=True, repr=False)
class ChipSerial:
    """All that a reader without SAM can tell of a resident ID card (P3)."""

    serial: bytes

    def __repr__(self) -> str:
        return "ChipSerial()"


def age_in_years(birth: date, today: date) -> int:
    """Completed years of age; somebody born on 29 February ages on 1 March in common years."""
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
