"""A record of a resident card written out byte by byte, and the card it stands for.

The number is the specimen printed in GB 11643-1999; everything else is invented. Neither the parser nor the simulator
had a hand in these bytes, so that an error they share shows.
"""

from datetime import date
from typing import TypedDict

from kiosk.core.card import Document, IdCard

TEXT = bytes.fromhex(
    # 0: name, 15 units
    "205F37682C67200020002000200020002000200020002000200020002000"
    # 30: sex; 32: ethnic group
    "320030003100"
    # 36: birth
    "31003900340039003100320033003100"
    # 52: address, 35 units
    "3A790383025E37682C673A53D58B8C9AEF8D3100F7532000200020002000200020002000"
    "20002000200020002000200020002000200020002000200020002000200020002000"
    # 122: number
    "310031003000310030003500310039003400390031003200330031003000300032005800"
    # 158: issuer, 15 units
    "3A790383025E6C51895B405C200020002000200020002000200020002000"
    # 188: valid from; 204: valid to, without end
    "320030003000360030003100300032007F951F67200020002000200020002000"
    # 220: reserved, with the flag at 248: a space is a citizen
    "200020002000200020002000200020002000200020002000200020002000200020002000"
)
FLAG = 248
PHOTO = bytes.fromhex("FF4FFF51") + bytes(range(1, 256)) * 4
BUFFER = bytes.fromhex("01000400") + TEXT + PHOTO


class Fields(TypedDict):
    name: str
    sex: str
    ethnic: str
    birth: date
    address: str
    number: str
    issuer: str
    valid_from: date
    valid_to: date | None


FIELDS = Fields(
    name="张样本",
    sex="2",
    ethnic="01",
    birth=date(1949, 12, 31),
    address="示范市样本区试验路1号",
    number="11010519491231002X",
    issuer="示范市公安局",
    valid_from=date(2006, 1, 2),
    valid_to=None,
)
CARD = IdCard(document=Document.CITIZEN, **FIELDS, without_end=True, photo=PHOTO)


def patched(offset: int, new: str) -> bytes:
    """TEXT with these characters at a byte offset."""
    coded = new.encode("utf-16-le")
    return TEXT[:offset] + coded + TEXT[offset + len(coded) :]
