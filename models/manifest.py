"""The manifest of the face models: which file plays which role, whose it is, and what it was measured to do.

The code knows the roles ``detect`` and ``embed`` and never a model's name; weights change by changing this file.
"""

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kiosk.core.errors import Fault, KioskError


class ModelError(KioskError):
    """The face models cannot be used; the technician puts the right files back."""

    def __init__(self, detail: str) -> None:
        super().__init__(Fault.MODELS, detail)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PictureInput(_Strict):
    """What a network wants to see: one picture, NCHW float32, pixel values scaled linearly from 0..255 to low..high."""

    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    colours: Literal["BGR", "RGB"]
    low: float
    high: float


class Weights(_Strict):
    """One file of weights. ``name`` and ``card`` (the model card beside the manifest) are for people."""

    name: str
    card: str
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    licence: str
    source: str
    input: PictureInput


class Detector(Weights):
    """Finds faces with five points each. Input sides are multiples of 32; ``min_score``: 0..1."""

    min_score: Annotated[float, Field(gt=0, lt=1)]


class Thresholds(_Strict):
    """Cosines of one look. A visit is the best of three looks, and these hold its false accept rate.

    t_pass: 1 in 1,000 visits by somebody else reaches it. t_ask: 1 in 100.
    """

    t_pass: Annotated[float, Field(gt=-1, lt=1)]
    t_ask: Annotated[float, Field(gt=-1, lt=1)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.t_ask >= self.t_pass:
            raise ValueError("t_ask must lie below t_pass")
        return self


class Evaluation(_Strict):
    """What was measured under one condition of the card photo, at the thresholds of this manifest, in per cent."""

    condition: str
    genuine_visits: Annotated[int, Field(gt=0)]
    impostor_visits: Annotated[int, Field(gt=0)]
    genuine_above_t_pass: Annotated[float, Field(ge=0, le=100)]
    genuine_above_t_ask: Annotated[float, Field(ge=0, le=100)]
    impostor_above_t_pass: Annotated[float, Field(ge=0, le=100)]
    impostor_above_t_ask: Annotated[float, Field(ge=0, le=100)]


class Embedder(Weights):
    """Turns an aligned face into a vector of ``dims`` numbers whose cosine tells people apart."""

    dims: Annotated[int, Field(gt=0)]
    thresholds: Thresholds
    evaluation: Annotated[tuple[Evaluation, ...], Field(strict=False, min_length=1)]


class Manifest(_Strict):
    """Everything the face engine needs to know about its weights."""

    detect: Detector
    embed: Embedder


def load_manifest(path: Path) -> Manifest:
    """Read a manifest; ModelError names the key that is wrong."""
    try:
        with path.open("rb") as file:
            return Manifest.model_validate(tomllib.load(file))
    except OSError as error:
        raise ModelError(f"cannot read the model manifest {path}: {error.strerror}; reinstall it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is not valid TOML: {error}; reinstall it") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{path}: {key}: {first['msg']}; reinstall it") from error


def read_weights(entry: Weights, folder: Path) -> bytes:
    """The file's content once its sha256 is the manifest's.

    The hash comes before the parser: a truncated file would otherwise surface as a parser's riddle, and an altered
    one would be obeyed.
    """
    path = folder / entry.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}. Run kioskctl models install FOLDER --to {folder}.") from error
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise ModelError(f"{path} is not the file the manifest names (sha256 differs); copy it again")
    return content
