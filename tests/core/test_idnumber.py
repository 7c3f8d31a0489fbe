"""Identity numbers: published specimens, and how much a slip of one or two characters can go unnoticed."""

from datetime import date
from itertools import combinations

import pytest

from kiosk.core.idnumber import (
    IdNumber,
    NumberError,
    NumberKind,
    Sex,
    check_character,
    icao_check_digit,
    parse_number,
)
from tests.people import id_number

SPECIMENS = {
    "11010519491231002X": (NumberKind.CITIZEN, "11", date(1949, 12, 31), Sex.FEMALE),
    "440524188001010014": (NumberKind.CITIZEN, "44", date(1880, 1, 1), Sex.MALE),
    "830000199706020042": (NumberKind.PERMIT, "83", date(1997, 6, 2), Sex.FEMALE),
    "932682198501010017": (NumberKind.FOREIGNER_18, "32", date(1985, 1, 1), Sex.MALE),
    "KAZ110090123105": (NumberKind.FOREIGNER_15, "11", None, None),
}
EIGHTEEN = [number for number in SPECIMENS if len(number) == 18]


def is_valid(text: str) -> bool:
    try:
        parse_number(text)
    except NumberError:
        return False
    return True


def with_check(first17: str) -> str:
    return first17 + check_character(first17)


@pytest.mark.parametrize("text", SPECIMENS)
def test_a_published_specimen_is_valid_and_says_what_it_says(text: str) -> None:
    number = parse_number(text)
    assert (number.kind, number.province, number.birth, number.sex) == SPECIMENS[text]
    assert number.text == text


@pytest.mark.parametrize("text", SPECIMENS)
def test_no_error_of_a_single_digit_goes_unnoticed(text: str) -> None:
    for place, right in enumerate(text):
        wrongs = "0123456789X" if place == 17 else "0123456789"
        for wrong in wrongs:
            if right.isalpha() and place < 3:
                continue
            assert is_valid(text[:place] + wrong + text[place + 1 :]) == (wrong == right), (place, wrong)


@pytest.mark.parametrize("text", EIGHTEEN)
def test_no_swap_of_neighbours_goes_unnoticed(text: str) -> None:
    for place in range(17):
        left, right = text[place], text[place + 1]
        if left != right:
            assert not is_valid(text[:place] + right + left + text[place + 2 :]), place


def test_mod_11_2_misses_only_swaps_of_digits_ten_places_apart() -> None:
    """Weights are powers of two modulo 11, which repeat after ten places: what the standard can promise."""
    missed = set()
    for first, second in combinations(range(17), 2):
        for a, b in combinations("0123456789", 2):
            digits = list(id_number()[:17])
            digits[first], digits[second] = a, b
            before = check_character("".join(digits))
            digits[first], digits[second] = b, a
            if check_character("".join(digits)) == before:
                missed.add((first, second))
    assert missed == {(place, place + 10) for place in range(7)}


def test_the_last_digit_and_the_check_character_cannot_change_places() -> None:
    for sequence in range(1000):
        text = id_number(sequence=sequence)
        if text[16] != text[17]:
            assert not is_valid(text[:16] + text[17] + text[16])


def test_two_ways_to_compute_the_check_character_agree() -> None:
    for sequence in range(1000):
        text = id_number(sequence=sequence)
        assert check_character(text[:17]) == text[17]


@pytest.mark.parametrize(("text", "digit"), [("L898902C3", "6"), ("740812", "2"), ("120415", "9")])
def test_icao_check_digits_of_the_published_specimen(text: str, digit: str) -> None:
    assert icao_check_digit(text) == digit


def test_icao_7_3_1_misses_only_swaps_of_digits_that_differ_by_five() -> None:
    for place in range(3, 13):
        for a, b in combinations(range(10), 2):
            text = "KAZ11009012310"
            left = icao_check_digit(text[:place] + str(a) + str(b) + text[place + 2 :])
            right = icao_check_digit(text[:place] + str(b) + str(a) + text[place + 2 :])
            assert (left == right) == (b - a == 5), (place, a, b)


def test_a_lower_case_x_and_blanks_around_are_accepted() -> None:
    assert parse_number(" 11010519491231002x\n").text == "11010519491231002X"


def test_a_number_of_an_abolished_or_unassigned_county_stays_valid() -> None:
    assert parse_number(id_number("440199")).province == "44"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "form"),
        (id_number()[:17], "form"),
        (id_number() + "0", "form"),
        (id_number()[:10] + " " + id_number()[10:], "form"),
        ("X" + id_number()[1:], "form"),
        ("".join(chr(ord(c) - ord("0") + 0xFF10) for c in "440524188001010014"), "form"),
        (with_check("04019919410601123"), "form"),
        (with_check("55019919410601123"), "province"),
        (with_check("83000119970602004"), "province"),
        (with_check("95568219850101001"), "province"),
        (with_check("44019919410230123"), "birth date"),
        (with_check("44019919001301123"), "birth date"),
        (with_check("44019919000229123"), "birth date"),
        ("KAZ11009013310" + icao_check_digit("KAZ11009013310"), "birth date"),
    ],
)
def test_what_is_not_a_number_is_refused_by_the_rule_that_it_breaks(text: str, rule: str) -> None:
    with pytest.raises(NumberError, match=f"^{rule}$"):
        parse_number(text)


def test_a_leap_day_is_a_birthday() -> None:
    assert parse_number(id_number(birth=date(2000, 2, 29))).birth == date(2000, 2, 29)
    assert is_valid("KAZ11009602291" + icao_check_digit("KAZ11009602291"))


def test_sex_is_the_parity_of_the_sequence() -> None:
    assert parse_number(id_number(sequence=122)).sex is Sex.FEMALE
    assert parse_number(id_number(sequence=999)).sex is Sex.MALE


@pytest.mark.parametrize("text", SPECIMENS)
def test_nothing_of_a_number_is_shown_by_accident(text: str) -> None:
    number = parse_number(text)
    for shown in (repr(number), str(number), f"{number}", repr([number])):
        assert not any(text[place : place + 4] in shown for place in range(len(text) - 3))


def test_an_error_names_the_rule_and_not_the_number() -> None:
    wrong = id_number()[:17] + ("1" if id_number()[17] != "1" else "2")
    with pytest.raises(NumberError) as refused:
        parse_number(wrong)
    assert str(refused.value) == "check character"


def test_equal_numbers_are_the_same_key() -> None:
    assert {parse_number(id_number()): 1}[IdNumber(id_number(), NumberKind.CITIZEN)] == 1
