"""What only PC/SC can suffer: a daemon that dies, and readers that are not there."""

from collections.abc import Callable, Iterator

import pytest
from smartcard import scard

from drivers.pcsc import PcscReader, _state
from drivers.rig import PrivateRig
from drivers.virtualcard import encode_citizen, resident_card
from kiosk.core.errors import Fault
from kiosk.core.ports import CardFelt, CardRead, NumberSeen, ReaderDown, ReaderEvent, ReaderUp, ReadFailed
from tests.rigs import Events, RealClock
from tests.sam_records import CARD, FIELDS, PHOTO

RESIDENT = resident_card(encode_citizen(**FIELDS), PHOTO)

Start = Callable[..., Events]


@pytest.fixture
def start(bare_rig: PrivateRig) -> Iterator[Start]:
    readers: list[PcscReader] = []

    def start(prefix: str = "", hook: Callable[[ReaderEvent], None] = lambda _: None) -> Events:
        events = Events()

        def emit(event: ReaderEvent) -> None:
            events(event)
            hook(event)

        readers.append(PcscReader(prefix, RealClock()))
        readers[-1].start(emit)
        return events

    yield start
    for reader in readers:
        reader.close()


def downs(events: Events) -> list[Fault]:
    return [event.fault for event in events.seen if isinstance(event, ReaderDown)]


def test_a_killed_pcscd_is_told_once_and_the_next_card_is_read(start: Start, bare_rig: PrivateRig) -> None:
    events = start()
    assert isinstance(events.next(), ReaderUp)
    bare_rig.kill_daemon()
    assert events.until(ReaderDown).fault is Fault.PCSCD
    events.until(ReaderUp)
    bare_rig.insert(RESIDENT)
    assert events.until(CardRead).card == CARD
    assert downs(events).count(Fault.PCSCD) == 1


def test_a_pcscd_killed_during_a_read_fails_the_tap_and_the_card_is_read_afterwards(
    start: Start, bare_rig: PrivateRig
) -> None:
    def kill(event: ReaderEvent) -> None:
        if isinstance(event, NumberSeen) and event.tap == 1:
            bare_rig.kill_daemon()

    events = start(hook=kill)
    bare_rig.insert(RESIDENT)
    assert events.until(ReadFailed).tap == 1
    down = events.next()
    assert isinstance(down, ReaderDown)
    assert down.fault is Fault.PCSCD
    events.until(ReaderUp)
    assert events.until(CardRead).tap == 2


def test_pcscd_may_die_at_any_moment_of_a_tap(start: Start, bare_rig: PrivateRig) -> None:
    deaths = [CardFelt, CardRead]

    def kill(event: ReaderEvent) -> None:
        if deaths and isinstance(event, deaths[0]):
            del deaths[0]
            bare_rig.kill_daemon()

    events = start(hook=kill)
    bare_rig.insert(RESIDENT)
    assert events.until(ReadFailed).tap == 1
    assert events.until(CardRead).tap == 2
    events.until(ReaderDown)
    assert events.until(CardRead).tap == 3


def test_a_missing_daemon_is_the_first_thing_told_and_its_coming_the_second(start: Start, bare_rig: PrivateRig) -> None:
    bare_rig.stop_daemon()
    events = start()
    down = events.next()
    assert isinstance(down, ReaderDown)
    assert down.fault is Fault.PCSCD
    assert events.quiet_for(0.5)
    bare_rig.start_daemon()
    events.until(ReaderUp)


def test_a_reader_of_another_name_is_not_ours(start: Start, bare_rig: PrivateRig) -> None:
    events = start("ACS ACR1281")
    down = events.next()
    assert isinstance(down, ReaderDown)
    assert (down.fault, "ACS ACR1281" in down.detail) == (Fault.READER, True)
    bare_rig.insert(RESIDENT)
    assert events.quiet_for(0.5)


def test_a_daemon_that_dies_while_no_reader_matches_is_another_fault(start: Start, bare_rig: PrivateRig) -> None:
    events = start("ACS ACR1281")
    assert events.until(ReaderDown).fault is Fault.READER
    bare_rig.stop_daemon()
    assert events.until(ReaderDown).fault is Fault.PCSCD
    bare_rig.start_daemon()
    assert events.until(ReaderDown).fault is Fault.READER


def test_presence_without_an_atr_is_no_card_yet() -> None:
    word = 5 << 16 | scard.SCARD_STATE_PRESENT | scard.SCARD_STATE_CHANGED
    assert not _state(word, b"").card
    assert _state(word, b"\x3b").card
    assert _state(word, b"").count == 5
