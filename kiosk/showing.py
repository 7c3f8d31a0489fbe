"""What the screen and the voice may know: no card, no photo, no number can be put into these types."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from typing import Protocol

from kiosk.core.card import OtherCard
from kiosk.core.errors import Fault, Refusal
from kiosk.core.prompts import Prompt as Prompt
from kiosk.core.reasons import Line, Reason
from kiosk.store import ImportState


@unique
class Screen(StrEnum):
    """The public screens."""

    IDLE = "idle"
    CARD = "card"  # being read, do not take it away
    AGAIN = "again"  # place it once more
    OTHER_CARD = "other_card"  # that was not an ID card
    FACE = "face"  # look at the camera
    PASS = "pass"
    HELP = "help"
    STOP = "stop"
    OUT_OF_ORDER = "out_of_order"


@unique
class Press(StrEnum):
    """The buttons of the public screens. LOUDER and LANGUAGE concern the voice alone and never reach the station."""

    DECLINE_FACE = "decline_face"
    CALL_STAFF = "call_staff"
    HEAR_AGAIN = "hear_again"
    LOUDER = "louder"
    LANGUAGE = "language"
    CONFIRM_CLOCK = "confirm_clock"


@unique
class Ribbon(StrEnum):
    """The band on the idle screen."""

    WAITING = "waiting"  # a case is open: registered, staff are on their way
    CALLED = "called"  # somebody pressed the help button


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the four tiles. ``reason`` is set on PASS only: elsewhere a tile says no more than done or not done."""

    line: Line
    ok: bool
    reason: Reason | None = None


@unique
class Mode(StrEnum):
    """What the kiosk is running as; everything but FIELD wears a banner."""

    FIELD = "field"
    TRAINING = "training"
    DEMO = "demo"


@dataclass(frozen=True, slots=True)
class UpdateNote:
    """A supply that is being imported, or was not: ``percent`` while it runs, ``refusal`` where it was refused."""

    state: ImportState
    percent: int = 0
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class StaffLine:
    """The line at the bottom: mode, data cut-off with its age in hours, and what staff should look after.

    ``no_liveness``: a face passed, and nothing checked whether it was alive (H1). ``urgent_old``: the urgent list is
    (A5). ``update``: None while there is nothing to say about one (A6, A7).
    """

    mode: Mode
    data_as_of: datetime | None
    data_age_hours: int | None
    data_old: bool
    faults: tuple[Fault, ...]
    no_liveness: bool = False
    urgent_old: bool = False
    update: UpdateNote | None = None


@dataclass(frozen=True, slots=True)
class Showing:
    """Everything on the public screen at one moment.

    ``tiles`` has four entries on result screens, else none. ``masked_name`` and tile reasons are filled on PASS only.
    ``seconds_left``: dwell of a result, for the countdown bar; 0 where nothing counts down.
    ``confirm_clock``: the moment that staff are asked to confirm (Fault.CLOCK_UNCONFIRMED), else None.
    """

    screen: Screen
    staff: StaffLine
    tiles: tuple[Tile, ...] = ()
    masked_name: str = ""
    ribbon: Ribbon | None = None
    other_card: OtherCard | None = None
    fault: Fault | None = None
    declined: bool = False
    seconds_left: float = 0.0
    confirm_clock: datetime | None = None

    def __post_init__(self) -> None:
        if self.screen is not Screen.PASS and (self.masked_name or any(tile.reason for tile in self.tiles)):
            raise ValueError("names and reasons appear on PASS only")


class Front(Protocol):
    """The screen and the voice as the station sees them: neither call blocks."""

    def show(self, showing: Showing) -> None:
        """Put this on the public screen, in place of what is there."""

    def say(self, prompt: Prompt) -> None:
        """Speak; a new prompt cuts the old one."""
