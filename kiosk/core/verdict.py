"""The verdict: four lines and what else was found, weighed into pass, help or stop."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum, unique

from kiosk.core.lines.finding import WEIGHT, Finding, LineResult, LineState
from kiosk.core.reasons import Line, Reason


@unique
class Verdict(StrEnum):
    """The answer of a visit."""

    PASS = "pass"
    HELP = "help"
    STOP = "stop"


def worst(states: Iterable[LineState]) -> LineState:
    """The state that weighs most; at least one is needed."""
    return max(states, key=WEIGHT.__getitem__)


def decide(states: Iterable[LineState]) -> Verdict:
    """STOP when a line says so, PASS only when every line is OK, HELP for everything between.

    UNKNOWN therefore never passes and, by itself, never stops anybody.
    """
    match worst(states):
        case LineState.OK:
            return Verdict.PASS
        case LineState.UNKNOWN | LineState.ASK:
            return Verdict.HELP
        case LineState.STOP:
            return Verdict.STOP


@dataclass(frozen=True, slots=True)
class Judgement:
    """The four lines of a visit, and ``notes`` about the visit as a whole (X1, V1, A2, S2 ...).

    ``emergency`` is the staff's pass for an emergency (S2): it changes no line.
    """

    person: LineResult
    card: LineResult
    code: LineResult
    itinerary: LineResult
    notes: tuple[Finding, ...] = ()
    emergency: bool = False

    def line(self, which: Line) -> LineResult:
        match which:
            case Line.PERSON:
                return self.person
            case Line.CARD:
                return self.card
            case Line.CODE:
                return self.code
            case Line.ITINERARY:
                return self.itinerary

    @property
    def others(self) -> LineState:
        """The worst of everything but the person, whom the session follows through the visit."""
        return worst(
            (self.card.state, self.code.state, self.itinerary.state, *(note.state for note in self.notes)),
        )

    @property
    def verdict(self) -> Verdict:
        return Verdict.PASS if self.emergency else decide((self.person.state, self.others))

    @property
    def rules(self) -> tuple[Reason, ...]:
        """The rule that leads each line, in the order 人、证、码、行程, then those of the notes."""
        return (*(self.line(which).reason for which in Line), *(note.reason for note in self.notes))
