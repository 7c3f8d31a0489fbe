"""Colours and sizes, all in pixels of a screen whose short side is 1080, and the contrast they must reach.

Contrast is the ratio of relative luminances of WCAG 2.2 (success criterion 1.4.6 asks 7:1).
"""

from enum import StrEnum, unique

MIN_CONTRAST = 7.0


@unique
class Colour(StrEnum):
    """Every colour of the public screens."""

    PAGE = "#F4F6F8"
    WHITE = "#FFFFFF"
    INK = "#101820"
    SLATE = "#37474F"
    PASS = "#00594C"
    PASS_TINT = "#E3F4EF"
    HELP = "#FFC627"
    STOP = "#9B1C1C"
    INFO = "#0B3D91"
    INFO_TINT = "#E8EEFA"
    PANEL = "#22303A"
    TRAINING = "#4A2377"
    OUTLINE = "#B0BEC5"  # decoration only: never the only edge of a button


SIDE = 1080  # of the short side; everything below is in these pixels
VERDICT = 190
HEADLINE = 200
ACTION = 112
TITLE = 84
BUTTON = 66
BODY = 64
LEAST = 56  # smallest text for the public: 0.7 degrees of cap height at 600 mm on a 15.6 inch panel (EN 301 549)
BAR_TEXT = 44  # clock, site and staff line
BUTTON_HEIGHT = 160
BUTTON_HEIGHT_WIDE = 136
GAP = 36
MARGIN = 40
LINE_HEIGHT = 1.3  # of wrapped text, in em


def _linear(channel: int) -> float:
    part = channel / 255
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2) of a colour written #RRGGBB."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 0.2126 * _linear(red) + 0.7152 * _linear(green) + 0.0722 * _linear(blue)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
