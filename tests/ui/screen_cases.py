"""Every kind of public screen there can be, and clocks for tests of the ui."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

from PyQt6.QtCore import QSize

from kiosk.core.card import OtherCard
from kiosk.core.errors import Fault, Refusal
from kiosk.core.reasons import Line, Reason
from kiosk.core.session import HINTS
from kiosk.showing import Mode, Prompt, Ribbon, Screen, Showing, StaffLine, Tile, UpdateNote
from kiosk.store import ImportState
from ui.catalogue import PASSING
from ui.view import View

NOW = datetime(2022, 4, 20, 6, 32, tzinfo=UTC)
SITE = "示范社区卫生服务中心"
PORTRAIT, LANDSCAPE = QSize(1080, 1920), QSize(1920, 1080)
SIZES = (PORTRAIT, LANDSCAPE)
TOLERATED = tuple(fault for fault in Fault if not fault.stops_service)


class HandClock:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds - 1000.0)

    def monotonic(self) -> float:
        return self.seconds


def staff(mode: Mode = Mode.FIELD, hours: int | None = 6, faults: tuple[Fault, ...] = ()) -> StaffLine:
    as_of = None if hours is None else NOW - timedelta(hours=hours)
    return StaffLine(mode, as_of, hours, hours is not None and hours > 24, faults)


NOTES = (
    UpdateNote(ImportState.RUNNING, 100),
    UpdateNote(ImportState.UNFINISHED),
    *(UpdateNote(ImportState.REFUSED, refusal=refusal) for refusal in Refusal),
)
STAFF_LINES = (
    staff(),
    staff(Mode.DEMO),
    staff(Mode.TRAINING, 30, TOLERATED),
    staff(Mode.FIELD, 47),
    staff(Mode.FIELD, None),
    *(staff(Mode.FIELD, 12, (fault,)) for fault in TOLERATED),
    replace(staff(Mode.FIELD, 12), urgent_old=True),
    replace(staff(Mode.FIELD, 12), update=NOTES[0]),
    *(replace(staff(Mode.TRAINING, 30, TOLERATED), urgent_old=True, update=note) for note in NOTES[:3]),
)


def tiles(*ok: bool) -> tuple[Tile, ...]:
    return tuple(Tile(line, done) for line, done in zip(Line, ok, strict=True))


def passed(reason: Reason) -> tuple[Tile, ...]:
    return tuple(Tile(line, True, reason) for line in Line)


def guides() -> Iterator[Showing]:
    """Everything before a verdict."""
    yield from (Showing(Screen.IDLE, line) for line in STAFF_LINES)
    for screen in (Screen.IDLE, Screen.CARD, Screen.AGAIN, Screen.FACE):
        yield Showing(screen, STAFF_LINES[1])
        yield Showing(screen, STAFF_LINES[2], declined=True)
    for kind in OtherCard:
        yield Showing(Screen.OTHER_CARD, staff(), other_card=kind)
    for ribbon in Ribbon:
        yield Showing(Screen.IDLE, STAFF_LINES[2], ribbon=ribbon, declined=True)
    yield Showing(Screen.FACE, STAFF_LINES[1], ribbon=Ribbon.CALLED)


def refusals() -> Iterator[Showing]:
    """HELP and STOP with none to four tiles done."""
    for screen, done in product((Screen.HELP, Screen.STOP), range(5)):
        ok = (number >= 4 - done for number in range(4))
        yield Showing(screen, STAFF_LINES[2], tiles=tiles(*ok), seconds_left=20)
    yield from (Showing(screen, staff(), tiles=tiles(True, True, False, True)) for screen in (Screen.HELP, Screen.STOP))


def passes() -> Iterator[Showing]:
    for reason in sorted(PASSING):
        yield Showing(Screen.PASS, staff(Mode.DEMO), tiles=passed(reason), masked_name="王*明", seconds_left=8)
    for line, name in zip(STAFF_LINES, ("", "王*", "阿" + "*" * 14 + "提"), strict=False):
        line = replace(line, no_liveness=True)
        yield Showing(Screen.PASS, line, tiles=tiles(True, True, True, True), masked_name=name, seconds_left=8)

    # The narrowest place for a warning is beside the words about liveness.
    for note in NOTES:
        line = replace(staff(Mode.FIELD, 23), update=note, no_liveness=True)
        yield Showing(Screen.PASS, line, tiles=tiles(True, True, True, True), seconds_left=8)
    line = replace(staff(Mode.FIELD, 30, TOLERATED), update=NOTES[0], urgent_old=True, no_liveness=True)
    yield Showing(Screen.PASS, line, tiles=tiles(True, True, True, True), seconds_left=8)


def closed() -> Iterator[Showing]:
    for number, fault in enumerate(fault for fault in Fault if fault.stops_service):
        yield Showing(Screen.OUT_OF_ORDER, STAFF_LINES[2 * (number % 2)], fault=fault)
    yield Showing(Screen.OUT_OF_ORDER, staff(), fault=Fault.CLOCK_UNCONFIRMED, confirm_clock=NOW)


def everything() -> Iterator[Showing]:
    yield from guides()
    yield from refusals()
    yield from passes()
    yield from closed()


CAPTIONS = {
    Screen.FACE: (None, Prompt.LOOK_AGAIN, Prompt.FACE_HELP, Prompt.STAFF_COMING, *HINTS.values()),
    Screen.CARD: (None, Prompt.STAFF_COMING),
    Screen.OTHER_CARD: (None, Prompt.STAFF_COMING),
    Screen.PASS: (None, Prompt.STAFF_COMING),
    Screen.IDLE: (None, Prompt.STAFF_COMING),
}


def views() -> Iterator[View]:
    for showing in everything():
        for caption in CAPTIONS.get(showing.screen, (None,)):
            yield View(showing, None, caption)
