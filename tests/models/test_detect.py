import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.frames import Picture
from models.detect import FaceDetector
from models.engine import FaceEngine
from models.manifest import load_manifest, read_weights
from tests.models.facekit import MANIFEST


@pytest.fixture(scope="module")
def detector(weights: Path) -> FaceDetector:
    entry = load_manifest(MANIFEST).detect
    return FaceDetector(read_weights(entry, weights), entry)


@pytest.fixture(scope="module")
def frame(demo_faces: Path) -> Picture:
    # In the first picture the eyes are 108 pixels apart around (640, 306) and turned by a few degrees.
    return np.asarray(cv2.imread(str(demo_faces / "astronaut" / "00.jpg")), np.uint8)


def test_the_eyes_are_found_where_they_are(detector: FaceDetector, frame: Picture) -> None:
    [face] = detector.detect(frame)
    assert face.eye_distance == pytest.approx(108, rel=0.06)
    middle = face.points[:2].mean(axis=0)
    assert math.dist(middle, (640, 306)) < 0.06 * 108
    x, y, width, height = face.box
    assert x < 640 < x + width
    assert y < 306 < y + height


@pytest.mark.parametrize("turned", [False, True], ids=["wide", "upright"])
def test_a_face_keeps_its_place_in_pictures_of_any_shape(detector: FaceDetector, frame: Picture, turned: bool) -> None:
    part = frame[:, 340:940] if turned else frame[100:500]
    shown_at = (300, 306) if turned else (640, 206)
    [face] = detector.detect(part)
    assert math.dist(face.points[:2].mean(axis=0), shown_at) < 0.1 * 108


def test_several_faces_come_nearest_first_and_once_each(detector: FaceDetector, frame: Picture) -> None:
    crowd = frame.copy()
    small = cv2.resize(frame[100:600, 440:840], None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    crowd[200 : 200 + small.shape[0], 100 : 100 + small.shape[1]] = small
    near, far = detector.detect(crowd)
    assert near.eye_distance > 2 * far.eye_distance


def test_an_empty_hall_holds_nobody(detector: FaceDetector, engine: FaceEngine, demo_faces: Path) -> None:
    hall = np.asarray(cv2.imread(str(demo_faces / "nobody" / "00.jpg")), np.uint8)
    assert detector.detect(hall) == []
    assert not engine.see(hall).anybody
