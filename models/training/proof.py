"""How the locator compares with YuNet, and how often it sees a face where there is none.

``python -m models.training.proof MANIFEST WEIGHTS DATA [CROPS]``: DATA holds ``eval/lfw``, ``eval/frmdb`` and
``models``.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.frames import Picture
from models.detect import FaceDetector, open_detector
from models.manifest import load_manifest
from models.training.locator import mirror
from models.training.scenes import face_free_crops

Points = NDArray[np.float32]

_CLOSE = 4.0  # per cent of the eye distance
_CROPS = 3000


def compare(own: FaceDetector, yunet: FaceDetector, pictures: Iterable[Path]) -> dict[str, float]:
    """How far the own points lie from YuNet's, and each from its own answer to the mirror image.

    Mean distance of five points, in per cent of YuNet's eye distance; of the face nearest to the middle. A face that
    YuNet does not find is no truth to compare with.
    """
    apart, own_mirrored, yunet_mirrored = [], [], []
    for path in pictures:
        picture = np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR), dtype=np.uint8)
        truth, turned = _both(yunet, picture)
        if truth is None:
            continue
        found, found_turned = _both(own, picture)
        apart.append(_distance(truth, found, truth))
        own_mirrored.append(_distance(found, found_turned, truth))
        yunet_mirrored.append(_distance(truth, turned, truth))
    return {
        "pictures": len(apart),
        "missed": int(np.isinf(apart).sum()),
        "apart_median": round(float(np.median(apart)), 2),
        "within_4": round(100 * float(np.mean(np.array(apart) <= _CLOSE)), 2),
        "own_mirrored_median": round(float(np.median(own_mirrored)), 2),
        "own_mirrored_within_4": round(100 * float(np.mean(np.array(own_mirrored) <= _CLOSE)), 2),
        "yunet_mirrored_median": round(float(np.median(yunet_mirrored)), 2),
        "yunet_mirrored_within_4": round(100 * float(np.mean(np.array(yunet_mirrored) <= _CLOSE)), 2),
    }


def _both(detector: FaceDetector, picture: Picture) -> tuple[Points | None, Points | None]:
    """Points of the middle face in the picture, and in its mirror image put back where they belong."""
    mirrored = _middle(detector, np.ascontiguousarray(picture[:, ::-1]))
    if mirrored is not None:
        mirrored = mirror(picture.shape[1], mirrored, np.zeros(4, np.float32))[0]
    return _middle(detector, picture), mirrored


def _middle(detector: FaceDetector, picture: Picture) -> Points | None:
    middle = np.array(picture.shape[1::-1]) / 2
    faces = detector.detect(picture)
    nearest = min(faces, key=lambda face: float(np.hypot(*(face.points.mean(axis=0) - middle))), default=None)
    return None if nearest is None else nearest.points


def _distance(one: Points | None, other: Points | None, truth: Points) -> float:
    if one is None or other is None:
        return float("inf")
    return float(100 * np.hypot(*(one - other).T).mean() / np.hypot(*(truth[1] - truth[0])))


def false_faces(own: FaceDetector, crops: int) -> dict[str, int]:
    """How many crops of face-free pictures show a face."""
    return {"crops": crops, "faces": sum(bool(own.detect(crop)) for crop in face_free_crops(crops))}


def main(manifest: Path, weights: Path, data: Path, crops: int) -> None:
    """Print both."""
    own = open_detector(load_manifest(manifest), weights)
    yunet = open_detector(load_manifest(Path(__file__).parents[1] / "production.toml"), data / "models")
    for name in ("lfw", "frmdb"):
        pictures = sorted(path for path in (data / "eval" / name).rglob("*") if path.suffix in {".jpg", ".png"})
        print(name, compare(own, yunet, pictures))
    print("face-free", false_faces(own, crops))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else _CROPS)
