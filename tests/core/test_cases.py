"""Staff cases: how they are answered, and how time ends them."""

import pytest

from kiosk.core.cases import Case, Closing
from kiosk.core.reasons import Line, Reason
from kiosk.core.staff import Act, ConfirmPerson, DenyPerson, PassEmergency, Register, SetLine
from kiosk.core.status import Colour
from kiosk.core.verdict import Judgement, Verdict
from tests.core.judged import judged
from tests.people import policy, said, status

OPENED = 1000.0
ACTS: list[Act] = [ConfirmPerson(), DenyPerson(), SetLine(Line.CODE), PassEmergency(), Register()]
RED = status(codes=(said(Colour.RED),))


def opened(judgement: Judgement | None = None) -> Case:
    return Case("event-1", b"card", OPENED, OPENED, judgement or judged(Reason.H3))


@pytest.mark.parametrize(("age", "kept"), [(119.0, True), (120.0, False), (121.0, False)], ids=["below", "at", "above"])
def test_evidence_is_gone_after_its_time_and_the_case_stays_open(age: float, kept: bool) -> None:
    case = opened().aged(OPENED + age, policy())
    assert (case.judgement is not None) == kept
    assert case.open


@pytest.mark.parametrize(
    ("age", "open_"), [(599.0, True), (600.0, False), (601.0, False)], ids=["below", "at", "above"]
)
def test_a_case_that_nobody_attends_closes(age: float, open_: bool) -> None:
    case = opened().aged(OPENED + age, policy())
    assert case.open == open_
    assert case.closing is (None if open_ else Closing.UNATTENDED)
    assert case.judgement is None


@pytest.mark.parametrize("act", ACTS, ids=lambda act: type(act).__name__)
def test_without_evidence_no_act_changes_a_case(act: Act) -> None:
    for case in (opened().aged(OPENED + 130, policy()), opened().aged(OPENED + 700, policy())):
        assert case.answered(act) == case


@pytest.mark.parametrize("first", [DenyPerson(), PassEmergency(), Register()], ids=lambda act: type(act).__name__)
@pytest.mark.parametrize("second", ACTS, ids=lambda act: type(act).__name__)
def test_a_closed_case_stays_as_it_was_closed(first: Act, second: Act) -> None:
    closed = opened().answered(first)
    assert not closed.open
    assert closed.answered(second) == closed
    assert closed.aged(OPENED + 9999, policy()) == closed


@pytest.mark.parametrize("person", [Reason.H2, Reason.H3, Reason.H4A, Reason.H4B, Reason.H6])
def test_somebody_else_s_card_is_refused_whatever_the_face_line_said(person: Reason) -> None:
    case = opened(judged(person)).answered(DenyPerson())
    assert (case.closing, case.judgement) == (Closing.REFUSED, None)


@pytest.mark.parametrize("person", [Reason.H2, Reason.H3, Reason.H4A, Reason.H4B, Reason.H6])
def test_staff_who_confirm_admit_when_all_else_is_in_order(person: Reason) -> None:
    case = opened(judged(person)).answered(ConfirmPerson())
    assert (case.closing, case.judgement) == (Closing.ADMITTED, None)


def test_staff_who_confirm_leave_a_case_open_while_another_line_is_not_in_order() -> None:
    case = opened(judged(Reason.H3, answer=RED)).answered(ConfirmPerson())
    assert case.open
    assert case.judgement is not None
    assert case.judgement.verdict is Verdict.STOP
    assert case.answered(SetLine(Line.CODE)).closing is Closing.ADMITTED


def test_an_emergency_admits() -> None:
    assert opened(judged(Reason.H3, answer=RED)).answered(PassEmergency()).closing is Closing.ADMITTED


def test_registering_closes_a_case_without_admitting() -> None:
    case = opened(judged(Reason.H4B)).answered(Register())
    assert (case.closing, case.judgement) == (Closing.REGISTERED, None)


def test_the_same_card_renews_the_evidence_but_not_the_case() -> None:
    lost = opened().aged(OPENED + 500, policy())
    again = lost.tapped_again(judged(Reason.H2), OPENED + 500)
    assert again.judgement is not None
    assert again.aged(OPENED + 599, policy()).judgement is not None
    assert again.aged(OPENED + 600, policy()).closing is Closing.UNATTENDED


def test_renewed_evidence_lasts_its_time_from_the_last_tap() -> None:
    again = opened().tapped_again(judged(Reason.H2), OPENED + 100)
    assert again.aged(OPENED + 219, policy()).judgement is not None
    assert again.aged(OPENED + 220, policy()).judgement is None


def test_the_same_card_with_a_pass_ends_its_case() -> None:
    assert opened().tapped_again(judged(), OPENED + 20).closing is Closing.ADMITTED


def test_a_case_shows_neither_card_nor_findings() -> None:
    assert repr(opened()) == "Case(event-1, None)"
