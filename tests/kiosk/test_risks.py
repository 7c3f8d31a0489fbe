"""The file of risk areas: what was written is read, and what is not one is refused."""

from datetime import UTC, date, datetime

import pytest

from kiosk.core.errors import Fault, TableError
from kiosk.core.status import Risk, RiskEntry
from kiosk.table.risks import read_risks, write_risks

AS_OF = datetime(2022, 4, 18, 8, 0, tzinfo=UTC)
ENTRIES = (
    RiskEntry("310100", "310115", Risk.HIGH, date(2022, 4, 1), None),
    RiskEntry("440100", "白云区", Risk.MEDIUM, date(2022, 4, 2), date(2022, 4, 16)),
)


def test_what_was_written_is_read() -> None:
    assert read_risks(write_risks(AS_OF, ENTRIES)) == (AS_OF, ENTRIES)
    assert read_risks(write_risks(AS_OF, ())) == (AS_OF, ())


def test_the_file_is_as_described() -> None:
    data = '{"as_of":"2022-04-18T16:00:00+08:00","entries":[["310100","310115","high","2022-04-01",null]]}'
    assert read_risks(data.encode()) == (AS_OF, ENTRIES[:1])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"entries":[]}',
        b'{"as_of":"2022-04-18T16:00:00","entries":[]}',
        b'{"as_of":"2022-04-18T16:00:00Z","entries":[["310100","310115","low","2022-04-01",null]]}',
        b'{"as_of":"2022-04-18T16:00:00Z","entries":[["3101","310115","high","2022-04-01",null]]}',
        b'{"as_of":"2022-04-18T16:00:00Z","entries":[["310100","310115","high","2022-04-01"]]}',
        b'{"as_of":"2022-04-18T16:00:00Z","entries":[["310100","310115","high","2022-13-01",null]]}',
        b'{"as_of":"2022-04-18T16:00:00Z","entries":[],"more":1}',
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(TableError) as refused:
        read_risks(data)
    assert refused.value.fault is Fault.TABLE_DAMAGED
