"""The coded photo block of a card as a picture.

Cards are anybody's input: the picture's header is judged before the decoder sees it, and of a boxed file only the
codestream is handed on.
"""

import struct

import cv2
import numpy as np

from kiosk.core.errors import KioskError
from kiosk.frames import Picture

_SOC_SIZ = b"\xff\x4f\xff\x51"
_JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_MAX_SIDE = 640

# OpenCV writes to stderr that a raw codestream names no colour space, for every card, and what it dislikes about a
# damaged one; the first is normal here and the second becomes a PhotoError.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

_SIZ = struct.Struct(">HH8IH")


class PhotoError(KioskError):
    """The card's photo cannot be shown or compared; staff compare with the printed one."""

    def __init__(self, detail: str) -> None:
        super().__init__(None, detail)


def decode_photo(block: bytes) -> Picture:
    """The BGR picture of a photo block (JPEG 2000, ISO/IEC 15444-1, boxed or raw, zero padding allowed).

    WLT, the licensed format of cards in the field, raises PhotoError: its decoder comes with the reader.
    """
    if not block.strip(b"\x00"):
        raise PhotoError("the card carries no photo")
    codestream = _codestream(block)
    _check_header(codestream)
    try:
        # IMREAD_COLOR refuses a raw codestream of one component.
        picture = cv2.imdecode(np.frombuffer(codestream, np.uint8), cv2.IMREAD_ANYCOLOR)
    except cv2.error as error:
        raise PhotoError("the card's photo is damaged") from error
    if picture is None:
        raise PhotoError("the card's photo is damaged")
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    return np.asarray(picture, dtype=np.uint8)


def _codestream(block: bytes) -> bytes:
    if block.startswith(_SOC_SIZ):
        return block
    if not block.startswith(_JP2_SIGNATURE):
        raise PhotoError("the card's photo is in a format this kiosk has no decoder for")
    place = 0
    while place + 8 <= len(block):
        length, kind = struct.unpack_from(">I4s", block, place)
        if kind == b"jp2c":
            return block[place + 8 : place + length if length else None]
        if length < 8:
            break
        place += length
    raise PhotoError("the card's photo is damaged: no codestream in it")


def _check_header(codestream: bytes) -> None:
    """Refuse what no card carries: 30 bytes are enough to ask a decoder for gigabytes or for millions of tiles."""
    if not codestream.startswith(_SOC_SIZ) or len(codestream) < 6 + _SIZ.size:
        raise PhotoError("the card's photo is damaged: no header")
    _, _, x1, y1, x0, y0, tile_width, tile_height, tile_x, tile_y, components = _SIZ.unpack_from(codestream, 4)
    sides = x1 - x0, y1 - y0
    one_tile = tile_x + tile_width >= x1 and tile_y + tile_height >= y1
    if not all(0 < side <= _MAX_SIDE for side in sides) or not one_tile or components not in (1, 3):
        raise PhotoError("the card's photo is damaged: impossible size")
