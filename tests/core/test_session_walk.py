"""Every state that a visit can reach, with every event: the laws hold on each step of it, not on samples."""

import pytest

from kiosk.core.lines.finding import LineState
from kiosk.core.ports import Hint, Liveness
from kiosk.core.prompts import Prompt
from kiosk.core.reasons import Reason
from kiosk.core.session import HINTS
from kiosk.core.verdict import Verdict
from kiosk.core.visit import (
    Do,
    Expired,
    Hold,
    Look,
    Phase,
    Record,
    Say,
    Service,
    ServiceIs,
    Signal,
    State,
    Timer,
)
from tests.core.onlooker import EVENTS, MOMENT, POLICIES, Seen, Step, Walk, walk

FACE_EFFECTS = (Do.BEGIN_FACE, Do.COMPARE, Do.LOOK_AGAIN)
RESTING = (Phase.IDLE, Phase.STOPPED)
VERDICT_WORDS = {Prompt.PASS, Prompt.HELP, Prompt.STOP}
MISSING_FACE = (Reason.H4B, Reason.H6)
TIMERS_OF_PHASE = {
    Phase.IDLE: {Timer.DECLINE},
    Phase.READING: {Timer.READ, Timer.QUIET, Timer.NEXT_LOOK, Timer.FACE_HELP, Timer.FACE},
    Phase.AGAIN: {Timer.AGAIN},
    Phase.OTHER_CARD: {Timer.AGAIN},
    Phase.FACE: {Timer.NEXT_LOOK, Timer.FACE_HELP, Timer.FACE},
    Phase.RECORDING: set[Timer](),
    Phase.RESULT: {Timer.DWELL},
    Phase.STOPPED: set[Timer](),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "everything" in metafunc.fixturenames:
        names = list(POLICIES) if metafunc.config.getoption("--full") else ["three-looks", "one-look-liveness"]
        metafunc.parametrize("everything", names, indirect=True)


@pytest.fixture
def everything(request: pytest.FixtureRequest) -> Walk:
    return walk(str(request.param))


def test_the_walk_reaches_every_verdict_phase_and_reason(
    everything: Walk, full: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    states = {seen.state for seen in everything.seen}
    if full:
        with capsys.disabled():
            print(f"\n{len(states)} states x {len(EVENTS)} events; with onlooker: {len(everything.steps)} steps")
    placed_again = everything.policy.read_tries > 1
    assert {state.phase for state in states} == set(Phase) - (set() if placed_again else {Phase.AGAIN})
    assert {state.service for state in states} == set(Service)
    assert {state.verdict for state in states} == {None, *Verdict}
    recorded = {effect.person for step in everything.steps for effect in step.effects if isinstance(effect, Record)}
    expected = {Reason.H1, Reason.H2, Reason.H3, Reason.H4A, Reason.H4B, Reason.H5, Reason.H6, Reason.H7}
    if everything.policy.require_liveness:
        expected.add(Reason.H1B)
    assert recorded == expected


def test_an_answer_is_shown_only_after_it_was_stored(everything: Walk) -> None:
    for step in everything.steps:
        before, after = step.before.state, step.after.state
        if after.phase is Phase.RESULT and before.phase is not Phase.RESULT:
            assert before.phase is Phase.RECORDING, step
            assert step.event is Signal.STORED, step
            assert after.verdict is before.verdict, step
        if before.phase is after.phase is Phase.RESULT:
            assert (after.verdict, after.person) == (before.verdict, before.person), step
        spoken = {effect.prompt for effect in step.effects if isinstance(effect, Say)}
        assert spoken <= set(Prompt) - VERDICT_WORDS or step.event is Signal.STORED, step


def test_every_stored_answer_is_the_one_that_is_shown_and_spoken(everything: Walk) -> None:
    for step in everything.steps:
        for record in (effect for effect in step.effects if isinstance(effect, Record)):
            assert step.after.state.phase is Phase.RECORDING, step
            state = step.after.state
            assert (record.verdict, record.person) == (state.verdict, state.person), step
        if step.event is Signal.STORED and step.before.state.phase is Phase.RECORDING:
            assert step.after.state.verdict is not None
            assert Say(Prompt(step.after.state.verdict.value)) in step.effects, step


def test_nothing_but_a_visit_ends_in_a_record(everything: Walk) -> None:
    for step in everything.steps:
        if step.before.state.phase is not Phase.RECORDING and step.after.state.phase is Phase.RECORDING:
            assert sum(isinstance(effect, Record) for effect in step.effects) == 1, step
        else:
            assert not any(isinstance(effect, Record) for effect in step.effects), step


def test_what_the_journal_could_not_store_is_never_shown(everything: Walk) -> None:
    for step in everything.where(lambda s: s.event is Signal.NOT_STORED and s.before.state.phase is Phase.RECORDING):
        assert step.after.state.phase is Phase.STOPPED, step
        assert step.after.state.verdict is None, step
        assert Say(Prompt.OUT_OF_ORDER) in step.effects, step


def test_a_pass_needs_a_person_and_everything_else_in_order(everything: Walk) -> None:
    for seen in everything.seen:
        if seen.state.verdict is Verdict.PASS:
            assert seen.state.others is LineState.OK, seen
            assert seen.state.person in (Reason.H1, Reason.H5), seen


def test_only_a_matching_live_face_is_h1(everything: Walk) -> None:
    for seen in everything.seen:
        if seen.state.person is Reason.H1:
            assert seen.matched, seen


def test_where_liveness_is_required_a_face_that_cannot_be_judged_is_never_h1() -> None:
    gate = walk("one-look-liveness")
    for step in gate.where(lambda s: isinstance(s.event, Look) and s.event.liveness is not Liveness.LIVE):
        assert step.after.state.person is not Reason.H1 or step.before.state.person is Reason.H1, step


def test_only_staff_confirm_or_deny(everything: Walk) -> None:
    by = {Reason.H5: Signal.CONFIRMED, Reason.H7: Signal.DENIED}
    for step in everything.steps:
        now, then = step.after.state, step.before.state
        if now.person in by and now.person is not then.person:
            assert step.event is by[now.person], step
            assert then.phase is Phase.RESULT, step
            assert now.by_staff, step


def test_whoever_staff_denied_is_never_let_in(everything: Walk) -> None:
    denied = [seen for seen in everything.seen if seen.state.person is Reason.H7]
    assert denied
    assert all(seen.state.verdict in (Verdict.HELP, Verdict.STOP) for seen in denied)
    for step in everything.where(lambda s: s.before.state.person is Reason.H7):
        assert step.after.state.person in (Reason.H7, None), step


def test_missing_evidence_is_help_and_nothing_else(everything: Walk) -> None:
    for seen in everything.seen:
        if seen.state.verdict is None or seen.state.others is LineState.STOP:
            continue
        if seen.state.others is LineState.UNKNOWN or seen.state.person in MISSING_FACE:
            assert seen.state.verdict is Verdict.HELP, seen


def test_a_face_alone_stops_nobody(everything: Walk) -> None:
    for seen in everything.seen:
        if seen.state.verdict is not None:
            assert (seen.state.verdict is Verdict.STOP) == (seen.state.others is LineState.STOP), seen


def test_no_face_is_measured_of_whoever_declined(everything: Walk) -> None:
    for seen in everything.seen:
        if seen.unwilling:
            assert not seen.face_kept, seen
            assert seen.state.person in (None, Reason.H4A), seen
    for step in everything.steps:
        if step.after.unwilling:
            assert not any(effect in FACE_EFFECTS for effect in step.effects), step


def test_no_face_is_measured_once_the_person_line_is_settled(everything: Walk) -> None:
    for step in everything.where(lambda s: s.event is not Signal.CARD_FELT):
        if any(effect in FACE_EFFECTS for effect in step.effects):
            assert step.before.state.person is None, step
        if Do.COMPARE in step.effects:
            assert step.before.state.others is None, step


def test_what_the_camera_says_later_changes_no_settled_person_line(everything: Walk) -> None:
    for step in everything.where(lambda s: s.before.state.person is not None):
        if step.event is Signal.FACE_UNAVAILABLE or isinstance(step.event, Look):
            assert step.after.state.person is step.before.state.person, step


def test_nobody_is_asked_to_look_before_the_card_was_read(everything: Walk) -> None:
    asked = {Say(Prompt.LOOK), Say(Prompt.LOOK_AGAIN), Say(Prompt.FACE_HELP)}
    for step in everything.where(lambda s: not asked.isdisjoint(s.effects)):
        assert step.before.state.others is not None, step


def test_a_hint_is_given_to_whoever_is_asked_to_look_and_to_nobody_else(everything: Walk) -> None:
    for step in everything.steps:
        spoken = {effect.prompt for effect in step.effects if isinstance(effect, Say)}
        if isinstance(step.event, Hint):
            state = step.before.state
            asked = state.phase is Phase.FACE and state.person is None and not state.declined
            assert step.effects == ((Say(HINTS[step.event]),) if asked else ()), step
            assert step.after == step.before, step
        else:
            assert spoken.isdisjoint(HINTS.values()), step


def test_a_wish_not_to_be_compared_lasts_until_the_answer_and_no_longer(everything: Walk) -> None:
    for seen in everything.seen:
        assert seen.state.declined == seen.unwilling, seen


def test_nothing_of_a_visit_is_left_when_it_is_over(everything: Walk) -> None:
    for seen in everything.seen:
        if seen.state.phase not in (Phase.READING, Phase.FACE, Phase.RECORDING):
            assert not seen.card_kept, seen
            assert not seen.face_kept, seen
        if seen.state.phase in RESTING:
            state = seen.state
            assert state == State(state.phase, state.service, declined=state.declined, called=state.called), seen


def test_every_way_out_of_a_visit_forgets_face_and_card(everything: Walk) -> None:
    during = (Phase.READING, Phase.FACE, Phase.RECORDING)
    for step in everything.where(lambda s: s.before.state.phase in during and s.after.state.phase not in during):
        assert Do.FORGET_FACE in step.effects, step
        assert Do.END_VISIT in step.effects, step


def test_a_new_card_finds_nothing_of_the_one_before(everything: Walk) -> None:
    def begun(step: Step) -> bool:
        return step.event is Signal.CARD_FELT and step.after.state.phase is Phase.READING

    for step in everything.where(begun):
        if step.before.state.service is not Service.UP or step.before.state.phase is Phase.RECORDING:
            continue
        state = step.after.state
        assert (state.person, state.others, state.verdict, state.looks.count) == (None, None, None, 0), step
        if step.before.card_kept or step.before.face_kept:
            forget, end = step.effects.index(Do.FORGET_FACE), step.effects.index(Do.END_VISIT)
            if Do.BEGIN_FACE in step.effects:
                assert max(forget, end) < step.effects.index(Do.BEGIN_FACE), step


def test_timers_run_only_for_the_screen_that_is_there(everything: Walk) -> None:
    for seen in everything.seen:
        assert seen.running <= TIMERS_OF_PHASE[seen.state.phase] | {Timer.CALL}, seen
        assert (Timer.CALL in seen.running) or not seen.state.called, seen
        if seen.state.phase is Phase.IDLE and seen.state.declined:
            assert Timer.DECLINE in seen.running, seen


def test_every_timer_is_set_to_the_future(everything: Walk) -> None:
    for step in everything.steps:
        assert all(effect.until > MOMENT for effect in step.effects if isinstance(effect, Hold)), step


def test_left_alone_every_visit_comes_to_rest(everything: Walk) -> None:
    """Only timers that really run go off, and the journal answers: from each state that leads to rest."""
    back: dict[Seen, list[Seen]] = {}
    for step in everything.steps:
        rang = isinstance(step.event, Expired) and step.event.timer in step.before.running
        answered = step.event is Signal.STORED and step.before.state.phase is Phase.RECORDING
        if rang or answered:
            back.setdefault(step.after, []).append(step.before)
    todo = [seen for seen in everything.seen if seen.state.phase in RESTING]
    at_rest = set(todo)
    while todo:
        for earlier in back.get(todo.pop(), ()):
            if earlier not in at_rest:
                at_rest.add(earlier)
                todo.append(earlier)
    assert not everything.seen - at_rest


def test_no_card_starts_a_visit_while_the_kiosk_cannot_serve(everything: Walk) -> None:
    for step in everything.where(lambda s: s.event is Signal.CARD_FELT and s.before.state.service is not Service.UP):
        assert step.after == step.before, step
        assert step.effects == (), step


def test_a_kiosk_out_of_order_does_nothing_until_it_is_up_again(everything: Walk) -> None:
    for step in everything.where(lambda s: s.before.state.phase is Phase.STOPPED):
        if step.event == ServiceIs(Service.UP):
            assert step.after.state.phase is Phase.IDLE, step
        else:
            assert step.after.state.phase is Phase.STOPPED, step


def test_a_kiosk_that_cannot_serve_is_not_idle(everything: Walk) -> None:
    for seen in everything.seen:
        if seen.state.phase in (Phase.IDLE, Phase.AGAIN, Phase.OTHER_CARD):
            assert seen.state.service is Service.UP, seen
        if seen.state.phase in (Phase.READING, Phase.FACE):
            assert seen.state.service is not Service.STOPPED, seen


def test_a_lost_reader_does_not_end_the_visit_of_a_card_already_read(everything: Walk) -> None:
    lost = ServiceIs(Service.NO_READER)
    for step in everything.where(lambda s: s.event == lost and s.before.state.others is not None):
        assert step.after.state.phase is step.before.state.phase, step


def test_help_can_be_called_from_every_screen(everything: Walk) -> None:
    for step in everything.where(lambda s: s.event is Signal.CALLED):
        assert step.after.state.called, step
        assert step.after.state.phase is step.before.state.phase, step
        assert Say(Prompt.STAFF_COMING) in step.effects, step
