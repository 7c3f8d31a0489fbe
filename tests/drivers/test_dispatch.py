import random
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from drivers.dispatch import Transmit, read_card
from drivers.virtualcard import VirtualCard, bank_card, bare_id_card, encode_citizen, phone, resident_card
from kiosk.core.card import ChipSerial, IdCard, OtherCard
from kiosk.core.errors import CardError
from tests.sam_records import BUFFER, CARD, FIELDS, FLAG, PHOTO, TEXT, patched

STORAGE_CARD = bytes.fromhex("3B8F8001804F0CA00000030607FFB00000000020")
MARKED_9000 = bytes.fromhex("3B8C8001503030303030303030900000")
BARE = bytes.fromhex("3B888001D10386050080800058")
PHONE = bytes.fromhex("3B80800101")
BANK = bytes.fromhex("3B8780018031C0730801404D")
SELECT_PPSE = bytes.fromhex("00A404000E325041592E5359532E444446303100")
SELECT_WALLET = bytes.fromhex("00A404000A4F53452E5641532E303100")


def scripted(answers: dict[str, str], log: list[str] | None = None) -> Transmit:
    """A card that knows these commands only; everything in hexadecimal, answers with their status word."""

    def transmit(command: bytes) -> tuple[bytes, int]:
        if log is not None:
            log.append(command.hex().upper())
        answer = bytes.fromhex(answers.get(command.hex().upper(), "6D00"))
        return answer[:-2], int.from_bytes(answer[-2:], "big")

    return transmit


def read(atr: bytes, transmit: Transmit) -> IdCard | ChipSerial | OtherCard:
    return read_card(atr, transmit, lambda _: None)


BLOCKS = {
    "FFB0000000": BUFFER[:256].hex() + "9000",
    "FFB0010000": BUFFER[256:512].hex() + "9000",
    "FFB0020000": BUFFER[512:768].hex() + "9000",
    "FFB0030000": BUFFER[768:1024].hex() + "9000",
    "FFB0040000": BUFFER[1024:1280].hex() + "9000",
    "FFB0050000": BUFFER[1280:].hex() + "9000",
}


@pytest.mark.parametrize(("atr", "asked_first"), [(STORAGE_CARD, []), (MARKED_9000, ["FFB0000000"])])
def test_a_card_on_a_sam_reader_is_read_in_six_blocks_and_its_number_comes_first(
    atr: bytes, asked_first: list[str]
) -> None:
    log: list[str] = []
    assert read_card(atr, scripted(BLOCKS, log), lambda number: log.append(f"number {number}")) == CARD
    assert log == [
        *asked_first,
        "FFB0000000",
        "number 11010519491231002X",
        "FFB0010000",
        "FFB0020000",
        "FFB0030000",
        "FFB0040000",
        "FFB0050000",
    ]


def test_the_end_of_data_warning_is_not_an_error() -> None:
    assert read(STORAGE_CARD, scripted({**BLOCKS, "FFB0050000": BUFFER[1280:].hex() + "6282"})) == CARD


def serving(buffer: bytes, block: int) -> Transmit:
    """A reader that hands over at most ``block`` bytes at a time."""

    def transmit(command: bytes) -> tuple[bytes, int]:
        assert command[:2] == b"\xff\xb0"
        offset = int.from_bytes(command[2:4], "big")
        return buffer[offset : offset + block], 0x9000

    return transmit


@pytest.mark.parametrize("block", [4, 100, 240, 256])
@pytest.mark.parametrize("photo", [b"", PHOTO[:512], PHOTO])
def test_lengths_are_taken_from_the_record_and_blocks_as_they_come(block: int, photo: bytes) -> None:
    buffer = b"\x01\x00" + len(photo).to_bytes(2, "big") + TEXT + photo
    numbers: list[str] = []
    assert read_card(STORAGE_CARD, serving(buffer, block), numbers.append) == replace(CARD, photo=photo)
    assert numbers == [CARD.number]


def test_another_document_on_the_sam_reader_gives_no_number_and_no_card() -> None:
    numbers: list[str] = []
    foreign = BUFFER[:4] + patched(FLAG, "I") + PHOTO
    with pytest.raises(CardError, match="kind I"):
        read_card(STORAGE_CARD, serving(foreign, 256), numbers.append)
    assert numbers == []


def test_a_reader_that_hands_over_nothing_is_not_asked_for_ever() -> None:
    with pytest.raises(CardError, match="0 bytes"):
        read(STORAGE_CARD, lambda _: (b"", 0x9000))


def test_an_id_card_without_a_sam_gives_its_serial_only() -> None:
    log: list[str] = []
    answers = {"0036000008": "01020304050607089000"}
    assert read(BARE, scripted(answers, log)) == ChipSerial(bytes.fromhex("0102030405060708"))
    assert log == ["0036000008"]


def test_a_phone_is_known_by_its_atr_without_asking() -> None:
    log: list[str] = []
    assert read(PHONE, scripted({SELECT_PPSE.hex().upper(): "9000"}, log)) is OtherCard.PHONE
    assert log == []


