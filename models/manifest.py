"""The manifest of the face models: which file plays which role, whose it is, and what it was measured to do.

The code knows the roles ``detect``, ``embed``, ``mask`` and ``liveness`` and never a model's name; weights change by
changing this file. The files of one manifest lie together in one folder.
"""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kiosk.core.errors import Fault, KioskError
from kiosk.core.policy import FalseMatchRate
from kiosk.core.ports import Band
from models.align import TEMPLATES


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


class PointFinderWeights(Weights):
    """Looks at the five points of a face again; below ``min_face`` (0..1) it was none."""

    min_face: Annotated[float, Field(gt=0, lt=1)]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Cosines of one look between which a second and a third one are worth taking."""

    t_ask: float
    t_pass: float

    def band(self, score: float) -> Band:
        """Where a look's cosine lies."""
        if score >= self.t_pass:
            return Band.ABOVE
        return Band.BETWEEN if score >= self.t_ask else Band.BELOW


class Evaluation(_Strict):
    """What was measured under one condition of the card photo, at 1e-2 (t_ask) and 1e-3 (t_pass), in per cent."""

    condition: str
    genuine_visits: Annotated[int, Field(gt=0)]
    impostor_visits: Annotated[int, Field(gt=0)]
    genuine_above_t_pass: Annotated[float, Field(ge=0, le=100)]
    genuine_above_t_ask: Annotated[float, Field(ge=0, le=100)]
    impostor_above_t_pass: Annotated[float, Field(ge=0, le=100)]
    impostor_above_t_ask: Annotated[float, Field(ge=0, le=100)]


class Embedder(Weights):
    """Turns an aligned face into a vector of ``dims`` numbers whose cosine tells people apart.

    template: the crop it was trained on. thresholds: cosines of one look by the false match rate of a visit, which is
    the best of three looks: at 1e-3, one in 1,000 visits by somebody else reaches it.
    """

    dims: Annotated[int, Field(gt=0)]
    template: Literal["arcface-112", "dlib-150"]
    thresholds: dict[Annotated[FalseMatchRate, Field(strict=False)], Annotated[float, Field(gt=-1, lt=1)]]
    evaluation: Annotated[tuple[Evaluation, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        cosines = [self.thresholds[rate] for rate in sorted(self.thresholds, key=float, reverse=True)]
        if set(self.thresholds) != set(FalseMatchRate) or cosines != sorted(set(cosines)):
            raise ValueError(f"thresholds must name {', '.join(FalseMatchRate)} and rise in this order")
        side = TEMPLATES[self.template].side
        if (self.input.width, self.input.height) != (side, side):
            raise ValueError(f"input must be {side} wide and high, as the template is")
        return self

    def at(self, rate: FalseMatchRate) -> Thresholds:
        """The thresholds of an operating point: it decides what passes; what is worth another look is always 1e-2."""
        return Thresholds(t_ask=self.thresholds[FalseMatchRate.ONE_IN_100], t_pass=self.thresholds[rate])


Share = Annotated[float, Field(ge=0, le=1)]


class MaskFinder(Weights):
    """Tells from the 112x112 crop on ArcFace's template, scaled to its input, whether mouth and nose are covered.

    Its one output is 0..1; from ``masked_at`` on the face counts as masked.
    """

    masked_at: Share


class LivenessNetwork(Weights):
    """Gives the probabilities of several classes, of which number ``live`` is a living person.

    crop: sides of what it sees, in sides of the face box.
    """

    crop: Annotated[float, Field(gt=0)]
    live: Annotated[int, Field(ge=0)]


class AttackDetection(_Strict):
    """Presentation attack detection (ISO/IEC 30107-3) by networks whose probabilities are averaged over ``frames``.

    From ``live_at`` on a look is live, below ``attack_at`` an attack, between them nobody can say.
    """

    live_at: Share
    attack_at: Share
    frames: Annotated[int, Field(gt=0)]
    networks: Annotated[tuple[LivenessNetwork, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.attack_at >= self.live_at:
            raise ValueError("attack_at must lie below live_at")
        return self


class Manifest(_Strict):
    """Everything the face engine needs to know about its weights."""

    detect: Detector
    points: PointFinderWeights | None = None
    embed: Embedder
    mask: MaskFinder | None = None
    liveness: AttackDetection | None = None


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
        raise ModelError(
            f"{path}: {error.strerror}. Run kioskctl models build, or for a set that was brought to you "
            f"kioskctl models install FOLDER --to {folder}."
        ) from error
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise ModelError(
            f"{path} is not the file the manifest names (sha256 differs); copy it again, or for "
            "the default set run kioskctl models build"
        )
    return content
