"""The opened models as one thing: what a camera picture holds, and the vectors of live shots and card photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from kiosk.core.policy import FalseMatchRate
from kiosk.core.ports import Band, Hint, Liveness
from kiosk.frames import Picture
from models.align import ARCFACE, SIDE, TEMPLATE, align
from models.calibration import calibrated
from models.detect import FaceDetector, open_detector
from models.embed import FaceEmbedder
from models.liveness import LivenessDetector
from models.manifest import load_manifest, read_weights
from models.mask import MaskDetector
from models.quality import MIN_GUIDED_EYE_DISTANCE, Quality, dominant, is_dark, judge
from models.session import Floats

# A card photo is small: enlarging it makes the detector's points more precise.
_ENLARGE = 2.5
# Where a face lies on a card photo in which none is found: eyes 27 pixels apart at 45 % of 102 x 126.
_CARD_WIDTH = 102
_CARD_EYE_DISTANCE = 27.0
_CARD_EYE_CENTRE = (51.0, 56.7)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Sight:
    """What one camera picture holds; of the picture itself only crops of the face are kept.

    anybody: somebody is near enough to be spoken to. hints: everything that keeps the face from being compared; none
    where it can be. aligned and quality are None with nobody there, and with two people equally near. aligned: what
    ``embed`` wants; surroundings: what ``probability`` wants, for a face that can be compared.
    """

    anybody: bool
    hints: frozenset[Hint]
    aligned: Picture | None = None
    quality: Quality | None = None
    surroundings: tuple[Picture, ...] = ()

    def __repr__(self) -> str:
        return "Sight()"


class FaceEngine:
    """The networks of one manifest; for one thread."""

    def __init__(
        self,
        detector: FaceDetector,
        embedder: FaceEmbedder,
        mask: MaskDetector | None = None,
        liveness: LivenessDetector | None = None,
    ) -> None:
        self._detector = detector
        self._embedder = embedder
        self._mask = mask
        self._liveness = liveness

    def see(self, bgr: Picture) -> Sight:
        """Who is before the camera. Embeds nothing."""
        near = [face for face in self._detector.detect(bgr) if face.eye_distance >= MIN_GUIDED_EYE_DISTANCE]
        if not near:
            # In the dark it is no use to turn the head.
            return Sight(anybody=False, hints=frozenset({Hint.MORE_LIGHT if is_dark(bgr) else Hint.FACE_CAMERA}))
        face = dominant(near)
        if face is None:
            return Sight(anybody=True, hints=frozenset({Hint.ONE_PERSON}))
        crop = align(bgr, face.points, ARCFACE)
        quality = judge(face, crop, masked=self._mask is not None and self._mask.masked(crop))
        template = self._embedder.template
        return Sight(
            anybody=True,
            hints=quality.hints,
            aligned=crop if template is ARCFACE else align(bgr, face.points, template),
            quality=quality,
            surroundings=self._liveness.cut(bgr, face.box) if self._liveness and not quality.hints else (),
        )

    def crop_of_card(self, photo: Picture) -> Picture:
        """What ``embed`` wants of the face on a decoded card photo."""
        large = cv2.resize(photo, None, fx=_ENLARGE, fy=_ENLARGE, interpolation=cv2.INTER_CUBIC)
        bgr = np.asarray(large, dtype=np.uint8)
        faces = self._detector.detect(bgr)
        points = faces[0].points if faces else _usual_points(bgr.shape[1])
        return align(bgr, points, self._embedder.template)

    def embed(self, aligned: Picture) -> Floats:
        """The unit vector of a crop."""
        return self._embedder.embed(aligned)

    def band(self, score: float, rate: FalseMatchRate) -> Band:
        """Where a look's cosine lies between the thresholds of an operating point."""
        return self._embedder.thresholds(rate).band(score)

    @property
    def liveness_frames(self) -> int:
        """How many frames of a look have to be judged for liveness: 0 without a network for it."""
        return self._liveness.frames if self._liveness else 0

    def probability(self, surroundings: tuple[Picture, ...]) -> float:
        """How likely one frame shows a living person."""
        return self._liveness.probability(surroundings) if self._liveness else 0.0

    def liveness(self, probabilities: Sequence[float]) -> Liveness:
        """What the frames of a look say together."""
        return self._liveness.judge(probabilities) if self._liveness else Liveness.ABSENT

    def warm_up(self) -> None:
        """Run every network once.

        A first run is several times slower than the next, and it shows whether the answers are what we expect.
        """
        blank = np.zeros((SIDE, SIDE, 3), np.uint8)
        self._detector.warm_up()
        self._embedder.embed(align(blank, TEMPLATE, self._embedder.template))
        if self._mask:
            self._mask.masked(blank)
        if self._liveness:
            self._liveness.probability(self._liveness.cut(blank, (0, 0, SIDE, SIDE)))


def open_engine(manifest: Path, weights: Path) -> FaceEngine:
    """Verify and open the models of a manifest from the folder ``weights``; ModelError says what is missing.

    The site's thresholds hold where a calibration lies there.
    """
    entries = load_manifest(manifest)
    mask, liveness = entries.mask, entries.liveness
    # The largest file first: while it is opened it takes four times its size.
    embedder = FaceEmbedder(read_weights(entries.embed, weights), calibrated(entries.embed, weights))
    engine = FaceEngine(
        open_detector(entries, weights),
        embedder,
        MaskDetector(read_weights(mask, weights), mask) if mask else None,
        LivenessDetector([read_weights(network, weights) for network in liveness.networks], liveness)
        if liveness
        else None,
    )
    engine.warm_up()
    return engine


def _usual_points(width: int) -> Floats:
    scale = width / _CARD_WIDTH
    eyes = TEMPLATE[:2]
    upright = (TEMPLATE - eyes.mean(axis=0)) * (_CARD_EYE_DISTANCE / np.hypot(*(eyes[1] - eyes[0])))
    return np.asarray((upright + _CARD_EYE_CENTRE) * scale, dtype=np.float32)
