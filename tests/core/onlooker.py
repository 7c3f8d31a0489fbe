"""An onlooker of the session: walks every state that a visit can reach with every event, and keeps book.

It carries beside the state what somebody at the door would know: what is in memory, which timers run, what was wished.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from kiosk.core.lines.finding import LineState
from kiosk.core.policy import Policy
from kiosk.core.ports import Band, Hint, Liveness
from kiosk.core.session import Session
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
from tests.people import policy

MOMENT = 1000.0
EVENTS: tuple[Event, ...] = (
    *Signal,
    *(Judged(others) for others in LineState),
    *(Look(band, liveness) for band in Band for liveness in Liveness),
    *Hint,
    *(Expired(timer) for timer in Timer),
    *(ServiceIs(service) for service in Service),
)
POLICIES = {
    "three-looks": policy(),
    "one-look": policy(looks=1, read_tries=1),
    "three-looks-liveness": policy(require_liveness=True),
    "one-look-liveness": policy(require_liveness=True, looks=1, read_tries=1),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What an onlooker knows of a kiosk: its state, and what led to it."""

    state: State
    running: frozenset[Timer] = frozenset()
    card_kept: bool = False
    face_kept: bool = False
    matched: bool = False  # a live enough face above the threshold was seen in this visit
    unwilling: bool = False  # 不刷脸 was pressed for this visit


@dataclass(frozen=True, slots=True)
class Step:
    """One event in one state, and what followed."""

    before: Seen
    event: Event
    after: Seen
    effects: tuple[Effect, ...]


def look_on(before: Seen, event: Event, state: State, effects: tuple[Effect, ...]) -> Seen:
    """What the onlooker knows after a step."""
    running = set(before.running)
    if isinstance(event, Expired):
        running.discard(event.timer)
    card, face, matched, unwilling = before.card_kept, before.face_kept, before.matched, before.unwilling
    if event is Signal.CARD_FELT and state != before.state:
        matched = False
        unwilling = unwilling and before.state.phase in (Phase.IDLE, Phase.AGAIN)
    if isinstance(event, Look) and event.band is Band.ABOVE and event.liveness in (Liveness.LIVE, Liveness.ABSENT):
        matched = True
    if event is Signal.DECLINED and before.state.phase in (Phase.IDLE, Phase.READING, Phase.AGAIN, Phase.FACE):
        unwilling = True
    if event == Expired(Timer.DECLINE) and before.state.phase is Phase.IDLE:
        unwilling = False
    for effect in effects:
        match effect:
            case Hold(timer):
                running.add(timer)
            case Release(timers):
                running.difference_update(timers)
            case Do.BEGIN_FACE | Do.COMPARE | Do.LOOK_AGAIN:
                face = True
            case Do.FORGET_FACE:
                face = False
            case Do.END_VISIT:
                card = False
            case Say() | Record():
                pass
    if state.phase in (Phase.READING, Phase.FACE):
        card = True
    if state.phase in (Phase.STOPPED, Phase.OTHER_CARD, Phase.RESULT) or (
        state.phase is Phase.IDLE and before.state.phase is not Phase.IDLE
    ):
        unwilling = False
    return Seen(state, frozenset(running), card, face, matched, unwilling)


@dataclass(frozen=True, slots=True)
class Walk:
    """All that can happen under one policy."""

    policy: Policy
    seen: frozenset[Seen]
    steps: tuple[Step, ...]

    def where(self, condition: Callable[[Step], bool]) -> Iterator[Step]:
        return (step for step in self.steps if condition(step))


@cache
def walk(name: str) -> Walk:
    session = Session(POLICIES[name])
    start = Seen(State())
    seen, steps, todo = {start}, [], deque([start])
    while todo:
        before = todo.popleft()
        for event in EVENTS:
            state, effects = session.step(before.state, event, MOMENT)
            after = look_on(before, event, state, effects)
            steps.append(Step(before, event, after, effects))
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return Walk(session.policy, frozenset(seen), tuple(steps))
