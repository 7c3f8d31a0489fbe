"""The sets of face models that this repository knows, and where the files of each are looked for."""

import os
import sys
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path

import models
from kiosk.settings import ModelFiles
from models.manifest import load_manifest
from models.weights import roles

FACE_DATA = Path(os.environ.get("KIOSK_FACE_DATA") or Path(__file__).parents[2] / "shared" / "data" / "face")
# Beside the Python that runs the kiosk: what set-up made goes when that goes.
_MADE_AT_SET_UP = Path(sys.prefix) / "share" / "one-card-pass" / "models"


@unique
class SetName(StrEnum):
    """DEFAULT is made at set-up; PRODUCTION is brought by a technician."""

    DEFAULT = "default"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class ModelSet:
    """A manifest, and the folder in which its files are looked for."""

    name: SetName
    manifest: Path
    folder: Path

    @property
    def files(self) -> ModelFiles:
        """The same for the settings of a kiosk."""
        return ModelFiles(manifest=self.manifest, folder=self.folder)

    @property
    def is_there(self) -> bool:
        """Every file is in the folder; whether it is the right one is found out when it is opened."""
        return all((self.folder / entry.file).exists() for entry in roles(load_manifest(self.manifest)).values())


def model_set(name: SetName) -> ModelSet:
    """The set of this name."""
    folder = _MADE_AT_SET_UP / name if name is SetName.DEFAULT else FACE_DATA / "models"
    return ModelSet(name, Path(models.__path__[0]) / f"{name}.toml", folder)


def set_that_is_there() -> ModelSet:
    """The default set, or the production set where only that is there."""
    default, production = map(model_set, SetName)
    return production if production.is_there and not default.is_there else default
