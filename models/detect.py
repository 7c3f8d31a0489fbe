"""Faces in a picture, each with a box, a score and five points."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from kiosk.frames import Picture
from models import manifest
from models.align import SIDE, TEMPLATE
from models.landmarks import PointFinder
from models.manifest import ModelError
from models.session import Floats, Session, as_batch

_STRIDES = (8, 16, 32)
_OUTPUTS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}  # numbers for each cell of a stride
_OVERLAP = 0.3


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Face:
    """One face. box: x, y, width, height; points: (5, 2), in the order of models.align; both in picture pixels."""

    box: tuple[float, float, float, float]
    score: float
    points: Floats

    def __repr__(self) -> str:
        return "Face()"

    @property
    def eye_distance(self) -> float:
        """Pixels between the eyes."""
        return float(np.hypot(*(self.points[1] - self.points[0])))


class FaceDetector:
    """A detector with the outputs of YuNet (Wu et al. 2023): cls, obj, bbox and kps at strides 8, 16 and 32.

    points: looks again at the points of each face, and may find that it is none.
    """

    def __init__(self, content: bytes, entry: manifest.Detector, points: PointFinder | None = None) -> None:
        self._entry = entry
        self._points = points
        self._session = Session(content, entry.name, entry.input)

    def detect(self, bgr: Picture) -> list[Face]:
        """All faces, the widest-eyed first. bgr: (height, width, 3) of any size."""
        canvas, scale = self._letterbox(bgr)
        outputs = self._session.run(as_batch([canvas], self._entry.input))
        boxes, scores, points = self._decode(outputs, canvas.shape[1], canvas.shape[0])
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), self._entry.min_score, _OVERLAP)
        faces = []
        for i in kept:
            x, y, width, height = (boxes[i] / scale).tolist()
            found = points[i] / scale
            better = self._points.refine(bgr, found) if self._points else found
            if better is not None:
                faces.append(Face((x, y, width, height), float(scores[i]), better))
        return sorted(faces, key=lambda face: face.eye_distance, reverse=True)

    def warm_up(self) -> None:
        """Run every network once, whether or not a face is there."""
        blank = np.zeros((SIDE, SIDE, 3), np.uint8)
        self.detect(blank)
        if self._points:
            self._points.refine(blank, TEMPLATE)

    def _letterbox(self, bgr: Picture) -> tuple[Picture, float]:
        height, width = bgr.shape[:2]
        wanted = self._entry.input
        scale = min(wanted.width / width, wanted.height / height)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        # The bands beside a wide picture are cut down to what the largest stride needs: 40 % less work at 16:9.
        outer = self._session.fixed_size or (_whole_strides(inner[0]), _whole_strides(inner[1]))
        canvas = np.zeros((outer[1], outer[0], 3), np.uint8)
        canvas[: inner[1], : inner[0]] = cv2.resize(bgr, inner, interpolation=way)
        return canvas, scale

    def _decode(self, outputs: dict[str, Floats], width: int, height: int) -> tuple[Floats, Floats, Floats]:
        boxes, scores, points = [], [], []
        for stride in _STRIDES:
            across = width // stride
            cells = across * (height // stride)
            classes, objects, box, point = (
                self._table(outputs, f"{name}_{stride}", cells, columns) for name, columns in _OUTPUTS.items()
            )
            score = np.sqrt(np.clip(classes, 0, 1) * np.clip(objects, 0, 1))[:, 0]
            [hits] = np.nonzero(score >= self._entry.min_score)
            corner = np.stack((hits % across, hits // across), axis=1)
            size = np.exp(box[hits, 2:])
            boxes.append(np.hstack((corner + box[hits, :2] - size / 2, size)) * stride)
            scores.append(score[hits])
            points.append((point[hits].reshape(-1, 5, 2) + corner[:, None]) * stride)
        return (
            np.concatenate(boxes).astype(np.float32),
            np.concatenate(scores),
            np.concatenate(points).astype(np.float32),
        )

    def _table(self, outputs: dict[str, Floats], name: str, cells: int, columns: int) -> Floats:
        found = outputs.get(name)
        if found is None or found.size != cells * columns:
            raise ModelError(f"{self._entry.name} does not answer as a face detector; install the models again")
        return found.reshape(cells, columns)


def open_detector(entries: manifest.Manifest, weights: Path) -> FaceDetector:
    """Verify and open what finds faces, from the folder ``weights``."""
    points = entries.points
    return FaceDetector(
        manifest.read_weights(entries.detect, weights),
        entries.detect,
        PointFinder(manifest.read_weights(points, weights), points) if points else None,
    )


def _whole_strides(side: int) -> int:
    return -(-side // _STRIDES[-1]) * _STRIDES[-1]
