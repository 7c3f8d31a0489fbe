"""How often a manifest's mask detection calls a face masked, on pictures of which it is known."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.align import ARCFACE, align
from models.detect import open_detector
from models.manifest import Manifest, read_weights
from models.mask import MaskDetector
from models.trial import TrialError


@dataclass(frozen=True, slots=True)
class MaskCount:
    """Of so many pictures: in how many a face was found, and how many of these were called masked."""

    pictures: int
    faces: int
    masked: int


def count_masks(
    manifest: Manifest, weights: Path, folder: Path, track: Callable[[list[Path]], Iterable[Path]]
) -> dict[str, MaskCount]:
    """By the names of the folders of pictures (``*.jpg``) in ``folder``; of each picture the widest-eyed face."""
    groups = {group.name: sorted(group.glob("*.jpg")) for group in sorted(folder.glob("*/"))}
    paths = [path for pictures in groups.values() for path in pictures]
    if not paths:
        raise TrialError(f"{folder}: give a folder of folders of pictures (*.jpg)")
    if manifest.mask is None:
        raise TrialError("this set has no network for masks. Choose another one with --set.")
    detector = open_detector(manifest, weights)
    mask = MaskDetector(read_weights(manifest.mask, weights), manifest.mask)
    said: dict[Path, bool] = {}
    for path in track(paths):
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            continue
        bgr = np.asarray(picture, dtype=np.uint8)
        faces = detector.detect(bgr)
        if faces:
            said[path] = mask.masked(align(bgr, faces[0].points, ARCFACE))
    return {name: _counted([said.get(path) for path in pictures]) for name, pictures in groups.items() if pictures}


def _counted(said: list[bool | None]) -> MaskCount:
    return MaskCount(len(said), len(said) - said.count(None), said.count(True))
