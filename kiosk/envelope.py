"""Envelopes: the pepper of an epoch, sealed to the key of one kiosk (RFC 9180 HPKE, base mode).

offset 0   8 bytes   OCPENVEL
       8   u16       version, 1 (little endian)
      10   14 bytes  district, ASCII, padded with zeros: GB/T 2260, or "site" for a site's own list
      24   16 bytes  key id of the pepper
      40   16 bytes  device id: SHA-256("one-card device" | public key)[0:16]
      56   32 bytes  encapsulated key: DHKEM(X25519, HKDF-SHA256)
      88   48 bytes  the pepper and its tag: HKDF-SHA256, ChaCha20-Poly1305

The first 56 bytes are HPKE's ``info``, so that no field can be exchanged. Anybody who has the public key can seal an
envelope: that it comes from the office is said by the signature of the supply it lies in.
"""

import hashlib
import re
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from kiosk.core.errors import Fault, Refusal, TableError
from kiosk.table.chain import PEPPER_BYTES, Pepper

SITE = "site"
PUBLIC_KEY_BYTES = 32
ENVELOPE_BYTES = 136

_MAGIC = b"OCPENVEL"
_VERSION = 1
_HEAD = struct.Struct("<8sH14s16s16s")
_DISTRICT = re.compile(rf"[1-9]\d(\d{{4}})?|{SITE}", re.ASCII)
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class EnvelopeError(TableError):
    """An envelope gave no pepper: ``fault`` is for the running kiosk, ``refusal`` for an import."""

    def __init__(self, fault: Fault, refusal: Refusal, detail: str) -> None:
        super().__init__(fault, detail)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class EnvelopeHead:
    """What an envelope says of itself in the clear; proven only once it was opened."""

    district: str
    key_id: bytes
    device_id: str


def device_id(public_key: bytes) -> str:
    """The short name of a kiosk's key: 32 hexadecimal digits."""
    return hashlib.sha256(b"one-card device" + public_key).hexdigest()[:32]


def seal(pepper: Pepper, public_key: bytes, district: str) -> bytes:
    """The envelope (136 bytes) that only the kiosk with this X25519 key (32 bytes) can open.

    ``district`` is two or six digits of GB/T 2260, or SITE. Raises ValueError for another one, and for a key to which
    nothing can be sealed.
    """
    if not _DISTRICT.fullmatch(district):
        raise ValueError(f'district "{district}": must be two or six digits of GB/T 2260, or "{SITE}"')
    identity = bytes.fromhex(device_id(public_key))
    head = _HEAD.pack(_MAGIC, _VERSION, district.encode("ascii"), pepper.key_id, identity)
    return head + _SUITE.encrypt(pepper.secret, X25519PublicKey.from_public_bytes(public_key), info=head)


def read_head(data: bytes) -> EnvelopeHead:
    """For whom and for what an envelope is. Raises EnvelopeError (DAMAGED, NEW_FORMAT)."""
    if len(data) < _HEAD.size or not data.startswith(_MAGIC):
        raise _damaged("is not an envelope")
    _, version, padded, key_id, identity = _HEAD.unpack_from(data)
    if version != _VERSION:
        detail = f"the envelope has version {version}, this program knows {_VERSION}. Update the kiosk's program."
        raise EnvelopeError(Fault.TABLE_FOREIGN, Refusal.NEW_FORMAT, detail)
    district = padded.rstrip(b"\0").decode("latin-1")
    if len(data) != ENVELOPE_BYTES or not _DISTRICT.fullmatch(district):
        raise _damaged("is damaged")
    return EnvelopeHead(district, key_id, identity.hex())


def unseal(data: bytes, private_key: X25519PrivateKey) -> Pepper:
    """The pepper in an envelope that was sealed to this key.

    Raises EnvelopeError: NO_ENVELOPE where it is another kiosk's, CONTRADICTS where the pepper is not the one named,
    DAMAGED where any byte differs from what was sealed, NEW_FORMAT for another version.
    """
    head = read_head(data)
    own = device_id(private_key.public_key().public_bytes_raw())
    if head.device_id != own:
        detail = (
            f"the envelope is for kiosk {head.device_id}, this one is {own}. The office enrols this kiosk's key"
            " (kioskctl office devices add) and makes the supply again."
        )
        raise EnvelopeError(Fault.TABLE_FOREIGN, Refusal.NO_ENVELOPE, detail)
    try:
        secret = _SUITE.decrypt(data[_HEAD.size :], private_key, info=data[: _HEAD.size])
    except InvalidTag:
        raise _damaged("is damaged") from None
    pepper = Pepper(secret) if len(secret) == PEPPER_BYTES else None
    if pepper is None or pepper.key_id != head.key_id:
        detail = "the envelope holds another pepper than it names. The office makes the supply again."
        raise EnvelopeError(Fault.TABLE_FOREIGN, Refusal.CONTRADICTS, detail)
    return pepper


def _damaged(what: str) -> EnvelopeError:
    detail = f"the file of the envelope {what}. Import the supply again, from a stick that was made anew."
    return EnvelopeError(Fault.TABLE_DAMAGED, Refusal.DAMAGED, detail)
