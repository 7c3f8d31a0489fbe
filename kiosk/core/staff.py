"""What staff can do about a judgement (RULES H5, H7, S1 to S3). No act ever edits data or sets a colour."""

from dataclasses import dataclass, replace

from kiosk.core.lines.finding import Finding, LineResult, LineState, line
from kiosk.core.lines.person import person_line
from kiosk.core.reasons import Line, Reason
from kiosk.core.verdict import Judgement


@dataclass(frozen=True, slots=True)
class ConfirmPerson:
    """H5: staff compared by eye, 是本人."""


@dataclass(frozen=True, slots=True)
class DenyPerson:
    """H7: staff compared by eye, 不是本人; the case is closed and never passes."""


@dataclass(frozen=True, slots=True)
class SetLine:
    """S1: one line is OK on the word of a staff member."""

    line: Line


@dataclass(frozen=True, slots=True)
class PassEmergency:
    """S2: 急诊放行; no line changes."""


@dataclass(frozen=True, slots=True)
class Register:
    """S3: registered by hand; the case is closed, the verdict stands."""


Act = ConfirmPerson | DenyPerson | SetLine | PassEmergency | Register


def apply(act: Act, judgement: Judgement) -> Judgement:
    """The judgement after an act; the earlier one stays as it is, in the event that this one's event names."""
    match act:
        case ConfirmPerson():
            return replace(judgement, person=person_line(Reason.H5))
        case DenyPerson():
            return replace(judgement, person=person_line(Reason.H7))
        case SetLine(which):
            return _with_line(judgement, which)
        case PassEmergency():
            return replace(judgement, emergency=True, notes=(*judgement.notes, _by_staff(Reason.S2)))
        case Register():
            return replace(judgement, notes=(*judgement.notes, _by_staff(Reason.S3)))


def closes(act: Act) -> bool:
    """True where the case is over with this act."""
    return isinstance(act, (DenyPerson, Register, PassEmergency))


def _by_staff(reason: Reason, *values: tuple[str, str]) -> Finding:
    return Finding(reason, LineState.OK, values=values, by_staff=True)


def _with_line(judgement: Judgement, which: Line) -> Judgement:
    before = judgement.line(which)
    now: LineResult = line(_by_staff(Reason.S1, ("was", before.reason.value), ("state", before.state.value)))
    match which:
        case Line.PERSON:
            return replace(judgement, person=now)
        case Line.CARD:
            return replace(judgement, card=now)
        case Line.CODE:
            return replace(judgement, code=now)
        case Line.ITINERARY:
            return replace(judgement, itinerary=now)
