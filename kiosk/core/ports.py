"""The doors of the core: what it expects of devices, table, face engine, journal and clock.

Readers and the face engine work in threads of their own and answer by calling ``emit`` with one of the event values
below; ``emit`` only puts the value on the station's queue and never blocks. Every event carries the number of the
tap or ticket it belongs to, so that a late answer about the previous visitor is harmless.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from typing import Protocol

from kiosk.core.card import ChipSerial, IdCard, OtherCard
from kiosk.core.errors import Fault
from kiosk.core.idnumber import IdNumber
from kiosk.core.status import Answer, TableInfo


@dataclass(frozen=True, slots=True)
class ReaderUp:
    """The reader can feel cards; ``name`` as the system calls it."""

    name: str


@dataclass(frozen=True, slots=True)
class ReaderDown:
    """No card can be felt: Fault.PCSCD or Fault.READER. Sent once when lost, not for every retry."""

    fault: Fault
    detail: str


@dataclass(frozen=True, slots=True)
class CardFelt:
    """A card came into the field; taps count up from 1. ``at``: monotonic seconds."""

    tap: int
    at: float


@dataclass(frozen=True, slots=True, repr=False)
class NumberSeen:
    """The number field has arrived while the rest is still being read; not validated, may prove wrong."""

    tap: int
    number: str

    def __repr__(self) -> str:
        return f"NumberSeen({self.tap})"


@dataclass(frozen=True, slots=True)
class CardRead:
    """The card was read to its last byte at ``at`` (monotonic seconds)."""

    tap: int
    card: IdCard | ChipSerial
    at: float


@dataclass(frozen=True, slots=True)
class OtherCardRead:
    """The card is not a resident document."""

    tap: int
    kind: OtherCard


@dataclass(frozen=True, slots=True)
class ReadFailed:
    """The card was pulled away or did not answer; everything read of it is dropped."""

    tap: int
    detail: str


ReaderEvent = ReaderUp | ReaderDown | CardFelt | NumberSeen | CardRead | OtherCardRead | ReadFailed


class CardReader(Protocol):
    """A reader with an owner thread of its own, which reconnects by itself."""

    def start(self, emit: Callable[[ReaderEvent], None]) -> None:
        """Start the owner thread; the first event is ReaderUp or ReaderDown."""

    def close(self) -> None:
        """Stop the thread and let go of the device, within 200 ms."""


@unique
class Band(StrEnum):
    """Where a look's score lies between the thresholds T_ask and T_pass."""

    BELOW = "below"
    BETWEEN = "between"
    ABOVE = "above"


@unique
class Liveness(StrEnum):
    """Presentation attack detection (ISO/IEC 30107-3) of one look; ABSENT without a model."""

    LIVE = "live"
    UNSURE = "unsure"
    ATTACK = "attack"  # most likely a photo or a screen; a person looks, as when unsure
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Looked:
    """One look at the visitor was compared with the card's photo. ``times``: milliseconds by stage name."""

    ticket: int
    band: Band
    liveness: Liveness
    times: tuple[tuple[str, float], ...]


@unique
class Hint(StrEnum):
    """What keeps a face from being compared and the visitor can mend; where several do, the first of these."""

    ONE_PERSON = "one_person"  # a second face is about as near
    COME_CLOSER = "come_closer"
    TAKE_OFF_MASK = "take_off_mask"
    FACE_CAMERA = "face_camera"  # the head is turned, or nobody is seen at all
    MORE_LIGHT = "more_light"  # too dark, or the light is behind
    HOLD_STILL = "hold_still"  # blurred


@dataclass(frozen=True, slots=True)
class Hinted:
    """What the visitor could do now, while an answer is owed; at most one every three seconds."""

    ticket: int
    hint: Hint


@dataclass(frozen=True, slots=True)
class FaceUnavailable:
    """No look can be had in this visit (H4b); ``why`` is for staff."""

    ticket: int
    why: str


@dataclass(frozen=True, slots=True)
class FaceHealth:
    """Which of Fault.CAMERA and Fault.MODELS hold now; sent when it changes."""

    faults: frozenset[Fault]


FaceEvent = Looked | Hinted | FaceUnavailable | FaceHealth


class FaceDesk(Protocol):
    """Compares the visitor with the photo on the card. Nothing is embedded before ``begin``."""

    def start(self, emit: Callable[[FaceEvent], None]) -> None:
        """Start the owner thread; the first event is FaceHealth."""

    def begin(self, ticket: int) -> None:
        """A card was felt: choose the best live shot and embed it."""

    def compare(self, ticket: int, photo: bytes) -> None:
        """The card's photo is known: answer with Looked, or FaceUnavailable where no look can ever be had."""

    def look_again(self, ticket: int) -> None:
        """Take another look with newer frames and answer as for ``compare``."""

    def forget(self) -> None:
        """Drop photo, frames and embeddings of the visit at once; later answers of it are not sent."""

    def close(self) -> None:
        """Stop the thread."""


class HealthTable(Protocol):
    """The cached table, opened read-only and verified."""

    @property
    def info(self) -> TableInfo: ...

    def derive_key(self, number: IdNumber) -> bytes:
        """The look-up key of a number: slow on purpose (Argon2id), safe to call from any thread."""

    def lookup(self, key: bytes, now: datetime) -> Answer:
        """What the table holds under a key; Unknown.UNREADABLE where its own check fails.

        List entries that ended before ``now`` are left out.
        """

    def close(self) -> None: ...


class Clock(Protocol):
    """Wall clock and monotonic clock, injected so that tests own time."""

    def now(self) -> datetime:
        """Aware UTC."""

    def monotonic(self) -> float:
        """Seconds; never goes back."""
