"""Whether a mask covers mouth and nose, which leaves too little to compare."""

import cv2
import numpy as np

from kiosk.frames import Picture
from models import manifest
from models.manifest import ModelError
from models.session import Session, as_batch, is_share


class MaskDetector:
    """A network with one output, 0..1."""

    def __init__(self, content: bytes, entry: manifest.MaskFinder) -> None:
        self._entry = entry
        self._session = Session(content, entry.name, entry.input)

    def masked(self, crop: Picture) -> bool:
        """crop: 112x112 BGR on ArcFace's template."""
        wanted = self._entry.input
        small = np.asarray(cv2.resize(crop, (wanted.width, wanted.height), interpolation=cv2.INTER_AREA), np.uint8)
        outputs = list(self._session.run(as_batch([small], wanted)).values())
        if len(outputs) != 1 or outputs[0].size != 1 or not is_share(outputs[0].item()):
            raise ModelError(f"{self._entry.name} does not answer with one number 0..1; install the models again")
        return outputs[0].item() >= self._entry.masked_at
