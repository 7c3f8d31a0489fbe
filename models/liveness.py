"""Presentation attack detection (ISO/IEC 30107-3): is this a person, or a picture of one?"""

from collections.abc import Sequence

import cv2
import numpy as np

from kiosk.core.ports import Liveness
from kiosk.frames import Picture
from models import manifest
from models.manifest import ModelError
from models.session import Session, as_batch, is_share

Box = tuple[float, float, float, float]


class LivenessDetector:
    """Networks that look at the face with what is around it; what they say is averaged over networks and frames."""

    def __init__(self, contents: Sequence[bytes], entry: manifest.AttackDetection) -> None:
        self._entry = entry
        self._networks = [
            (network, Session(content, network.name, network.input))
            for content, network in zip(contents, entry.networks, strict=True)
        ]

    @property
    def frames(self) -> int:
        """How many frames a look needs."""
        return self._entry.frames

    def cut(self, bgr: Picture, box: Box) -> tuple[Picture, ...]:
        """What each network sees of the uncropped picture (height, width, 3). box: x, y, width, height of the face."""
        return tuple(_cut(bgr, box, network) for network, _ in self._networks)

    def probability(self, cuts: tuple[Picture, ...]) -> float:
        """How likely one frame shows a living person, 0..1."""
        said = [self._ask(network, session, cut) for (network, session), cut in zip(self._networks, cuts, strict=True)]
        return sum(said) / len(said)

    def judge(self, probabilities: Sequence[float]) -> Liveness:
        """What the frames of a look say together; of too few of them nobody can say."""
        if len(probabilities) < self._entry.frames:
            return Liveness.UNSURE
        mean = sum(probabilities) / len(probabilities)
        if mean >= self._entry.live_at:
            return Liveness.LIVE
        return Liveness.ATTACK if mean < self._entry.attack_at else Liveness.UNSURE

    def _ask(self, network: manifest.LivenessNetwork, session: Session, cut: Picture) -> float:
        outputs = list(session.run(as_batch([cut], network.input)).values())
        classes = outputs[0].reshape(-1)
        if len(outputs) != 1 or len(classes) <= network.live or not is_share(float(classes[network.live])):
            raise ModelError(f"{network.name} does not answer with probabilities; install the models again")
        return float(classes[network.live])


def _cut(bgr: Picture, box: Box, network: manifest.LivenessNetwork) -> Picture:
    """As the networks learnt it: at the picture's edge the cut is moved, then made smaller, never filled up."""
    x, y, width, height = box
    room = np.array(bgr.shape[1::-1]) - 1
    size = np.array((width, height))
    wanted = size * min(network.crop, *(room / size))
    corner = np.clip((x, y) + (size - wanted) / 2, 0, room - wanted)
    (left, top), (right, bottom) = corner.astype(int), (corner + wanted).astype(int) + 1
    seen = cv2.resize(bgr[top:bottom, left:right], (network.input.width, network.input.height))
    return np.asarray(seen, dtype=np.uint8)
