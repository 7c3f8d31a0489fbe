"""One visit after another as a finite machine: ``Session.step(state, event, now) -> (state, effects)``.

The state holds enumerations only. Time arrives as timer events, faces as bands, evidence as the worst of its lines,
so that tests can walk every state that can be reached, with every event. The rules that the walk asserts:

* PASS is shown only after a record was stored, and only for H1 or H5 with every other line OK;
* evidence that is missing ends as HELP, never as PASS and never as STOP;
* a visitor who declines the camera gets an answer without any face being measured;
* what could be done for the camera is said only while a visitor is being asked to look;
* when a visit is over, whatever ended it, everything of it is forgotten.
"""

from dataclasses import dataclass, replace

from kiosk.core.lines.finding import LineState
from kiosk.core.lines.person import NO_LOOKS, STATES
from kiosk.core.policy import Policy
from kiosk.core.ports import Band, Hint, Liveness
from kiosk.core.prompts import Prompt
from kiosk.core.reasons import Reason
from kiosk.core.verdict import Verdict, decide
from kiosk.core.visit import (
    Do,
    Effect,
    Event,
    Expired,
    Hold,
    Judged,
    Look,
    Phase,
    Record,
    Release,
    Say,
    Service,
    ServiceIs,
    Signal,
    State,
    Timer,
)

# Seconds that are manners of the screen, not rules of an authority.
READ_SECONDS = 5.0
AGAIN_SECONDS = 20.0
QUIET_SECONDS = 0.4  # no screen flashes up for a face that is recognised at once
NEXT_LOOK_SECONDS = 1.5
PASS_SECONDS = 9.0
CASE_SECONDS = 20.0
DECLINE_SECONDS = 30.0
CALL_SECONDS = 60.0

_VISIT_TIMERS = (Timer.READ, Timer.AGAIN, Timer.QUIET, Timer.NEXT_LOOK, Timer.FACE_HELP, Timer.FACE, Timer.DWELL)
_SPOKEN = {Verdict.PASS: Prompt.PASS, Verdict.HELP: Prompt.HELP, Verdict.STOP: Prompt.STOP}
HINTS = {hint: Prompt(hint.value) for hint in Hint}

Step = tuple[State, tuple[Effect, ...]]


