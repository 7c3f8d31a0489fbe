"""The frame around every screen: bar with site and clock, room for content, buttons, and the staff line."""

from dataclasses import dataclass
from datetime import datetime

from PyQt6.QtCore import QRectF, QSize
from PyQt6.QtGui import QColor

from kiosk.core.times import SHANGHAI
from kiosk.showing import Mode, Press, StaffLine
from ui.catalogue import Alert, StaffWords
from ui.pen import LEFT, RIGHT, Button, Pen
from ui.theme import BAR_TEXT, BUTTON, BUTTON_HEIGHT, BUTTON_HEIGHT_WIDE, GAP, MARGIN, SIDE, Colour
from ui.view import View

_BAR = 92
_ROW = 72  # of the staff line


def scale_of(size: QSize) -> float:
    """Real pixels per canvas pixel."""
    return min(size.width(), size.height()) / SIDE


@dataclass(frozen=True, slots=True)
class Areas:
    """Where the parts of a screen lie.

    ``content`` and ``staff`` reach to the edges, ``buttons`` keeps the margin.
    """

    wide: bool
    bar: QRectF
    content: QRectF
    buttons: QRectF
    staff: QRectF


class Column:
    """A column from which rows are taken from the top and from the bottom."""

    def __init__(self, area: QRectF) -> None:
        self._area = QRectF(area)

    def top(self, height: float, gap: float = 0) -> QRectF:
        """The next row from the top, and a gap under it."""
        row = QRectF(self._area.left(), self._area.top(), self._area.width(), height)
        self._area.setTop(row.bottom() + gap)
        return row

    def bottom(self, height: float, gap: float = 0) -> QRectF:
        """The next row from the bottom, and a gap above it."""
        row = QRectF(self._area.left(), self._area.bottom() - height, self._area.width(), height)
        self._area.setBottom(row.top() - gap)
        return row

    @property
    def rest(self) -> QRectF:
        return QRectF(self._area)


def split(area: QRectF, parts: int, gap: float) -> list[QRectF]:
    """Equal parts side by side."""
    wide = (area.width() - (parts - 1) * gap) / parts
    return [QRectF(area.left() + number * (wide + gap), area.top(), wide, area.height()) for number in range(parts)]


def areas(size: QSize, staff: StaffLine) -> Areas:
    """Divide a canvas of the shape of ``size``."""
    scale = scale_of(size)
    canvas = Column(QRectF(0, 0, size.width() / scale, size.height() / scale))
    wide = size.width() > size.height()
    bar = canvas.top(_BAR)
    line = canvas.bottom(_ROW if wide or not needs_warning(staff) else 2 * _ROW)
    buttons = canvas.bottom(BUTTON_HEIGHT_WIDE if wide else BUTTON_HEIGHT)
    content = canvas.rest
    # The row of buttons keeps a margin to all sides; screens that draw up to the edge end above it.
    gap = 28 if wide else GAP
    buttons.translate(0, -gap)
    content.setBottom(buttons.top() - gap)
    return Areas(wide, bar, content, buttons.adjusted(MARGIN, 0, -MARGIN, 0), line)


def needs_warning(staff: StaffLine) -> bool:
    """True where the staff line needs room for more than mode and data."""
    told = staff.data_old or staff.urgent_old or staff.update is not None
    return told or any(not fault.stops_service for fault in staff.faults)


def paint_bar(pen: Pen, area: QRectF, mode: Mode, banner: str, site: str, now: datetime) -> None:
    """Site on the left, clock on the right, and between them what this kiosk is running as, unless it is in service."""
    bg = {Mode.FIELD: Colour.INK, Mode.DEMO: Colour.INFO, Mode.TRAINING: Colour.TRAINING}[mode]
    pen.painter.fillRect(area, QColor(bg))
    row = area.adjusted(MARGIN, 10, -MARGIN, -10)
    clock = QRectF(row.right() - 140, row.top(), 140, row.height())
    pen.text(clock, f"{now.astimezone(SHANGHAI):%H:%M}", BAR_TEXT, Colour.WHITE, bg, align=RIGHT, bar=True)
    name = QRectF(row.left(), row.top(), clock.left() - row.left() - 24, row.height())
    if banner:
        wide = pen.width(banner, BAR_TEXT) + 48
        label = QRectF(clock.left() - 24 - wide, row.top(), wide, row.height())
        pen.box(label, Colour.HELP, None, 14)
        inner = label.adjusted(8, 0, -8, 0)
        pen.text(inner, banner, BAR_TEXT, Colour.INK, Colour.HELP, bar=True)
        name.setRight(label.left() - 24)
    pen.text(name, pen.cut(site, name.width() - 8, BAR_TEXT), BAR_TEXT, Colour.WHITE, bg, align=LEFT, bar=True)


