"""Every public screen as a picture: ``paint`` draws what stays, ``paint_motion`` the one small region that moves."""

import math
from dataclasses import dataclass
from datetime import datetime

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QTransform

from kiosk.core.errors import Fault
from kiosk.showing import Mode, Press, Screen
from ui import pictograms
from ui.catalogue import Language, words
from ui.fonts import FAMILY
from ui.guides import Motion, Moving, paint_guide, paint_idle
from ui.layout import areas, paint_bar, paint_buttons, paint_staff_line, scale_of
from ui.pen import Button, Inked, Pen
from ui.results import button_area, paint_out_of_order, paint_result, paint_without_font
from ui.theme import Colour
from ui.view import RESULTS, View

_CARD_CYCLE_S = 3.0
_DOT_S = 0.4


@dataclass(frozen=True, slots=True)
class Scene:
    """What was drawn, in canvas pixels: texts and buttons, and the region that moves."""

    inked: tuple[Inked, ...]
    buttons: tuple[Button, ...]
    moving: Moving | None

    def press_at(self, spot: QPointF) -> Press | None:
        """The button at a spot of the canvas."""
        return next((button.press for button in self.buttons if button.area.contains(spot)), None)


def _banner(view: View) -> str:
    mode = view.showing.staff.mode
    if mode is Mode.FIELD:
        return ""
    # In both languages, so that nobody takes a demonstration for the real thing.
    own, english = view.words.staff.modes[mode], words(Language.ENGLISH).staff.modes[mode].upper()
    return english if own.upper() == english else f"{own} {english}"


def paint(
    painter: QPainter, size: QSize, view: View, now: datetime, *, site: str, family: str | None, pressed: Press | None
) -> Scene:
    """Draw all that stays on a screen of ``size`` pixels. ``family``: None where there is no Chinese font."""
    painter.save()
    scale = scale_of(size)
    painter.scale(scale, scale)
    showing = view.showing
    if family is None or showing.fault is Fault.FONT:
        pen = Pen(painter, family or FAMILY)
        paint_without_font(pen, QRectF(0, 0, size.width() / scale, size.height() / scale))
        painter.restore()
        return Scene(tuple(pen.inked), (), None)
    pen = Pen(painter, family)
    places = areas(size, showing.staff)
    painter.fillRect(QRectF(0, 0, size.width() / scale, size.height() / scale), QColor(Colour.PAGE))
    moving: Moving | None = None
    if showing.screen is Screen.IDLE:
        moving = paint_idle(pen, places, view)
    elif showing.screen in RESULTS:
        moving = paint_result(pen, places, view)
    elif showing.screen is Screen.OUT_OF_ORDER:
        paint_out_of_order(pen, places, view)
    else:
        moving = paint_guide(pen, places, view)
    paint_bar(pen, places.bar, showing.staff.mode, _banner(view), site, now)
    paint_buttons(pen, button_area(places, showing.screen), view, pressed)
    paint_staff_line(pen, places.staff, showing.staff, view.words.staff)
    painter.restore()
    return Scene(tuple(pen.inked), tuple(pen.buttons), moving)


def paint_motion(
    painter: QPainter, size: QSize, moving: Moving, seconds: float, left: float, mirror: QImage | None
) -> None:
    """Draw the moving region as it is ``seconds`` after the screen came up.

    ``left``: part of a result's dwell, 1 to 0. ``mirror``: the live picture, not yet mirrored.
    """
    painter.save()
    scale = scale_of(size)
    painter.scale(scale, scale)
    pen = Pen(painter, FAMILY)
    match moving.motion:
        case Motion.CARD:
            _sliding_card(pen, moving.area, seconds)
        case Motion.DOTS:
            _dots(pen, moving.area, seconds)
        case Motion.MIRROR:
            _mirror(pen, moving.area, mirror)
        case Motion.COUNTDOWN:
            _countdown(pen, moving.area, left)
    painter.restore()


def _sliding_card(pen: Pen, way: QRectF, seconds: float) -> None:
    """The card glides to its place, rests there, and begins again."""
    wide = way.width() - 8
    card = QRectF(way.left() + 4, way.top(), wide, wide / 1.586)
    part = min(1.0, (seconds % _CARD_CYCLE_S) / _CARD_CYCLE_S / 0.55)
    eased = (1 - math.cos(math.pi * part)) / 2
    card.moveTop(way.top() + 2 + eased * (way.height() - 6 - card.height()))
    pictograms.id_card(pen, card)


def _dots(pen: Pen, area: QRectF, seconds: float) -> None:
    lit = int(seconds / _DOT_S) % 3
    for number in range(3):
        radius = 30 if number == lit else 20
        centre = QPointF(area.left() + area.width() * (number + 0.5) / 3, area.center().y())
        dot = QPainterPath()
        dot.addEllipse(centre, radius, radius)
        pen.fill(dot, Colour.INFO if number == lit else Colour.OUTLINE)


def _mirror(pen: Pen, oval: QRectF, mirror: QImage | None) -> None:
    """The visitor in an oval, as in a mirror; without a picture, head and shoulders."""
    inside = pictograms.disc(oval)
    painter = pen.painter
    painter.save()
    painter.setClipPath(inside, Qt.ClipOperation.IntersectClip)
    painter.fillRect(oval, QColor(Colour.SLATE))
    if mirror is None or mirror.isNull():
        side = 0.8 * oval.width()
        pen.fill(
            pictograms.person(QRectF(oval.center().x() - side / 2, oval.center().y() - 0.5 * side, side, side)),
            Colour.OUTLINE,
        )
    else:
        scale = max(oval.width() / mirror.width(), oval.height() / mirror.height())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setTransform(QTransform.fromScale(-scale, scale) * _moved(oval.center()) * painter.transform())
        painter.drawImage(QPointF(-mirror.width() / 2, -mirror.height() / 2), mirror)
    painter.restore()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(Colour.WHITE), 12))
    painter.drawEllipse(oval.adjusted(6, 6, -6, -6))


def _moved(to: QPointF) -> QTransform:
    return QTransform.fromTranslate(to.x(), to.y())


def _countdown(pen: Pen, area: QRectF, left: float) -> None:
    pen.box(area, Colour.OUTLINE, None, area.height() / 2)
    filled = QRectF(area)
    filled.setWidth(max(area.height(), area.width() * min(1.0, max(0.0, left))))
    pen.box(filled, Colour.INFO, None, area.height() / 2)
