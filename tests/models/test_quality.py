import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.core.ports import Hint
from kiosk.frames import Picture
from models.align import TEMPLATE
from models.detect import Face
from models.engine import FaceEngine
from models.quality import MIN_EYE_DISTANCE, Quality, dominant, is_dark, judge


def _face(scale: float = 3.0, nose: float = 0.0) -> Face:
    points = (TEMPLATE * scale).astype(np.float32)
    points[2, 0] += nose * float(points[1, 0] - points[0, 0])
    return Face((0.0, 0.0, 100.0, 100.0), 0.9, points)


@pytest.fixture
def crop() -> Picture:
    rng = np.random.default_rng(3)
    return np.clip(rng.normal(120, 40, (112, 112, 3)), 0, 255).astype(np.uint8)


def _hints(face: Face, crop: Picture) -> set[Hint]:
    return set(judge(face, crop, masked=False).hints)


def test_a_clear_straight_near_face_needs_no_hint(crop: Picture) -> None:
    assert _hints(_face(), crop) == set()


def test_a_far_face_should_come_closer(crop: Picture) -> None:
    just = MIN_EYE_DISTANCE / _face(1.0).eye_distance
    assert _hints(_face(just * 1.01), crop) == set()
    assert _hints(_face(just * 0.99), crop) == {Hint.COME_CLOSER}


def test_a_blurred_face_should_hold_still(crop: Picture) -> None:
    assert _hints(_face(), np.asarray(cv2.GaussianBlur(crop, (0, 0), 6), np.uint8)) == {Hint.HOLD_STILL}


@pytest.mark.parametrize("gain", [0.2, 3.0])
def test_a_dark_or_glaring_face_needs_other_light(crop: Picture, gain: float) -> None:
    assert _hints(_face(), np.clip(crop * gain, 0, 255).astype(np.uint8)) == {Hint.MORE_LIGHT}


def test_a_masked_face_should_take_the_mask_off(crop: Picture) -> None:
    assert judge(_face(), crop, masked=True).hints == {Hint.TAKE_OFF_MASK}


@pytest.mark.parametrize("nose", [-0.5, 0.5])
def test_a_turned_face_should_face_the_camera_and_a_slightly_turned_one_ranks_lower(crop: Picture, nose: float) -> None:
    assert _hints(_face(nose=nose), crop) == {Hint.FACE_CAMERA}
    slightly, straight = (judge(_face(nose=by), crop, masked=False) for by in (nose / 5, 0))
    assert slightly.hints == straight.hints == set()
    assert slightly.rank < straight.rank


def test_a_tilted_head_is_not_a_turned_one(crop: Picture) -> None:
    turn = np.radians(25)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]], dtype=np.float32)
    tilted = Face((0.0, 0.0, 100.0, 100.0), 0.9, _face().points @ rotation.T)
    assert _hints(tilted, crop) == set()


# Each measure just within its limit and just beyond it, on both sides where it has two.
DISTANCES = {60.0: None, 59.9: Hint.COME_CLOSER}
MASKS = {False: None, True: Hint.TAKE_OFF_MASK}
YAWS = {0.3: None, -0.3: None, 0.31: Hint.FACE_CAMERA, -0.31: Hint.FACE_CAMERA}
BRIGHTNESSES = {45.0: None, 215.0: None, 44.9: Hint.MORE_LIGHT, 215.1: Hint.MORE_LIGHT}
SHARPNESSES = {20.0: None, 19.9: Hint.HOLD_STILL}


def test_every_face_is_told_all_that_is_wrong_with_it_and_nothing_else() -> None:
    measures = (DISTANCES, SHARPNESSES, BRIGHTNESSES, YAWS, MASKS)
    for distance, sharpness, brightness, yaw, masked in itertools.product(*measures):
        wrong = {
            DISTANCES[distance],
            SHARPNESSES[sharpness],
            BRIGHTNESSES[brightness],
            YAWS[yaw],
            MASKS[bool(masked)],
        }
        assert Quality(distance, sharpness, brightness, yaw, bool(masked)).hints == wrong - {None}


def test_a_dark_hall_is_dark_and_a_lit_one_is_not() -> None:
    hall = np.full((72, 128, 3), 60, np.uint8)
    assert not is_dark(hall)
    assert is_dark(hall // 4)


def test_of_two_people_equally_near_none_is_chosen_and_a_far_one_does_not_matter() -> None:
    near, beside, behind = _face(3.0), _face(2.6), _face(1.5)
    assert dominant([near, behind]) is near
    assert dominant([near, beside]) is None
    assert dominant([]) is None


def test_the_demo_visitors_are_usable_and_out_of_focus_they_are_not(engine: FaceEngine, demo_faces: Path) -> None:
    for person in ("astronaut", "hopper"):
        frame = np.asarray(cv2.imread(str(demo_faces / person / "05.jpg")), np.uint8)
        assert engine.see(frame).hints == set()
        assert engine.see(np.asarray(cv2.GaussianBlur(frame, (0, 0), 9), np.uint8)).hints
