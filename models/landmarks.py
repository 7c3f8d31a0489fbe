"""A second look at the five points of a face, in an upright crop around them."""

import numpy as np
from numpy.typing import NDArray

from kiosk.frames import Picture
from models import manifest
from models.align import TEMPLATE, Template, align, similarity
from models.manifest import ModelError
from models.session import Session, as_batch, is_share

# The whole face, eyes 24 pixels apart.
UPRIGHT = Template(80, (TEMPLATE - 56) * 0.68 + 40)


class PointFinder:
    """A network that says how far the points in an upright crop lie off the template, and whether it is a face.

    It answers with eleven numbers: x and y of each offset in pixels of the crop, and 0..1 for being a face.
    """

    def __init__(self, content: bytes, entry: manifest.PointFinderWeights) -> None:
        self._entry = entry
        self._session = Session(content, entry.name, entry.input)

    def refine(self, bgr: Picture, points: NDArray[np.floating]) -> NDArray[np.float32] | None:
        """Better points (5, 2) in pixels of ``bgr``; None where there is no face after all."""
        answers = list(self._session.run(as_batch([align(bgr, points, UPRIGHT)], self._entry.input)).values())
        if len(answers) != 1 or answers[0].size != UPRIGHT.points.size + 1 or not is_share(float(answers[0].flat[-1])):
            raise ModelError(f"{self._entry.name} does not answer with five points; install the models again")
        offsets, face = answers[0].ravel()[:-1], answers[0].flat[-1]
        if face < self._entry.min_face:
            return None
        found = UPRIGHT.points + offsets.reshape(UPRIGHT.points.shape)
        move = similarity(points, UPRIGHT.points)
        return np.asarray((found - move[:, 2]) @ np.linalg.inv(move[:, :2]).T, dtype=np.float32)
