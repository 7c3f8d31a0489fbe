"""What a layer knows of one person, item by item (FORMAT.md, *Items*)."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from kiosk.core.status import (
    CodeStatement,
    Colour,
    Itinerary,
    LabTest,
    ListEntry,
    ListKind,
    PersonStatus,
    Stay,
    TestKind,
    TestResult,
)
from kiosk.core.times import SHANGHAI, local_day

_Test = tuple[TestKind, TestResult, str]


class RecordError(Exception):
    """The bytes are not what an encoder writes; the message says nothing of their content."""


@dataclass(frozen=True, slots=True)
class Dictionaries:
    """The tables that items point into, already made of the core's values."""

    statements: tuple[CodeStatement, ...]
    tests: tuple[_Test, ...]
    places: tuple[tuple[str, str], ...]
    lists: tuple[tuple[ListKind, str, str], ...]


@dataclass(slots=True, repr=False)
class Person:
    """One person while the items are read."""

    codes: list[CodeStatement] = field(default_factory=list)
    test: _Test | None = None
    test_hours: int | None = None  # before the layer's hour; None where the slot says it
    doses: int | None = None
    month: date | None = None
    itinerary_day: date | None = None
    stays: list[Stay] = field(default_factory=list)
    lists: list[ListEntry] = field(default_factory=list)
    removed: bool = False

    def copy(self) -> "Person":
        return Person(
            self.codes.copy(),
            self.test,
            self.test_hours,
            self.doses,
            self.month,
            self.itinerary_day,
            self.stays.copy(),
            self.lists.copy(),
            self.removed,
        )


class ItemReader:
    """Reads items relative to one layer's time."""

    def __init__(self, dictionaries: Dictionaries, as_of: datetime) -> None:
        self._words = dictionaries
        self._as_of = as_of
        self._day = local_day(as_of)
        self._hour = as_of.replace(minute=0, second=0, microsecond=0)
        self._tests: dict[tuple[_Test, int], LabTest] = {}

    def read(self, data: bytes, person: Person) -> None:
        """Add what ``data`` says to ``person``. Raises RecordError."""
        at = 0
        try:
            while at < len(data) and data[at] != 0:
                at = self._item(data, at, person)
        except (IndexError, OverflowError, ValueError):
            raise RecordError from None
        if any(data[at:]):
            raise RecordError

    def finish(self, person: Person, slot_hours: int) -> PersonStatus | None:
        """The facts, or None for a tombstone."""
        if person.removed:
            return None
        day = person.itinerary_day
        test = person.test
        return PersonStatus(
            tuple(person.codes),
            None if test is None else self._test(test, slot_hours if person.test_hours is None else person.test_hours),
            person.doses,
            None if day is None else Itinerary(day, tuple(person.stays)),
            tuple(person.lists),
            person.month,
        )

    def tested(self, status: PersonStatus, test: _Test, hours: int) -> PersonStatus:
        """The same facts with the test of another hour: what most people of one profile differ by."""
        return PersonStatus(
            status.codes,
            self._test(test, hours),
            status.vaccine_doses,
            status.itinerary,
            status.lists,
            status.vaccine_month,
        )

    def _test(self, test: _Test, hours: int) -> LabTest:
        # A few hundred values stand for all people; making one costs as much as reading a page.
        made = self._tests.get((test, hours))
        if made is None:
            kind, result, issuer = test
            made = self._tests[test, hours] = LabTest(result, self._hour - timedelta(hours=hours), issuer, kind)
        return made

    def _item(self, data: bytes, at: int, person: Person) -> int:
        kind = data[at]
        if kind >= 0x80:
            short = (kind & 0x7F) << 8 | data[at + 1]
            self._stay(person, short >> 5, short & 31)
            return at + 2
        at += 1
        match kind:
            case 0x01:
                index, at = _unsigned(data, at)
                person.codes.append(self._words.statements[index])
            case 0x02:
                index, at = _unsigned(data, at)
                later, at = _signed(data, at)
                known = self._words.statements[index]
                person.codes.append(_since(known, known.since + timedelta(seconds=later)))
            case 0x03:
                days, at = _unsigned(data, at)
                began = self._day - timedelta(days=days)
                midnight = datetime(began.year, began.month, began.day, tzinfo=SHANGHAI).astimezone(UTC)
                person.codes[-1] = _since(person.codes[-1], midnight)
            case 0x04:
                index, at = _unsigned(data, at)
                person.test, person.test_hours = self._words.tests[index], None
            case 0x05:
                index, at = _unsigned(data, at)
                hours, at = _signed(data, at)
                person.test, person.test_hours = self._words.tests[index], hours
            case 0x06:
                person.doses = data[at]
                months, at = _unsigned(data, at + 1)
                person.month = None if months == 0 else date(1970 + (months - 1) // 12, (months - 1) % 12 + 1, 1)
            case 0x07:
                days, at = _signed(data, at)
                person.itinerary_day = self._day - timedelta(days=days)
            case 0x08:
                index, at = _unsigned(data, at)
                days, at = _signed(data, at)
                self._stay(person, index, days)
            case 0x09:
                index, at = _unsigned(data, at)
                seconds, at = _signed(data, at)
                person.lists.append(ListEntry(*self._words.lists[index], self._as_of + timedelta(seconds=seconds)))
            case 0x0A:
                person.removed = True
            case _:
                raise RecordError
        return at

    def _stay(self, person: Person, place: int, days: int) -> None:
        if person.itinerary_day is None:
            raise RecordError
        person.stays.append(Stay(*self._words.places[place], person.itinerary_day - timedelta(days=days)))


def _since(statement: CodeStatement, since: datetime) -> CodeStatement:
    return CodeStatement(statement.colour, statement.reason, statement.issuer, since)


def _unsigned(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _signed(data: bytes, at: int) -> tuple[int, int]:
    value, at = _unsigned(data, at)
    return (value >> 1) ^ -(value & 1), at


def dictionaries(
    statements: list[tuple[Colour, str, str, int]],
    tests: list[_Test],
    places: list[tuple[str, str]],
    lists: list[tuple[ListKind, str, str]],
) -> Dictionaries:
    """The dictionaries of a layer's meta."""
    return Dictionaries(
        tuple(
            CodeStatement(colour, reason, issuer, datetime.fromtimestamp(since, UTC))
            for colour, reason, issuer, since in statements
        ),
        tuple(tests),
        tuple(places),
        tuple(lists),
    )
