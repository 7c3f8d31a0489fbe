from collections.abc import Iterator

import pytest

from drivers.sim import SimReader
from drivers.virtualcard import encode_citizen, resident_card
from kiosk.core.errors import Fault
from kiosk.core.ports import CardRead, NumberSeen, ReaderDown, ReaderEvent, ReaderUp, ReadFailed
from tests.rigs import Events, RealClock
from tests.sam_records import FIELDS, PHOTO

RESIDENT = resident_card(encode_citizen(**FIELDS), PHOTO)


@pytest.fixture
def reader() -> Iterator[SimReader]:
    reader = SimReader(RealClock())
    yield reader
    reader.close()


def test_an_unplugged_reader_is_told_once_and_a_card_lying_there_is_read_when_it_is_back(reader: SimReader) -> None:
    events = Events()
    reader.start(events)
    reader.insert(RESIDENT)
    events.until(CardRead)
    reader.unplug()
    assert events.until(ReaderDown).fault is Fault.READER
    reader.remove()
    reader.insert(RESIDENT)
    assert events.quiet_for(0.1)
    reader.plug()
    assert isinstance(events.next(), ReaderUp)
    assert events.until(CardRead).tap == 2


def test_a_reader_unplugged_before_the_start_is_down_first(reader: SimReader) -> None:
    events = Events()
    reader.unplug()
    reader.start(events)
    assert isinstance(events.next(), ReaderDown)


def test_a_reader_unplugged_while_it_reads_fails_the_tap_and_is_down(reader: SimReader) -> None:
    events = Events()

    def emit(event: ReaderEvent) -> None:
        events(event)
        if isinstance(event, NumberSeen):
            reader.unplug()

    reader.start(emit)
    reader.insert(RESIDENT)
    events.until(ReadFailed)
    assert isinstance(events.next(), ReaderDown)
