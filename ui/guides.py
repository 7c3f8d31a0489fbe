"""The screens that tell visitors what to do next: idle, reading, once more, other card, look, being checked."""

from dataclasses import dataclass
from enum import Enum, auto

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QPen

from kiosk.showing import Prompt, Ribbon, Screen
from ui import pictograms
from ui.layout import Areas, Column, split
from ui.pen import Pen
from ui.theme import BODY, HEADLINE, LEAST, MARGIN, TITLE, Colour
from ui.view import View


class Motion(Enum):
    """What moves on a screen."""

    CARD = auto()  # slides to its place on the reader
    DOTS = auto()  # one after another
    MIRROR = auto()  # the live picture
    COUNTDOWN = auto()  # the dwell of a result runs out


@dataclass(frozen=True, slots=True)
class Moving:
    """The one small region that is painted again and again."""

    motion: Motion
    area: QRectF


def paint_idle(pen: Pen, areas: Areas, view: View) -> Moving:
    """Place the card: a moving card, three steps, the notice, and the ribbon of an open case."""
    words, showing = view.words, view.showing
    ribbon = showing.ribbon or (Ribbon.CALLED if view.caption is Prompt.STAFF_COMING else None)
    room = areas.content.adjusted(MARGIN, 24, -MARGIN, 0)
    if areas.wide:
        left, column = _halves(room, 0.4)
    else:
        left, column = None, Column(room)
    pen.text(column.top(214 if areas.wide else 250, 4), words.screens[Screen.IDLE].headline, HEADLINE, *_ON_PAGE)
    pen.text(column.top(104, 16), words.screens[Screen.IDLE].sub, TITLE, *_ON_PAGE)
    notice = column.bottom(152, 20)
    if showing.declined:
        _band(pen, notice, (words.declined,))
    else:
        for row, text in zip(_rows(notice, 2), words.notice, strict=True):
            pen.text(row, text, LEAST, Colour.SLATE, Colour.PAGE)
    if ribbon is not None:
        _band(pen, column.bottom(column.rest.height() if areas.wide else 250, 24), words.ribbons[ribbon])
    else:
        _steps(pen, column.bottom(column.rest.height() if areas.wide else 250, 24), words.steps)
    return _tray(pen, left or column.rest, words.reader)


def paint_guide(pen: Pen, areas: Areas, view: View) -> Moving | None:
    """One thing to do, in two lines of words and one picture."""
    words, showing = view.words, view.showing
    heading = view.heading
    room = areas.content.adjusted(MARGIN, 24, -MARGIN, 0)
    if areas.wide:
        panel, column = _halves(room, 0.5 if showing.screen is Screen.FACE else 0.4)
        column = Column(column.rest.adjusted(0, 40, 0, -40))
    else:
        panel, column = None, Column(room)
    pen.text(column.top(250, 8), heading.headline, HEADLINE, *_ON_PAGE)
    pen.text(column.top(180 if areas.wide else 130, 28), heading.sub, TITLE, *_ON_PAGE, lines=2 if areas.wide else 1)
    hint = column.bottom(130, 28)
    if showing.ribbon is Ribbon.CALLED or view.caption is Prompt.STAFF_COMING:
        _band(pen, hint, (words.prompts[Prompt.STAFF_COMING],))
    elif showing.declined:
        _band(pen, hint, (words.declined,))
    elif showing.other_card is not None:
        pen.text(hint, words.other_cards[showing.other_card], BODY, *_ON_PAGE)
    elif not areas.wide:
        column.bottom(-158)  # nothing to say: the picture takes the room
    return _picture(pen, panel or column.rest, view)


_ON_PAGE = (Colour.INK, Colour.PAGE)


def _halves(room: QRectF, part: float) -> tuple[QRectF, Column]:
    cut = room.left() + part * room.width()
    left, right = QRectF(room), QRectF(room)
    left.setRight(cut)
    right.setLeft(cut + MARGIN)
    return left, Column(right)


def _rows(area: QRectF, parts: int) -> list[QRectF]:
    high = area.height() / parts
    return [QRectF(area.left(), area.top() + number * high, area.width(), high) for number in range(parts)]


def _band(pen: Pen, area: QRectF, lines: tuple[str, ...]) -> None:
    """A solid amber band: somebody is on the way, or something has been chosen."""
    pen.box(area, Colour.HELP, None, 24)
    rows = _rows(area.adjusted(20, 8, -20, -8), len(lines))
    px = min(pen.fit(line, row, min(TITLE, round(0.8 * row.height()))) for line, row in zip(lines, rows, strict=True))
    for line, row in zip(lines, rows, strict=True):
        pen.text(row, line, px, Colour.INK, Colour.HELP)


