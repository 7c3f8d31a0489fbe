"""Items that no encoder writes are refused as a whole: half a record may be the half that matters."""

from datetime import UTC, date, datetime

import pytest

from kiosk.core.status import Colour, ListKind
from kiosk.core.status import TestKind as Kind
from kiosk.core.status import TestResult as Result
from kiosk.table.items import ItemReader, Person, RecordError, dictionaries

READER = ItemReader(
    dictionaries(
        [(Colour.GREEN, "", "health office", 0)],
        [(Kind.NUCLEIC_ACID, Result.NEGATIVE, "laboratory")],
        [("440100", "")],
        [(ListKind.ADMITTED, "staff", "site")],
    ),
    datetime(2022, 4, 17, 22, 30, tzinfo=UTC),
)
WRONG = {
    "an unknown item": "0b",
    "a statement that is not there": "0101",
    "a test that is not there": "0401",
    "a list that is not there": "090100",
    "a place that is not there": "0700 0801 00",
    "a stay before the itinerary": "080000",
    "a short stay before the itinerary": "8000",
    "the since of no code": "0300",
    "a number that does not end": "01ff",
    "nothing after the kind": "01",
    "half a short stay": "0700 80",
    "a month too far away": "0601ffffff7f",
    "a day too far away": "07ffffffffffffffff01",
    "something after the end": "0100 00 01",
}


@pytest.mark.parametrize("items", WRONG.values(), ids=WRONG)
def test_wrong_items_are_refused(items: str) -> None:
    with pytest.raises(RecordError):
        READER.read(bytes.fromhex(items), Person())


def test_right_items_are_read_and_their_padding_is_not() -> None:
    person = Person()
    READER.read(bytes.fromhex("0100 0602 f604 0700 8000 0000"), person)
    status = READER.finish(person, 0)
    assert status is not None
    assert [code.issuer for code in status.codes] == ["health office"]
    assert (status.vaccine_doses, status.vaccine_month) == (2, date(2022, 6, 1))
    assert status.itinerary is not None
    assert status.itinerary.as_of == date(2022, 4, 18)
    assert [stay.last_day for stay in status.itinerary.stays] == [date(2022, 4, 18)]
