"""The person line: H1 to H7, as a visit arrives at them."""
# ruff: noqa: N802  (tests are named by the row of the rules that they keep)

import pytest

from kiosk.core.lines.finding import LineState
from kiosk.core.lines.person import person_line
from kiosk.core.policy import Policy
from kiosk.core.ports import Band, Liveness
from kiosk.core.prompts import Prompt
from kiosk.core.reasons import Reason
from kiosk.core.verdict import Verdict
from kiosk.core.visit import Do, Event, Expired, Hold, Judged, Look, Phase, Record, Say, Signal, State, Timer
from tests.core.judged import MOMENT, judged, play
from tests.people import policy

READ: tuple[Event, ...] = (Signal.CARD_FELT, Signal.CARD_READ)
IN_ORDER: tuple[Event, ...] = (*READ, Judged(LineState.OK))
BELOW, BETWEEN, ABOVE = (Look(band, Liveness.ABSENT) for band in (Band.BELOW, Band.BETWEEN, Band.ABOVE))


def outcome(*events: Event, under: Policy | None = None) -> tuple[Reason | None, Verdict | None]:
    state, _ = play(*IN_ORDER, *events, under=under)
    return state.person, state.verdict


def shown(*events: Event) -> State:
    state, _ = play(*IN_ORDER, *events, Signal.STORED)
    assert state.phase is Phase.RESULT
    return state


@pytest.mark.parametrize("liveness", [Liveness.LIVE, Liveness.ABSENT])
def test_H1_a_match_passes_at_the_first_look(liveness: Liveness) -> None:
    assert outcome(Look(Band.ABOVE, liveness)) == (Reason.H1, Verdict.PASS)
    assert judged(Reason.H1).person.state is LineState.OK


def test_H1_a_match_passes_at_the_last_look() -> None:
    assert outcome(BELOW, BETWEEN, ABOVE) == (Reason.H1, Verdict.PASS)


def test_H1_a_match_found_while_the_card_is_still_read_asks_for_no_look() -> None:
    state, effects = play(*READ, ABOVE, Judged(LineState.OK))
    assert (state.person, state.verdict) == (Reason.H1, Verdict.PASS)
    assert not any(isinstance(effect, Say) for effect in effects)


def test_H1b_where_liveness_is_required_a_match_without_a_model_goes_to_staff() -> None:
    gate = policy(require_liveness=True)
    assert outcome(ABOVE, under=gate) == (Reason.H1B, Verdict.HELP)
    assert outcome(Look(Band.ABOVE, Liveness.LIVE), under=gate) == (Reason.H1, Verdict.PASS)
    assert judged(Reason.H1B).person.state is LineState.ASK


@pytest.mark.parametrize("looks", [1, 2, 3])
def test_H2_when_the_best_of_all_looks_was_not_sure(looks: int) -> None:
    under = policy(looks=looks)
    before = [BELOW] * (looks - 1)
    assert outcome(*before, under=under) == (None, None)
    assert outcome(*before, BETWEEN, under=under) == (Reason.H2, Verdict.HELP)


def test_H2_the_best_look_counts_not_the_last() -> None:
    assert outcome(BETWEEN, BELOW, BELOW) == (Reason.H2, Verdict.HELP)


@pytest.mark.parametrize("liveness", [Liveness.UNSURE, Liveness.ATTACK])
def test_H2_a_match_that_may_not_be_alive_is_not_sure_here_or_at_a_gate(liveness: Liveness) -> None:
    doubtful = Look(Band.ABOVE, liveness)
    for under in (policy(), policy(require_liveness=True)):
        assert outcome(doubtful, doubtful, doubtful, under=under) == (Reason.H2, Verdict.HELP)


def test_H2_an_attack_is_no_reason_not_to_look_again() -> None:
    assert outcome(Look(Band.ABOVE, Liveness.ATTACK), Look(Band.ABOVE, Liveness.LIVE)) == (Reason.H1, Verdict.PASS)


