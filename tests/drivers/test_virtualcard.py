import dataclasses
from functools import reduce

import pytest

from drivers.virtualcard import VirtualCard, bank_card, bare_id_card, encode_citizen, phone, resident_card
from tests.sam_records import BUFFER, FIELDS, PHOTO, TEXT, Fields


def test_the_text_is_the_literal_record() -> None:
    assert encode_citizen(**FIELDS) == TEXT


def test_a_resident_card_answers_the_literal_reads_with_the_literal_blocks() -> None:
    card = resident_card(encode_citizen(**FIELDS), PHOTO)
    assert card.atr == bytes.fromhex("3B8F8001804F0CA0000003060 7FFB00000000020".replace(" ", ""))
    for command, block in (
        ("FFB0000000", BUFFER[:256]),
        ("FFB0010000", BUFFER[256:512]),
        ("FFB0020000", BUFFER[512:768]),
        ("FFB0030000", BUFFER[768:1024]),
        ("FFB0040000", BUFFER[1024:1280]),
        ("FFB0050000", BUFFER[1280:]),
    ):
        assert card.answer(bytes.fromhex(command)) == block + b"\x90\x00"
    assert card.answer(bytes.fromhex("FFB0060000")) == bytes.fromhex("6D00")


def test_a_short_photo_fills_its_block_and_no_photo_has_none() -> None:
    short = resident_card(encode_citizen(**FIELDS), b"\xff\x4f\xff\x51").answer(bytes.fromhex("FFB0050000"))
    assert short == bytes(4) + b"\x90\x00"
    none = resident_card(encode_citizen(**FIELDS), b"")
    assert none.answer(bytes.fromhex("FFB0000000"))[:4] == bytes.fromhex("01000000")
    assert none.answer(bytes.fromhex("FFB0010000")) == TEXT[252:] + b"\x90\x00"


def test_a_field_or_a_photo_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="15 characters"):
        encode_citizen(**Fields({**FIELDS, "name": "样" * 16}))
    with pytest.raises(ValueError, match="photo"):
        resident_card(encode_citizen(**FIELDS), bytes(1025))


def test_the_card_without_a_sam_is_the_published_one() -> None:
    card = bare_id_card()
    assert card.atr == bytes.fromhex("3B888001D10386050080800058")
    serial = card.answer(bytes.fromhex("0036000008"))
    assert (len(serial), serial[8:]) == (10, b"\x90\x00")


@pytest.mark.parametrize("card", [resident_card(encode_citizen(**FIELDS), b""), bare_id_card(), bank_card(), phone()])
def test_an_atr_ends_with_its_check_byte_and_a_card_survives_json(card: VirtualCard) -> None:
    assert reduce(lambda left, right: left ^ right, card.atr[1:]) == 0
    for kept in (card, dataclasses.replace(card, leave_after=3)):
        assert VirtualCard.from_json(kept.to_json()) == kept


def test_a_repr_shows_nothing_of_the_card() -> None:
    assert repr(resident_card(encode_citizen(**FIELDS), PHOTO)) == "VirtualCard()"
