"""The composition root: one ``compose`` for the kiosk, the demo, the benchmark and the tests; and ``main``."""

import argparse
import faulthandler
import logging
import resource
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from PyQt6.QtCore import QDeadlineTimer, QEventLoop, QObject, Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QApplication

from drivers.camera import open_camera
from drivers.readers import open_reader
from kiosk.clock import ShiftedClock, SystemClock, kept_over_power_loss
from kiosk.core.errors import Fault, KioskError, PolicyError, SettingsError, TableError
from kiosk.core.ports import CardReader, Clock
from kiosk.frames import Camera, LatestFrame
from kiosk.health import Health
from kiosk.journal import Journal
from kiosk.policies.book import PolicySource
from kiosk.recorder import Recorder, Stored
from kiosk.settings import DEFAULT_MODELS, PRODUCTION_MODELS, ModelFiles, Settings, SoundOutput, load_settings
from kiosk.showing import Press, Screen, Showing, StaffLine
from kiosk.station import Station
from kiosk.store import read_manifest
from kiosk.supply.floors import clock_floor
from kiosk.supply.progress import last_import
from kiosk.table.source import TableSource
from models.desk import MatchingDesk
from ui.fonts import find_font
from ui.presenter import Presenter
from ui.sound import SilentSound, Sound, Speaker, open_sound
from ui.view import View
from ui.voice import Voice
from ui.window import KioskWindow

log = logging.getLogger("kiosk")

EXIT_BUG = 70  # as in sysexits.h: whoever started the kiosk starts it again
SAFE_SCREEN_SECONDS = 5
POLICY_RETRY_SECONDS = 30


@dataclass(slots=True, eq=False)
class Kiosk:
    """Everything that runs together; ``clock`` is what the rules see, devices run at their own pace."""

    clock: Clock
    camera: Camera
    reader: CardReader
    frames: LatestFrame
    station: Station
    presenter: Presenter
    window: KioskWindow
    sound: Sound

    def start(self) -> None:
        """Start every thread."""
        self.camera.start(self.frames)
        self.station.start()

    def close(self) -> None:
        """Stop every thread and let go of every device."""
        self.station.close()
        self.camera.close()
        self.sound.close()
        self.window.close()


def compose(settings: Settings, on_stored: Callable[[Stored], None] = lambda _stored: None) -> Kiosk:
    """Build a kiosk and wire it; nothing runs yet, and its window is not shown. A QApplication must exist.

    Raises PolicyError or SettingsError; everything else that is missing shows on the screen and may come later.
    """
    clock = clock_of(settings)
    store = settings.supply.store
    frames = LatestFrame()
    family = _family()
    window = KioskWindow(site=settings.venue, family=family, frames=frames, clock=clock)
    health = Health(
        PolicySource(store, settings.policy).book,
        clock,
        TableSource(store, settings.supply.keys, settings.mode),
        lambda: Journal(settings.journal, settings.mode),
        # The demo's clock is set, not kept.
        clock_kept=settings.clock is not None or kept_over_power_loss(),
        last_import=lambda: last_import(store),
        clock_floor=lambda: clock_floor(store),
    )
    sound: Sound = SilentSound() if settings.sound.output is SoundOutput.SILENT else open_sound()
    reader = open_reader(settings.reader, clock)
    # The face desk paces itself by the camera, so it must not see a demo's clock jump.
    models = models_of(settings)
    desk = MatchingDesk(frames, models.manifest, models.folder, SystemClock(), lambda: health.policy.face_fmr)
    presses: list[Callable[[Press], None]] = []
    presenter = Presenter(window, Voice(sound), lambda press: presses[0](press), clock)
    station = Station(
        settings.mode,
        clock,
        reader,
        desk,
        health,
        Recorder(settings.device, settings.venue, clock, health, on_stored),
        presenter,
    )
    presses.append(station.press)
    window.on_press = presenter.press
    window.on_staff_key = lambda confirmed: station.answer(confirmed=confirmed)

    def every_second() -> None:
        presenter.tick()
        if isinstance(sound, Speaker):
            station.report(Fault.SOUND, present=sound.look() is not None)

    window.on_second = every_second
    station.report(Fault.FONT, present=family is None)
    return Kiosk(clock, open_camera(settings.camera), reader, frames, station, presenter, window, sound)


