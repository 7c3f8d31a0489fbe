"""The record a SAM reader hands over: 256 bytes of text and the coded photo (GA/T 467-2019), as a typed card.

The text is UTF-16LE, each field padded with U+0020. The unit at byte 248 says which layout the record has. The same
parser serves every reader with a SAM; whether the parts agree with each other is for the card line to judge.
"""

from datetime import date

from kiosk.core.card import Document, IdCard
from kiosk.core.errors import CardError

HEADER = 4  # text length and photo length, two bytes each, big-endian
TEXT = 256
# GA/T 467-2019 bounds a frame; longer lengths can only be garbage.
_LONGEST = 2400

_FLAG = slice(248, 250)
_CITIZEN = " "
_LATER = ("I", "J", "Y")  # foreigners (2017), Hong Kong, Macau and Taiwan residents, foreigners (2023)

_NAME = slice(0, 30)
_SEX = slice(30, 32)
_ETHNIC = slice(32, 36)
_BIRTH = slice(36, 52)
_ADDRESS = slice(52, 122)
_NUMBER = slice(122, 158)
_ISSUER = slice(158, 188)
_VALID_FROM = slice(188, 204)
_VALID_TO = slice(204, 220)
_WITHOUT_END = "\u957f\u671f"


def buffer_length(start: bytes) -> int:
    """Length in bytes of the whole buffer whose beginning is ``start``; CardError when the lengths cannot be true."""
    if len(start) < HEADER:
        raise CardError("the record ends inside its lengths")
    text, photo = int.from_bytes(start[:2], "big"), int.from_bytes(start[2:HEADER], "big")
    if text != TEXT or HEADER + text + photo > _LONGEST:
        raise CardError(f"the record states {text} bytes of text and {photo} of photo")
    return HEADER + text + photo


def early_number(start: bytes) -> str | None:
    """The number field once ``start`` of a buffer holds it and the layout is known, else None; not validated."""
    text = start[HEADER:]
    if len(text) < _FLAG.stop or _field(text, _FLAG, strip=False) != _CITIZEN:
        return None
    return _field(text, _NUMBER)


def parse_buffer(buffer: bytes) -> IdCard:
    """A whole buffer: text length, photo length, text, photo. CardError when the lengths do not fit."""
    if buffer_length(buffer) != len(buffer):
        raise CardError("the record is longer or shorter than it states")
    return parse_record(buffer[HEADER : HEADER + TEXT], buffer[HEADER + TEXT :])


def parse_record(text: bytes, photo: bytes) -> IdCard:
    """The card of 256 bytes of text and a photo block; CardError for a layout that is not read."""
    if len(text) != TEXT:
        raise CardError(f"the text has {len(text)} bytes")
    flag = _field(text, _FLAG, strip=False)
    if flag == _CITIZEN:
        return _citizen(text, photo)
    if flag in _LATER:
        raise CardError(f"a document of kind {flag}: a later version of the kiosk reads it")
    raise CardError("a record of no known kind")


def _citizen(text: bytes, photo: bytes) -> IdCard:
    valid_to = _field(text, _VALID_TO)
    return IdCard(
        document=Document.CITIZEN,
        name=_field(text, _NAME),
        sex=_field(text, _SEX),
        ethnic=_field(text, _ETHNIC),
        birth=_day(_field(text, _BIRTH)),
        address=_field(text, _ADDRESS),
        number=_field(text, _NUMBER),
        issuer=_field(text, _ISSUER),
        valid_from=_day(_field(text, _VALID_FROM)),
        valid_to=_day(valid_to),
        without_end=valid_to == _WITHOUT_END,
        photo=photo,
    )


def _field(text: bytes, place: slice, *, strip: bool = True) -> str:
    # Names may hold characters outside the basic plane; a broken pair must not cost the whole card.
    decoded = text[place].decode("utf-16-le", errors="replace")
    return decoded.strip(" \0") if strip else decoded


def _day(digits: str) -> date | None:
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
