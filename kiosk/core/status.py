"""What the table knows about one person: facts with their time and issuer, never a verdict."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum, unique


@unique
class Colour(StrEnum):
    """Health code value (GB/T 38962 practice: 00, 01, 10)."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True, slots=True)
class CodeStatement:
    """One authority's statement about one person's code; ``since`` is when the colour began.

    ``urgent_at`` is the time of the urgent list that said so, None for a statement of the daily data (C8).
    """

    colour: Colour
    reason: str
    issuer: str
    since: datetime
    urgent_at: datetime | None = None


@unique
class TestKind(StrEnum):
    """What was tested for: only nucleic acid answers to a policy that asks for a test."""

    NUCLEIC_ACID = "nucleic_acid"
    ANTIGEN = "antigen"


@unique
class TestResult(StrEnum):
    """Result of a test."""

    NEGATIVE = "negative"
    POSITIVE = "positive"
    UNDER_CHECK = "under_check"


@dataclass(frozen=True, slots=True)
class LabTest:
    """The last test known; ``issuer`` is the laboratory or authority that reported it.

    ``sampled_at`` is a full hour: the table keeps the hour in which the sample was taken, so that a test never counts
    for longer than it should.
    """

    result: TestResult
    sampled_at: datetime
    issuer: str
    kind: TestKind = TestKind.NUCLEIC_ACID


@dataclass(frozen=True, slots=True)
class Stay:
    """One place within the itinerary: GB/T 2260 code of the city, or an ISO 3166 alpha-3 country for stays abroad.

    ``area`` is the county or finer area where it is known, else "".
    """

    place: str
    area: str
    last_day: date

    @property
    def abroad(self) -> bool:
        return self.place.isalpha()


@dataclass(frozen=True, slots=True)
class Itinerary:
    """Places of the last weeks as known on ``as_of``; an empty tuple means none left the home city."""

    as_of: date
    stays: tuple[Stay, ...]


@unique
class ListKind(StrEnum):
    """Lists a person can be on: W1 lets N and T pass, P7 blocks the card."""

    ADMITTED = "admitted"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class ListEntry:
    """An entry of a dated list; it counts up to and including ``until``."""

    kind: ListKind
    title: str
    issuer: str
    until: datetime


@dataclass(frozen=True, slots=True, repr=False)
class PersonStatus:
    """Everything the table holds about one person; None means the table does not know.

    ``vaccine_month`` is the first day of the month of the last dose.
    """

    codes: tuple[CodeStatement, ...]
    test: LabTest | None
    vaccine_doses: int | None
    itinerary: Itinerary | None
    lists: tuple[ListEntry, ...]
    vaccine_month: date | None = None

    def __repr__(self) -> str:
        return "PersonStatus()"


@unique
class Unknown(StrEnum):
    """Why the table has no answer."""

    NOT_FOUND = "not_found"
    UNREADABLE = "unreadable"


Answer = PersonStatus | Unknown


@unique
class Risk(StrEnum):
    """Level of a listed place."""

    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class RiskEntry:
    """A risk area (``area`` inside ``city``) listed from ``since`` to ``until`` inclusive; None is still listed."""

    city: str
    area: str
    level: Risk
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class TableInfo:
    """What is known of the table as a whole.

    ``as_of`` is the data cut-off (the age that counts), ``built_at`` the time of building, ``scope`` the provinces
    covered (first two digits of GB/T 2260), ``issuers`` the authorities whose statements count, ``demo`` true for
    invented people, ``urgent_as_of`` the time of the urgent list, None without one.
    """

    serial: int
    as_of: datetime
    built_at: datetime
    scope: frozenset[str]
    issuers: frozenset[str]
    risks: tuple[RiskEntry, ...]
    demo: bool
    urgent_as_of: datetime | None = None
