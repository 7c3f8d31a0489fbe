"""Virtual cards as plain data: an ATR and what each command is answered with.

Written from the layout tables, not from the parser: the two sides share no code, so that an error of one of them
shows against the other and against the literal records in the tests.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

# PC/SC part 3 storage card: RID A0 00 00 03 06, standard 07 (ISO 14443 B part 3), card name FF B0.
_ATR_ON_SAM_READER = bytes.fromhex("3B8F8001804F0CA000000306 07FFB0 00000000 20")
# A resident ID card on a contactless reader without a SAM: ATQB application data and protocol info.
_ATR_BARE_ID_CARD = bytes.fromhex("3B888001 D1038605 00808000 58")
# Historical bytes as bank cards have them: a compact-TLV card-service and capabilities object.
_ATR_BANK_CARD = bytes.fromhex("3B878001 8031C073080140 4D")
_ATR_PHONE = bytes.fromhex("3B80800101")

_DONE = b"\x90\x00"
_NO_SUCH_COMMAND = b"\x6d\x00"
_NO_SUCH_FILE = b"\x6a\x82"
_SELECT_PPSE = bytes.fromhex("00A404000E 325041592E5359532E4444463031 00")
_SELECT_WALLET = bytes.fromhex("00A404000A 4F53452E5641532E3031 00")
_PHOTO = 1024


@dataclass(frozen=True, slots=True, repr=False)
class VirtualCard:
    """``answers``: command APDU -> response APDU with its status word; every other command is answered 6D 00.

    ``leave_after``: the card answers that many commands and leaves the field at the next one; None: it stays.
    """

    atr: bytes
    answers: Mapping[bytes, bytes]
    leave_after: int | None = None

    def __repr__(self) -> str:
        return "VirtualCard()"

    def answer(self, command: bytes) -> bytes:
        """The response APDU, data and status word."""
        return self.answers.get(command, _NO_SUCH_COMMAND)

    def to_json(self) -> str:
        """One line of JSON, bytes as hexadecimal."""
        answers = {command.hex(): response.hex() for command, response in self.answers.items()}
        return json.dumps({"atr": self.atr.hex(), "answers": answers, "leave_after": self.leave_after})

    @classmethod
    def from_json(cls, text: str) -> "VirtualCard":
        """The card that ``to_json`` wrote."""
        plain = json.loads(text)
        answers = {bytes.fromhex(command): bytes.fromhex(response) for command, response in plain["answers"].items()}
        return cls(bytes.fromhex(plain["atr"]), answers, plain["leave_after"])


class CardSlot(Protocol):
    """A place where virtual cards are put on a reader."""

    def insert(self, card: VirtualCard) -> None:
        """Lay the card on the reader, in place of one that lies there; it stays until removed or until it leaves."""

    def remove(self) -> None:
        """Take the card away; nothing happens where none lies."""

    def close(self) -> None:
        """Take the reader away with all that belongs to it."""


def resident_card(text: bytes, photo: bytes) -> VirtualCard:
    """A resident ID card on a reader with a SAM, with this 256-byte record and this photo, padded to 1024 bytes.

    b"" is a card without a photo block. ValueError when the photo is too long for its place.
    """
    if len(photo) > _PHOTO:
        raise ValueError("the photo is longer than its block")
    block = photo.ljust(_PHOTO, b"\0") if photo else b""
    buffer = len(text).to_bytes(2, "big") + len(block).to_bytes(2, "big") + text + block
    answers = {}
    for page in range(0, len(buffer), 256):
        answers[bytes([0xFF, 0xB0, page >> 8, 0, 0])] = buffer[page : page + 256] + _DONE
    return VirtualCard(_ATR_ON_SAM_READER, answers)


def encode_citizen(
    *,
    name: str,
    sex: str,
    ethnic: str,
    birth: date,
    address: str,
    number: str,
    issuer: str,
    valid_from: date,
    valid_to: date | None,
) -> bytes:
    """The 256-byte text of a citizen's card, UTF-16LE; ValueError when a field is too long for its place."""
    return b"".join(
        (
            _padded(name, 15),
            _padded(sex, 1),
            _padded(ethnic, 2),
            _padded(f"{birth:%Y%m%d}", 8),
            _padded(address, 35),
            _padded(number, 18),
            _padded(issuer, 15),
            _padded(f"{valid_from:%Y%m%d}", 8),
            _padded("\u957f\u671f" if valid_to is None else f"{valid_to:%Y%m%d}", 8),
            _padded("", 18),
        )
    )


def _padded(text: str, units: int) -> bytes:
    coded = text.encode("utf-16-le")
    if len(coded) > 2 * units:
        raise ValueError(f"a field is longer than its {units} characters")
    return coded + b" \0" * (units - len(coded) // 2)


def bare_id_card() -> VirtualCard:
    """A resident ID card on a reader without a SAM: it gives an invented serial and nothing else."""
    return VirtualCard(_ATR_BARE_ID_CARD, {bytes.fromhex("0036000008"): bytes.fromhex("9900000000004401") + _DONE})


def bank_card() -> VirtualCard:
    """A contactless bank card: it offers its payment environment and holds no account number."""
    return VirtualCard(
        _ATR_BANK_CARD,
        {_SELECT_PPSE: bytes.fromhex("6F10840E325041592E5359532E4444463031") + _DONE, _SELECT_WALLET: _NO_SUCH_FILE},
    )


def phone() -> VirtualCard:
    """A phone that emulates a card and knows none of the applications it is asked for."""
    return VirtualCard(_ATR_PHONE, {_SELECT_PPSE: _NO_SUCH_FILE, _SELECT_WALLET: _NO_SUCH_FILE})