def test_a_phone_with_historical_bytes_is_known_by_its_wallet() -> None:
    answers = {SELECT_PPSE.hex().upper(): "9000", SELECT_WALLET.hex().upper(): "6F009000"}
    assert read(BANK, scripted(answers)) is OtherCard.PHONE


@pytest.mark.parametrize("atr", [BANK, MARKED_9000])
def test_a_bank_card_is_asked_for_its_environment_and_nothing_more(atr: bytes) -> None:
    log: list[str] = []
    assert read(atr, scripted({SELECT_PPSE.hex().upper(): "6F009000"}, log)) is OtherCard.BANK
    assert [command for command in log if not command.startswith("FFB0")] == [
        SELECT_WALLET.hex().upper(),
        SELECT_PPSE.hex().upper(),
    ]


@pytest.mark.parametrize(
    "atr", [b"", BANK, bytes.fromhex("3B8F8001804F0CA0000003060300010000000 06A".replace(" ", ""))]
)
def test_everything_else_is_an_unknown_card(atr: bytes) -> None:
    assert read(atr, scripted({})) is OtherCard.UNKNOWN


def test_a_card_may_ask_for_the_length_and_for_the_rest_to_be_fetched() -> None:
    log: list[str] = []
    answers = {
        SELECT_PPSE.hex().upper(): "6C20",
        SELECT_PPSE.hex().upper()[:-2] + "20": "6102",
        "00C0000002": "6F006101",
        "00C0000001": "009000",
    }
    assert read(BANK, scripted(answers, log)) is OtherCard.BANK
    assert log[1:] == [SELECT_PPSE.hex().upper(), SELECT_PPSE.hex().upper()[:-2] + "20", "00C0000002", "00C0000001"]
    pieces = {"0036000008": "6108", "00C0000008": "010203046104", "00C0000004": "050607089000"}
    assert read(BARE, scripted(pieces)) == ChipSerial(bytes.fromhex("0102030405060708"))


def test_a_card_that_always_has_more_is_given_up() -> None:
    with pytest.raises(CardError, match="end of its answer"):
        read(BARE, lambda _: (b"\0", 0x6101))


def gone(_data: bytes, _status: int) -> tuple[bytes, int]:
    raise CardError("the card left the field")


def garbage(data: bytes, status: int) -> tuple[bytes, int]:
    return random.Random(7).randbytes(len(data)), status


FAULTS: dict[str, Callable[[bytes, int], tuple[bytes, int]]] = {
    "6F00": lambda _data, _status: (b"", 0x6F00),
    "6982": lambda _data, _status: (b"", 0x6982),
    "6F00 with data": lambda data, _status: (data, 0x6F00),
    "empty": lambda _data, status: (b"", status),
    "short": lambda data, status: (data[: len(data) // 2], status),
    "one short": lambda data, status: (data[:-1], status),
    "long": lambda data, status: (data + b"\0\0", status),
    "garbage": garbage,
    "ones": lambda data, status: (b"\xff" * len(data), status),
    "zeros": lambda data, status: (bytes(len(data)), status),
    "gone": gone,
    "61 for ever": lambda data, _status: (data, 0x61FF),
    "6C": lambda _data, _status: (b"", 0x6C10),
}


def with_fault(
    card: VirtualCard, at: int, fault: Callable[[bytes, int], tuple[bytes, int]]
) -> tuple[Transmit, list[int]]:
    """The card with one exchange spoilt; the list counts how often it was asked."""
    asked = count()
    reached: list[int] = []

    def transmit(command: bytes) -> tuple[bytes, int]:
        answer = card.answer(command)
        data, status = answer[:-2], int.from_bytes(answer[-2:], "big")
        place = next(asked)
        reached.append(place)
        return fault(data, status) if place == at else (data, status)

    return transmit, reached


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("at", range(6))
def test_a_fault_while_a_resident_card_is_read_never_gives_a_wrong_card(at: int, name: str) -> None:
    transmit, reached = with_fault(resident_card(encode_citizen(**FIELDS), PHOTO), at, FAULTS[name])
    try:
        card = read(STORAGE_CARD, transmit)
    except CardError:
        pass
    else:
        # Bytes that were garbled in the photo cannot be told from a photo: the face decides about those.
        assert isinstance(card, IdCard)
        assert replace(card, photo=PHOTO) == CARD
        assert card == CARD or name in ("garbage", "ones", "zeros")
    assert at in reached


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_while_the_chip_serial_is_read_never_gives_half_of_it(name: str) -> None:
    transmit, _ = with_fault(bare_id_card(), 0, FAULTS[name])
    try:
        card = read(BARE, transmit)
    except CardError:
        return
    assert isinstance(card, ChipSerial)
    assert len(card.serial) == 8


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("at", range(2))
@pytest.mark.parametrize("card", [bank_card(), phone()])
def test_a_fault_never_makes_a_resident_document_of_another_card(card: VirtualCard, at: int, name: str) -> None:
    transmit, _ = with_fault(card, at, FAULTS[name])
    try:
        assert isinstance(read(card.atr, transmit), OtherCard)
    except CardError:
        assert name in ("gone", "61 for ever")
