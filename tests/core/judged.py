"""Short ways to an answer: judge one visit, or play a visit's events."""

from datetime import datetime
from typing import Any

from kiosk.core.judge import judge
from kiosk.core.policy import Policy
from kiosk.core.reasons import Reason
from kiosk.core.session import Session
from kiosk.core.verdict import Judgement
from kiosk.core.visit import Effect, Event, Phase, Service, State
from tests.people import NOW, evidence, policy

IDLE = State(Phase.IDLE, Service.UP)
MOMENT = 500.0


def judged(
    person: Reason = Reason.H1,
    *,
    under: Policy | None = None,
    at: datetime = NOW,
    repeated: bool = False,
    **changes: Any,
) -> Judgement:
    """The judgement of a visit that is in order but for these changes of its evidence."""
    return judge(evidence(**changes), person, under or policy(), at, repeated=repeated)


def play(*events: Event, under: Policy | None = None, start: State = IDLE) -> tuple[State, tuple[Effect, ...]]:
    """The state after these events, and the effects of the last of them."""
    session = Session(under or policy())
    state = start
    effects: tuple[Effect, ...] = ()
    for event in events:
        state, effects = session.step(state, event, MOMENT)
    return state, effects
