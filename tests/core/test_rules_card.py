"""The card line: P1 to P7 and S4."""
# ruff: noqa: N802  (tests are named by the row of the rules that they keep)

from datetime import date, timedelta

import pytest

from kiosk.core.card import ChipSerial, IdCard
from kiosk.core.evidence import PaperSlip, TypedNumber, Unreadable
from kiosk.core.idnumber import parse_number
from kiosk.core.lines.finding import LineState
from kiosk.core.prompts import Prompt
from kiosk.core.reasons import Line, Reason
from kiosk.core.staff import ConfirmPerson, SetLine, apply
from kiosk.core.status import Colour, ListKind
from kiosk.core.verdict import Verdict
from kiosk.core.visit import Do, Expired, Phase, Record, Say, Signal, Timer
from tests.core.judged import IDLE, judged, play
from tests.people import DAYS, TODAY, id_card, id_number, listed, policy, said, status

NUMBER = parse_number(id_number())
TABLE_LINES = (Line.CODE, Line.ITINERARY)


def test_P1_a_card_in_date_is_in_order() -> None:
    answer = judged()
    assert (answer.card.state, answer.card.reason) == (LineState.OK, Reason.P1)
    assert answer.verdict is Verdict.PASS


def test_P1_a_card_without_end_is_in_order() -> None:
    answer = judged(presented=id_card(valid_to=None, without_end=True, valid_from=date(1998, 1, 1)))
    assert (answer.card.state, answer.card.reason) == (LineState.OK, Reason.P1)


@pytest.mark.parametrize(("days", "reason"), [(-1, Reason.P2), (0, Reason.P1), (1, Reason.P1)])
def test_P2_expired_from_the_day_after_the_last(days: int, reason: Reason) -> None:
    answer = judged(presented=id_card(valid_to=TODAY + days * DAYS))
    assert answer.card.reason is reason
    assert answer.verdict is (Verdict.PASS if reason is Reason.P1 else Verdict.HELP)


@pytest.mark.parametrize(("days", "reason"), [(-1, Reason.P1), (0, Reason.P1), (1, Reason.P2)])
def test_P2_not_yet_valid_before_the_first_day(days: int, reason: Reason) -> None:
    assert judged(presented=id_card(valid_from=TODAY + days * DAYS)).card.reason is reason


def test_P2_tells_staff_the_day_and_lets_them_look_at_the_other_lines() -> None:
    answer = judged(presented=id_card(valid_to=date(2022, 4, 1)))
    assert dict(answer.card.leading.values) == {"until": "2022-04-01"}
    assert (answer.card.state, answer.code.state, answer.itinerary.state) == (LineState.ASK, LineState.OK, LineState.OK)


def test_P3_a_chip_serial_says_nothing_of_anybody() -> None:
    answer = judged(presented=ChipSerial(b"\x01\x02\x03\x04"), answer=None)
    assert (answer.card.state, answer.card.reason) == (LineState.UNKNOWN, Reason.P3)
    for which in TABLE_LINES:
        assert (answer.line(which).state, answer.line(which).reason) == (LineState.UNKNOWN, Reason.P3)
    assert answer.verdict is Verdict.HELP


@pytest.mark.parametrize("tries", [1, 2, 3])
def test_P4_the_card_is_asked_for_again_until_its_tries_are_used_up(tries: int) -> None:
    under = policy(read_tries=tries)
    state = IDLE
    for _ in range(tries - 1):
        state, effects = play(Signal.CARD_FELT, Signal.READ_FAILED, under=under, start=state)
        assert state.phase is Phase.AGAIN
        assert Say(Prompt.PLACE_AGAIN) in effects
    state, effects = play(Signal.CARD_FELT, Signal.READ_FAILED, under=under, start=state)
    assert Record(Verdict.HELP, Reason.H4B, by_staff=False) in effects
    answer = judged(Reason.H4B, presented=Unreadable(), answer=None)
    assert (answer.card.state, answer.card.reason) == (LineState.UNKNOWN, Reason.P4)
    assert answer.verdict is Verdict.HELP


