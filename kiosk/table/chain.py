"""The key chain of the table: identity number -> slow hash -> pepper -> one row of one layer.

K = Argon2id(number, salt; 32 MiB, t=2, p=1) makes each guess cost what a look-up costs (RFC 9106).
T = HMAC-SHA256(pepper, K) makes guesses worthless without the pepper.
BLAKE2b-512(key=T, person=layer id) gives each layer its own row hash and keystream (RFC 7693), so that rows of two
layers cannot be matched and no keystream is ever used twice.
"""

import hashlib
import hmac
from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw

from kiosk.core.idnumber import IdNumber

SALT_BYTES = 16
PEPPER_BYTES = 32
LAYER_ID_BYTES = hashlib.blake2b.PERSON_SIZE
STREAM_BYTES = 56
ARGON2_MEMORY_KIB = 32 * 1024
ARGON2_PASSES = 2


def slow_key(number: IdNumber, salt: bytes) -> bytes:
    """K of a number: 32 bytes, after about 50 ms and 32 MiB. The office keeps it, so that only new people cost this."""
    return hash_secret_raw(
        number.text.encode("ascii"),
        salt,
        time_cost=ARGON2_PASSES,
        memory_cost=ARGON2_MEMORY_KIB,
        parallelism=1,
        hash_len=32,
        type=Type.ID,
    )


@dataclass(frozen=True, slots=True, repr=False)
class Pepper:
    """The secret of one epoch (32 bytes), in memory only."""

    secret: bytes

    def __post_init__(self) -> None:
        if len(self.secret) != PEPPER_BYTES:
            raise ValueError(f"a pepper has {PEPPER_BYTES} bytes")

    def __repr__(self) -> str:
        return "Pepper()"

    @property
    def key_id(self) -> bytes:
        """Which pepper this is (16 bytes); says nothing about the secret."""
        # Labels are shorter than a K, so that none of these values is ever the T of a number.
        return hmac.digest(self.secret, b"key id", "sha256")[:16]

    def blind(self, slow: bytes) -> bytes:
        """T of a K: 32 bytes."""
        return hmac.digest(self.secret, slow, "sha256")

    def meta_key(self, layer_id: bytes) -> bytes:
        """The key under which a layer's dictionaries are sealed (32 bytes)."""
        return hmac.digest(self.secret, b"meta" + layer_id, "sha256")


def row_keys(blinded: bytes, layer_id: bytes) -> tuple[int, bytes]:
    """Row hash (64 bit, little endian) and keystream (56 bytes) of a T in one layer."""
    block = hashlib.blake2b(key=blinded, person=layer_id).digest()
    return int.from_bytes(block[:8], "little"), block[8:]


def spill_stream(stream: bytes, length: int) -> bytes:
    """The keystream for the bytes that spill: what is left after the slot's four, or as long as needed."""
    own = stream[4:]
    return own[:length] if length <= len(own) else hashlib.shake_256(own).digest(length)