def _steps(pen: Pen, area: QRectF, steps: tuple[str, str, str]) -> None:
    boxes = split(area, len(steps), 24)
    slots = [Column(box.adjusted(8, 16, -8, -10)) for box in boxes]
    circles = [slot.top(min(112.0, box.height() * 0.44)) for slot, box in zip(slots, boxes, strict=True)]
    px = min(pen.fit(step, slot.rest, BODY) for step, slot in zip(steps, slots, strict=True))
    for number, (box, slot, row, step) in enumerate(zip(boxes, slots, circles, steps, strict=True), start=1):
        pen.box(box, Colour.WHITE, Colour.OUTLINE, 24, 3)
        side = row.height()
        circle = QRectF(row.center().x() - side / 2, row.top(), side, side)
        pen.fill(pictograms.disc(circle), Colour.INFO)
        pen.text(circle, str(number), round(0.72 * side), Colour.WHITE, Colour.INFO)
        pen.text(slot.rest, step, px, Colour.INK, Colour.WHITE)


def _tray(pen: Pen, area: QRectF, label: str, *, filled: bool = False) -> Moving:
    """The reader with the outline of a card on it, and above it the way that the card takes."""
    pen.box(area, Colour.WHITE, Colour.OUTLINE, 36, 3)
    inner = area.adjusted(24, 24, -24, -24)
    card_high = min(0.36 * inner.height(), 0.62 * inner.width() / 1.586)
    label_high = 88.0
    tray_high = card_high + label_high + 44
    wide = min(inner.width(), max(1.9 * card_high, 480.0) + 80)
    tray = QRectF(inner.center().x() - wide / 2, inner.bottom() - tray_high, wide, tray_high)
    pen.box(tray, Colour.INFO_TINT, Colour.INFO, 32, 7)
    place = QRectF(0, 0, 1.586 * card_high, card_high)
    place.moveCenter(tray.center())
    place.moveTop(tray.top() + 28)
    slot = QRectF(tray.left() + 20, tray.bottom() - label_high - 8, tray.width() - 40, label_high)
    pen.text(slot, label, BODY, Colour.INFO, Colour.INFO_TINT)
    if filled:
        pictograms.id_card(pen, place)
        dots = QRectF(inner.left(), inner.top(), inner.width(), tray.top() - inner.top())
        return Moving(Motion.DOTS, _dots_in(dots))
    pen.painter.setPen(QPen(QColor(Colour.INFO), 5, Qt.PenStyle.DashLine))
    pen.painter.setBrush(Qt.BrushStyle.NoBrush)
    pen.painter.drawRoundedRect(place, 14, 14)
    way = QRectF(place.left(), inner.top(), place.width(), place.bottom() - inner.top())
    return Moving(Motion.CARD, way.adjusted(-4, 0, 4, 4))


def _dots_in(area: QRectF) -> QRectF:
    spot = QRectF(0, 0, 300, 80)
    spot.moveCenter(area.center())
    return spot


def _picture(pen: Pen, area: QRectF, view: View) -> Moving | None:
    match view.showing.screen:
        case Screen.CARD:
            return _tray(pen, area, view.words.reader, filled=True)
        case Screen.FACE:
            return _mirror(pen, area)
        case Screen.OTHER_CARD:
            _exchange(pen, area)
            return None
        case _:
            return _tray(pen, area, view.words.reader)


def _mirror(pen: Pen, area: QRectF) -> Moving:
    """A dark panel with a bright oval to look into."""
    pen.box(area, Colour.PANEL, None, 36)
    high = min(area.height() - 72, (area.width() - 120) / 0.78)
    oval = QRectF(0, 0, 0.78 * high, high)
    oval.moveCenter(area.center())
    return Moving(Motion.MIRROR, oval)


def _exchange(pen: Pen, area: QRectF) -> None:
    """Not this card (crossed out), but that one (ticked)."""
    pen.box(area, Colour.WHITE, Colour.OUTLINE, 36, 3)
    wide = 0.4 * area.width()
    for number, middle in enumerate((0.26, 0.74)):
        card = QRectF(0, 0, wide, wide / 1.586)
        card.moveCenter(area.center())
        card.moveLeft(area.left() + middle * area.width() - wide / 2)
        sign = QRectF(0, 0, 0.46 * wide, 0.46 * wide)
        sign.moveCenter(card.center())
        sign.moveTop(card.bottom() - 0.16 * wide)
        if number:
            pictograms.id_card(pen, card)
            pen.fill(pictograms.disc(sign), Colour.PASS)
            pen.fill(pictograms.tick(sign), Colour.WHITE)
        else:
            pen.box(card, Colour.OUTLINE, Colour.INK, 18, 5)
            stripe = QRectF(card.left(), card.top() + 0.2 * card.height(), card.width(), 0.2 * card.height())
            pen.painter.fillRect(stripe, QColor(Colour.SLATE))
            pen.fill(pictograms.disc(sign), Colour.STOP)
            inset = 0.12 * sign.width()
            pen.fill(pictograms.cross(sign.adjusted(inset, inset, -inset, -inset)), Colour.WHITE)
