"""Pictures without a face that packages carry, for grounds to put faces on and for counting false alarms."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from kiosk.frames import Picture

# Grounds in training. Left out on purpose: coins (heads on them), astronaut and camera (people).
TRAINING = (
    ("skimage", "data/grass.png"),
    ("skimage", "data/text.png"),
    ("skimage", "data/clock_motion.png"),
    ("skimage", "data/microaneurysms.png"),
    ("skimage", "data/cell.png"),
    ("skimage", "data/color.png"),
    ("skimage", "data/horse.png"),
    ("skimage", "data/chessboard_RGB.png"),
    ("skimage", "data/motorcycle_right.png"),
    ("matplotlib", "mpl-data/sample_data/Minduka_Present_Blue_Pack.png"),
)
# False alarms are counted on these, which no training has seen.
PROOF = (
    ("sklearn", "datasets/images/china.jpg"),
    ("sklearn", "datasets/images/flower.jpg"),
    ("skimage", "data/coffee.png"),
    ("skimage", "data/rocket.jpg"),
    ("skimage", "data/chelsea.png"),
    ("skimage", "data/retina.jpg"),
    ("skimage", "data/ihc.png"),
    ("skimage", "data/hubble_deep_field.jpg"),
    ("skimage", "data/brick.png"),
    ("skimage", "data/gravel.png"),
    ("skimage", "data/page.png"),
    ("skimage", "data/moon.png"),
)


def load_scene(package: str, path: str) -> Picture:
    """A picture that an installed package carries; FileNotFoundError names what to install."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"install the package {package}")
    picture = cv2.imread(str(Path(spec.origin).parent / path), cv2.IMREAD_COLOR)
    if picture is None:
        raise FileNotFoundError(f"{package} carries no {path}")
    return np.asarray(picture, dtype=np.uint8)


def face_free_crops(count: int, seed: int = 5) -> Iterator[Picture]:
    """Parts of the PROOF pictures, of all sizes from 80 pixels up, each picture as often as the next."""
    rng = np.random.default_rng(seed)
    scenes = [load_scene(*place) for place in PROOF]
    for number in range(count):
        scene = scenes[number % len(scenes)]
        height, width = scene.shape[:2]
        wide = int(np.exp(rng.uniform(np.log(80), np.log(min(width, height * 16 / 9)))))
        high = min(height, int(wide * rng.uniform(0.56, 1.0)))
        left, top = rng.integers(0, width - wide + 1), rng.integers(0, height - high + 1)
        part = scene[top : top + high, left : left + wide]
        yield np.ascontiguousarray(part[:, ::-1] if rng.random() < 0.5 else part)
