"""The verdict with its four tiles, and out of order."""

from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QColor

from kiosk.core.times import SHANGHAI
from kiosk.showing import Prompt, Screen, Showing, Tile
from ui import pictograms
from ui.catalogue import Words
from ui.fonts import PACKAGE, can_draw
from ui.guides import Motion, Moving
from ui.layout import Areas, Column, split
from ui.pen import LEFT, Pen
from ui.theme import ACTION, BAR_TEXT, BODY, LEAST, MARGIN, TITLE, VERDICT, Colour
from ui.view import View

_TILE_GAP = 24
_SIGNS = {
    Screen.PASS: pictograms.verdict_pass,
    Screen.HELP: pictograms.verdict_help,
    Screen.STOP: pictograms.verdict_stop,
}
_COLOURS = {
    Screen.PASS: (Colour.WHITE, Colour.PASS),
    Screen.HELP: (Colour.INK, Colour.HELP),
    Screen.STOP: (Colour.STOP, Colour.WHITE),
}


def paint_result(pen: Pen, areas: Areas, view: View) -> Moving | None:
    """The verdict as a banner, four tiles, and a bar that runs out with the dwell.

    The three banners differ in polarity (dark, bright, white in a hatched frame), so that they are told apart without
    colours and by weak eyes.
    """
    if areas.wide:
        banner, side = _sides(areas)
        column = Column(side)
    else:
        column = Column(areas.content.adjusted(MARGIN, 0, -MARGIN, 0))
        banner = QRectF(areas.content)
        banner.setHeight(0.52 * areas.content.height())
        column.top(banner.height(), 28)
    _banner(pen, banner, view)
    run_out = column.bottom(14, 24)
    _tiles(pen, column.rest, view.showing, view.words)
    return Moving(Motion.COUNTDOWN, run_out) if view.showing.seconds_left > 0 else None


def _sides(areas: Areas) -> tuple[QRectF, QRectF]:
    banner = QRectF(areas.content)
    banner.setBottom(areas.buttons.bottom() + 28)
    banner.setWidth(0.43 * areas.content.width())
    side = areas.content.adjusted(0, 28, -MARGIN, 0)
    side.setLeft(banner.right() + MARGIN)
    return banner, side


def button_area(areas: Areas, screen: Screen) -> QRectF:
    """Beside the banner on a wide result, else the whole row."""
    if areas.wide and screen in _SIGNS:
        _, side = _sides(areas)
        return QRectF(side.left(), areas.buttons.top(), side.width(), areas.buttons.height())
    return areas.buttons


def _banner(pen: Pen, area: QRectF, view: View) -> None:
    screen, words = view.showing.screen, view.words
    fg, bg = _COLOURS[screen]
    pen.painter.fillRect(area, QColor(bg))
    frame = 0.0
    if screen is Screen.STOP:
        frame = 34.0
        pictograms.hatched(pen.painter, area, Colour.STOP, Colour.INK)
        pen.box(area.adjusted(frame, frame, -frame, -frame), Colour.WHITE, None, 0)
    column = Column(area.adjusted(frame + 24, frame + 24, -frame - 24, -frame - 14))
    high = column.rest.height()
    sign = column.top(0.34 * high, 0.02 * high)
    edge = min(sign.height(), 320.0)
    square = QRectF(0, 0, edge, edge)
    square.moveCenter(sign.center())
    _SIGNS[screen](pen, square)
    extra = column.bottom(0.13 * high)
    heading = words.screens[screen]
    rest = column.rest.height()
    pen.text(column.top(0.6 * rest), heading.headline, VERDICT, fg, bg, least=TITLE)
    pen.text(column.rest, heading.sub, ACTION, fg, bg)
    text = words.wait_here
    if screen is Screen.PASS and view.caption is not Prompt.STAFF_COMING:
        text = _greeting(view.showing.masked_name, words, pen.family)
    colour = Colour.INK if screen is Screen.STOP else fg
    pen.text(extra, text, BODY, colour, bg, personal=screen is Screen.PASS)


def _greeting(masked_name: str, words: Words, family: str) -> str:
    """The visitor by the masked name, or without it where the font lacks a rare character of it."""
    if masked_name and can_draw(masked_name, family):
        return words.greeting.format(name=masked_name)
    return words.greeting_without_name


