"""What four lines and the notes come to, for every combination there is."""

from itertools import product

import pytest

from kiosk.core.lines.finding import Finding, LineState, line
from kiosk.core.reasons import Line, Reason
from kiosk.core.verdict import Judgement, Verdict, decide

OK, UNKNOWN, ASK, STOP = LineState.OK, LineState.UNKNOWN, LineState.ASK, LineState.STOP
FOUR_LINES = list(product(LineState, repeat=4))
NOTES: tuple[tuple[LineState, ...], ...] = ((), *((state,) for state in LineState), (OK, ASK), (ASK, OK))


def judgement(
    states: tuple[LineState, ...], notes: tuple[LineState, ...] = (), *, emergency: bool = False
) -> Judgement:
    person, card, code, itinerary = (
        line(Finding(reason, state))
        for reason, state in zip((Reason.H1, Reason.P1, Reason.C1, Reason.T1), states, strict=True)
    )
    said = tuple(Finding(Reason.X1, state) for state in notes)
    return Judgement(person, card, code, itinerary, said, emergency)


def test_a_pass_is_four_green_lines_and_nothing_else() -> None:
    assert [states for states in FOUR_LINES if decide(states) is Verdict.PASS] == [(OK, OK, OK, OK)]


def test_a_stop_is_a_line_that_says_stop() -> None:
    assert {states for states in FOUR_LINES if decide(states) is Verdict.STOP} == {
        states for states in FOUR_LINES if STOP in states
    }


def test_everything_between_is_help() -> None:
    between = [states for states in FOUR_LINES if STOP not in states and set(states) != {OK}]
    assert len(between) == 3**4 - 1
    assert {decide(states) for states in between} == {Verdict.HELP}


def test_missing_evidence_alone_neither_passes_nor_stops() -> None:
    assert {decide(states) for states in product((OK, UNKNOWN), repeat=4) if UNKNOWN in states} == {Verdict.HELP}


@pytest.mark.parametrize("notes", NOTES, ids=lambda notes: "+".join(notes) or "none")
def test_a_note_weighs_as_much_as_a_line(notes: tuple[LineState, ...]) -> None:
    for states in FOUR_LINES:
        assert judgement(states, notes).verdict is decide((*states, *notes)), states


def test_the_session_and_the_judgement_weigh_alike() -> None:
    for states, notes in product(FOUR_LINES, NOTES):
        whole = judgement(states, notes)
        assert whole.verdict is decide((whole.person.state, whole.others)), (states, notes)


def test_an_emergency_passes_whatever_the_lines_say_and_leaves_them_as_they_are() -> None:
    for states in FOUR_LINES:
        passed = judgement(states, emergency=True)
        assert passed.verdict is Verdict.PASS
        assert tuple(passed.line(which).state for which in Line) == states


def test_the_heaviest_finding_leads_a_line_and_the_first_of_equals() -> None:
    mixed = line(Finding(Reason.C1, OK), Finding(Reason.C2, ASK), Finding(Reason.C7, ASK), Finding(Reason.N6, UNKNOWN))
    assert (mixed.state, mixed.reason) == (ASK, Reason.C2)


def test_rules_are_told_in_the_order_of_the_four_lines() -> None:
    assert judgement((OK, OK, OK, OK), (ASK,)).rules == (Reason.H1, Reason.P1, Reason.C1, Reason.T1, Reason.X1)
