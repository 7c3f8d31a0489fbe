"""The opened models as one thing: what a camera picture holds, and the vectors of live shots and card photos."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from kiosk.core.ports import Band
from kiosk.frames import Picture
from models.align import SIDE, TEMPLATE, align
from models.detect import FaceDetector
from models.embed import FaceEmbedder
from models.manifest import Thresholds, load_manifest, read_weights
from models.quality import Quality, dominant, judge
from models.session import Floats

# A card photo is small: enlarging it makes the detector's points more precise.
_ENLARGE = 2.5
# Where a face lies on a card photo in which none is found: eyes 27 pixels apart at 45 % of 102 x 126.
_CARD_WIDTH = 102
_CARD_EYE_DISTANCE = 27.0
_CARD_EYE_CENTRE = (51.0, 56.7)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Sight:
    """What one camera picture holds; of the picture itself only the 112x112 crop ``aligned`` is kept.

    aligned and quality are None with nobody there, and with two people equally near.
    """

    anybody: bool
    aligned: Picture | None = None
    quality: Quality | None = None

    def __repr__(self) -> str:
        return "Sight()"


class FaceEngine:
    """Detector and embedder of one manifest; for one thread."""

    def __init__(self, detector: FaceDetector, embedder: FaceEmbedder, thresholds: Thresholds) -> None:
        self._detector = detector
        self._embedder = embedder
        self._thresholds = thresholds

    def see(self, bgr: Picture) -> Sight:
        """Who is before the camera. Embeds nothing."""
        faces = self._detector.detect(bgr)
        face = dominant(faces)
        if face is None:
            return Sight(anybody=bool(faces))
        aligned = align(bgr, face.points)
        return Sight(anybody=True, aligned=aligned, quality=judge(face, aligned))

    def crop_of_card(self, photo: Picture) -> Picture:
        """The 112x112 crop of the face on a decoded card photo."""
        large = cv2.resize(photo, None, fx=_ENLARGE, fy=_ENLARGE, interpolation=cv2.INTER_CUBIC)
        bgr = np.asarray(large, dtype=np.uint8)
        faces = self._detector.detect(bgr)
        return align(bgr, faces[0].points if faces else _usual_points(bgr.shape[1]))

    def embed(self, aligned: Picture) -> Floats:
        """The unit vector of a crop."""
        return self._embedder.embed(aligned)

    def band(self, score: float) -> Band:
        """Where a look's cosine lies between the thresholds."""
        if score >= self._thresholds.t_pass:
            return Band.ABOVE
        return Band.BETWEEN if score >= self._thresholds.t_ask else Band.BELOW


def open_engine(manifest: Path, weights: Path) -> FaceEngine:
    """Verify and open the models of a manifest from the folder ``weights``; ModelError says what is missing."""
    entries = load_manifest(manifest)
    engine = FaceEngine(
        FaceDetector(read_weights(entries.detect, weights), entries.detect),
        FaceEmbedder(read_weights(entries.embed, weights), entries.embed),
        entries.embed.thresholds,
    )
    # A first run is several times slower than the next, and it shows now whether the outputs are what we expect.
    engine.see(np.zeros((SIDE, SIDE, 3), np.uint8))
    engine.embed(np.zeros((SIDE, SIDE, 3), np.uint8))
    return engine


def _usual_points(width: int) -> Floats:
    scale = width / _CARD_WIDTH
    eyes = TEMPLATE[:2]
    upright = (TEMPLATE - eyes.mean(axis=0)) * (_CARD_EYE_DISTANCE / np.hypot(*(eyes[1] - eyes[0])))
    return np.asarray((upright + _CARD_EYE_CENTRE) * scale, dtype=np.float32)
