"""What a card says of itself, and what is never shown of it."""

from datetime import date

import pytest

from kiosk.core.card import ChipSerial, age_in_years
from kiosk.core.evidence import PaperSlip, TypedNumber, Unreadable, number_of
from kiosk.core.idnumber import parse_number
from kiosk.core.ports import CardRead, NumberSeen
from tests.people import evidence, id_card, id_number, status


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("陈样本", "陈*本"),
        ("陈样", "陈*"),
        ("陈", "*"),
        ("", "*"),
        ("欧阳样本", "欧**本"),
        ("古丽样本·买买提样本", "古********本"),
    ],
)
def test_a_masked_name_shows_the_first_and_last_character_at_most(name: str, masked: str) -> None:
    assert id_card(name=name).masked_name() == masked


def test_nothing_personal_is_shown_by_accident() -> None:
    card = id_card()
    shown = " ".join(
        repr(value)
        for value in (
            card,
            CardRead(1, card, 0.0),
            NumberSeen(1, card.number),
            TypedNumber(parse_number(card.number)),
            ChipSerial(b"\xca\xfe\xba\xbe"),
            evidence(),
            status(),
        )
    )
    for personal in (card.name, card.number, card.address, card.issuer, "1941", "cafebabe", "xca", "photo"):
        assert personal not in shown


@pytest.mark.parametrize(
    ("birth", "today", "years"),
    [
        (date(1962, 4, 21), date(2022, 4, 20), 59),
        (date(1962, 4, 20), date(2022, 4, 20), 60),
        (date(1962, 4, 19), date(2022, 4, 20), 60),
        (date(1940, 2, 29), date(2022, 2, 28), 81),
        (date(1940, 2, 29), date(2022, 3, 1), 82),
        (date(1940, 2, 29), date(2020, 2, 29), 80),
    ],
)
def test_age_is_counted_in_completed_years(birth: date, today: date, years: int) -> None:
    assert age_in_years(birth, today) == years


def test_a_card_whose_number_holds_no_date_is_not_doubted_for_that() -> None:
    assert id_card(number="KAZ110090123105", birth=date(1990, 12, 31), sex="2").agrees_with_itself
    assert not id_card(number="KAZ110090123105", birth=date(1990, 12, 31), sex="7").agrees_with_itself


def test_a_card_without_end_needs_no_last_day() -> None:
    assert id_card(valid_to=None, without_end=True).agrees_with_itself
    assert not id_card(valid_to=None, without_end=False).agrees_with_itself


def test_a_card_of_one_day_is_a_card() -> None:
    assert id_card(valid_from=date(2022, 4, 20), valid_to=date(2022, 4, 20)).agrees_with_itself


def test_only_a_number_that_can_be_trusted_is_looked_up() -> None:
    number = parse_number(id_number())
    assert number_of(id_card()) == number
    assert number_of(TypedNumber(number)) == number
    assert number_of(PaperSlip(number, "示范街道办", date(2022, 12, 31))) == number
    assert number_of(id_card(sex="2")) is None
    assert number_of(ChipSerial(b"\x01")) is None
    assert number_of(Unreadable()) is None
