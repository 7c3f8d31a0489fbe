"""Staff acts (S1 to S3), temperature (X1) and the card that comes again (V1)."""
# ruff: noqa: N802  (tests are named by the row of the rules that they keep)

import pytest

from kiosk.core.evidence import Reading
from kiosk.core.lines.finding import LineState
from kiosk.core.reasons import Line, Reason
from kiosk.core.repeats import Repeats
from kiosk.core.staff import PassEmergency, Register, SetLine, apply, closes
from kiosk.core.status import Colour
from kiosk.core.verdict import Verdict
from tests.core.judged import judged
from tests.people import NOW, SECOND, policy, said, status

RED = status(codes=(said(Colour.RED),))


@pytest.mark.parametrize("which", Line)
def test_S1_one_line_is_set_by_staff_and_says_what_it_was(which: Line) -> None:
    nothing = judged(Reason.H6, answer=None)
    answer = apply(SetLine(which), nothing)
    found = answer.line(which).leading
    assert (found.state, found.reason, found.by_staff) == (LineState.OK, Reason.S1, True)
    before = nothing.line(which)
    assert dict(found.values) == {"was": before.reason.value, "state": before.state.value}
    assert [answer.line(other) for other in Line if other is not which] == [
        nothing.line(other) for other in Line if other is not which
    ]


def test_S1_passes_only_when_the_other_lines_are_in_order_too() -> None:
    assert apply(SetLine(Line.CODE), judged(answer=RED)).verdict is Verdict.PASS
    assert apply(SetLine(Line.CODE), judged(Reason.H3, answer=RED)).verdict is Verdict.HELP
    assert not closes(SetLine(Line.CODE))


def test_S2_an_emergency_passes_and_changes_no_line() -> None:
    before = judged(Reason.H3, answer=RED)
    after = apply(PassEmergency(), before)
    assert after.verdict is Verdict.PASS
    assert [after.line(which) for which in Line] == [before.line(which) for which in Line]
    assert after.notes[-1].reason is Reason.S2
    assert after.notes[-1].by_staff
    assert closes(PassEmergency())


def test_S3_registering_by_hand_closes_and_leaves_the_verdict() -> None:
    for before in (judged(answer=RED), judged(Reason.H4B)):
        after = apply(Register(), before)
        assert after.verdict is before.verdict
        assert after.rules == (*before.rules, Reason.S3)
    assert closes(Register())


def temperature(*readings: tuple[float, float]) -> tuple[Reading, ...]:
    return tuple(Reading(celsius, NOW + seconds * SECOND) for celsius, seconds in readings)


@pytest.mark.parametrize(
    ("celsius", "state"), [(37.2, None), (37.3, LineState.ASK), (37.4, LineState.ASK)], ids=["below", "at", "above"]
)
def test_X1_fever_begins_at_the_policy_s_degree(celsius: float, state: LineState | None) -> None:
    answer = judged(temperature=temperature((celsius, 0), (celsius, 120)))
    assert (answer.notes[0].state if answer.notes else None) is state
    assert answer.verdict is (Verdict.HELP if state else Verdict.PASS)


@pytest.mark.parametrize(
    ("apart", "state"),
    [(119, LineState.UNKNOWN), (120, LineState.ASK), (121, LineState.ASK)],
    ids=["below", "at", "above"],
)
def test_X1_it_is_measured_twice_some_time_apart(apart: float, state: LineState) -> None:
    answer = judged(temperature=temperature((38.0, 0), (38.0, apart)))
    assert [(note.reason, note.state) for note in answer.notes] == [(Reason.X1, state)]
    assert answer.verdict is Verdict.HELP


@pytest.mark.parametrize("pause", [0, 120])
def test_X1_measured_once_it_is_not_known_yet(pause: int) -> None:
    answer = judged(temperature=temperature((38.5, 0)), under=policy(fever_again_seconds=pause))
    assert answer.notes[0].state is LineState.UNKNOWN


def test_X1_a_second_measurement_without_fever_clears() -> None:
    assert judged(temperature=temperature((38.0, 0), (36.6, 130))).verdict is Verdict.PASS


def test_X1_never_stops_and_never_softens_a_stop() -> None:
    fever = temperature((41.0, 0), (41.0, 300))
    assert judged(temperature=fever).verdict is Verdict.HELP
    assert judged(answer=RED, temperature=fever).verdict is Verdict.STOP


def test_V1_a_repeat_is_noted_and_changes_no_line() -> None:
    first, again = judged(), judged(repeated=True)
    assert again.rules == (*first.rules, Reason.V1)
    assert again.verdict is Verdict.PASS


def test_V1_the_person_is_judged_anew() -> None:
    assert judged(Reason.H3, repeated=True).verdict is Verdict.HELP


@pytest.mark.parametrize(("late", "known"), [(-0.01, True), (0.0, False), (0.01, False)], ids=["below", "at", "above"])
def test_V1_the_card_is_known_for_the_policy_s_seconds(late: float, known: bool) -> None:
    seconds = policy().repeat_seconds
    tapped = Repeats().remember(b"card", 100.0, seconds, admitted=True)
    assert (tapped.recall(b"card", 100.0 + seconds + late) is not None) == known
