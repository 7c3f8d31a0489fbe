"""证: is there a valid card? Rules P1 to P7 and S4."""

from datetime import date, datetime

from kiosk.core.card import IdCard
from kiosk.core.evidence import Evidence, PaperSlip, TypedNumber
from kiosk.core.lines.finding import Finding, LineResult, LineState, line
from kiosk.core.lines.withheld import aged, unreadable_card, unsure_clock
from kiosk.core.policy import Policy
from kiosk.core.reasons import Reason
from kiosk.core.status import ListKind, PersonStatus
from kiosk.core.times import local_day


def card_line(evidence: Evidence, policy: Policy, now: datetime) -> LineResult:
    """Judge the card by itself, and by the blocked list where the table can speak."""
    cause = unreadable_card(evidence) or unsure_clock(evidence)
    if cause is not None:
        return line(cause)
    own = _own(evidence, local_day(now))
    blocked = _blocked(evidence)
    if blocked is None:
        return line(own)
    return line(*aged(line(blocked), evidence, policy, now).findings, own)


def _own(evidence: Evidence, today: date) -> Finding:
    match evidence.presented:
        case IdCard() as card:
            return _dates(card, today)
        case TypedNumber():
            return Finding(Reason.P6, LineState.ASK)
        case PaperSlip() as slip:
            return Finding(Reason.S4, LineState.ASK, issuer=slip.issuer, values=(("until", slip.until.isoformat()),))
        case _:
            raise AssertionError("an unreadable card was judged before")


def _dates(card: IdCard, today: date) -> Finding:
    assert card.valid_from is not None  # noqa: S101  (agrees_with_itself says so)
    if today < card.valid_from:
        return Finding(Reason.P2, LineState.ASK, values=(("from", card.valid_from.isoformat()),))
    if card.valid_to is not None and today > card.valid_to:
        return Finding(Reason.P2, LineState.ASK, values=(("until", card.valid_to.isoformat()),))
    until = card.valid_to.isoformat() if card.valid_to else ""
    return Finding(Reason.P1, LineState.OK, values=(("until", until),))


def _blocked(evidence: Evidence) -> Finding | None:
    if not isinstance(evidence.answer, PersonStatus):
        return None
    for entry in evidence.answer.lists:
        if entry.kind is ListKind.BLOCKED:
            return Finding(Reason.P7, LineState.STOP, issuer=entry.issuer, values=(("list", entry.title),))
    return None
