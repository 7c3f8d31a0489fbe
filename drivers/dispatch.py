"""What lies on the reader, and reading it: pure logic over the ATR and one exchange function.

* A reader with a SAM marks a resident card by the card name in bytes 13-14 of its ATR, FF B0 or 90 00, and hands the
  record over through pseudo READ BINARY (FF B0 offset 00).
* Without a SAM a resident card shows its ATQB and gives its serial only: the rest is encrypted with national keys.
* Everything else is told apart just far enough to tell the visitor what to use instead. No account number is read
  and no PIN is ever tried.
"""

from collections.abc import Callable

from drivers import samcard
from kiosk.core.card import ChipSerial, IdCard, OtherCard
from kiosk.core.errors import CardError

Transmit = Callable[[bytes], tuple[bytes, int]]
"""Sends one command APDU and gives (data, status word); CardError when the card is gone."""

_SAM_CARD = b"\xff\xb0"
_MAYBE_SAM_CARD = b"\x90\x00"  # stands at this place in other cards' ATRs, too
_CARD_NAME = slice(13, 15)
# ISO 14443-4 type B by PC/SC part 3: the application data of the ATQB are the first historical bytes.
_BARE_ID_CARD = bytes.fromhex("3B888001 D1038605")
# Phones that emulate a card send no historical bytes; wallets among them answer as bank cards too.
_PHONE_ATR = bytes.fromhex("3B80800101")

_READ_SERIAL = bytes.fromhex("0036000008")
_SERIAL_LENGTH = 8
_SELECT_PPSE = bytes.fromhex("00A404000E") + b"2PAY.SYS.DDF01" + b"\x00"
_SELECT_WALLET = bytes.fromhex("00A404000A") + b"OSE.VAS.01" + b"\x00"
_GET_RESPONSE = bytes.fromhex("00C00000")

_OK = 0x9000
_END_OF_DATA = 0x6282  # PC/SC part 3: fewer bytes than asked for, at the end of the buffer
_NOT_A_COMMAND = (0x6D00, 0x6E00, 0x6A81)
# An answer in pieces is a few hundred bytes at most.
_MOST_PIECES = 8


def read_card(atr: bytes, transmit: Transmit, number_seen: Callable[[str], None]) -> IdCard | ChipSerial | OtherCard:
    """Recognise and read the card; ``number_seen`` gets the number text as soon as its block has arrived.

    Raises CardError when the card does not answer as its kind must.
    """
    name = atr[_CARD_NAME]
    if name == _SAM_CARD or (name == _MAYBE_SAM_CARD and _knows_read_binary(transmit)):
        return _read_sam_card(transmit, number_seen)
    if atr.startswith(_BARE_ID_CARD):
        return _read_serial(transmit)
    return _other_card(atr, transmit)


def _read_block(transmit: Transmit, offset: int) -> tuple[bytes, int]:
    return _exchange(transmit, b"\xff\xb0" + offset.to_bytes(2, "big") + b"\x00")


def _knows_read_binary(transmit: Transmit) -> bool:
    return _read_block(transmit, 0)[1] not in _NOT_A_COMMAND


def _read_sam_card(transmit: Transmit, number_seen: Callable[[str], None]) -> IdCard:
    buffer, length, seen = b"", samcard.HEADER, False
    while len(buffer) < length:
        data, status = _read_block(transmit, len(buffer))
        if status not in (_OK, _END_OF_DATA) or not data:
            raise CardError(f"reading the record at {len(buffer)}: {len(data)} bytes, status {status:04X}")
        buffer += data
        length = samcard.buffer_length(buffer)
        if not seen and (number := samcard.early_number(buffer)) is not None:
            number_seen(number)
            seen = True
    return samcard.parse_buffer(buffer)


def _read_serial(transmit: Transmit) -> ChipSerial:
    data, status = _exchange(transmit, _READ_SERIAL)
    if status != _OK or len(data) != _SERIAL_LENGTH:
        raise CardError(f"reading the chip serial: {len(data)} bytes, status {status:04X}")
    return ChipSerial(data)


def _other_card(atr: bytes, transmit: Transmit) -> OtherCard:
    if atr == _PHONE_ATR or _selects(transmit, _SELECT_WALLET):
        return OtherCard.PHONE
    return OtherCard.BANK if _selects(transmit, _SELECT_PPSE) else OtherCard.UNKNOWN


def _selects(transmit: Transmit, select: bytes) -> bool:
    return _exchange(transmit, select)[1] == _OK


def _exchange(transmit: Transmit, command: bytes) -> tuple[bytes, int]:
    """One command with what ISO 7816-4 lets a card ask for: 6C xx (repeat with this length), 61 xx (fetch the rest)."""
    data, status = transmit(command)
    if status >> 8 == 0x6C:
        data, status = transmit(command[:-1] + bytes([status & 0xFF]))
    for _ in range(_MOST_PIECES):
        if status >> 8 != 0x61:
            return data, status
        piece, status = transmit(_GET_RESPONSE + bytes([status & 0xFF]))
        data += piece
    raise CardError("the card does not come to the end of its answer")
