"""Peppers at the office: one for each base, in a file that never leaves it but sealed in envelopes."""

import secrets
from pathlib import Path

from kiosk.core.errors import TableError
from kiosk.keystore import read_secret, write_new
from kiosk.table.chain import PEPPER_BYTES, Pepper


def make_pepper(path: Path) -> Pepper:
    """Write a new random pepper: 64 hexadecimal digits that only the file's owner can read.

    Raises TableError where the file exists: tables made with the old pepper would become useless.
    """
    secret = secrets.token_bytes(PEPPER_BYTES)
    write_new(path, f"{secret.hex()}\n".encode("ascii"))
    return Pepper(secret)


def read_pepper(path: Path) -> Pepper:
    """The pepper in a file. Raises TableError, also where others than its owner can read the file."""
    try:
        return Pepper(bytes.fromhex(read_secret(path).decode("ascii")))
    except ValueError:
        detail = f"{path}: not {2 * PEPPER_BYTES} hexadecimal digits. Name the file that kioskctl office pepper wrote."
        raise TableError(None, detail) from None
