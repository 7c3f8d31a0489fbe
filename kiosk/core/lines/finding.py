"""What a line can say: findings, each with its rule, and the state that follows from them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique

from kiosk.core.reasons import Reason


@unique
class LineState(StrEnum):
    """State of a line, in rising order of how much it weighs in the verdict."""

    OK = "ok"
    UNKNOWN = "unknown"
    ASK = "ask"
    STOP = "stop"


WEIGHT = {state: weight for weight, state in enumerate(LineState)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's word about a line.

    ``issuer`` and ``at`` name who said it and when; ``values`` fill the blanks of the staff text of this reason
    (pairs of name and printable value, for example ("hours", "12")).
    """

    reason: Reason
    state: LineState
    issuer: str = ""
    at: datetime | None = None
    values: tuple[tuple[str, str], ...] = ()
    by_staff: bool = False


@dataclass(frozen=True, slots=True)
class LineResult:
    """A line's findings; the heaviest leads, the first of equals before the others."""

    findings: tuple[Finding, ...]

    def by_weight(self) -> tuple[Finding, ...]:
        """Heaviest first, equals in their own order."""
        return tuple(sorted(self.findings, key=lambda finding: -WEIGHT[finding.state]))

    @property
    def leading(self) -> Finding:
        return self.by_weight()[0]

    @property
    def state(self) -> LineState:
        return self.leading.state

    @property
    def reason(self) -> Reason:
        return self.leading.reason


def line(*findings: Finding) -> LineResult:
    """A line of one finding or more."""
    return LineResult(findings)