@pytest.mark.parametrize(
    ("reason", "seen", "told"),
    [
        (Reason.H1, {Liveness.ABSENT}, "absent"),
        (Reason.H1, {Liveness.LIVE}, None),
        (Reason.H1, {Liveness.ATTACK, Liveness.LIVE}, None),
        (Reason.H2, {Liveness.UNSURE}, "unsure"),
        (Reason.H2, {Liveness.LIVE, Liveness.ATTACK, Liveness.UNSURE}, "attack"),
        (Reason.H2, {Liveness.LIVE}, None),
        (Reason.H2, {Liveness.ABSENT}, None),
        (Reason.H4A, {Liveness.ATTACK, Liveness.ABSENT}, None),
        (Reason.H5, {Liveness.ATTACK, Liveness.ABSENT}, None),
    ],
    ids=str,
)
def test_staff_are_told_what_was_not_known_of_liveness(reason: Reason, seen: set[Liveness], told: str | None) -> None:
    assert person_line(reason, seen).leading.values == ((("liveness", told),) if told else ())


def test_H2_each_look_but_the_last_asks_for_another_one() -> None:
    state, effects = play(*IN_ORDER, Expired(Timer.QUIET), BETWEEN)
    assert state.phase is Phase.FACE
    assert Say(Prompt.LOOK_AGAIN) in effects
    assert any(isinstance(effect, Hold) and effect.timer is Timer.NEXT_LOOK for effect in effects)
    _, effects = play(Expired(Timer.NEXT_LOOK), start=state)
    assert effects == (Do.LOOK_AGAIN,)


def test_H2_when_the_face_time_ends_after_a_look_that_did_not_suffice() -> None:
    assert outcome(BELOW, Expired(Timer.FACE)) == (Reason.H2, Verdict.HELP)


@pytest.mark.parametrize("looks", [1, 2, 3])
def test_H3_only_when_every_look_was_below(looks: int) -> None:
    under = policy(looks=looks)
    assert outcome(*[BELOW] * (looks - 1), under=under) == (None, None)
    assert outcome(*[BELOW] * looks, under=under) == (Reason.H3, Verdict.HELP)


@pytest.mark.parametrize("liveness", [Liveness.UNSURE, Liveness.ATTACK])
def test_H3_somebody_else_is_not_a_better_match_for_not_being_surely_alive(liveness: Liveness) -> None:
    assert outcome(*[Look(Band.BELOW, liveness)] * 3) == (Reason.H3, Verdict.HELP)


def test_H3_never_stops_anybody() -> None:
    assert judged(Reason.H3).person.state is LineState.ASK
    assert judged(Reason.H3).verdict is Verdict.HELP


@pytest.mark.parametrize(
    "events",
    [
        (Signal.DECLINED, *IN_ORDER),
        (Signal.CARD_FELT, Signal.DECLINED, Signal.CARD_READ, Judged(LineState.OK)),
        (*READ, Signal.DECLINED, Judged(LineState.OK)),
        (*READ, ABOVE, Signal.DECLINED, Judged(LineState.OK)),
        (*READ, Signal.FACE_UNAVAILABLE, Signal.DECLINED, Judged(LineState.OK)),
        (*IN_ORDER, Signal.DECLINED),
        (*IN_ORDER, BETWEEN, Expired(Timer.QUIET), Signal.DECLINED),
        (Signal.CARD_FELT, Signal.READ_FAILED, Signal.DECLINED, *IN_ORDER),
        (Signal.CARD_FELT, Signal.DECLINED, Signal.READ_FAILED, *IN_ORDER),
    ],
    ids=["idle", "felt", "read", "matched", "no-camera", "judged", "looking", "again", "before-again"],
)
def test_H4a_a_visitor_may_decline_at_any_time_before_the_answer(events: tuple[Event, ...]) -> None:
    state, _ = play(*events)
    assert (state.person, state.verdict) == (Reason.H4A, Verdict.HELP)


def test_H4a_staff_comparison_gives_the_same_pass() -> None:
    state, _ = play(Signal.CONFIRMED, Signal.STORED, start=shown(Signal.DECLINED))
    assert (state.person, state.verdict) == (Reason.H5, Verdict.PASS)
    assert judged(Reason.H4A).person.state is LineState.ASK


