"""Changed pictures: each differs where it should, and is the same every time."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.frames import Picture
from models.align import ARCFACE, align
from models.detect import open_detector
from models.manifest import load_manifest
from models.probes import Change, Points, blurred, dark, masked, side_light
from tests.models.facekit import MANIFEST


@pytest.fixture(scope="module")
def frame(demo_faces: Path) -> Picture:
    return np.asarray(cv2.imread(str(demo_faces / "astronaut" / "00.jpg")), np.uint8)


@pytest.fixture(scope="module")
def points(frame: Picture, weights: Path) -> Points:
    return open_detector(load_manifest(MANIFEST), weights).detect(frame)[0].points


@pytest.mark.parametrize("change", [masked, dark, side_light, blurred])
def test_a_change_leaves_the_picture_alone_and_is_the_same_every_time(
    frame: Picture, points: Points, change: Change
) -> None:
    before = frame.copy()
    changed = change(frame, points)
    assert (frame == before).all()
    assert changed.shape == frame.shape
    assert (changed != frame).any()
    assert (changed == change(frame, points)).all()


def test_a_mask_covers_the_mouth_and_leaves_the_eyes_and_the_hall(frame: Picture, points: Points) -> None:
    changed = masked(frame, points)
    off = np.abs(align(changed, points, ARCFACE).astype(int) - align(frame, points, ARCFACE)).mean(axis=2)
    assert off[80:100, 40:72].mean() > 20
    assert off[:50].mean() < 1
    x = int(points[2, 0] + 4 * np.hypot(*(points[1] - points[0])))
    assert (changed[:, x:] == frame[:, x:]).all()


def test_light_and_focus_change_as_they_are_called(frame: Picture, points: Points) -> None:
    grey = cv2.cvtColor(align(frame, points, ARCFACE), cv2.COLOR_BGR2GRAY).astype(float)
    dim, lit, soft = (
        cv2.cvtColor(align(change(frame, points), points, ARCFACE), cv2.COLOR_BGR2GRAY).astype(float)
        for change in (dark, side_light, blurred)
    )
    assert dim.mean() == pytest.approx(0.3 * grey.mean(), rel=0.1)
    assert lit[:, :40].mean() < 0.8 * grey[:, :40].mean()
    assert lit[:, 72:].mean() > 1.1 * grey[:, 72:].mean()
    assert soft.mean() == pytest.approx(grey.mean(), abs=1)
    assert cv2.Laplacian(soft, cv2.CV_64F).var() < 0.6 * cv2.Laplacian(grey, cv2.CV_64F).var()
