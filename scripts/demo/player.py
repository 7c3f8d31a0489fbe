"""The player: taps the cards of the deck one after another and notes what the kiosk answers.

It runs in the GUI thread and hands it back to Qt while it waits, so that the window lives as it would at a door.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from PyQt6.QtCore import QEventLoop, QSize
from PyQt6.QtWidgets import QApplication

from kiosk.core.errors import Fault
from kiosk.recorder import Stored
from kiosk.settings import ModelFiles, SoundOutput
from kiosk.showing import Screen, Showing
from scripts.demo.deck import Deck, Expectation, Step
from scripts.demo.stage import LANDSCAPE, PORTRAIT, Stage
from ui.app import show
from ui.fonts import find_font
from ui.view import View
from ui.window import render

DEADLINE_SECONDS = 30.0
# Shots of the person before are forgotten after a second.
SCENE_SECONDS = 1.3
RESULTS = (Screen.PASS, Screen.HELP, Screen.STOP)


class StuckError(RuntimeError):
    """The kiosk did not do what a step waits for."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one step: the events it stored against the expected ones, and milliseconds by stage."""

    step: Step
    got: tuple[Expectation, ...]
    expected: tuple[Expectation, ...]
    times: dict[str, float]
    screen: Screen

    @property
    def right(self) -> bool:
        return self.got == self.expected


class Player:
    """Plays steps on a stage. ``pictures``: where a PNG of each verdict goes, in both orientations."""

    def __init__(
        self,
        deck: Deck,
        folder: Path,
        *,
        size: tuple[int, int] = PORTRAIT,
        camera: str | None = None,
        models: ModelFiles | None = None,
        output: SoundOutput = SoundOutput.AUTO,
        pictures: Path | None = None,
    ) -> None:
        self._deck = deck
        self._pictures = pictures
        self._stored: SimpleQueue[tuple[Stored, float]] = SimpleQueue()
        self.stage = Stage(
            deck, folder, size=size, camera=camera, models=models, output=output, on_stored=self._note_event
        )
        self.kiosk = self.stage.kiosk
        self._painted: tuple[Showing, float, float] | None = None
        self.kiosk.window.on_painted = self._note_paint
        self._before = ""

    def open(self) -> None:
        """Show the window, start the kiosk, and wait until it can serve."""
        show(self.kiosk.window, self.stage.settings)
        self.kiosk.start()
        self._until(lambda: self.screen is Screen.IDLE, "to be ready")
        # The models open in the face desk's own thread: the first picture it sees shows that they have.
        self._pump(SCENE_SECONDS)

    def close(self) -> None:
        self.stage.close()

    @property
    def with_models(self) -> bool:
        """Faces can be compared."""
        return self._painted is not None and Fault.MODELS not in self._painted[0].staff.faults

    @property
    def screen(self) -> Screen | None:
        return self._painted[0].screen if self._painted else None

    def play(self) -> Iterator[Outcome]:
        """All steps, one by one."""
        for number, step in enumerate(self._deck.step, 1):
            outcome = self.tap(step)
            if self._pictures is not None:
                self._save(self._pictures / f"{number:02}-{step.person}-{outcome.screen}")
            yield outcome

    def tap(self, step: Step) -> Outcome:
        """One step, from the first preparation to the result on the screen."""
        person = self._deck.who(step.person)
        self._prepare(step, step.before or person.face)
        self.stage.slot.insert(person.card(step.leave_after))
        if step.leave_after is not None:
            self._until(lambda: self.screen is Screen.AGAIN, "to ask for the card again")
            self.stage.slot.remove()
            self._pump(1.0)
            self.stage.slot.insert(person.card())
        if step.wait_seconds and self.with_models:
            self._until(lambda: self.screen is Screen.FACE or not self._stored.empty(), "to ask for the face")
            self.stage.skip(step.wait_seconds)
        first, stored_at = self._next_event()
        painted_at, paint_ms = self._result(stored_at)
        times = dict(first.event.times) | {"journal": first.journal_ms, "paint": paint_ms}
        if first.last_byte_at:
            times["last_byte_to_verdict"] = 1000 * (painted_at - first.last_byte_at)
        got, expected = [Expectation.of(first.event)], [step.expect]
        if not self.with_models:
            self.kiosk.station.answer(confirmed=step.staff.key == "confirm")
            answered, _ = self._next_event()
            # A denied visitor's screen stays as it is.
            self._until(lambda: self.screen == Screen(str(answered.event.verdict)), "to show what staff answered")
            got.append(Expectation.of(answered.event))
            expected = [step.without_models, Expectation(**step.staff.model_dump(exclude={"key"}))]
        self.stage.slot.remove()
        assert self.screen is not None  # noqa: S101  (a result is on it)
        return Outcome(step, tuple(one for one in got if one), tuple(expected), times, self.screen)

    def _prepare(self, step: Step, before: str) -> None:
        self.stage.lay_supply(step.table)
        age = self._deck.table.starts_at - self._deck.table.data_as_of(step.table)
        hours = int(age.total_seconds() // 3600)
        if step.wait_before:
            self.stage.skip(step.wait_before)
        self._until(lambda: self._age_hours() in (hours, hours + 1), "to take the table")
        if self.stage.put_before_camera(before) and before != self._before:
            self._before = before
            self._pump(SCENE_SECONDS)
        if step.press is not None:
            self.stage.skip(60)
            self._until(lambda: self.screen is Screen.IDLE, "to be idle")
            self.kiosk.presenter.press(step.press)
            self._until(lambda: self._painted is not None and self._painted[0].declined, "to note the button")

    def _age_hours(self) -> int | None:
        return self._painted[0].staff.data_age_hours if self._painted else None

    def _note_paint(self, showing: Showing, milliseconds: float) -> None:
        self._painted = (showing, self.stage.clock.monotonic(), milliseconds)

    def _note_event(self, stored: Stored) -> None:
        # Called in the station's thread, before it shows what it stored.
        self._stored.put((stored, self.stage.clock.monotonic()))

    def _next_event(self) -> tuple[Stored, float]:
        self._until(lambda: not self._stored.empty(), "to answer")
        return self._stored.get_nowait()

    def _result(self, stored_at: float) -> tuple[float, float]:
        """Wait until the result of an event is on the screen: when it was painted, and what that took."""
        self._until(
            lambda: self._painted is not None and self._painted[0].screen in RESULTS and self._painted[1] > stored_at,
            "to show the result",
        )
        assert self._painted is not None  # noqa: S101  (waited for)
        return self._painted[1:]

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            if time.monotonic() > end:
                raise StuckError(f"waited {DEADLINE_SECONDS:g} s for the kiosk {what}; it shows {self.screen}")
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 10)
            time.sleep(0.002)

    def _pump(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 10)
            time.sleep(0.005)

    def _save(self, stem: Path) -> None:
        """The window as it is, and the same screen in the other orientation."""
        assert self._painted is not None  # noqa: S101  (a result is on the screen)
        window = self.kiosk.window
        upright = window.height() > window.width()
        own, other = ("portrait", "landscape") if upright else ("landscape", "portrait")
        window.grab_png(stem.with_name(f"{stem.name}-{own}.png"))
        turned = QSize(*(LANDSCAPE if upright else PORTRAIT))
        site, family = self.stage.settings.venue, find_font()
        picture = render(View(self._painted[0]), turned, self.stage.clock, site=site, family=family)
        if not picture.save(str(stem.with_name(f"{stem.name}-{other}.png"))):
            raise StuckError(f"cannot write to {stem.parent}")
