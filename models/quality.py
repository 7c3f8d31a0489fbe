"""Whether a live face is good enough to be compared, before anything is embedded, and what would make it so."""

from dataclasses import dataclass

import cv2
import numpy as np

from kiosk.core.ports import Hint
from kiosk.frames import Picture
from models.detect import Face

# Pixels in the camera picture: to be compared, and to be spoken to. Who is farther off is not here for us.
MIN_EYE_DISTANCE = 60.0
MIN_GUIDED_EYE_DISTANCE = 36.0
# 1 % of press pictures lie below 30, faces blurred by two pixels of the crop below 15.
MIN_SHARPNESS = 20.0
EXPOSURE = (45.0, 215.0)
# 95 % of frontal mugshots lie below 0.2; of those turned by 15 to 30 degrees the median is 0.39 to 0.53.
MAX_YAW = 0.3
# A second face with more than this share of the first one's eye distance stands about as near.
_RIVAL = 0.7
# Mean of a whole picture: a covered lens or a dark room, in which nobody can be found.
_DARK = 25.0


@dataclass(frozen=True, slots=True)
class Quality:
    """eye_distance: pixels; sharpness: variance of the Laplacian of the crop; brightness: its mean grey, 0..255.

    yaw: how far the nose lies off the middle of the eyes, in eye distances along the eye line; 0 looks straight on.
    masked: mouth and nose are covered.
    """

    eye_distance: float
    sharpness: float
    brightness: float
    yaw: float
    masked: bool

    @property
    def hints(self) -> frozenset[Hint]:
        """Everything that keeps the face from being compared; a comparison is worth making where there is nothing."""
        wrong = {
            Hint.COME_CLOSER: self.eye_distance < MIN_EYE_DISTANCE,
            Hint.TAKE_OFF_MASK: self.masked,
            Hint.FACE_CAMERA: abs(self.yaw) > MAX_YAW,
            Hint.MORE_LIGHT: not EXPOSURE[0] <= self.brightness <= EXPOSURE[1],
            Hint.HOLD_STILL: self.sharpness < MIN_SHARPNESS,
        }
        return frozenset(hint for hint, holds in wrong.items() if holds)

    @property
    def rank(self) -> float:
        """Higher is better; orders usable shots of one visitor."""
        return self.sharpness * (1.0 - abs(self.yaw) / (2 * MAX_YAW))


def judge(face: Face, aligned: Picture, *, masked: bool) -> Quality:
    """The quality of a face whose 112x112 crop on ArcFace's template is ``aligned``."""
    grey = cv2.cvtColor(aligned, cv2.COLOR_BGR2GRAY)
    eyes = face.points[1] - face.points[0]
    nose = face.points[2] - (face.points[0] + face.points[1]) / 2
    return Quality(
        eye_distance=face.eye_distance,
        sharpness=float(cv2.Laplacian(grey, cv2.CV_32F).var()),
        brightness=float(grey.mean()),
        yaw=float(np.dot(nose, eyes) / max(float(np.dot(eyes, eyes)), 1e-9)),
        masked=masked,
    )


def dominant(faces: list[Face]) -> Face | None:
    """The one face that is clearly nearest, or None: of two people side by side nobody can say whose card it is.

    faces: the widest-eyed first.
    """
    if not faces or (len(faces) > 1 and faces[1].eye_distance > _RIVAL * faces[0].eye_distance):
        return None
    return faces[0]


def is_dark(bgr: Picture) -> bool:
    """Whether the picture as a whole is too dark to find anybody in."""
    return sum(cv2.mean(bgr)[:3]) / 3 < _DARK
