"""The one font of the screens: Noto Sans CJK SC of Debian's fonts-noto-cjk."""

from functools import cache

from PyQt6.QtGui import QFont, QFontInfo, QRawFont

from kiosk.core.errors import Fault, KioskError

FAMILY = "Noto Sans CJK SC"
PACKAGE = "fonts-noto-cjk"


def find_font(family: str = FAMILY) -> str:
    """The family to draw with; KioskError(Fault.FONT) where Qt would draw boxes instead of Chinese characters."""
    if QFontInfo(QFont(family)).family() != family or not can_draw("身份证證", family):
        raise KioskError(Fault.FONT, f"font {family!r} is not installed: install the package {PACKAGE}")
    return family


@cache
def _raw(family: str) -> QRawFont:
    font = QFont(family)
    font.setWeight(QFont.Weight.Bold)
    return QRawFont.fromFont(font)


def can_draw(text: str, family: str) -> bool:
    """True where the font itself has a glyph for every character; names hold rare ones."""
    return all(_raw(family).supportsCharacter(ord(character)) for character in text)
