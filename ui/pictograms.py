"""Signs drawn as paths: fonts lack some of them, and a sign must look the same everywhere.

Each function returns a shape within the square ``area``.
"""

import math

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPainterPathStroker, QPolygonF, QTransform

from ui.pen import Pen
from ui.theme import Colour


def _polyline(area: QRectF, points: tuple[tuple[float, float], ...], width: float) -> QPainterPath:
    line = QPainterPath(QPointF(area.left() + points[0][0] * area.width(), area.top() + points[0][1] * area.height()))
    for x, y in points[1:]:
        line.lineTo(area.left() + x * area.width(), area.top() + y * area.height())
    stroker = QPainterPathStroker()
    stroker.setWidth(width * area.width())
    stroker.setCapStyle(Qt.PenCapStyle.RoundCap)
    stroker.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return stroker.createStroke(line)


def disc(area: QRectF) -> QPainterPath:
    """A full circle."""
    path = QPainterPath()
    path.addEllipse(area)
    return path


def tick(area: QRectF) -> QPainterPath:
    """A tick."""
    return _polyline(area, ((0.28, 0.53), (0.44, 0.69), (0.74, 0.35)), 0.115)


def cross(area: QRectF) -> QPainterPath:
    """A diagonal cross."""
    falling = _polyline(area, ((0.2, 0.2), (0.8, 0.8)), 0.14)
    return falling.united(_polyline(area, ((0.8, 0.2), (0.2, 0.8)), 0.14))


def question(area: QRectF) -> QPainterPath:
    """A question mark."""
    side = area.width()
    hook = QPainterPath()
    bow = QRectF(area.left() + 0.335 * side, area.top() + 0.2 * side, 0.33 * side, 0.33 * side)
    hook.arcMoveTo(bow, 180)
    hook.arcTo(bow, 180, -235)
    hook.quadTo(area.left() + 0.5 * side, area.top() + 0.54 * side, area.left() + 0.5 * side, area.top() + 0.63 * side)
    stroker = QPainterPathStroker()
    stroker.setWidth(0.1 * side)
    stroker.setCapStyle(Qt.PenCapStyle.RoundCap)
    path = stroker.createStroke(hook)
    path.addEllipse(QPointF(area.left() + 0.5 * side, area.top() + 0.785 * side), 0.065 * side, 0.065 * side)
    path.setFillRule(Qt.FillRule.WindingFill)
    return path


def triangle(area: QRectF) -> QPainterPath:
    """A warning triangle with round corners."""
    top, low = area.top() + 0.1 * area.height(), area.bottom() - 0.12 * area.height()
    inner = QPolygonF(
        [
            QPointF(area.center().x(), top + 0.06 * area.height()),
            QPointF(area.right() - 0.1 * area.width(), low - 0.03 * area.height()),
            QPointF(area.left() + 0.1 * area.width(), low - 0.03 * area.height()),
        ]
    )
    path = QPainterPath()
    path.addPolygon(inner)
    path.closeSubpath()
    stroker = QPainterPathStroker()
    stroker.setWidth(0.11 * area.width())
    stroker.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return path.united(stroker.createStroke(path))


def exclamation(area: QRectF) -> QPainterPath:
    """An exclamation mark that sits well inside ``triangle``."""
    path = _polyline(area, ((0.5, 0.4), (0.5, 0.6)), 0.11)
    path.addEllipse(QPointF(area.center().x(), area.top() + 0.755 * area.height()), *[0.066 * area.width()] * 2)
    return path


def octagon(area: QRectF) -> QPainterPath:
    """A regular octagon standing on an edge."""
    radius = area.width() / 2 / math.cos(math.pi / 8)
    turns = [math.pi / 8 + number * math.pi / 4 for number in range(8)]
    centre = area.center()
    path = QPainterPath()
    path.addPolygon(
        QPolygonF([QPointF(centre.x() + radius * math.cos(t), centre.y() + radius * math.sin(t)) for t in turns])
    )
    path.closeSubpath()
    return path


