"""The contract of a card reader, over the simulated reader and over PC/SC with the real pcscd."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from drivers.pcsc import PcscReader
from drivers.sim import SimReader
from drivers.virtualcard import CardSlot, VirtualCard, bank_card, bare_id_card, encode_citizen, phone, resident_card
from kiosk.core.card import ChipSerial, OtherCard
from kiosk.core.ports import (
    CardFelt,
    CardRead,
    CardReader,
    NumberSeen,
    OtherCardRead,
    ReaderEvent,
    ReaderUp,
    ReadFailed,
)
from tests.rigs import Events, RealClock
from tests.sam_records import CARD, FIELDS, PHOTO, Fields

RESIDENT = resident_card(encode_citizen(**FIELDS), PHOTO)
NEIGHBOUR = resident_card(encode_citizen(**Fields({**FIELDS, "name": "李样本", "number": "440524188001010014"})), PHOTO)
STRANGE = VirtualCard(bytes.fromhex("3B8180014141"), {})


@dataclass
class Desk:
    reader: CardReader
    slot: CardSlot
    events: Events

    def start(self) -> None:
        self.reader.start(self.events)
        assert isinstance(self.events.next(), ReaderUp)


@pytest.fixture(params=["sim", "pcsc"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    if request.param == "sim":
        simulated = SimReader(RealClock())
        desk = Desk(simulated, simulated, Events())
    else:
        desk = Desk(PcscReader("Virtual PCD", RealClock()), request.getfixturevalue("bare_rig"), Events())
    yield desk
    desk.reader.close()
    assert "card reader" not in [thread.name for thread in threading.enumerate()]


def test_a_card_is_felt_then_its_number_is_seen_then_it_is_read(desk: Desk) -> None:
    desk.start()
    before = time.monotonic()
    desk.slot.insert(RESIDENT)
    felt, number, card = desk.events.next(), desk.events.next(), desk.events.next()
    assert isinstance(felt, CardFelt)
    assert isinstance(card, CardRead)
    assert before <= felt.at <= card.at <= time.monotonic()
    assert felt.tap == 1
    assert number == NumberSeen(1, CARD.number)
    assert card == CardRead(1, CARD, card.at)
    shown = repr(desk.events.seen)
    assert not [value for value in (CARD.name, CARD.number, CARD.address, "1949") if value in shown]


def test_a_card_that_goes_on_lying_there_is_read_once_and_again_when_put_back(desk: Desk) -> None:
    desk.start()
    desk.slot.insert(RESIDENT)
    desk.events.until(CardRead)
    assert desk.events.quiet_for(0.5)
    desk.slot.remove()
    desk.slot.insert(RESIDENT)
    assert desk.events.until(CardRead).tap == 2


def test_a_card_that_lies_there_at_the_start_is_felt(desk: Desk) -> None:
    desk.slot.insert(RESIDENT)
    desk.start()
    assert desk.events.until(CardRead).card == CARD


def test_a_swapped_card_is_a_new_tap(desk: Desk) -> None:
    desk.start()
    desk.slot.insert(RESIDENT)
    first = desk.events.until(CardRead)
    desk.slot.insert(NEIGHBOUR)
    second = desk.events.until(CardRead)
    assert [(read.tap, read.card == CARD) for read in (first, second)] == [(1, True), (2, False)]


def test_a_card_pulled_away_while_read_fails_and_is_read_when_put_back(desk: Desk) -> None:
    desk.start()
    desk.slot.insert(replace(RESIDENT, leave_after=2))
    assert desk.events.until(ReadFailed).tap == 1
    assert not [event for event in desk.events.seen if isinstance(event, CardRead)]
    desk.slot.insert(RESIDENT)
    assert desk.events.until(CardRead) == CardRead(2, CARD, desk.events.seen[-1].at)  # type: ignore[union-attr]


@pytest.mark.parametrize("leave_after", [0, 5])
def test_a_card_pulled_away_ends_its_tap_once(desk: Desk, leave_after: int) -> None:
    desk.start()
    desk.slot.insert(replace(RESIDENT, leave_after=leave_after))
    desk.events.until(ReadFailed)
    assert desk.events.quiet_for(0.2)


def test_a_card_swapped_while_read_never_gives_the_first_ones_record_to_the_second(desk: Desk) -> None:
    def emit(event: ReaderEvent) -> None:
        desk.events(event)
        if event == NumberSeen(1, CARD.number):
            desk.slot.insert(NEIGHBOUR)

    desk.reader.start(emit)
    desk.slot.insert(RESIDENT)
    desk.events.until(ReadFailed)
    read = desk.events.until(CardRead)
    assert read.tap == 2
    assert not isinstance(read.card, ChipSerial)
    assert read.card.name == "李样本"


def test_a_card_that_lies_there_but_does_not_answer_is_tried_twice(desk: Desk) -> None:
    desk.start()
    third_block = bytes.fromhex("FFB0020000")
    desk.slot.insert(replace(RESIDENT, answers={**RESIDENT.answers, third_block: b"\x6f\x00"}))
    failed = desk.events.until(ReadFailed)
    assert "6F00" in failed.detail
    assert [type(event) for event in desk.events.seen[1:]] == [CardFelt, NumberSeen, NumberSeen, ReadFailed]
    assert desk.events.quiet_for(0.2)


@pytest.mark.parametrize(
    ("card", "kind"),
    [(bank_card(), OtherCard.BANK), (phone(), OtherCard.PHONE), (STRANGE, OtherCard.UNKNOWN)],
)
def test_another_card_is_told_apart(desk: Desk, card: VirtualCard, kind: OtherCard) -> None:
    desk.start()
    desk.slot.insert(card)
    assert desk.events.until(OtherCardRead) == OtherCardRead(1, kind)
    assert [type(event) for event in desk.events.seen] == [ReaderUp, CardFelt, OtherCardRead]


def test_an_id_card_without_a_sam_gives_its_serial(desk: Desk) -> None:
    desk.start()
    desk.slot.insert(bare_id_card())
    assert isinstance(desk.events.until(CardRead).card, ChipSerial)


@pytest.mark.parametrize("lying", [False, True])
def test_close_is_quick_and_nothing_is_said_afterwards(desk: Desk, lying: bool) -> None:
    desk.start()
    if lying:
        desk.slot.insert(RESIDENT)
        desk.events.until(CardRead)
    began = time.monotonic()
    desk.reader.close()
    assert time.monotonic() - began < 1
    desk.slot.insert(NEIGHBOUR)
    assert desk.events.quiet_for(0.5)


def test_a_reader_that_was_never_started_can_be_closed(desk: Desk) -> None:
    desk.reader.close()
