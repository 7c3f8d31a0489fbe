import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QPointF, Qt
from PyQt6.QtGui import QGuiApplication, QImage, QKeyEvent, QMouseEvent
from PyQt6.QtWidgets import QApplication

from kiosk.frames import Frame, LatestFrame
from kiosk.showing import Mode, Press, Prompt, Screen, Showing
from tests.ui.screen_cases import LANDSCAPE, PORTRAIT, SITE, HandClock, staff, tiles
from ui.catalogue import Language
from ui.view import View
from ui.window import KioskWindow, render, to_image


class Rig:
    def __init__(self, family: str) -> None:
        self.clock = HandClock()
        self.frames = LatestFrame()
        self.painted: list[tuple[Showing, float]] = []
        self.pressed: list[Press] = []
        self.window = KioskWindow(site=SITE, family=family, frames=self.frames, clock=self.clock)
        self.window.on_painted = lambda showing, ms: self.painted.append((showing, ms))
        self.window.on_press = self.pressed.append
        self.window.resize(540, 960)
        self.window.show()

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline
            QApplication.processEvents()
            time.sleep(0.002)

    def show(self, showing: Showing) -> None:
        count = len(self.painted)
        self.window.put(View(showing))
        self.until(lambda: len(self.painted) > count)

    def grabbed(self) -> QImage:
        return self.window.grab().toImage()

    def touch(self, place: QPointF) -> None:
        left = Qt.MouseButton.LeftButton
        event = QMouseEvent(QEvent.Type.MouseButtonPress, place, place, left, left, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.window, event)

    def key(self, key: Qt.Key) -> None:
        event = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.window, event)

    def place_of(self, press: Press) -> QPointF:
        scene = self.window._scene
        assert scene is not None
        area = next(button.area for button in scene.buttons if button.press is press)
        return area.center() / 2  # the window is half as large as the canvas


@pytest.fixture
def rig(app: QApplication, family: str) -> Iterator[Rig]:
    rig = Rig(family)
    yield rig
    rig.window.close()
    rig.window.deleteLater()


def test_a_view_put_by_another_thread_is_painted_and_reported_in_the_gui_thread(rig: Rig) -> None:
    threads: list[int] = []

    def painted(showing: Showing, ms: float) -> None:
        rig.painted.append((showing, ms))
        threads.append(threading.get_ident())

    rig.window.on_painted = painted
    showing = Showing(Screen.PASS, staff(), tiles=tiles(True, True, True, True), masked_name="王*明")
    thread = threading.Thread(target=rig.window.put, args=(View(showing),))
    thread.start()
    thread.join(5)
    rig.until(lambda: bool(rig.painted))
    assert rig.painted[0][0] is showing
    assert rig.painted[0][1] > 0
    assert threads == [threading.get_ident()]
    assert rig.window.accessibleName() == "核验通过"
    assert rig.grabbed().pixelColor(10, 200).name().upper() == "#00594C"


def test_a_hint_is_read_out_by_screen_readers_in_place_of_the_headline(rig: Rig) -> None:
    showing = Showing(Screen.FACE, staff())
    rig.show(showing)
    rig.window.put(View(showing, None, Prompt.TAKE_OFF_MASK))
    rig.until(lambda: rig.window.accessibleName() == "请摘下口罩")
    assert rig.window.accessibleDescription() == "不用急，慢慢来"


def test_the_same_showing_in_another_language_is_not_a_new_one(rig: Rig) -> None:
    showing = Showing(Screen.IDLE, staff())
    rig.show(showing)
    rig.window.put(View(showing, Language.ENGLISH))
    rig.until(lambda: rig.window.accessibleName() == "Place ID card")
    for _ in range(20):
        QApplication.processEvents()
    assert len(rig.painted) == 1


def test_touching_a_button_reports_it_once_though_the_hand_trembles(rig: Rig) -> None:
    rig.show(Showing(Screen.IDLE, staff()))
    place = rig.place_of(Press.CALL_STAFF)
    rig.touch(place)
    rig.clock.seconds += 0.2
    rig.touch(place)
    rig.touch(QPointF(270, 300))
    assert rig.pressed == [Press.CALL_STAFF]
    rig.clock.seconds += 2
    rig.touch(place)
    rig.touch(rig.place_of(Press.DECLINE_FACE))
    assert rig.pressed == [Press.CALL_STAFF, Press.CALL_STAFF, Press.DECLINE_FACE]


def test_keys_belong_to_demo_and_training_alone(rig: Rig) -> None:
    keys: list[bool] = []
    rig.window.on_staff_key = keys.append
    rig.show(Showing(Screen.HELP, staff(Mode.FIELD), tiles=tiles(False, True, True, True)))
    for key in (Qt.Key.Key_F8, Qt.Key.Key_F9, Qt.Key.Key_Escape):
        rig.key(key)
    assert keys == []
    assert rig.window.isVisible()
    assert rig.window.cursor().shape() is Qt.CursorShape.BlankCursor
    rig.show(Showing(Screen.HELP, staff(Mode.DEMO), tiles=tiles(False, True, True, True)))
    rig.key(Qt.Key.Key_F8)
    rig.key(Qt.Key.Key_F9)
    assert keys == [True, False]
    assert rig.window.cursor().shape() is not Qt.CursorShape.BlankCursor
    rig.key(Qt.Key.Key_Escape)
    assert not rig.window.isVisible()


