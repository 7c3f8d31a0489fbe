"""How the locator compares with YuNet, and how often it sees a face where there is none.

``python -m models.training.proof MANIFEST WEIGHTS DATA [CROPS]``: DATA holds ``eval/lfw``, ``eval/frmdb`` and
``models``.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from models.detect import Face, FaceDetector, open_detector
from models.manifest import load_manifest
from models.training.scenes import face_free_crops

_CLOSE = 0.04  # of the eye distance
_CROPS = 3000


def compare(own: FaceDetector, yunet: FaceDetector, pictures: Iterable[Path]) -> dict[str, float]:
    """YuNet's face nearest to the middle, and the own one; off: mean distance of the five points in eye distances."""
    off, missed, of = [], 0, 0
    for path in pictures:
        picture = np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR), dtype=np.uint8)
        middle = np.array(picture.shape[1::-1]) / 2
        truth = _nearest(yunet.detect(picture), middle)
        if truth is None:
            continue
        of += 1
        found = _nearest(own.detect(picture), truth.points.mean(axis=0))
        if found is None:
            missed += 1
            off.append(np.inf)
        else:
            off.append(float(np.hypot(*(found.points - truth.points).T).mean()) / truth.eye_distance)
    close = float(np.mean(np.array(off) <= _CLOSE))
    return {
        "pictures": of,
        "within_4_percent": round(100 * close, 2),
        "within_6_percent": round(100 * float(np.mean(np.array(off) <= 0.06)), 2),
        "median_percent": round(100 * float(np.median(off)), 2),
        "missed": missed,
    }


def _nearest(faces: list[Face], middle: np.ndarray) -> Face | None:
    return min(faces, key=lambda face: float(np.hypot(*(face.points.mean(axis=0) - middle))), default=None)


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