def models_of(settings: Settings) -> ModelFiles:
    """The models that the settings name, else those of the supply, else those made at set-up."""
    if settings.models != DEFAULT_MODELS:
        return settings.models
    with suppress(TableError):  # no supply yet: its own fault is told by the table
        province = read_manifest(settings.supply.store).province
        if province is not None and province.models is not None:
            return ModelFiles(manifest=PRODUCTION_MODELS, folder=settings.supply.store / province.models)
    return settings.models


def clock_of(settings: Settings) -> Clock:
    """The machine's clock, or the demo's."""
    return SystemClock() if settings.clock is None else ShiftedClock(settings.clock.starts_at)


def _family() -> str | None:
    """The font; without a Chinese one the window draws a picture instead of words."""
    try:
        return find_font()
    except KioskError as error:
        log.error("%s", error.detail)
        return None


def show(window: KioskWindow, settings: Settings) -> None:
    """Put the window where the settings say."""
    wanted = settings.window
    screen = QApplication.primaryScreen()
    if wanted.width is not None and wanted.height is not None:
        window.resize(wanted.width, wanted.height)
        window.show()
    elif screen is not None:
        window.show_on(screen)


def safe_screen(settings: Settings, fault: Fault | None) -> View:
    """Out of order, for when there is no station to say what to show."""
    faults = () if fault is None else (fault,)
    staff = StaffLine(settings.mode, None, None, data_old=False, faults=faults)
    return View(Showing(Screen.OUT_OF_ORDER, staff, fault=fault))


def await_policy(application: QApplication, settings: Settings) -> Kiosk | None:
    """A composed kiosk; while the policy cannot be used, the safe screen, and another try from time to time.

    None when the safe screen was closed.
    """
    safe: KioskWindow | None = None
    while True:
        try:
            kiosk = compose(settings)
        except PolicyError as error:
            log.error("%s", error.detail)
        else:
            if safe is not None:
                safe.close()
            return kiosk
        if safe is None:
            safe = KioskWindow(site=settings.venue, family=_family(), frames=LatestFrame(), clock=SystemClock())
            show(safe, settings)
        safe.put(safe_screen(settings, Fault.POLICY))
        wait = QDeadlineTimer(1000 * POLICY_RETRY_SECONDS)
        while not wait.hasExpired():
            application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            if not safe.isVisible():
                return None


class SafeEnd(QObject):
    """What happens after a bug in any thread: it is written down, the safe screen is shown, and the kiosk ends.

    Without the hooks an exception in a slot would abort the process at once.
    """

    _rang = pyqtSignal()

    def __init__(self, application: QApplication, window: KioskWindow, settings: Settings) -> None:
        super().__init__()
        self._application = application
        self._window = window
        self._settings = settings
        self._happened = threading.Event()
        # Queued, because only the GUI thread may start a timer or end the loop.
        self._rang.connect(self._end_soon, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]  # missing in stub
        sys.excepthook = self._note
        threading.excepthook = lambda args: self._note(args.exc_type, args.exc_value, args.exc_traceback)

    def _note(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        log.critical("a bug; the kiosk ends", exc_info=(kind, error or kind(), trace))
        if not self._happened.is_set():
            self._happened.set()
            self._window.put(safe_screen(self._settings, None))
            self._rang.emit()

    def _end_soon(self) -> None:
        QTimer.singleShot(1000 * SAFE_SCREEN_SECONDS, lambda: self._application.exit(EXIT_BUG))


def run(settings: Settings) -> int:
    """Run the kiosk until its window is closed; the exit code."""
    application = QApplication(sys.argv[:1])
    kiosk = await_policy(application, settings)
    if kiosk is None:
        return 0
    safe_end = SafeEnd(application, kiosk.window, settings)
    show(kiosk.window, settings)
    kiosk.start()
    code = application.exec()
    kiosk.close()
    del safe_end  # its slot had to live as long as the loop
    return code


def main() -> None:
    """``kiosk --settings FILE``."""
    parser = argparse.ArgumentParser(prog="kiosk", description="Runs a One-Card Pass kiosk.")
    parser.add_argument("--settings", type=Path, required=True, help="settings file; kiosk/sample.toml is one to copy")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold faces, numbers and names
    try:
        settings = load_settings(chosen.settings)
        sys.exit(run(settings))
    except SettingsError as error:
        print(f"kiosk: {error.detail}", file=sys.stderr)
        sys.exit(2)
