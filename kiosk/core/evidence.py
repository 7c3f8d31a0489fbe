"""What one visit put on the table: the evidence that the lines are judged by."""

from dataclasses import dataclass
from datetime import date, datetime

from kiosk.core.card import ChipSerial, IdCard
from kiosk.core.idnumber import IdNumber
from kiosk.core.status import Answer, TableInfo


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The card could not be read in all its tries (P4)."""


@dataclass(frozen=True, slots=True)
class TypedNumber:
    """A number that staff typed for somebody without a card (P6)."""

    number: IdNumber


@dataclass(frozen=True, slots=True)
class PaperSlip:
    """A signed paper card in place of a chip (S4); its signature was checked before it became this value."""

    number: IdNumber
    issuer: str
    until: date


Presented = IdCard | ChipSerial | Unreadable | TypedNumber | PaperSlip


def number_of(presented: Presented) -> IdNumber | None:
    """The number to look up; None where there is none or where the card contradicts itself."""
    match presented:
        case IdCard():
            return presented.id_number if presented.agrees_with_itself else None
        case TypedNumber() | PaperSlip():
            return presented.number
        case ChipSerial() | Unreadable():
            return None


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured body temperature in degrees Celsius."""

    celsius: float
    at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class Evidence:
    """Everything known of a visit but the face.

    ``answer`` is None while no number could be looked up. ``clock_sure`` is False after a jump of the clock that
    nobody has confirmed yet (A10). ``extended`` is True while staff have opened 延期使用 for their shift (A3).
    """

    presented: Presented
    answer: Answer | None
    table: TableInfo
    clock_sure: bool = True
    extended: bool = False
    temperature: tuple[Reading, ...] = ()

    def __repr__(self) -> str:
        return "Evidence()"
