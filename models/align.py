"""Five facial points, and the upright crops that networks are trained on."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.frames import Picture

SIDE = 112
# The five-point template of ArcFace (Deng et al. 2019) in a 112x112 crop: eye on the left of the picture, eye on its
# right, tip of the nose, corners of the mouth.
TEMPLATE: NDArray[np.float64] = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """Where the five points lie in a crop. side: pixels of the square; points: (5, 2) in it."""

    side: int
    points: NDArray[np.float64]


ARCFACE = Template(SIDE, TEMPLATE)
# Eyes 52.6 pixels apart at y = 47 around x = 74, as in the chips that dlib's face network (King 2017) was trained on.
DLIB = Template(150, (TEMPLATE - TEMPLATE[:2].mean(axis=0)) * (52.58 / 35.24) + (74.0, 47.0))
# By the name that a manifest calls them.
TEMPLATES = {"arcface-112": ARCFACE, "dlib-150": DLIB}


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """The 2x3 matrix of rotation, one scale and shift that takes ``source`` to ``target`` with least squares.

    source, target: (n, 2) pixels. In the plane the solution is closed when points are complex numbers (a similarity
    without reflection is z -> az + b); cf. Umeyama 1991.
    """
    z = source[:, 0] + 1j * source[:, 1]
    w = target[:, 0] + 1j * target[:, 1]
    centred = z - z.mean()
    a = np.vdot(centred, w - w.mean()) / max(np.vdot(centred, centred).real, 1e-9)
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def align(bgr: Picture, points: NDArray[np.floating], template: Template) -> Picture:
    """The square crop with the five ``points`` (5, 2) as near as can be to the template's."""
    scale = float(np.hypot(*similarity(points, template.points)[:, 0]))
    if scale < 1:
        bgr, points = _shrunk(bgr, points, scale, template.side)
    return warp(bgr, points, template)


def warp(bgr: Picture, points: NDArray[np.floating], template: Template) -> Picture:
    """The same by one warp, for pictures that need no shrinking; beyond its edge the picture goes on as it ends."""
    crop = cv2.warpAffine(
        bgr,
        similarity(points, template.points),
        (template.side, template.side),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(crop, dtype=np.uint8)


def _shrunk(
    bgr: Picture, points: NDArray[np.floating], scale: float, side: int
) -> tuple[Picture, NDArray[np.floating]]:
    """The part around the face, brought to the crop's scale by area: a warp alone would skip pixels and alias."""
    reach = 3 * side / scale / 4
    middle = points.mean(axis=0)
    height, width = bgr.shape[:2]
    left, top = (max(0, int(value)) for value in middle - reach)
    right, bottom = min(width, int(middle[0] + reach) + 1), min(height, int(middle[1] + reach) + 1)
    part = bgr[top:bottom, left:right]
    size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    small = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    # Pixel centres: x of the part is (x + 0.5) * factor - 0.5 in the smaller picture.
    factor = np.array([size[0] / part.shape[1], size[1] / part.shape[0]], dtype=np.float32)
    return small, (points - np.array([left, top], dtype=np.float32) + 0.5) * factor - 0.5
