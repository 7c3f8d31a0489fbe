from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.frames import Picture
from models.align import TEMPLATE
from models.detect import Face
from models.engine import FaceEngine
from models.quality import MIN_EYE_DISTANCE, dominant, judge


def _face(scale: float = 3.0, nose: float = 0.0) -> Face:
    points = (TEMPLATE * scale).astype(np.float32)
    points[2, 0] += nose * float(points[1, 0] - points[0, 0])
    return Face((0.0, 0.0, 100.0, 100.0), 0.9, points)


@pytest.fixture
def crop() -> Picture:
    rng = np.random.default_rng(3)
    return np.clip(rng.normal(120, 40, (112, 112, 3)), 0, 255).astype(np.uint8)


def test_a_clear_straight_near_face_is_usable(crop: Picture) -> None:
    assert judge(_face(), crop).usable


def test_a_far_face_is_not_usable(crop: Picture) -> None:
    just = MIN_EYE_DISTANCE / _face(1.0).eye_distance
    assert judge(_face(just * 1.01), crop).usable
    assert not judge(_face(just * 0.99), crop).usable


def test_a_blurred_face_is_not_usable(crop: Picture) -> None:
    assert not judge(_face(), np.asarray(cv2.GaussianBlur(crop, (0, 0), 6), np.uint8)).usable


@pytest.mark.parametrize("gain", [0.2, 3.0])
def test_a_dark_or_glaring_face_is_not_usable(crop: Picture, gain: float) -> None:
    assert not judge(_face(), np.clip(crop * gain, 0, 255).astype(np.uint8)).usable


@pytest.mark.parametrize("nose", [-0.5, 0.5])
def test_a_turned_face_is_not_usable_and_a_slightly_turned_one_ranks_lower(crop: Picture, nose: float) -> None:
    assert not judge(_face(nose=nose), crop).usable
    assert judge(_face(nose=nose / 5), crop).rank < judge(_face(), crop).rank


def test_a_tilted_head_is_not_a_turned_one(crop: Picture) -> None:
    turn = np.radians(25)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]], dtype=np.float32)
    tilted = Face((0.0, 0.0, 100.0, 100.0), 0.9, _face().points @ rotation.T)
    assert judge(tilted, crop).usable


def test_of_two_people_equally_near_none_is_chosen_and_a_far_one_does_not_matter() -> None:
    near, beside, behind = _face(3.0), _face(2.6), _face(1.5)
    assert dominant([near, behind]) is near
    assert dominant([near, beside]) is None
    assert dominant([]) is None


def test_the_demo_visitors_are_usable_and_out_of_focus_they_are_not(engine: FaceEngine, demo_faces: Path) -> None:
    for person in ("astronaut", "hopper"):
        frame = np.asarray(cv2.imread(str(demo_faces / person / "05.jpg")), np.uint8)
        clear = engine.see(frame).quality
        assert clear is not None
        assert clear.usable
        soft = engine.see(np.asarray(cv2.GaussianBlur(frame, (0, 0), 9), np.uint8)).quality
        assert soft is None or not soft.usable
