"""The training crops: 112x112 faces on ArcFace's five points, each with the person it shows."""

import itertools
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.frames import Picture

_ENOUGH = 4  # a card photo and three looks
_SET_ASIDE = 3  # one in so many of the people with enough crops


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """pictures: 112x112 BGR; labels: (n,) number of the person in each; names: by that number."""

    pictures: list[Picture]
    labels: NDArray[np.intp]
    names: list[str]

    def of(self, people: set[int]) -> list[int]:
        """The crops that show one of these people."""
        return [i for i, label in enumerate(self.labels) if int(label) in people]

    def set_aside(self) -> set[int]:
        """People who are in no training: on them models are compared and thresholds chosen.

        A third of those who have a card photo and three looks, drawn by the checksum of the name, so that every
        script draws the same ones.
        """
        counts = np.bincount(self.labels)
        return {
            person
            for person, name in enumerate(self.names)
            if counts[person] >= _ENOUGH and zlib.crc32(name.encode()) % _SET_ASIDE == 0
        }


def load_crops(folder: Path) -> Crops:
    """``images.bin`` (JPEG files, one after the other) and ``index.json`` (their offsets, and names) of a folder."""
    index = json.loads((folder / "index.json").read_text())
    content = np.fromfile(folder / "images.bin", np.uint8)
    offsets = index["offsets"]
    pictures = [
        np.asarray(cv2.imdecode(content[start:end], cv2.IMREAD_COLOR), dtype=np.uint8)
        for start, end in itertools.pairwise(offsets)
    ]
    names, labels = np.unique(index["labels"], return_inverse=True)
    return Crops(pictures, labels.astype(np.intp), names.tolist())