def test_an_error_in_a_slot_reaches_the_hook_and_the_window_lives(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    caught: list[type[BaseException]] = []

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        caught.append(kind)

    def broken(press: Press) -> None:
        raise RuntimeError(press)

    monkeypatch.setattr(sys, "excepthook", hook)
    rig.show(Showing(Screen.IDLE, staff()))
    rig.window.on_press = broken
    rig.touch(rig.place_of(Press.CALL_STAFF))
    assert caught == [RuntimeError]
    rig.show(Showing(Screen.CARD, staff()))


def test_the_mirror_is_mirrored_and_follows_the_camera_on_the_face_screen_alone(rig: Rig) -> None:
    bgr = np.zeros((480, 640, 3), np.uint8)
    bgr[:, :320] = (0, 0, 255)  # red on the left of the camera's picture
    bgr[:, 320:] = (255, 0, 0)
    rig.frames.put(Frame(bgr, 0.0, 1))
    rig.show(Showing(Screen.FACE, staff()))
    scene = rig.window._scene
    assert scene is not None
    assert scene.moving is not None
    centre = scene.moving.area.center() / 2
    left, right = (int(centre.x()) - 60, int(centre.y())), (int(centre.x()) + 60, int(centre.y()))
    picture = rig.grabbed()
    assert (picture.pixelColor(*left).name(), picture.pixelColor(*right).name()) == ("#0000ff", "#ff0000")
    rig.frames.put(Frame(np.full((480, 640, 3), 200, np.uint8), 0.1, 2))
    rig.until(lambda: rig.grabbed().pixelColor(*left).name() == "#c8c8c8")
    rig.frames.put(None)
    rig.until(lambda: rig.grabbed().pixelColor(*left).name() != "#c8c8c8")
    rig.show(Showing(Screen.IDLE, staff()))
    assert rig.window._mirror is None


def test_a_picture_is_a_copy(app: QApplication) -> None:
    frames = LatestFrame()
    bgr = np.full((4, 5, 3), 9, np.uint8)
    frames.put(Frame(bgr, 0.0, 1))
    image = to_image(frames)
    assert image is not None
    bgr[:] = 200
    assert image.pixelColor(4, 3).name() == "#090909"


def test_the_bar_runs_out_with_the_dwell_and_starts_anew_when_it_is_prolonged(rig: Rig) -> None:
    result = Showing(Screen.PASS, staff(), tiles=tiles(True, True, True, True), seconds_left=8)
    rig.show(result)
    assert rig.window._scene is not None
    assert rig.window._scene.moving is not None
    bar = rig.window._scene.moving.area
    spot = (int(bar.left() + 0.75 * bar.width()) // 2, int(bar.center().y()) // 2)
    full = rig.grabbed().pixelColor(*spot).name()
    rig.clock.seconds += 4
    empty = rig.grabbed().pixelColor(*spot).name()
    assert full != empty
    rig.show(Showing(Screen.PASS, staff(), tiles=result.tiles, seconds_left=8))
    assert rig.grabbed().pixelColor(*spot).name() == full


def test_the_clock_on_the_bar_goes_on(rig: Rig) -> None:
    rig.show(Showing(Screen.CARD, staff()))
    ticks: list[None] = []
    rig.window.on_second = lambda: ticks.append(None)
    before = rig.grabbed().copy(400, 0, 140, 46)
    rig.clock.seconds += 60
    rig.until(lambda: bool(ticks) and rig.grabbed().copy(400, 0, 140, 46) != before)


def test_window_covers_its_screen_and_saves_what_it_shows(rig: Rig, tmp_path: Path) -> None:
    screen = QGuiApplication.primaryScreen()
    assert screen is not None
    rig.window.show_on(screen)
    rig.show(Showing(Screen.IDLE, staff()))
    assert rig.window.geometry() == screen.geometry()
    rig.window.grab_png(tmp_path / "idle.png")
    assert QImage(str(tmp_path / "idle.png")).size() == screen.geometry().size() * rig.window.devicePixelRatio()
    with pytest.raises(OSError, match=r"idle\.png"):
        rig.window.grab_png(tmp_path / "missing" / "idle.png")


@pytest.mark.parametrize("size", [PORTRAIT, LANDSCAPE], ids=("portrait", "landscape"))
def test_pictures_can_be_rendered_without_a_window(family: str, size: object) -> None:
    wanted = PORTRAIT if size is PORTRAIT else LANDSCAPE
    image = render(View(Showing(Screen.FACE, staff())), wanted, HandClock(), site=SITE, family=family)
    assert image.size() == wanted
