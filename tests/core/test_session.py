"""A visit as the visitor meets it: words, times and screens that the laws leave open."""

from kiosk.core.lines.finding import LineState
from kiosk.core.ports import Band, Hint, Liveness
from kiosk.core.prompts import Prompt
from kiosk.core.reasons import Reason
from kiosk.core.verdict import Verdict
from kiosk.core.visit import Do, Event, Expired, Hold, Judged, Look, Phase, Record, Release, Say, Signal, Timer
from tests.core.judged import IDLE, MOMENT, play

READ: tuple[Event, ...] = (Signal.CARD_FELT, Signal.CARD_READ, Judged(LineState.OK))
MATCH = Look(Band.ABOVE, Liveness.ABSENT)
PASSED = (*READ, MATCH, Signal.STORED)
HELPED = (*READ, Signal.FACE_UNAVAILABLE, Signal.STORED)


def test_the_happy_path_needs_no_touch_and_says_one_thing() -> None:
    state, said = IDLE, []
    for event in PASSED:
        state, effects = play(event, start=state)
        said += [effect.prompt for effect in effects if isinstance(effect, Say)]
    assert (state.phase, state.verdict, said) == (Phase.RESULT, Verdict.PASS, [Prompt.PASS])


def test_the_face_is_begun_when_the_card_is_felt_and_compared_when_it_is_read() -> None:
    assert Do.BEGIN_FACE in play(Signal.CARD_FELT)[1]
    assert play(Signal.CARD_FELT, Signal.CARD_READ)[1] == (Do.COMPARE,)


def test_the_visitor_is_asked_to_look_only_when_the_face_was_not_found_in_silence() -> None:
    state, effects = play(*READ)
    assert not any(isinstance(effect, Say) for effect in effects)
    silence = next(effect for effect in effects if isinstance(effect, Hold) and effect.timer is Timer.QUIET)
    assert silence.until - MOMENT < 1
    state, effects = play(Expired(Timer.QUIET), start=state)
    assert (state.phase, effects) == (Phase.FACE, (Say(Prompt.LOOK),))


def test_a_hint_comes_after_the_request_to_look_and_never_in_the_silence_before() -> None:
    quiet, _ = play(*READ)
    assert play(Hint.COME_CLOSER, start=quiet) == (quiet, ())
    asked, _ = play(Expired(Timer.QUIET), start=quiet)
    assert play(Hint.COME_CLOSER, start=asked) == (asked, (Say(Prompt.COME_CLOSER),))


def test_a_hint_does_not_lengthen_the_time_for_the_face() -> None:
    for hint in Hint:
        _, effects = play(*READ, Expired(Timer.QUIET), hint)
        assert [type(effect) for effect in effects] == [Say]


def test_a_result_goes_by_itself_and_help_stays_longer_than_a_pass() -> None:
    dwell = {}
    for verdict, events in ((Verdict.PASS, PASSED), (Verdict.HELP, HELPED)):
        state, effects = play(*events)
        dwell[verdict] = next(effect.until - MOMENT for effect in effects if isinstance(effect, Hold))
        assert play(Expired(Timer.DWELL), start=state)[0] == IDLE
    assert 5 < dwell[Verdict.PASS] < dwell[Verdict.HELP]


def test_hearing_it_again_starts_the_time_of_the_result_again() -> None:
    for events in (PASSED, HELPED):
        state, shown = play(*events)
        again, effects = play(Signal.HEARD_AGAIN, start=state)
        assert again == state
        assert [effect for effect in effects if isinstance(effect, Hold)] == [
            effect for effect in shown if isinstance(effect, Hold)
        ]


def test_the_next_card_need_not_wait_for_the_result_to_go() -> None:
    for events in (PASSED, HELPED):
        state, effects = play(*events, Signal.CARD_FELT)
        assert (state.phase, state.verdict) == (Phase.READING, None)
        # What is over was forgotten when it was stored; the live shots of who stands there now are still wanted.
        assert Do.BEGIN_FACE in effects
        assert Do.FORGET_FACE not in effects


def test_a_card_felt_while_the_answer_is_stored_disturbs_nothing() -> None:
    recording, _ = play(*READ, MATCH)
    assert play(Signal.CARD_FELT, start=recording) == (recording, ())


def test_another_card_is_named_and_the_screen_waits_for_the_right_one() -> None:
    state, effects = play(Signal.CARD_FELT, Signal.OTHER_CARD)
    assert state.phase is Phase.OTHER_CARD
    assert Say(Prompt.NOT_AN_ID_CARD) in effects
    assert Hold(Timer.AGAIN, MOMENT + 20) in effects
    assert play(Expired(Timer.AGAIN), start=state)[0] == IDLE
    assert play(Signal.CARD_FELT, start=state)[0].phase is Phase.READING


def test_a_bank_card_does_not_use_up_the_tries_of_the_id_card() -> None:
    state, _ = play(Signal.CARD_FELT, Signal.READ_FAILED, Signal.CARD_FELT, Signal.OTHER_CARD, Signal.CARD_FELT)
    assert state.failures == 0


def test_a_visitor_who_went_away_leaves_full_tries_to_the_next() -> None:
    state, _ = play(Signal.CARD_FELT, Signal.READ_FAILED, Expired(Timer.AGAIN), Signal.CARD_FELT)
    assert state.failures == 0


def test_what_the_camera_found_of_a_card_pulled_away_does_not_count_for_the_next_try() -> None:
    state, _ = play(Signal.CARD_FELT, Signal.CARD_READ, MATCH, Signal.READ_FAILED, *READ)
    assert (state.phase, state.person) == (Phase.READING, None)


def test_a_call_for_help_is_answered_and_forgotten_after_a_minute() -> None:
    called, effects = play(*READ, Signal.CALLED)
    assert effects == (Say(Prompt.STAFF_COMING), Hold(Timer.CALL, MOMENT + 60))
    assert called.called
    assert not play(Expired(Timer.CALL), start=called)[0].called


def test_a_call_for_help_outlives_the_visit() -> None:
    state, effects = play(*READ, Signal.CALLED, MATCH, Signal.STORED, Expired(Timer.DWELL))
    assert (state.phase, state.called) == (Phase.IDLE, True)
    assert not any(isinstance(effect, Release) and Timer.CALL in effect.timers for effect in effects)


def test_staff_may_correct_a_confirmation_while_it_is_on_the_screen() -> None:
    stopped = (Signal.CARD_FELT, Judged(LineState.STOP), Signal.FACE_UNAVAILABLE, Signal.STORED)
    _, effects = play(*stopped, Signal.CONFIRMED, Signal.STORED, Signal.DENIED)
    assert Record(Verdict.STOP, Reason.H7, by_staff=True) in effects


def test_a_second_confirmation_changes_nothing() -> None:
    confirmed, _ = play(
        Signal.CARD_FELT, Judged(LineState.ASK), Signal.FACE_UNAVAILABLE, Signal.STORED, Signal.CONFIRMED, Signal.STORED
    )
    assert play(Signal.CONFIRMED, start=confirmed) == (confirmed, ())


def test_a_camera_that_fails_before_the_card_is_read_costs_no_time_afterwards() -> None:
    state, _ = play(Signal.CARD_FELT, Signal.FACE_UNAVAILABLE, Signal.CARD_READ, Judged(LineState.OK))
    assert (state.phase, state.person) == (Phase.RECORDING, Reason.H4B)