def hand(area: QRectF) -> QPainterPath:
    """A raised open palm."""
    side = area.width()
    path = QPainterPath()
    # Overlapping parts that all run the same way round: joining them with united() leaves hairlines.
    path.setFillRule(Qt.FillRule.WindingFill)

    def finger(x: float, y: float, wide: float, high: float, turn: float = 0) -> None:
        part = QPainterPath()
        radius = min(wide, high) / 2 * side
        part.addRoundedRect(QRectF(-wide * side / 2, 0, wide * side, high * side), radius, radius)
        place = QTransform.fromTranslate(area.left() + x * side, area.top() + y * side)
        path.addPath(place.rotate(turn).map(part))

    palm = QRectF(area.left() + 0.29 * side, area.top() + 0.47 * side, 0.453 * side, 0.42 * side)
    path.addRoundedRect(palm, 0.15 * side, 0.15 * side)
    path.addRect(palm.adjusted(0, 0.02 * side, 0, -0.2 * side))
    for x, y in ((0.339, 0.2), (0.457, 0.12), (0.576, 0.15), (0.694, 0.25)):
        finger(x, y, 0.098, 0.5)
    finger(0.145, 0.49, 0.11, 0.42, -42)
    return path


def person(area: QRectF) -> QPainterPath:
    """Head and shoulders."""
    side = area.width()
    path = QPainterPath()
    path.addEllipse(QPointF(area.left() + 0.5 * side, area.top() + 0.31 * side), 0.19 * side, 0.21 * side)
    body = QPainterPath()
    shoulders = QRectF(area.left() + 0.14 * side, area.top() + 0.58 * side, 0.72 * side, 0.6 * side)
    body.addRoundedRect(shoulders, 0.3 * side, 0.3 * side)
    room = QPainterPath()
    room.addRect(QRectF(area.left(), area.top(), side, 0.92 * side))
    return path.united(body.intersected(room))


def id_card(pen: Pen, area: QRectF) -> None:
    """A resident ID card: lines of text and a portrait."""
    pen.box(area, Colour.INFO_TINT, Colour.INK, area.height() * 0.09, max(4.0, area.height() * 0.028))
    high, left = area.height(), area.left() + 0.09 * area.width()
    for row, wide in enumerate((0.34, 0.46, 0.38)):
        top = area.top() + (0.2 + 0.23 * row) * high
        pen.box(QRectF(left, top, wide * area.width(), 0.115 * high), Colour.SLATE, None, 0.03 * high)
    photo = QRectF(area.left() + 0.66 * area.width(), area.top() + 0.17 * high, 0.25 * area.width(), 0.62 * high)
    pen.box(photo, Colour.WHITE, Colour.SLATE, 0.04 * high, 3)
    face = min(photo.width(), photo.height())
    pen.painter.save()
    pen.painter.setClipRect(photo)
    pen.fill(person(QRectF(photo.center().x() - face / 2, photo.bottom() - 1.02 * face, face, face)), Colour.SLATE)
    pen.painter.restore()


def verdict_pass(pen: Pen, area: QRectF) -> None:
    """A white disc with a tick."""
    pen.fill(disc(area), Colour.WHITE)
    pen.fill(tick(area), Colour.PASS)


def verdict_help(pen: Pen, area: QRectF) -> None:
    """A dark warning triangle."""
    pen.fill(triangle(area), Colour.INK)
    pen.fill(exclamation(area), Colour.HELP)


def verdict_stop(pen: Pen, area: QRectF) -> None:
    """A red octagon with a raised palm."""
    pen.fill(octagon(area), Colour.STOP)
    pen.fill(hand(area.adjusted(*[area.width() * part for part in (0.14, 0.13, -0.14, -0.15)])), Colour.WHITE)


def hatched(painter: QPainter, area: QRectF, one: Colour, other: Colour, width: float = 44) -> None:
    """Diagonal stripes over ``area``."""
    painter.save()
    painter.setClipRect(area, Qt.ClipOperation.IntersectClip)
    painter.fillRect(area, QColor(one))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(other))
    high = area.height()
    at = area.left() - high
    while at < area.right():
        low, top = area.bottom(), area.top()
        painter.drawPolygon(
            QPolygonF(
                [
                    QPointF(at, low),
                    QPointF(at + width, low),
                    QPointF(at + width + high, top),
                    QPointF(at + high, top),
                ]
            )
        )
        at += 2 * width
    painter.restore()
