"""What becomes of the picture of a look under other conditions: a face mask, other light, less focus.

Each takes a BGR picture and the five points of the face in it, (5, 2) pixels, and gives the same change for the same
picture. How strong they are is relative to the face, so that pictures of any size are changed alike.
"""

import zlib
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.frames import Picture
from models.align import ARCFACE, align, similarity
from models.training.disguise import Disguise

Points = NDArray[np.floating]
Change = Callable[[Picture, Points], Picture]

_BLUR = 0.045  # eye distances; 1.6 pixels of a 112x112 crop, a little less than the kiosk would ask to hold still for
_DIM, _NOISE = 0.3, 5.0  # of the light, and of the 256 steps that a sensor adds
_SLOPE, _REACH = 0.7, 1.5  # of the light, that many eye distances beside the nose


def as_it_is(bgr: Picture, points: Points) -> Picture:
    """The picture itself."""
    del points
    return bgr


def masked(bgr: Picture, points: Points) -> Picture:
    """A face mask painted over nose, mouth and chin."""
    crop = align(bgr, points, ARCFACE)
    cloth = Disguise(zlib.crc32(crop.tobytes())).masked(crop).astype(np.float32) - crop
    height, width = bgr.shape[:2]
    move = similarity(points, ARCFACE.points)
    back = cv2.warpAffine(cloth, move, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return _to_bytes(bgr.astype(np.float32) + np.asarray(back, np.float32))


def dark(bgr: Picture, points: Points) -> Picture:
    """A third of the light, and the noise of a sensor that has too little."""
    del points
    noise = np.random.default_rng(zlib.crc32(bgr.tobytes())).normal(0, _NOISE, bgr.shape)
    return _to_bytes(bgr * _DIM + noise)


def side_light(bgr: Picture, points: Points) -> Picture:
    """Light from the right of the picture: the near half of the face brighter, the far one darker."""
    eyes = points[1] - points[0]
    y, x = np.mgrid[: bgr.shape[0], : bgr.shape[1]]
    across = ((x - points[2, 0]) * eyes[0] + (y - points[2, 1]) * eyes[1]) / float(np.dot(eyes, eyes))
    return _to_bytes(bgr * (1 + _SLOPE * np.clip(across / _REACH, -1, 1))[..., None])


def blurred(bgr: Picture, points: Points) -> Picture:
    """Out of focus."""
    sigma = _BLUR * float(np.hypot(*(points[1] - points[0])))
    return np.asarray(cv2.GaussianBlur(bgr, (0, 0), max(sigma, 0.1)), dtype=np.uint8)


def _to_bytes(picture: NDArray[np.floating]) -> Picture:
    return np.asarray(np.clip(np.round(picture), 0, 255), dtype=np.uint8)