def test_H4a_pressing_drops_what_the_camera_had_at_once() -> None:
    for events in ((*READ, ABOVE), (*IN_ORDER, BETWEEN)):
        _, effects = play(*events, Signal.DECLINED)
        assert effects[0] is Do.FORGET_FACE


def test_H4a_the_wish_of_the_idle_screen_holds_for_the_next_card_only() -> None:
    state, effects = play(Signal.DECLINED)
    assert effects == (Hold(Timer.DECLINE, MOMENT + 30),)
    _, effects = play(Signal.CARD_FELT, start=state)
    assert Do.BEGIN_FACE not in effects
    later, _ = play(Expired(Timer.DECLINE), start=state)
    _, effects = play(Signal.CARD_FELT, start=later)
    assert Do.BEGIN_FACE in effects
    _, effects = play(*IN_ORDER, Signal.STORED, Signal.CARD_FELT, start=state)
    assert Do.BEGIN_FACE in effects


def test_H4b_without_a_camera_or_a_photo_staff_compare() -> None:
    for events in ((*READ, Signal.FACE_UNAVAILABLE, Judged(LineState.OK)), (*IN_ORDER, Signal.FACE_UNAVAILABLE)):
        state, _ = play(*events)
        assert (state.person, state.verdict) == (Reason.H4B, Verdict.HELP)
    assert judged(Reason.H4B).person.state is LineState.UNKNOWN


def test_H6_nobody_seen_within_the_face_time() -> None:
    _, effects = play(*IN_ORDER)
    assert Hold(Timer.FACE, MOMENT + 30) in effects
    assert Hold(Timer.FACE_HELP, MOMENT + 15) in effects
    assert outcome(Expired(Timer.FACE)) == (Reason.H6, Verdict.HELP)
    assert judged(Reason.H6).person.state is LineState.UNKNOWN


def test_H6_help_is_offered_on_the_way() -> None:
    state, effects = play(*IN_ORDER, Expired(Timer.QUIET), Expired(Timer.FACE_HELP))
    assert state.phase is Phase.FACE
    assert effects == (Say(Prompt.FACE_HELP),)


@pytest.mark.parametrize("events", [[BELOW] * 3, [Signal.FACE_UNAVAILABLE], [Expired(Timer.FACE)]])
def test_H5_staff_confirm_and_the_other_lines_decide(events: list[Event]) -> None:
    state, effects = play(Signal.CONFIRMED, start=shown(*events))
    assert Record(Verdict.PASS, Reason.H5, by_staff=True) in effects
    state, effects = play(Signal.STORED, start=state)
    assert (state.phase, state.verdict) == (Phase.RESULT, Verdict.PASS)
    assert Say(Prompt.PASS) in effects


def test_H5_does_not_turn_another_line() -> None:
    for others, verdict in ((LineState.UNKNOWN, Verdict.HELP), (LineState.STOP, Verdict.STOP)):
        state, _ = play(*READ, Judged(others), BELOW, BELOW, BELOW, Signal.STORED, Signal.CONFIRMED)
        assert (state.person, state.verdict) == (Reason.H5, verdict)


def test_H5_says_that_it_was_staff() -> None:
    assert person_line(Reason.H5).leading.by_staff
    assert not person_line(Reason.H1).leading.by_staff


def test_H7_staff_deny_and_the_case_is_over() -> None:
    state, effects = play(Signal.DENIED, start=shown(BETWEEN, BETWEEN, BETWEEN))
    assert Record(Verdict.HELP, Reason.H7, by_staff=True) in effects
    denied, _ = play(Signal.STORED, start=state)
    after, effects = play(Signal.CONFIRMED, start=denied)
    assert (after, effects) == (denied, ())
    assert judged(Reason.H7).person.state is LineState.ASK
    assert person_line(Reason.H7).leading.by_staff


def test_a_passed_visit_leaves_staff_nothing_to_answer() -> None:
    passed = shown(ABOVE)
    for event in (Signal.CONFIRMED, Signal.DENIED):
        assert play(event, start=passed) == (passed, ())
