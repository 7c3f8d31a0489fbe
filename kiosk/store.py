"""What lies on a kiosk's disk of its supplies, and which of it counts: the manifest.

manifest.json          the active set; replaced atomically, and everything it names is durable before
layers/ envelopes/ risks/ policies/ models/     immutable files, named by their digest
metadata/<supply>/     TUF metadata            floors.json    versions below which nothing is accepted
last-import.json       how the last import ended, for staff
"""

import os
from datetime import datetime
from enum import StrEnum, unique
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from kiosk.core.errors import Fault, Refusal, TableError

MANIFEST = "manifest.json"
LAST_IMPORT = "last-import.json"

Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@unique
class SupplyName(StrEnum):
    """Whose supply it is: each has a root of its own and may bring its own kinds of things."""

    PROVINCE = "province"
    SITE = "site"


@unique
class LayerKind(StrEnum):
    """What a layer is for. BASE and DELTA hold whole people, the others only statements about some."""

    BASE = "base"
    DELTA = "delta"
    URGENT = "urgent"
    LOCAL = "local"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ActiveLayer(_Entry):
    """One layer in use: ``file`` relative to the store, ``root`` the digest that was signed."""

    kind: LayerKind
    file: str
    root: Hex32


class Supply(_Entry):
    """One accepted supply. Files are relative to the store."""

    serial: int
    issued_at: AwareDatetime
    layers: tuple[ActiveLayer, ...]
    envelope: str
    risks: str | None = None
    policies: tuple[str, ...] = ()
    models: str | None = None  # folder with the weights of the production set


class Manifest(_Entry):
    """Everything in use."""

    format: int = 1
    province: Supply | None = None
    site: Supply | None = None


@unique
class ImportState(StrEnum):
    """Where the last import stands."""

    RUNNING = "running"
    DONE = "done"
    UNFINISHED = "unfinished"  # it was cut off: the old supply serves (A7)
    REFUSED = "refused"


class LastImport(_Entry):
    """How the last import ended; ``refusal`` with REFUSED only, ``detail`` for the technician."""

    state: ImportState
    at: datetime
    refusal: Refusal | None = None
    detail: str = ""
    percent: int = 0


def read_manifest(store: Path) -> Manifest:
    """The active set. Raises TableError(TABLE_MISSING) where nothing was imported yet, TABLE_DAMAGED otherwise."""
    path = store / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise TableError(Fault.TABLE_MISSING, f"{path} is missing. Import a supply: kioskctl stick import.") from None
    except OSError as error:
        raise TableError(Fault.TABLE_DAMAGED, f"{path}: {error.strerror}. Check disk and permissions.") from None
    except ValidationError as error:
        detail = f"{path} cannot be read ({error.error_count()} errors). Import the supply again."
        raise TableError(Fault.TABLE_DAMAGED, detail) from None


def file_stamp(path: Path) -> tuple[int, ...] | None:
    """A value that changes whenever a file is replaced or mended; None while there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    # ctime also tells of permissions that were corrected, and of a copy that kept the old mtime.
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def write_durably(path: Path, data: bytes) -> None:
    """Replace a file so that after a power cut it is the old one or the new one, never something else.

    Raises OSError; then the old file is still there.
    """
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
