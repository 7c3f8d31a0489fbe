"""A crop by one warp, as the networks in models.training see it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.frames import Picture
from models.align import ARCFACE as ARCFACE
from models.align import DLIB as DLIB
from models.align import Template, similarity


def warp(bgr: Picture, points: NDArray[np.floating], template: Template) -> Picture:
    """The square crop with the five ``points`` (5, 2) on the template's; at the edge the picture goes on as it ends."""
    crop = cv2.warpAffine(
        bgr,
        similarity(points, template.points),
        (template.side, template.side),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(crop, dtype=np.uint8)
