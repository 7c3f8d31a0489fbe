"""One event of the journal. Its fields are the whole record: nothing that names a person has a place in it."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique

from kiosk.core.lines.finding import LineState
from kiosk.core.reasons import Line, Reason
from kiosk.core.verdict import Verdict


@unique
class EventKind(StrEnum):
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
    """One line as it was judged."""

    line: Line
    state: LineState
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEvent:
    """What happened, when, under which data and why.

    ``event_id`` is random hexadecimal; ``refers_to`` is the event that a staff act answers, else "".
    ``package_age_hours``: full hours since the data cut-off; None, as the serial, where there was no table.
    ``lines``: the four lines; none for an act that judges no line. ``notes``: codes that belong to no line.
    ``staff_act``, ``staff_reason`` and ``who`` are "" for the kiosk's own verdicts.
    ``times_ms``: milliseconds by stage. ``elder``: None where the age is not known.
    ``counted``: this event counts one passed visitor.
    """

    event_id: str
    kind: EventKind
    at: datetime
    device: str
    venue: str
    input_mode: InputMode
    lines: tuple[LineEntry, ...]
    verdict: Verdict
    package_serial: int | None
    package_age_hours: int | None
    refers_to: str = ""
    notes: tuple[Reason, ...] = ()
    staff_act: str = ""
    staff_reason: str = ""
    who: str = ""
    times_ms: tuple[tuple[str, float], ...] = ()
    elder: bool | None = None
    counted: bool = False

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("at needs a UTC offset")


def new_event_id() -> str:
    """A random event id: 32 hexadecimal digits."""
    return secrets.token_hex(16)
