"""The key chain of the table: identity number -> slow hash -> pepper -> one row of one table.

K = Argon2id(number, salt; 32 MiB, t=2, p=1) makes each guess cost what a look-up costs (RFC 9106).
T = HMAC-SHA256(pepper, K) makes guesses worthless without the pepper.
BLAKE2b(key=T, person=layer) gives each table its own row hash, keystream and tag key (RFC 7693), so that rows of two
tables cannot be matched and no keystream is ever used twice.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from argon2.low_level import Type, hash_secret_raw

from kiosk.core.errors import Fault, TableError
from kiosk.core.idnumber import IdNumber

SALT_BYTES = 16
LAYER_BYTES = hashlib.blake2b.PERSON_SIZE
_PEPPER_BYTES = 32
_MEMORY_KIB = 32 * 1024


@dataclass(frozen=True, slots=True, repr=False)
class RowKeys:
    """What one number yields in one table."""

    hash: bytes
    stream: bytes
    tag: bytes

    def __repr__(self) -> str:
        return "RowKeys()"


def make_pepper(path: Path) -> None:
    """Write a new random pepper (64 hexadecimal digits) that only its owner can read.

    Raises TableError where the file exists already: tables made with the old pepper would become useless.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_PEPPER_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise TableError(None, f"{path} exists already. Use it, or name another file.") from None
    except OSError as error:
        raise TableError(None, f"{path}: {error.strerror}. Name a file in a folder that can be written.") from None


def read_pepper(path: Path) -> bytes:
    """The pepper: 32 bytes. Raises TableError(TABLE_FOREIGN), since without it no table is for this kiosk."""
    try:
        pepper = bytes.fromhex(path.read_text("ascii"))
    except OSError as error:
        detail = f"pepper {path}: {error.strerror}. Bring the pepper file that belongs to the table."
        raise TableError(Fault.TABLE_FOREIGN, detail) from None
    except ValueError:
        pepper = b""
    if len(pepper) != _PEPPER_BYTES:
        detail = f"pepper {path}: not {2 * _PEPPER_BYTES} hexadecimal digits. Bring the pepper file again."
        raise TableError(Fault.TABLE_FOREIGN, detail)
    return pepper


def derive_key(number: IdNumber, salt: bytes, pepper: bytes) -> bytes:
    """T of a number: 32 bytes, after about 50 ms and 32 MiB."""
    slow = hash_secret_raw(
        number.text.encode("ascii"),
        salt,
        time_cost=2,
        memory_cost=_MEMORY_KIB,
        parallelism=1,
        hash_len=32,
        type=Type.ID,
    )
    return hmac.digest(pepper, slow, "sha256")


def row_keys(key: bytes, layer: bytes) -> RowKeys:
    """Row hash (16 bytes), keystream key (16) and tag key (32) of T in one table."""
    block = hashlib.blake2b(key=key, person=layer, digest_size=64).digest()
    return RowKeys(block[:16], block[16:32], block[32:])


def seal(pepper: bytes, salt: bytes, layer: bytes, info: bytes) -> bytes:
    """What proves that the table was made with this pepper and that its ``info`` is unchanged: 32 bytes.

    The message is longer than a K, so that no seal is ever the T of a number.
    """
    return hmac.digest(pepper, b"one-card-pass table" + salt + layer + info, "sha256")
