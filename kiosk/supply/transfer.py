"""Files from a medium to our disk: read once, hashed as they are written, durable before they get their names."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from tuf.api.metadata import TargetFile

from kiosk.core.errors import ImportRefusedError, Refusal
from kiosk.store import sync_folder, write_durably
from kiosk.supply.folder import CHUNK
from kiosk.supply.trust import TrustedSupply, refusing

PART = ".part"

Progress = Callable[[int], None]  # takes the number of bytes that have just been copied


def copy_target(supply: TrustedSupply, target: TargetFile, to: Path, progress: Progress) -> None:
    """Copy a target to ``to``, whose folder exists.

    A medium may answer a second reading differently, so what is hashed is what is written. A copy that is cut off stays
    as ``to`` + ``.part`` and is gone on with; its beginning is hashed again from our own disk, which after a power cut
    may hold something else: then everything is copied anew. Raises ImportRefusedError, and OSError where our
    disk fails.
    """
    part = to.with_name(to.name + PART)
    begun = part.exists()
    try:
        with refusing():
            whole = _copied(supply, target, part, progress) or (begun and _copied(supply, target, part, progress))
    except ImportRefusedError as error:
        if error.refusal is Refusal.NO_ROOM:
            part.unlink(missing_ok=True)  # what was being copied is no reason to leave the disk full
        raise
    if not whole:
        raise _damaged(target)
    part.replace(to)
    sync_folder(to.parent)


def check_target(supply: TrustedSupply, target: TargetFile) -> None:
    """Read a target to its end without keeping it. Raises ImportRefusedError where it is not what was signed."""
    digests = _digests(target)
    with refusing(), open(os.devnull, "wb") as nowhere:
        length = _append(supply, target, nowhere, 0, digests, lambda _: None)
    _check_length(target, length)
    if not _agree(target, digests):
        raise _damaged(target)


def missing_bytes(target: TargetFile, to: Path) -> int:
    """How many bytes of a target a copy to ``to`` has still to write."""
    part = to.with_name(to.name + PART)
    return target.length - (min(part.stat().st_size, target.length) if part.exists() else 0)


def is_whole(target: TargetFile, path: Path) -> bool:
    """Whether a file on our disk is the target, to its last byte. Raises OSError other than for a missing file."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size != target.length:
                return False
            digests = _digests(target)
            _hash(file, digests)
    except FileNotFoundError:
        return False
    return _agree(target, digests)


def keep(path: Path, data: bytes) -> bool:
    """Write verified bytes under their name; False where they are there already. Raises OSError."""
    if path.exists() and path.read_bytes() == data:
        return False
    write_durably(path, data)
    return True


def _copied(supply: TrustedSupply, target: TargetFile, part: Path, progress: Progress) -> bool:
    digests = _digests(target)
    with part.open("a+b") as file:
        file.seek(0)
        length = _hash(file, digests)
        try:
            if length < target.length:
                length += _append(supply, target, file, length, digests, progress)
        finally:
            file.flush()
            os.fsync(file.fileno())
    _check_length(target, length)
    right = length == target.length and _agree(target, digests)
    if not right:
        part.unlink()
    return right


def _append(
    supply: TrustedSupply, target: TargetFile, file: BinaryIO, begun: int, digests: dict[str, Any], progress: Progress
) -> int:
    written = 0
    for chunk in supply.medium.fetch_from(supply.url(target), begun):
        if begun + written + len(chunk) > target.length:
            detail = f"{target.path} is longer than was signed. Copy the supply to another stick."
            raise ImportRefusedError(Refusal.STRANGE_FILE, detail)
        file.write(chunk)
        for digest in digests.values():
            digest.update(chunk)
        written += len(chunk)
        progress(len(chunk))
    return written


def _digests(target: TargetFile) -> dict[str, Any]:
    try:
        return {name: hashlib.new(name) for name in target.hashes}
    except ValueError:
        detail = f"{target.path} is signed with a digest that this program does not know. Update the program."
        raise ImportRefusedError(Refusal.NEW_FORMAT, detail) from None


def _hash(file: BinaryIO, digests: dict[str, Any]) -> int:
    length = 0
    while chunk := file.read(CHUNK):
        length += len(chunk)
        for digest in digests.values():
            digest.update(chunk)
    return length


def _agree(target: TargetFile, digests: dict[str, Any]) -> bool:
    return all(digest.hexdigest() == target.hashes[name] for name, digest in digests.items())


def _check_length(target: TargetFile, length: int) -> None:
    if length < target.length:
        detail = f"{target.path} ends after {length} of {target.length} bytes. Copy the supply to the stick again."
        raise ImportRefusedError(Refusal.INCOMPLETE, detail)


def _damaged(target: TargetFile) -> ImportRefusedError:
    detail = f"{target.path} is not the file that was signed. Copy the supply to the stick again."
    return ImportRefusedError(Refusal.DAMAGED, detail)
