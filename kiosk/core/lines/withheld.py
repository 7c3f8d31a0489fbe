"""What keeps a line from being judged: P3 to P5, A3, A10, A13. Such evidence neither refuses nor passes."""

from dataclasses import replace
from datetime import datetime

from kiosk.core.card import ChipSerial, IdCard
from kiosk.core.evidence import Evidence, Unreadable, number_of
from kiosk.core.freshness import freshness
from kiosk.core.lines.finding import Finding, LineResult, LineState, line
from kiosk.core.policy import Policy
from kiosk.core.reasons import Reason
from kiosk.core.status import Unknown
from kiosk.core.times import local_day


def unsure_clock(evidence: Evidence) -> Finding | None:
    """A10: with a clock that jumped and was not confirmed, nothing that has a date can be judged."""
    return None if evidence.clock_sure else Finding(Reason.A10, LineState.UNKNOWN)


def unreadable_card(evidence: Evidence) -> Finding | None:
    """P3, P4 or P5 when the card gives no number to go by."""
    match evidence.presented:
        case ChipSerial():
            return Finding(Reason.P3, LineState.UNKNOWN)
        case Unreadable():
            return Finding(Reason.P4, LineState.UNKNOWN)
        case IdCard() if number_of(evidence.presented) is None:
            return Finding(Reason.P5, LineState.UNKNOWN)
        case _:
            return None


def withheld(evidence: Evidence) -> Finding | None:
    """Why the table cannot speak of this visitor at all; None when it can, if only to say that it knows nobody."""
    cause = unsure_clock(evidence) or unreadable_card(evidence)
    if cause is None and evidence.answer in (None, Unknown.UNREADABLE):
        cause = Finding(Reason.A13, LineState.UNKNOWN)
    return cause


def aged(result: LineResult, evidence: Evidence, policy: Policy, now: datetime) -> LineResult:
    """A3, A4: what rests on data that old is UNKNOWN, and staff see what it was and of which day.

    While staff have opened 延期使用 in A3, green counts again, and what would stop somebody still goes to staff.
    """
    age = freshness(evidence.table.as_of, policy, now)
    if age in (Reason.A1, Reason.A2):
        return result
    if age is Reason.A3 and evidence.extended:
        softened = (
            replace(finding, state=LineState.ASK) if finding.state is LineState.STOP else finding
            for finding in result.findings
        )
        return line(*softened)
    was = (("was", result.reason.value), ("day", local_day(evidence.table.as_of).isoformat()))
    return line(Finding(age, LineState.UNKNOWN, at=evidence.table.as_of, values=was))
