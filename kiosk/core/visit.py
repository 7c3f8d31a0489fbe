"""The vocabulary of a visit: its state, the events that can happen to it, and the effects that follow."""

from dataclasses import dataclass
from enum import StrEnum, unique

from kiosk.core.lines.finding import LineState
from kiosk.core.lines.person import NO_LOOKS, Looks
from kiosk.core.ports import Band, Hint, Liveness
from kiosk.core.prompts import Prompt
from kiosk.core.reasons import Reason
from kiosk.core.verdict import Verdict


@unique
class Phase(StrEnum):
    """Where a visit stands."""

    IDLE = "idle"
    READING = "reading"  # card felt, being read and looked up; a face that is there settles it in silence
    AGAIN = "again"  # to be placed again
    OTHER_CARD = "other_card"
    FACE = "face"  # asked to look at the camera
    RECORDING = "recording"  # decided, not yet stored: nothing is shown
    RESULT = "result"
    STOPPED = "stopped"


@unique
class Service(StrEnum):
    """What the kiosk can do, from the faults of the moment."""

    UP = "up"
    NO_READER = "no_reader"  # a card already read is judged to the end (A13)
    STOPPED = "stopped"  # nobody can be judged


@unique
class Timer(StrEnum):
    """The deadlines of a visit; setting one again moves it."""

    READ = "read"
    AGAIN = "again"
    QUIET = "quiet"
    NEXT_LOOK = "next_look"
    FACE_HELP = "face_help"
    FACE = "face"
    DWELL = "dwell"
    DECLINE = "decline"
    CALL = "call"


@unique
class Signal(StrEnum):
    """Events without content."""

    CARD_FELT = "card_felt"
    CARD_READ = "card_read"
    READ_FAILED = "read_failed"
    OTHER_CARD = "other_card"
    FACE_UNAVAILABLE = "face_unavailable"
    DECLINED = "declined"  # 不刷脸
    CALLED = "called"  # 请人帮忙
    HEARD_AGAIN = "heard_again"  # 再听一遍
    CONFIRMED = "confirmed"  # staff: 是本人
    DENIED = "denied"  # staff: 不是本人
    STORED = "stored"
    NOT_STORED = "not_stored"


@dataclass(frozen=True, slots=True)
class Judged:
    """Card, code and itinerary are known; ``others`` is the worst of them."""

    others: LineState


@dataclass(frozen=True, slots=True)
class Look:
    """One look was compared."""

    band: Band
    liveness: Liveness


@dataclass(frozen=True, slots=True)
class Expired:
    """A timer ran out."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class ServiceIs:
    """What the kiosk can do has changed."""

    service: Service


Event = Signal | Judged | Look | Hint | Expired | ServiceIs


@dataclass(frozen=True, slots=True)
class Say:
    """Speak."""

    prompt: Prompt


@unique
class Do(StrEnum):
    """Effects without content."""

    BEGIN_VISIT = "begin_visit"  # the card just felt is the visitor's from now on
    BEGIN_FACE = "begin_face"  # a card was felt: the best live shot may be embedded now
    COMPARE = "compare"  # with the photo of the card just read
    LOOK_AGAIN = "look_again"
    FORGET_FACE = "forget_face"
    END_VISIT = "end_visit"  # drop card, photo, key and evidence


@dataclass(frozen=True, slots=True)
class Record:
    """Store the verdict, then answer with STORED or NOT_STORED. ``by_staff``: it answers the case on the screen."""

    verdict: Verdict
    person: Reason
    by_staff: bool


@dataclass(frozen=True, slots=True)
class Hold:
    """Set a timer to run out at ``until`` (monotonic seconds)."""

    timer: Timer
    until: float


@dataclass(frozen=True, slots=True)
class Release:
    """Stop timers."""

    timers: tuple[Timer, ...]


Effect = Say | Do | Record | Hold | Release


@dataclass(frozen=True, slots=True)
class State:
    """Everything that a visit remembers. ``others`` and ``person`` are None while they are not known."""

    phase: Phase = Phase.STOPPED
    service: Service = Service.STOPPED
    failures: int = 0
    declined: bool = False
    called: bool = False
    looks: Looks = NO_LOOKS
    others: LineState | None = None
    person: Reason | None = None
    verdict: Verdict | None = None
    by_staff: bool = False

    @property
    def case_on_screen(self) -> bool:
        """True while staff can answer the case that the public screen shows."""
        return self.phase is Phase.RESULT and self.verdict is not Verdict.PASS and self.person is not Reason.H7
