"""人: is the visitor the person on the card? Rules H1 to H7.

A face alone never refuses anybody: below the threshold, without a camera or unwilling, staff compare by eye.
"""

from collections.abc import Collection
from dataclasses import dataclass

from kiosk.core.lines.finding import Finding, LineResult, LineState, line
from kiosk.core.policy import Policy
from kiosk.core.ports import Band, Liveness
from kiosk.core.reasons import Reason

STATES = {
    Reason.H1: LineState.OK,
    Reason.H1B: LineState.ASK,
    Reason.H2: LineState.ASK,
    Reason.H3: LineState.ASK,
    Reason.H4A: LineState.ASK,
    Reason.H4B: LineState.UNKNOWN,
    Reason.H5: LineState.OK,
    Reason.H6: LineState.UNKNOWN,
    Reason.H7: LineState.ASK,
}
# The liveness that staff are told of beside a rule, gravest first.
_TOLD = {Reason.H1: (Liveness.ABSENT,), Reason.H2: (Liveness.ATTACK, Liveness.UNSURE)}
_BY_STAFF = (Reason.H5, Reason.H7)
_RISING = tuple(Band)


@dataclass(frozen=True, slots=True)
class Looks:
    """The looks of one visit: how many, and the best band among them."""

    count: int = 0
    best: Band = Band.BELOW

    def add(self, band: Band, liveness: Liveness) -> "Looks":
        """One more look; a face that may not be alive is never better than "not sure"."""
        if liveness in (Liveness.UNSURE, Liveness.ATTACK) and band is Band.ABOVE:
            band = Band.BETWEEN
        return Looks(self.count + 1, max(self.best, band, key=_RISING.index))

    def reason(self, liveness: Liveness, policy: Policy) -> Reason | None:
        """H1, H1b, H2 or H3 once the looks settle it; None while another look may help."""
        if self.best is Band.ABOVE:
            return Reason.H1B if policy.require_liveness and liveness is Liveness.ABSENT else Reason.H1
        if self.count < policy.looks:
            return None
        return Reason.H3 if self.best is Band.BELOW else Reason.H2

    @property
    def reason_when_over(self) -> Reason:
        """H6 when the face time ends and nobody was seen; H2 when the looks that there were did not suffice."""
        return Reason.H2 if self.count else Reason.H6


NO_LOOKS = Looks()


def person_line(reason: Reason, seen: Collection[Liveness] = ()) -> LineResult:
    """The line for one of the H rules. ``seen``: the liveness of the looks; what staff should know of it is noted."""
    values = tuple(("liveness", liveness.value) for liveness in _TOLD.get(reason, ()) if liveness in seen)[:1]
    return line(Finding(reason, STATES[reason], values=values, by_staff=reason in _BY_STAFF))
