"""One event of the journal. Its fields are the whole record: nothing that names a person has a place in it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from typing import Self

from kiosk.core.lines.finding import LineResult, LineState
from kiosk.core.reasons import Line, Reason
from kiosk.core.verdict import Judgement, Verdict


@unique
class Kind(StrEnum):
    """A verdict of the kiosk, or an act of staff about an earlier event."""

    VERDICT = "verdict"
    STAFF = "staff"


@unique
class InputMode(StrEnum):
    """How the visitor's number came in; NONE where there was none."""

    CARD = "card"
    TYPED = "typed"
    PAPER = "paper"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class LineEntry:
    """One line as it was judged; the reason that led comes first."""

    line: Line
    state: LineState
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The four lines, the codes that belong to no line, and the verdict."""

    verdict: Verdict
    lines: tuple[LineEntry, ...]
    notes: tuple[Reason, ...]

    @classmethod
    def of(cls, judgement: Judgement) -> Self:
        """What the journal keeps of a judgement: no place, no hours and no issuer, which could tell who it was."""
        return cls(
            judgement.verdict,
            tuple(_entry(line, judgement.line(line)) for line in Line),
            tuple(note.reason for note in judgement.notes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEvent:
    """What happened, when, under which data and why.

    ``event_id`` is random hexadecimal; ``refers_to`` is the event that a staff act answers, else "".
    ``package_age_hours``: full hours since the data cut-off; None, as the serial, where there was no table.
    ``outcome``: None for an act that judges nothing.
    ``staff_act``, ``staff_reason`` and ``who`` are "" for the kiosk's own verdicts.
    ``times``: milliseconds by stage name. ``elder``: None where the age is not known.
    ``counted``: this event counts one passed visitor.
    """

    event_id: str
    kind: Kind
    at: datetime
    device: str
    venue: str
    package_serial: int | None
    package_age_hours: int | None
    outcome: Outcome | None
    input_mode: InputMode = InputMode.NONE
    refers_to: str = ""
    staff_act: str = ""
    staff_reason: str = ""
    who: str = ""
    times: tuple[tuple[str, float], ...] = ()
    elder: bool | None = None
    counted: bool = False

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("at needs a UTC offset")

    @property
    def verdict(self) -> Verdict | None:
        return self.outcome.verdict if self.outcome else None


def _entry(line: Line, result: LineResult) -> LineEntry:
    rest = (finding.reason for finding in result.findings if finding is not result.leading)
    return LineEntry(line, result.state, (result.reason, *rest))