def paint_staff_line(pen: Pen, area: QRectF, staff: StaffLine, words: StaffWords) -> None:
    """Mode, data cut-off and age; yellow where the data is old; then what staff should look after."""
    bg, fg = (Colour.HELP, Colour.INK) if staff.data_old else (Colour.INK, Colour.WHITE)
    data = words.no_data
    if staff.data_as_of is not None and staff.data_age_hours is not None:
        local = staff.data_as_of.astimezone(SHANGHAI)
        when = words.when.format(month=local.month, day=local.day, time=f"{local:%H:%M}")
        data = words.data.format(when=when, hours=staff.data_age_hours)
    # There is room for one of the two, and the banner above says the mode as well.
    text = f"{words.no_liveness if staff.no_liveness else words.modes[staff.mode]} · {data}"
    pen.painter.fillRect(area, QColor(bg))
    state = QRectF(area)
    if needs_warning(staff):
        warning = QRectF(area)
        if area.height() > _ROW:
            state.setTop(area.top() + _ROW)
            warning.setBottom(state.top())
        else:
            state.setWidth(pen.width(text, BAR_TEXT) + 2 * MARGIN)
            warning.setLeft(state.right())
        pen.painter.fillRect(warning, QColor(Colour.HELP))
        slot = warning.adjusted(MARGIN - 12, 6, -12, -6)
        pen.text(
            slot, _warning(pen, slot.width(), staff, words), BAR_TEXT, Colour.INK, Colour.HELP, align=LEFT, bar=True
        )
    pen.text(state.adjusted(MARGIN - 12, 6, -12, -6), text, BAR_TEXT, fg, bg, align=LEFT, bar=True)


def _warning(pen: Pen, room: float, staff: StaffLine, words: StaffWords) -> str:
    told = [words.old] * staff.data_old
    if staff.update is not None:
        told.append(words.update(staff.update))
    told += [words.urgent] * staff.urgent_old
    faults = (words.faults[fault] for fault in staff.faults if not fault.stops_service)
    told += [Alert(fault.short, fault.what) for fault in faults]
    if len(told) == 1:
        return told[0].what
    # The gravest come first, and as many are named as there is room for.
    for named in range(len(told), 1, -1):
        more = "…" if named < len(told) else ""
        text = words.check.format(items=words.separator.join(alert.short for alert in told[:named]) + more)
        if pen.width(text, BAR_TEXT) <= room:
            break
    return text


def paint_buttons(pen: Pen, area: QRectF, view: View, pressed: Press | None) -> None:
    """The buttons side by side, all in one size of type; the one just pressed answers by its colour."""
    presses = view.presses
    boxes = split(area, max(len(presses), 2), GAP)[-len(presses) :]
    if len(presses) == 1:
        boxes = [area]
    slots = [box.adjusted(14, 12, -14, -12) for box in boxes]
    labels = [view.label(press) for press in presses]
    px = min(pen.fit(label, slot, BUTTON) for label, slot in zip(labels, slots, strict=True))
    for press, box, slot, label in zip(presses, boxes, slots, labels, strict=True):
        main = press in (Press.CALL_STAFF, Press.CONFIRM_CLOCK)
        chosen = press is Press.DECLINE_FACE and view.showing.declined
        fill, fg = (Colour.INFO, Colour.WHITE) if main else (Colour.WHITE, Colour.INFO)
        if press is pressed or chosen:
            fill, fg = Colour.INK, Colour.WHITE
        pen.box(box, fill, Colour.INFO if fill is not Colour.INK else Colour.INK, 26, 6)
        pen.text(slot, label, px, fg, fill)
        pen.buttons.append(Button(press, box))
