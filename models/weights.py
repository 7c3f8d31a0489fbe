"""The files of a manifest in a folder: whether they are there and right, and how they get there."""

import os
import tempfile
from enum import StrEnum, unique
from pathlib import Path

from models.manifest import Manifest, ModelError, Weights, read_weights


@unique
class Standing(StrEnum):
    """What lies in a folder under the name of a file of the manifest."""

    OK = "ok"
    ALTERED = "altered"
    ABSENT = "absent"


def roles(manifest: Manifest) -> dict[str, Weights]:
    """Every file of a manifest by the role it plays; the networks of liveness detection are numbered."""
    named = {role: entry for role, entry in manifest if isinstance(entry, Weights)}
    networks = manifest.liveness.networks if manifest.liveness else ()
    return named | {f"liveness.{number}": network for number, network in enumerate(networks, 1)}


def standing(entry: Weights, folder: Path) -> Standing:
    """Whether the file in ``folder`` has the digest of its entry; ModelError where it cannot be read."""
    if not (folder / entry.file).exists():
        return Standing.ABSENT
    try:
        read_weights(entry, folder)
    except ModelError as error:
        if error.__cause__ is not None:
            raise
        return Standing.ALTERED
    return Standing.OK


def install_weights(manifest: Manifest, source: Path, target: Path) -> None:
    """Copy the manifest's files, and no others, from ``source`` to ``target``, which is made where it is missing.

    Every file is verified before the first is written, and what is written is what was verified. ModelError where
    one is absent or altered or the disk refuses; then ``target`` holds what it held before.
    """
    content = {entry.file: read_weights(entry, source) for entry in roles(manifest).values()}
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix=".install-") as folder:
            for name, data in content.items():
                with (Path(folder) / name).open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            for name in content:
                (Path(folder) / name).replace(target / name)
        handle = os.open(target, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise ModelError(f"{target}: {error.strerror}; name a folder that can be written and has room") from error
