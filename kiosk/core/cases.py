"""A staff case: opened by HELP or STOP, answered by staff, or closed by time."""

from dataclasses import dataclass, replace
from enum import StrEnum, unique

from kiosk.core.policy import Policy
from kiosk.core.staff import Act, DenyPerson, apply, closes
from kiosk.core.verdict import Judgement, Verdict


@unique
class Closing(StrEnum):
    """How a case ended."""

    ADMITTED = "admitted"
    REFUSED = "refused"  # staff found another person's card (H7)
    REGISTERED = "registered"
    UNATTENDED = "unattended"


@dataclass(frozen=True, slots=True, repr=False)
class Case:
    """One visitor in the staff lane.

    ``event_id`` is the event that opened it; ``card`` the keyed hash of this boot, b"" where no number was read;
    ``opened_at`` and ``evidence_at`` (the last tap) are monotonic seconds; ``judgement`` is dropped when the evidence
    time is over: then the card is tapped again.
    """

    event_id: str
    card: bytes
    opened_at: float
    evidence_at: float
    judgement: Judgement | None
    closing: Closing | None = None

    def __repr__(self) -> str:
        return f"Case({self.event_id}, {self.closing})"

    @property
    def open(self) -> bool:
        return self.closing is None

    def aged(self, now: float, policy: Policy) -> "Case":
        """The case as it stands at ``now``: evidence goes first, then the case closes as unattended."""
        if not self.open:
            return self
        if now - self.opened_at >= 60 * policy.case_minutes:
            return replace(self, judgement=None, closing=Closing.UNATTENDED)
        if now - self.evidence_at >= policy.evidence_seconds:
            return replace(self, judgement=None)
        return self

    def tapped_again(self, judgement: Judgement, now: float) -> "Case":
        """The same card joins its open case: with newer evidence, or as the pass that ends it."""
        if judgement.verdict is Verdict.PASS:
            return replace(self, judgement=None, closing=Closing.ADMITTED)
        return replace(self, judgement=judgement, evidence_at=now)

    def answered(self, act: Act) -> "Case":
        """The case after an act; only an open case that still has its evidence takes one."""
        if not self.open or self.judgement is None:
            return self
        judgement = apply(act, self.judgement)
        if judgement.verdict is Verdict.PASS:
            return replace(self, judgement=None, closing=Closing.ADMITTED)
        if not closes(act):
            return replace(self, judgement=judgement)
        closing = Closing.REFUSED if isinstance(act, DenyPerson) else Closing.REGISTERED
        return replace(self, judgement=None, closing=closing)
