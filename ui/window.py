"""The kiosk's one window: shows views posted by any thread, moves one small region, and reports presses."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtCore import QPointF, QRect, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent, QScreen
from PyQt6.QtWidgets import QWidget

from kiosk.core.ports import Clock
from kiosk.frames import LatestFrame
from kiosk.showing import Mode, Press, Showing
from ui.guides import Motion
from ui.layout import scale_of
from ui.screens import Scene, paint, paint_motion
from ui.view import View

_FRAME_MS = {Motion.CARD: 60, Motion.DOTS: 100, Motion.MIRROR: 67, Motion.COUNTDOWN: 100}  # at most 17 a second
_ANSWER_MS = 250  # a pressed button stays dark this long
_TREMBLE_S = 0.6  # a second press of the same button within this time is a trembling hand
_TICK_MS = 1000


def to_image(frames: LatestFrame) -> QImage | None:
    """A copy of the newest camera picture."""
    frame = frames.get()
    if frame is None:
        return None
    high, wide = frame.bgr.shape[:2]
    # Without the copy the image would keep pointing into a buffer that is no longer its own.
    return QImage(frame.bgr.tobytes(), wide, high, 3 * wide, QImage.Format.Format_BGR888).copy()


@dataclass(frozen=True, slots=True)
class _Posted:
    view: View
    at: float


class KioskWindow(QWidget):
    """Paints views; it decides nothing.

    ``on_press`` hears of every button. ``on_painted`` (GUI thread) gets a Showing once it is on the screen, and the
    milliseconds since it was put. ``on_staff_key`` gets F8 (True, confirm) and F9 (False, deny) outside Mode.FIELD.
    ``on_second`` is called every second.
    """

    _posted = pyqtSignal(object)

    def __init__(self, *, site: str, family: str | None, frames: LatestFrame, clock: Clock) -> None:
        super().__init__()
        self.on_press: Callable[[Press], None] | None = None
        self.on_painted: Callable[[Showing, float], None] | None = None
        self.on_staff_key: Callable[[bool], None] | None = None
        self.on_second: Callable[[], None] | None = None
        self._site = site
        self._family = family
        self._frames = frames
        self._clock = clock
        self._view: View | None = None
        self._new: _Posted | None = None
        self._shown_at = self._leaves_at = self._dwell = 0.0
        self._still: QPixmap | None = None
        self._scene: Scene | None = None
        self._pressed: Press | None = None
        self._pressed_at = float("-inf")
        self._lit: Press | None = None
        self._mirror: QImage | None = None
        self._minute = ""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._posted.connect(self._take, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]  # missing in stub
        self._motion = QTimer(self)
        self._motion.timeout.connect(self._move)
        self._second = QTimer(self)
        self._second.timeout.connect(self._tick)
        self._second.start(_TICK_MS)

    def put(self, view: View) -> None:
        """Show this view next; any thread may call."""
        self._posted.emit(_Posted(view, time.perf_counter()))

    def show_on(self, screen: QScreen) -> None:
        """Cover a screen. Without a window manager showFullScreen would leave a window of 640 x 480."""
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.setGeometry(screen.geometry())
        screen.geometryChanged.connect(self.setGeometry)
        self.show()

    def grab_png(self, path: Path) -> None:
        """Save what is on the screen; call it in the GUI thread."""
        if not self.grab().save(str(path)):
            raise OSError(f"cannot write {path}")

    def _take(self, posted: _Posted) -> None:
        view = posted.view
        if self._view is None or view.showing is not self._view.showing:
            self._new = posted
            self._time(view.showing)
        self._view = view
        self.setAccessibleName(view.heading.headline)
        self.setAccessibleDescription(view.heading.sub)
        if view.showing.staff.mode is Mode.FIELD:
            self.setCursor(Qt.CursorShape.BlankCursor)
        else:
            self.unsetCursor()
        self._redraw()

    def _time(self, showing: Showing) -> None:
        """Begin motions anew on another screen; a result that is sent again says how much of its dwell is left."""
        now = self._clock.monotonic()
        if self._view is None or showing.screen is not self._view.showing.screen:
            self._shown_at, self._dwell = now, 0.0
        self._dwell = max(self._dwell, showing.seconds_left)
        self._leaves_at = now + showing.seconds_left

    def _redraw(self) -> None:
        self._still = None
        self.update()

    def _tick(self) -> None:
        minute = f"{self._clock.now():%H:%M}"
        if minute != self._minute:
            self._minute = minute
            self._redraw()
        if self.on_second is not None:
            self.on_second()

    def _draw_still(self, view: View) -> QPixmap:
        ratio = self.devicePixelRatioF()
        still = QPixmap(QSize(round(self.width() * ratio), round(self.height() * ratio)))
        painter = QPainter(still)
        now = self._clock.now()
        size = still.size()
        try:
            self._scene = paint(painter, size, view, now, site=self._site, family=self._family, pressed=self._lit)
        finally:
            painter.end()  # or a bug in the painting would end in Qt's crash, not in the safe screen
        still.setDevicePixelRatio(ratio)
        moving = self._scene.moving
        self._mirror = to_image(self._frames) if moving is not None and moving.motion is Motion.MIRROR else None
        if moving is not None:
            self._motion.start(_FRAME_MS[moving.motion])
        else:
            self._motion.stop()
        return still

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802  (Qt's name)
        if self._view is None or event is None:
            return
        if self._still is None:
            self._still = self._draw_still(self._view)
        painter = QPainter(self)
        try:
            painter.setClipRect(event.rect())
            painter.drawPixmap(0, 0, self._still)
            if self._scene is not None and self._scene.moving is not None:
                now = self._clock.monotonic()
                left = (self._leaves_at - now) / self._dwell if self._dwell else 0.0
                paint_motion(painter, self.size(), self._scene.moving, now - self._shown_at, left, self._mirror)
        finally:
            painter.end()
        if self._new is not None:
            posted, self._new = self._new, None
            if self.on_painted is not None:
                self.on_painted(posted.view.showing, (time.perf_counter() - posted.at) * 1000)

    def _move(self) -> None:
        if self._scene is None or self._scene.moving is None:
            self._motion.stop()
            return
        if self._scene.moving.motion is Motion.MIRROR:
            self._mirror = to_image(self._frames)
        scale = scale_of(self.size())
        area = self._scene.moving.area
        left, top, right, bottom = (round(side * scale) for side in area.getCoords())
        self.update(QRect(left - 2, top - 2, right - left + 4, bottom - top + 4))

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802  (Qt's name)
        super().resizeEvent(event)
        self._redraw()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802  (Qt's name)
        """A touch counts when it lands: old hands slide or linger."""
        if event is None or self._scene is None:
            return
        press = self._scene.press_at(QPointF(event.position()) / scale_of(self.size()))
        now = self._clock.monotonic()
        if press is None or (press is self._pressed and now - self._pressed_at < _TREMBLE_S):
            return
        self._pressed, self._pressed_at = press, now
        self._lit = press
        self._redraw()
        QTimer.singleShot(_ANSWER_MS, self._answered)
        if self.on_press is not None:
            self.on_press(press)

    def _answered(self) -> None:
        self._lit = None
        self._redraw()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802  (Qt's name)
        """Keys are for demo and training: Esc closes, F8 and F9 are the staff's yes and no."""
        if event is None or self._view is None or self._view.showing.staff.mode is Mode.FIELD:
            return
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        elif event.key() in (Qt.Key.Key_F8, Qt.Key.Key_F9) and self.on_staff_key is not None:
            self.on_staff_key(event.key() == Qt.Key.Key_F8)


def render(view: View, size: QSize, clock: Clock, *, site: str, family: str | None) -> QImage:
    """A view as a picture of any size, without a window."""
    image = QImage(size, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    scene = paint(painter, size, view, clock.now(), site=site, family=family, pressed=None)
    if scene.moving is not None:
        paint_motion(painter, size, scene.moving, 0.9, 0.9, None)
    painter.end()
    return image
