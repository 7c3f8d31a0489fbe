"""The deck itself: invented people only, and every promised visitor in it."""

import pytest

from kiosk.core.idnumber import parse_number
from kiosk.core.reasons import Reason
from kiosk.core.verdict import Verdict
from scripts.demo.deck import Person, Step, load_deck

DECK = load_deck()


@pytest.mark.parametrize("person", DECK.person, ids=lambda person: person.id)
def test_nobody_in_the_deck_exists_and_every_card_agrees_with_itself(person: Person) -> None:
    number = parse_number(person.number)
    assert number.text[:6] == "440199"  # an area that was never assigned
    assert (number.birth, number.sex) == (person.birth, person.sex)


@pytest.mark.parametrize("step", DECK.step, ids=lambda step: step.title)
def test_a_face_decides_the_person_and_nothing_else(step: Step) -> None:
    for name in ("card", "code", "itinerary", "notes"):
        assert len({getattr(step.expect, name), getattr(step.without_models, name), getattr(step.staff, name)}) == 1
    assert step.without_models.person in (Reason.H4A, Reason.H4B)
    assert step.without_models.verdict is not Verdict.PASS
    assert step.staff.person is (Reason.H5 if step.staff.key == "confirm" else Reason.H7)


def test_the_deck_shows_every_promised_visitor() -> None:
    shown = {(step.expect.verdict, step.expect.rules()) for step in DECK.step}
    promised = {"C2", "C3", "C4", "C5", "P2", "H3", "H6", "H4a", "T3", "T2", "T5", "N3", "A3", "V1"}
    assert {rule for _, rules in shown for rule in rules.split()} >= promised
    assert {verdict for verdict, _ in shown} == set(Verdict)