def _tiles(pen: Pen, area: QRectF, showing: Showing, words: Words) -> None:
    high = (area.height() - _TILE_GAP) / 2
    for number, tile in enumerate(showing.tiles):
        row = QRectF(area.left(), area.top() + (number // 2) * (high + _TILE_GAP), area.width(), high)
        _tile(pen, split(row, 2, _TILE_GAP)[number % 2], tile, words)


def _tile(pen: Pen, area: QRectF, tile: Tile, words: Words) -> None:
    """What the line is called, a tick or a question mark, and words: on PASS the result and why, else done or not."""
    bg, edge = (Colour.PASS_TINT, Colour.PASS) if tile.ok else (Colour.WHITE, Colour.SLATE)
    pen.box(area, bg, edge, 24, 5)
    column = Column(area.adjusted(22, 14, -18, -12))
    named = words.tiles.get(tile.reason) if tile.ok and tile.reason is not None else None
    texts = named or (words.tick_tile if tile.ok else words.check_tile,)
    head = column.top(0.42 * column.rest.height())
    side = min(head.height(), 108.0)
    sign = QRectF(head.right() - side, head.top() + 4, side, side)
    name = QRectF(head.left(), head.top(), head.width() - side - 12, head.height())
    pen.text(name, words.lines[tile.line], 100, Colour.INK, bg, align=LEFT)
    pen.fill(pictograms.disc(sign), Colour.PASS if tile.ok else Colour.SLATE)
    pen.fill(pictograms.tick(sign) if tile.ok else pictograms.question(sign), Colour.WHITE)
    rest = column.rest
    if len(texts) == 1:
        pen.text(rest, texts[0], BODY + 8, Colour.INK if tile.ok else Colour.SLATE, bg, align=LEFT)
        return
    lower = column.bottom(0.48 * rest.height())
    pen.text(column.rest, texts[0], BODY, Colour.INK, bg, align=LEFT)
    pen.text(lower, texts[1], LEAST, Colour.SLATE, bg, align=LEFT)


def paint_out_of_order(pen: Pen, areas: Areas, view: View) -> None:
    """Closed for the public; under it, for staff, what is wrong, who acts and how."""
    words = view.words
    room = areas.content.adjusted(MARGIN, 28, -MARGIN, 0)
    if areas.wide:
        left, right = split(room, 2, MARGIN)
        public, staff = Column(left), Column(right)
    else:
        whole = Column(room)
        public, staff = Column(whole.top(0.5 * room.height(), 28)), whole
    high = public.rest.height()
    sign = public.top(0.42 * high, 0.02 * high)
    edge = min(sign.height(), 300.0)
    square = QRectF(0, 0, edge, edge)
    square.moveCenter(sign.center())
    pen.fill(pictograms.disc(square), Colour.INK)
    pen.fill(pictograms.hand(square.adjusted(*[0.15 * edge * part for part in (1, 0.8, -1, -1)])), Colour.WHITE)
    pen.text(public.top(0.34 * high), words.screens[Screen.OUT_OF_ORDER].headline, VERDICT, Colour.INK, Colour.PAGE)
    pen.text(public.rest, words.screens[Screen.OUT_OF_ORDER].sub, ACTION, Colour.INK, Colour.PAGE)
    _for_staff(pen, staff.rest, view)


def _for_staff(pen: Pen, area: QRectF, view: View) -> None:
    fault, moment, words = view.showing.fault, view.showing.confirm_clock, view.words.staff
    if fault is None:
        return
    pen.box(area, Colour.WHITE, Colour.INK, 28, 5)
    column = Column(area.adjusted(36, 20, -36, -20))
    heading = column.top(84, 8)
    pen.box(heading.adjusted(-16, 0, 16, 0), Colour.INK, None, 16)
    pen.text(heading.adjusted(12, 4, -12, -4), words.heading, LEAST, Colour.WHITE, Colour.INK, align=LEFT)
    if moment is not None:
        local = moment.astimezone(SHANGHAI)
        pen.text(column.top(150), f"{local:%Y-%m-%d %H:%M}", 108, Colour.INK, Colour.WHITE)
    pen.text(column.top(112, 8), words.faults[fault].what, TITLE, Colour.INK, Colour.WHITE, align=LEFT)
    # A command is not broken between its words.
    act = words.faults[fault].act.replace("kioskctl ", "kioskctl\u00a0")
    pen.text(column.rest, act, BODY, Colour.SLATE, Colour.WHITE, align=LEFT, lines=5, top=True)


def paint_without_font(pen: Pen, area: QRectF) -> None:
    """Out of order where Chinese cannot be written: signs for the public, one line of ASCII for staff."""
    pen.painter.fillRect(area, QColor(Colour.PAGE))
    column = Column(area)
    line = column.bottom(120)
    pen.painter.fillRect(line, QColor(Colour.HELP))
    pen.text(line, f"FONT MISSING: apt install {PACKAGE}", BAR_TEXT, Colour.INK, Colour.HELP, bar=True)
    rest = column.rest
    edge = min(0.42 * max(rest.width(), rest.height()), 0.8 * min(rest.width(), rest.height()))
    upright = rest.height() > rest.width()
    centres = (0.3, 0.72)
    for number, part in enumerate(centres):
        square = QRectF(0, 0, edge, edge)
        square.moveCenter(rest.center())
        if upright:
            square.moveTop(rest.top() + part * rest.height() - edge / 2)
        else:
            square.moveLeft(rest.left() + part * rest.width() - edge / 2)
        if number:
            pen.fill(pictograms.person(square), Colour.INFO)
        else:
            pen.fill(pictograms.octagon(square), Colour.STOP)
            inset = 0.16 * edge
            pen.fill(pictograms.hand(square.adjusted(inset, inset * 0.9, -inset, -inset)), Colour.WHITE)
