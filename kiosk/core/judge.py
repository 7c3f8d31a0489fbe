"""One visit's evidence, weighed line by line into a judgement."""

from datetime import datetime, timedelta

from kiosk.core.evidence import Evidence
from kiosk.core.freshness import freshness
from kiosk.core.lines.card import card_line
from kiosk.core.lines.code import code_line
from kiosk.core.lines.finding import Finding, LineState
from kiosk.core.lines.itinerary import itinerary_line
from kiosk.core.lines.person import person_line
from kiosk.core.policy import Policy
from kiosk.core.reasons import Reason
from kiosk.core.verdict import Judgement


def judge(evidence: Evidence, person: Reason, policy: Policy, now: datetime, *, repeated: bool = False) -> Judgement:
    """Judge all four lines. ``person`` is the H rule that the session arrived at; ``repeated`` marks V1.

    The caller has made sure that the table is young enough to judge anybody (A4) and the clock sound (A9).
    """
    notes = []
    if repeated:
        notes.append(Finding(Reason.V1, LineState.OK))
    age = freshness(evidence.table.as_of, policy, now)
    if age is Reason.A2 or (age is Reason.A3 and evidence.extended):
        notes.append(Finding(age, LineState.OK, at=evidence.table.as_of))
    fever = _temperature(evidence, policy)
    if fever is not None:
        notes.append(fever)
    return Judgement(
        person=person_line(person),
        card=card_line(evidence, policy, now),
        code=code_line(evidence, policy, now),
        itinerary=itinerary_line(evidence, policy, now),
        notes=tuple(notes),
    )


def _temperature(evidence: Evidence, policy: Policy) -> Finding | None:
    """X1: a fever is one that is measured twice, some time apart; measured once it is not known yet."""
    feverish = [reading.at for reading in evidence.temperature if reading.celsius >= policy.fever_celsius]
    if not feverish or evidence.temperature[-1].celsius < policy.fever_celsius:
        return None
    apart = max(feverish) - min(feverish)
    twice = len(feverish) > 1 and apart >= timedelta(seconds=policy.fever_again_seconds)
    return Finding(Reason.X1, LineState.ASK if twice else LineState.UNKNOWN, at=max(feverish))