def test_P4_a_reading_that_takes_too_long_counts_as_failed() -> None:
    state, _ = play(Signal.CARD_FELT, Expired(Timer.READ))
    assert (state.phase, state.failures) == (Phase.AGAIN, 1)


def test_P4_a_card_read_at_last_is_judged_like_any_other() -> None:
    state, effects = play(Signal.CARD_FELT, Signal.READ_FAILED, Signal.CARD_FELT, Signal.CARD_READ)
    assert state.phase is Phase.READING
    assert Do.COMPARE in effects


@pytest.mark.parametrize(
    "changed",
    [
        id_card(number=id_number()[:17] + ("0" if id_number()[17] != "0" else "1")),
        id_card(number=""),
        id_card(birth=date(1941, 6, 2)),
        id_card(birth=None),
        id_card(sex="2"),
        id_card(sex=""),
        id_card(valid_from=None),
        id_card(valid_to=None),
        id_card(valid_from=date(2030, 5, 5)),
    ],
    ids=["check", "no-number", "birth", "no-birth", "sex", "no-sex", "no-start", "no-end", "end-before-start"],
)
def test_P5_a_card_that_contradicts_itself_goes_to_staff(changed: IdCard) -> None:
    answer = judged(presented=changed)
    assert (answer.card.state, answer.card.reason) == (LineState.UNKNOWN, Reason.P5)
    assert answer.verdict is Verdict.HELP


def test_P5_nobody_is_stopped_by_a_number_that_is_not_to_be_trusted() -> None:
    red = status(codes=(said(Colour.RED),), lists=(listed(ListKind.BLOCKED),))
    assert judged(presented=id_card(sex="2"), answer=red).verdict is Verdict.HELP


def test_P6_a_typed_number_is_looked_up_but_staff_compare_the_person() -> None:
    answer = judged(Reason.H4B, presented=TypedNumber(NUMBER))
    assert (answer.card.state, answer.card.reason) == (LineState.ASK, Reason.P6)
    assert (answer.code.reason, answer.itinerary.reason) == (Reason.C1, Reason.T1)
    assert apply(ConfirmPerson(), answer).verdict is Verdict.HELP


def test_P7_a_blocked_card_stops_and_says_whose_list_it_is_on() -> None:
    answer = judged(answer=status(lists=(listed(ListKind.BLOCKED, "挂失"),)))
    assert (answer.card.state, answer.card.reason) == (LineState.STOP, Reason.P7)
    assert answer.card.leading.issuer
    assert dict(answer.card.leading.values) == {"list": "挂失"}
    assert answer.verdict is Verdict.STOP


def test_P7_holds_for_a_typed_number_and_an_expired_card_as_well() -> None:
    blocked = status(lists=(listed(ListKind.BLOCKED),))
    for presented in (TypedNumber(NUMBER), id_card(valid_to=TODAY - timedelta(days=9))):
        assert judged(presented=presented, answer=blocked).card.reason is Reason.P7


def test_S4_a_paper_slip_is_for_staff_even_when_all_else_is_in_order() -> None:
    slip = PaperSlip(NUMBER, "示范街道办", date(2022, 12, 31))
    answer = judged(Reason.H4B, presented=slip)
    assert (answer.card.state, answer.card.reason) == (LineState.ASK, Reason.S4)
    assert answer.card.leading.issuer == "示范街道办"
    assert dict(answer.card.leading.values) == {"until": "2022-12-31"}
    assert (answer.person.state, answer.verdict) == (LineState.UNKNOWN, Verdict.HELP)


def test_S4_passes_only_by_a_staff_act_for_the_slip_itself() -> None:
    answer = judged(Reason.H4B, presented=PaperSlip(NUMBER, "示范街道办", date(2022, 12, 31)))
    confirmed = apply(ConfirmPerson(), answer)
    assert confirmed.verdict is Verdict.HELP
    assert apply(SetLine(Line.CARD), confirmed).verdict is Verdict.PASS
