"""The one way in which text reaches the screen, so that tests can walk everything that was written.

Coordinates are those of a canvas whose short side is theme.SIDE; the painter is scaled to the real size.
"""

from dataclasses import dataclass
from functools import lru_cache

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QTextLayout, QTextOption

from kiosk.showing import Press
from ui.theme import BAR_TEXT, LEAST, LINE_HEIGHT, Colour

LEFT = Qt.AlignmentFlag.AlignLeft
CENTRE = Qt.AlignmentFlag.AlignHCenter
RIGHT = Qt.AlignmentFlag.AlignRight


@dataclass(frozen=True, slots=True, repr=False)
class Inked:
    """One line of text as it was written: ``ink`` is what its glyphs cover, ``slot`` the room it was given."""

    text: str
    ink: QRectF
    slot: QRectF
    px: int
    fg: Colour
    bg: Colour
    bar: bool

    def __repr__(self) -> str:
        return f"Inked({self.px} px)"  # the text may be a name


@dataclass(frozen=True, slots=True)
class Button:
    """Where a button was drawn."""

    press: Press
    area: QRectF


def _font(family: str, px: int) -> QFont:
    font = QFont(family)
    font.setPixelSize(px)
    font.setWeight(QFont.Weight.Bold)  # thin strokes of Chinese characters vanish for old eyes
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def _lines(text: str, family: str, px: int, width: float) -> tuple[str, ...]:
    """The text broken into lines no wider than ``width`` where it can be broken."""
    layout = QTextLayout(text, _font(family, px))
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WordWrap)
    layout.setTextOption(option)
    layout.beginLayout()
    parts = []
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        parts.append(text[line.textStart() : line.textStart() + line.textLength()].strip())
    layout.endLayout()
    return tuple(parts)


def _tight(line: str, family: str, px: int) -> QRectF:
    """What the glyphs of a line cover, relative to the start of its baseline."""
    return QFontMetricsF(_font(family, px)).tightBoundingRect(line)


def _first_baseline(height: float, count: int, px: int, top: bool) -> float:
    """Where in a slot the first of ``count`` lines stands."""
    if top:
        return 0.96 * px
    # The middle of a Chinese character lies 0.38 em above the baseline.
    return height / 2 + 0.38 * px - (count - 1) * LINE_HEIGHT * px / 2


class _Measures:
    """Measures texts, and remembers what it measured; for a name a throw-away one is taken, so that nothing stays."""

    def __init__(self) -> None:
        self.lines = lru_cache(maxsize=2048)(_lines)
        self.tight = lru_cache(maxsize=4096)(_tight)
        self.fit = lru_cache(maxsize=2048)(self._fit)

    def _fit(
        self, text: str, family: str, width: float, height: float, most: int, least: int, lines: int, top: bool
    ) -> int:
        """The largest size at which the glyphs stay inside; ``least`` where they do at none."""
        for px in range(most, least, -2):
            parts = self.lines(text, family, px, width)
            if len(parts) > lines:
                continue
            first = _first_baseline(height, len(parts), px, top)
            inks = [
                self.tight(part, family, px).translated(0, first + number * LINE_HEIGHT * px)
                for number, part in enumerate(parts)
            ]
            if all(ink.width() <= width and ink.top() >= 0 and ink.bottom() <= height for ink in inks):
                return px
        return least


_MEASURES = _Measures()


class Pen:
    """Draws boxes, shapes and text, and keeps a record of text and buttons."""

    def __init__(self, painter: QPainter, family: str) -> None:
        self.painter = painter
        self.family = family
        self.inked: list[Inked] = []
        self.buttons: list[Button] = []
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)

    def box(self, area: QRectF, fill: Colour, edge: Colour | None = None, radius: float = 28, line: float = 5) -> None:
        """A filled box with round corners; the edge lies inside ``area``."""
        inner = area.adjusted(line / 2, line / 2, -line / 2, -line / 2) if edge else area
        self.painter.setPen(QPen(QColor(edge), line) if edge else Qt.PenStyle.NoPen)
        self.painter.setBrush(QColor(fill))
        self.painter.drawRoundedRect(inner, radius, radius)

    def fill(self, path: QPainterPath, colour: Colour) -> None:
        """A filled shape."""
        self.painter.fillPath(path, QColor(colour))

    def fit(self, text: str, slot: QRectF, most: int, least: int = LEAST, lines: int = 1, *, top: bool = False) -> int:
        """The size at which a text would be written into a slot: for texts that must share one size."""
        return _MEASURES.fit(text, self.family, slot.width(), slot.height(), most, least, lines, top)

    def text(
        self,
        slot: QRectF,
        text: str,
        most: int,
        fg: Colour,
        bg: Colour,
        *,
        least: int = LEAST,
        lines: int = 1,
        align: Qt.AlignmentFlag = CENTRE,
        bar: bool = False,
        top: bool = False,
        personal: bool = False,
    ) -> None:
        """Write a text into a slot, in the middle of its height or at its top, as large as fits.

        ``personal``: nothing of it is remembered.
        """
        measures = _Measures() if personal else _MEASURES
        smallest = BAR_TEXT if bar else least
        px = measures.fit(text, self.family, slot.width(), slot.height(), most, smallest, lines, top)
        parts = measures.lines(text, self.family, px, slot.width())
        self.painter.setFont(_font(self.family, px))
        self.painter.setPen(QColor(fg))
        first = slot.top() + _first_baseline(slot.height(), len(parts), px, top)
        for number, part in enumerate(parts):
            tight = measures.tight(part, self.family, px)
            room = slot.width() - tight.width()
            shift = {LEFT: 0.0, CENTRE: room / 2, RIGHT: room}[align]
            start = QPointF(slot.left() + shift - tight.left(), first + number * LINE_HEIGHT * px)
            self.painter.drawText(start, part)
            self.inked.append(Inked(part, tight.translated(start), slot, px, fg, bg, bar))

    def width(self, text: str, px: int) -> float:
        """How wide a text is at a size."""
        return QFontMetricsF(_font(self.family, px)).horizontalAdvance(text)

    def cut(self, text: str, width: float, px: int) -> str:
        """The text, shortened with an ellipsis where it is wider than ``width``."""
        metrics = QFontMetricsF(_font(self.family, px))
        return metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
