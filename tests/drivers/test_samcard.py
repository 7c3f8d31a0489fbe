from dataclasses import replace
from datetime import date

import pytest

from drivers.samcard import early_number, parse_buffer, parse_record
from kiosk.core.errors import CardError
from tests.sam_records import BUFFER, CARD, FLAG, PHOTO, TEXT, patched


def test_the_literal_record_is_read_field_by_field() -> None:
    assert parse_buffer(BUFFER) == CARD
    assert CARD.agrees_with_itself


def test_a_day_of_expiry_is_read() -> None:
    card = parse_record(patched(204, "20260102"), PHOTO)
    assert (card.valid_to, card.without_end) == (date(2026, 1, 2), False)


@pytest.mark.parametrize("digits", ["19491331", "194912 1", "        ", "二〇四九年一月", "１９４９１２３１"])
def test_a_date_that_is_none_is_a_finding_and_not_an_error(digits: str) -> None:
    assert parse_record(patched(36, f"{digits:8}"), PHOTO) == replace(CARD, birth=None)
    expiry = parse_record(patched(204, f"{digits:8}"), PHOTO)
    assert (expiry.valid_to, expiry.without_end) == (None, False)


def test_a_lower_case_check_character_is_the_same_number() -> None:
    card = parse_record(patched(122, "11010519491231002x"), PHOTO)
    assert card.id_number == CARD.id_number


def test_a_name_outside_the_basic_plane_is_kept_and_half_a_character_costs_nothing_else() -> None:
    assert parse_record(patched(0, "\U00020bb7样 "), PHOTO).name == "\U00020bb7样"
    broken = TEXT[:2] + b"\x42\xd8" + TEXT[4:]
    assert replace(parse_record(broken, PHOTO), name=CARD.name) == CARD


@pytest.mark.parametrize("flag", "IJY")
def test_another_layout_is_named_and_not_read(flag: str) -> None:
    with pytest.raises(CardError, match=f"kind {flag}: a later version"):
        parse_record(patched(FLAG, flag), PHOTO)


@pytest.mark.parametrize("flag", ["A", "\0", "样"])
def test_an_unknown_layout_is_refused(flag: str) -> None:
    with pytest.raises(CardError, match="no known kind"):
        parse_record(patched(FLAG, flag), PHOTO)


def test_a_card_without_a_photo_is_read() -> None:
    assert parse_buffer(bytes.fromhex("01000000") + TEXT) == replace(CARD, photo=b"")


@pytest.mark.parametrize(
    "buffer",
    [
        b"",
        BUFFER[:3],
        BUFFER[:-1],
        BUFFER + b"\0",
        bytes.fromhex("00FF0400") + BUFFER[4:],
        bytes.fromhex("010003FF") + BUFFER[4:],
        bytes.fromhex("0100FFFF") + BUFFER[4:],
        bytes.fromhex("00010004") + BUFFER[4:],
        bytes.fromhex("00000000"),
    ],
)
def test_lengths_that_cannot_be_true_are_refused(buffer: bytes) -> None:
    with pytest.raises(CardError):
        parse_buffer(buffer)


def test_every_cut_of_a_record_is_refused() -> None:
    for length in range(len(BUFFER)):
        with pytest.raises(CardError):
            parse_buffer(BUFFER[:length])


def test_the_number_is_known_as_soon_as_the_layout_is() -> None:
    assert early_number(BUFFER[: 4 + FLAG + 1]) is None
    assert early_number(BUFFER[: 4 + FLAG + 2]) == CARD.number
    assert early_number(BUFFER[:4] + patched(FLAG, "I")) is None
