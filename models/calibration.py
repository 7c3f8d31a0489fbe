"""Thresholds of one site, raised where people there are taken for each other more often than the manifest promises.

Twenty consenting people cannot show that a threshold may be lower: one false match in 1,000 visits is too rare for
that. They can show that it has to be higher, so a calibration only ever raises. It lies beside the weights as
``calibration.toml`` and holds numbers only: no names, no pictures, no vectors.
"""

import logging
import math
import os
import tempfile
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from kiosk.core.errors import KioskError
from kiosk.core.policy import FalseMatchRate
from models.evaluation import Comparisons, chance_of
from models.manifest import Embedder, ModelError

FILE = "calibration.toml"
# A count that visits within the promise would reach less often than this is taken for evidence against the promise.
_SIGNIFICANCE = 0.05
_DIGITS = 4

_log = logging.getLogger(__name__)

Cosines = dict[FalseMatchRate, float]


class CalibrationError(KioskError):
    """The pictures cannot calibrate anything; whoever took them corrects it."""

    def __init__(self, detail: str) -> None:
        super().__init__(None, detail)


class Calibration(BaseModel):
    """What is kept of a calibration. thresholds: those that hold, by the false match rate of a visit."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    embed_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    made_at: AwareDatetime
    people: Annotated[int, Field(gt=1)]
    genuine_visits: Annotated[int, Field(ge=0)]
    impostor_visits: Annotated[int, Field(gt=0)]
    thresholds: dict[Annotated[FalseMatchRate, Field(strict=False)], Annotated[float, Field(gt=-1, lt=1)]]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        cosines = [self.thresholds.get(rate, math.nan) for rate in FalseMatchRate]
        if cosines != sorted(cosines) or set(self.thresholds) != set(FalseMatchRate):
            raise ValueError(f"thresholds must name {', '.join(FalseMatchRate)} and not fall in this order")
        return self


@dataclass(frozen=True, slots=True)
class Verdict:
    """What impostor visits said of one threshold.

    reached: how many of them did, against the promised rate. chance: that so many or more do although the promise
    holds; visits of the same people are not independent, so it is somewhat too small, which errs towards raising.
    """

    threshold: float
    reached: int
    chance: float
    site_threshold: float

    @property
    def raised(self) -> bool:
        return self.site_threshold > self.threshold


def judge(thresholds: Cosines, visits: Comparisons) -> dict[FalseMatchRate, Verdict]:
    """Each threshold, raised where the promise is broken: to just above as many impostors as it does not allow for."""
    rates = visits.rates()
    verdicts: dict[FalseMatchRate, Verdict] = {}
    floor = -1.0
    for rate in FalseMatchRate:
        threshold, promised = thresholds[rate], float(rate)
        reached = round(rates.fmr(threshold) * visits.impostor)
        chance = chance_of(reached, visits.impostor, promised)
        wanted = threshold
        if chance < _SIGNIFICANCE:
            wanted = max(threshold, math.ceil(rates.threshold_at(promised) * 10**_DIGITS) / 10**_DIGITS)
        floor = max(floor, wanted)
        verdicts[rate] = Verdict(threshold, reached, chance, floor)
    return verdicts


def calibrated(entry: Embedder, folder: Path) -> Embedder:
    """The entry with the thresholds of the site in ``folder``, where a calibration of this very network lies there.

    One of another network is ignored, and the log says so; ModelError where the file is damaged.
    """
    calibration = load_calibration(folder)
    if calibration is None:
        return entry
    if calibration.embed_sha256 != entry.sha256:
        _log.warning("%s is of another network and does not hold", folder / FILE)
        return entry
    higher = {rate: max(entry.thresholds[rate], calibration.thresholds[rate]) for rate in FalseMatchRate}
    return entry.model_copy(update={"thresholds": higher})


def described(entry: Embedder, folder: Path) -> str:
    """In words, whether a calibration holds for a network whose weights are in ``folder``."""
    calibration = load_calibration(folder)
    if calibration is None:
        return "none: the thresholds are the manifest's"
    if calibration.embed_sha256 != entry.sha256:
        return f"{FILE} is of another network and does not hold. Run kioskctl models calibrate again, or with --reset."
    cosines = ", ".join(f"{calibration.thresholds[rate]:g} at {rate}" for rate in FalseMatchRate)
    return f"of {calibration.made_at:%Y-%m-%d}, {calibration.people} people: thresholds {cosines}"


def load_calibration(folder: Path) -> Calibration | None:
    """The calibration in a folder of weights, if there is one; ModelError where it cannot be read or is damaged."""
    path = folder / FILE
    try:
        with path.open("rb") as file:
            return Calibration.model_validate(tomllib.load(file))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}. Let the kiosk read it.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise ModelError(f"{path} is damaged: {said}. Run kioskctl models calibrate --reset, and calibrate.") from error


def keep(
    entry: Embedder, verdicts: dict[FalseMatchRate, Verdict], visits: Comparisons, now: datetime, folder: Path
) -> Path:
    """Write what was found beside the weights, whole or not at all; ModelError where it cannot be written.

    CalibrationError where a threshold reaches 1.
    """
    path = folder / FILE
    try:
        calibration = Calibration(
            embed_sha256=entry.sha256,
            made_at=now.replace(microsecond=0),
            people=visits.people,
            genuine_visits=visits.genuine,
            impostor_visits=visits.impostor,
            thresholds={rate: verdict.site_threshold for rate, verdict in verdicts.items()},
        )
    except ValidationError as error:
        raise CalibrationError("two people have the same picture: give each folder one person") from error
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".calibrate-") as made:
            with (Path(made) / FILE).open("w", encoding="utf-8") as file:
                file.write(_written(calibration))
                file.flush()
                os.fsync(file.fileno())
            (Path(made) / FILE).replace(path)
    except OSError as error:
        raise ModelError(f"{folder}: {error.strerror}; run this as who may write there") from error
    return path


def reset(folder: Path) -> bool:
    """Take a calibration back; False where there was none."""
    try:
        (folder / FILE).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ModelError(f"{folder / FILE}: {error.strerror}; run this as who may write there") from error
    return True


def _written(calibration: Calibration) -> str:
    cosines = ", ".join(f'"{rate}" = {cosine!r}' for rate, cosine in calibration.thresholds.items())
    return (
        "# Written by kioskctl models calibrate; taken back by kioskctl models calibrate --reset.\n"
        f'embed_sha256 = "{calibration.embed_sha256}"\n'
        f"made_at = {calibration.made_at.isoformat()}\n"
        f"people = {calibration.people}\n"
        f"genuine_visits = {calibration.genuine_visits}\n"
        f"impostor_visits = {calibration.impostor_visits}\n"
        f"thresholds = {{ {cosines} }}\n"
    )