@dataclass(frozen=True, slots=True)
class Session:
    """The machine under one policy."""

    policy: Policy

    def step(self, state: State, event: Event, now: float) -> Step:
        """The state after an event and what to do about it. ``now``: monotonic seconds."""
        match event:
            case ServiceIs(service):
                return self._service(replace(state, service=service))
            case Signal.CALLED:
                return replace(state, called=True), (Say(Prompt.STAFF_COMING), Hold(Timer.CALL, now + CALL_SECONDS))
            case Expired(Timer.CALL):
                return replace(state, called=False), ()
            case Signal.DECLINED:
                return self._decline(state, now)
            case Signal.CARD_FELT:
                return self._felt(state, now)
            case _:
                return self._within(state, event, now)

    def _within(self, state: State, event: Event, now: float) -> Step:
        match state.phase:
            case Phase.IDLE:
                if event == Expired(Timer.DECLINE):
                    return replace(state, declined=False), ()
            case Phase.READING | Phase.FACE:
                return self._visiting(state, event, now)
            case Phase.AGAIN | Phase.OTHER_CARD:
                if event == Expired(Timer.AGAIN):
                    return self._idle(state)
            case Phase.RECORDING:
                return self._recording(state, event, now)
            case Phase.RESULT:
                return self._result(state, event, now)
            case Phase.STOPPED:
                pass
        return state, ()

    # -- the card ---------------------------------------------------------------------------------------------

    def _felt(self, state: State, now: float) -> Step:
        if state.service is not Service.UP or state.phase is Phase.RECORDING:
            return state, ()
        again = state.phase is Phase.AGAIN
        fresh = State(
            Phase.READING,
            state.service,
            failures=state.failures if again else 0,
            declined=state.declined if state.phase in (Phase.IDLE, Phase.AGAIN) else False,
            called=state.called,
        )
        # A visit that is over has been forgotten; forgetting again would drop the live shots of who stands there now.
        ended = (
            self._ending()
            if state.phase in (Phase.READING, Phase.FACE)
            else (Release((*_VISIT_TIMERS, Timer.DECLINE)),)
        )
        begun: tuple[Effect, ...] = () if fresh.declined else (Do.BEGIN_FACE,)
        return fresh, (*ended, Do.BEGIN_VISIT, *begun, Hold(Timer.READ, now + READ_SECONDS))

    def _visiting(self, state: State, event: Event, now: float) -> Step:
        reading = state.others is None
        match event:
            case Signal.READ_FAILED | Expired(Timer.READ) if reading:
                return self._failed(state, now)
            case Signal.OTHER_CARD if reading:
                other = replace(self._cleared(state), phase=Phase.OTHER_CARD)
                said = Say(Prompt.NOT_AN_ID_CARD)
                return other, (*self._ending(), said, Hold(Timer.AGAIN, now + AGAIN_SECONDS))
            case Signal.CARD_READ if reading and state.person is None and not state.declined:
                return state, (Do.COMPARE,)
            case Judged(others) if reading:
                return self._judged(replace(state, others=others), now)
            case Signal.FACE_UNAVAILABLE if state.person is None and not state.declined:
                return self._settled(replace(state, person=Reason.H4B))
            case Look(band, liveness) if state.person is None and not state.declined:
                return self._looked(state, band, liveness, now)
            case Expired(Timer.QUIET) if state.phase is Phase.READING and not reading:
                return replace(state, phase=Phase.FACE), (Say(Prompt.LOOK),)
            case Expired(Timer.NEXT_LOOK) if state.person is None and not state.declined:
                return state, (Do.LOOK_AGAIN,)
            case Hint() if state.phase is Phase.FACE:
                return state, (Say(HINTS[event]),)
            case Expired(Timer.FACE_HELP) if not reading:
                return state, (Say(Prompt.FACE_HELP),)
            case Expired(Timer.FACE) if not reading:
                return self._settled(replace(state, person=state.looks.reason_when_over))
            case _:
                return state, ()

    def _failed(self, state: State, now: float) -> Step:
        failures = state.failures + 1
        if failures >= self.policy.read_tries:
            person = Reason.H4A if state.declined else Reason.H4B
            return self._settled(replace(state, failures=0, person=person, others=LineState.UNKNOWN))
        again = replace(self._cleared(state), phase=Phase.AGAIN, failures=failures, declined=state.declined)
        return again, (*self._ending(), Say(Prompt.PLACE_AGAIN), Hold(Timer.AGAIN, now + AGAIN_SECONDS))

    def _judged(self, state: State, now: float) -> Step:
        read = Release((Timer.READ,))
        if state.declined:
            state = replace(state, person=Reason.H4A)
        if state.person is not None:
            settled, effects = self._settled(state)
            return settled, (read, *effects)
        return state, (
            read,
            Hold(Timer.QUIET, now + QUIET_SECONDS),
            Hold(Timer.FACE_HELP, now + self.policy.face_help_seconds),
            Hold(Timer.FACE, now + self.policy.face_seconds),
        )

    # -- the face ---------------------------------------------------------------------------------------------

    def _decline(self, state: State, now: float) -> Step:
        match state.phase:
            case Phase.IDLE:
                return replace(state, declined=True), (Hold(Timer.DECLINE, now + DECLINE_SECONDS),)
            case Phase.AGAIN:
                return replace(state, declined=True), ()
            case Phase.READING | Phase.FACE if state.others is None:
                # An outcome that the camera already had is dropped with the rest of the face.
                return replace(state, declined=True, person=None, looks=NO_LOOKS), (Do.FORGET_FACE,)
            case Phase.READING | Phase.FACE:
                settled, effects = self._settled(replace(state, declined=True, person=Reason.H4A, looks=NO_LOOKS))
                return settled, (Do.FORGET_FACE, *effects)
            case _:
                return state, ()

    def _looked(self, state: State, band: Band, liveness: Liveness, now: float) -> Step:
        looks = state.looks.add(band, liveness)
        state = replace(state, looks=looks)
        reason = looks.reason(liveness, self.policy)
        if reason is not None:
            return self._settled(replace(state, person=reason))
        said = (Say(Prompt.LOOK_AGAIN),) if state.phase is Phase.FACE else ()
        return state, (*said, Hold(Timer.NEXT_LOOK, now + NEXT_LOOK_SECONDS))

    def _settled(self, state: State) -> Step:
        """The person line is known: record at once when the others are known too, else wait for the card."""
        if state.others is None or state.person is None:
            return state, ()
        verdict = decide((STATES[state.person], state.others))
        recording = replace(state, phase=Phase.RECORDING, verdict=verdict, looks=NO_LOOKS)
        return recording, (Release(_VISIT_TIMERS), Record(verdict, state.person, state.by_staff))

    # -- the answer -------------------------------------------------------------------------------------------

    def _recording(self, state: State, event: Event, now: float) -> Step:
        match event:
            case Signal.STORED:
                verdict = state.verdict
                assert verdict is not None  # noqa: S101  (this phase has one)
                seconds = PASS_SECONDS if verdict is Verdict.PASS else CASE_SECONDS
                shown = replace(state, phase=Phase.RESULT, declined=False, failures=0)
                said = (Say(_SPOKEN[verdict]),)
                return shown, (Do.FORGET_FACE, Do.END_VISIT, *said, Hold(Timer.DWELL, now + seconds))
            case Signal.NOT_STORED:
                # What the journal could not keep is never shown as an answer.
                return self._stopped(replace(state, service=Service.STOPPED))
            case _:
                return state, ()

    def _result(self, state: State, event: Event, now: float) -> Step:
        match event:
            case Expired(Timer.DWELL):
                return self._idle(state)
            case Signal.HEARD_AGAIN:
                seconds = PASS_SECONDS if state.verdict is Verdict.PASS else CASE_SECONDS
                return state, (Hold(Timer.DWELL, now + seconds),)
            case Signal.CONFIRMED | Signal.DENIED if state.case_on_screen:
                person = Reason.H5 if event is Signal.CONFIRMED else Reason.H7
                if person is state.person:
                    return state, ()
                return self._settled(replace(state, person=person, by_staff=True))
            case _:
                return state, ()

    # -- between visits ---------------------------------------------------------------------------------------

    def _service(self, state: State) -> Step:
        if state.phase is Phase.STOPPED:
            return self._idle(state) if state.service is Service.UP else (state, ())
        card_is_read = state.others is not None
        match state.service:
            case Service.UP:
                return state, ()
            case Service.NO_READER if card_is_read:
                return state, ()
            case _ if state.phase in (Phase.RECORDING, Phase.RESULT):
                return state, ()
            case _:
                return self._stopped(state)

    def _idle(self, state: State) -> Step:
        if state.service is not Service.UP:
            return self._stopped(state)
        return replace(self._cleared(state), phase=Phase.IDLE), self._ending()

    def _stopped(self, state: State) -> Step:
        stopped = replace(self._cleared(state), phase=Phase.STOPPED)
        return stopped, (*self._ending(), Say(Prompt.OUT_OF_ORDER))

    @staticmethod
    def _cleared(state: State) -> State:
        return State(service=state.service, called=state.called)

    @staticmethod
    def _ending() -> tuple[Effect, ...]:
        return (Do.FORGET_FACE, Do.END_VISIT, Release((*_VISIT_TIMERS, Timer.DECLINE)))
