"""The sets of face models that this repository knows, and where the files of each are looked for."""

import os
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path

from kiosk.settings import DEFAULT_MODELS, PRODUCTION_MODELS, ModelFiles
from models.manifest import load_manifest
from models.weights import roles

FACE_DATA = Path(os.environ.get("KIOSK_FACE_DATA") or Path(__file__).parents[2] / "shared" / "data" / "face")


@unique
class SetName(StrEnum):
    """DEFAULT is made at set-up; PRODUCTION is brought by a technician."""

    DEFAULT = "default"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class ModelSet:
    """A manifest, and the folder in which its files are looked for."""

    name: SetName
    files: ModelFiles

    @property
    def manifest(self) -> Path:
        return self.files.manifest

    @property
    def folder(self) -> Path:
        return self.files.folder

    @property
    def is_there(self) -> bool:
        """Every file is in the folder; whether it is the right one is found out when it is opened."""
        return all((self.folder / entry.file).exists() for entry in roles(load_manifest(self.manifest)).values())


def model_set(name: SetName) -> ModelSet:
    """The set of this name."""
    if name is SetName.DEFAULT:
        return ModelSet(name, DEFAULT_MODELS)
    return ModelSet(name, ModelFiles(manifest=PRODUCTION_MODELS, folder=FACE_DATA / "models"))


def set_that_is_there() -> ModelSet:
    """The default set, or the production set where only that is there."""
    default, production = map(model_set, SetName)
    return production if production.is_there and not default.is_there else default
