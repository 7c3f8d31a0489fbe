"""The thresholds of a manifest, from people who are in no training of it and in no evaluation.

``python -m models.training.thresholds MANIFEST WEIGHTS CROPS [--everybody]``: CROPS holds ``images.bin`` and
``index.json``. Without ``--everybody`` only the people set aside count, as for networks trained on the others. A
person's first crop is the card photo, as JPEG 2000 of 1 KB; the next three are the looks of a visit, of which the best
counts.
"""

import math
import sys
from functools import partial
from pathlib import Path

import numpy as np

from kiosk.core.policy import FalseMatchRate
from kiosk.frames import Picture
from models.align import ARCFACE, TEMPLATE, Template, warp
from models.detect import open_detector
from models.embed import FaceEmbedder
from models.engine import FaceEngine
from models.evaluation import Comparisons, Numbers, Rates, estimate
from models.idphoto import Level, id_photo
from models.manifest import Manifest, load_manifest, read_weights
from models.photo import decode_photo
from models.training.crops import Crops, load_crops

_LOOKS = 3


def visits(manifest: Manifest, weights: Path, crops: Crops, people: set[int]) -> Comparisons:
    """The best of three looks of everybody against the card photos of everybody."""
    embedder = FaceEmbedder(read_weights(manifest.embed, weights), manifest.embed)
    engine = FaceEngine(open_detector(manifest, weights), embedder)
    cards, looks = [], []
    for person in sorted(people):
        first, *others = [crops.pictures[i] for i in crops.of({person})[: 1 + _LOOKS]]
        card = decode_photo(id_photo(first, TEMPLATE[:2], Level.CARD))
        cards.append(engine.embed(engine.crop_of_card(card)))
        looks.append([engine.embed(_cut(crop, embedder.template)) for crop in others])
    scores: Numbers = np.array(looks, np.float64) @ np.array(cards, np.float64).T
    return Comparisons(scores.max(axis=1), np.arange(len(people)))


def _cut(crop: Picture, template: Template) -> Picture:
    return crop if template is ARCFACE else warp(crop, TEMPLATE, template)


def everybody(crops: Crops) -> set[int]:
    """People with a card photo and three looks."""
    return {person for person, count in enumerate(np.bincount(crops.labels)) if count > _LOOKS}


def main(manifest: Path, weights: Path, folder: Path, whole: bool) -> None:
    """Print each threshold to two places, upwards, with its interval over people, and what reaches it."""
    crops = load_crops(folder)
    people = everybody(crops) if whole else crops.set_aside()
    found = visits(load_manifest(manifest), weights, crops, people)
    print(f"{found.people} people, {found.genuine} genuine and {found.impostor} impostor visits")
    for rate in FalseMatchRate:
        exact = found.rates().threshold_at(float(rate))
        threshold = math.ceil(100 * exact) / 100
        at, fmr, fnmr = estimate(
            found,
            [
                partial(Rates.threshold_at, fmr=float(rate)),
                partial(Rates.fmr, threshold=threshold),
                partial(Rates.fnmr, threshold=threshold),
            ],
        )
        reached = round(fmr.value * found.impostor)
        print(
            f"{rate}: t = {threshold:.2f} (exactly {at.value:.4f}, {at.low:.4f} to {at.high:.4f}); {reached} impostor "
            f"visits reach it, {fmr.value:.2e} ({fmr.low:.2e} to {fmr.high:.2e}); "
            f"FNMR {100 * fnmr.value:.2f} % ({100 * fnmr.low:.2f} to {100 * fnmr.high:.2f})"
        )


if __name__ == "__main__":
    _, first, second, third, *flags = sys.argv
    main(Path(first), Path(second), Path(third), whole=flags == ["--everybody"])
