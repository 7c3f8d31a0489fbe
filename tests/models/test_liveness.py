from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.core.ports import Liveness
from kiosk.frames import Picture
from models.engine import FaceEngine
from models.liveness import LivenessDetector
from models.manifest import AttackDetection, ModelError, load_manifest
from tests.models.facekit import MANIFEST
from tests.models.onnxkit import saying

LIVE, DEAD = [0.0, 1.0, 0.0], [0.5, 0.0, 0.5]


@pytest.fixture
def entry() -> AttackDetection:
    liveness = load_manifest(MANIFEST).liveness
    assert liveness is not None
    return liveness


def _detector(entry: AttackDetection, *said: list[float]) -> LivenessDetector:
    return LivenessDetector([saying(numbers, (80, 80)) for numbers in said], entry)


@pytest.fixture
def scene() -> Picture:
    """Every pixel says where it is: column in blue, row in green."""
    y, x = np.mgrid[:200, :240]
    return np.stack([x, y, np.zeros_like(x)], axis=-1).astype(np.uint8)


@pytest.mark.parametrize(
    ("box", "corners"),
    [
        # x, y, width, height; then the columns and rows seen at 2.7 and at 4 times the box.
        ((100, 80, 40, 50), [((66, 174), (37, 172)), ((40, 199), (0, 199))]),
        ((0, 0, 30, 40), [((0, 81), (0, 108)), ((0, 120), (0, 160))]),
        ((210, 170, 30, 30), [((158, 239), (118, 199)), ((119, 239), (79, 199))]),
    ],
    ids=["middle", "corner", "other corner"],
)
def test_each_network_sees_the_face_with_what_is_around_it(
    entry: AttackDetection,
    scene: Picture,
    box: tuple[float, float, float, float],
    corners: list[tuple[tuple[int, int], tuple[int, int]]],
) -> None:
    for cut, (columns, rows) in zip(_detector(entry, LIVE, LIVE).cut(scene, box), corners, strict=True):
        assert cut.shape == (80, 80, 3)
        for corner, place in ((cut[0, 0], 0), (cut[-1, -1], 1)):
            assert corner[:2].tolist() == pytest.approx([columns[place], rows[place]], abs=2)


def test_a_face_larger_than_the_picture_still_gives_cuts(entry: AttackDetection, scene: Picture) -> None:
    for cut in _detector(entry, LIVE, LIVE).cut(scene, (-40, -30, 300, 280)):
        assert cut.shape == (80, 80, 3)


def test_the_networks_are_averaged(entry: AttackDetection, scene: Picture) -> None:
    detector = _detector(entry, LIVE, [0.0, 0.5, 0.5])
    assert detector.probability(detector.cut(scene, (100, 80, 40, 50))) == pytest.approx(0.75)


@pytest.mark.parametrize("numbers", [[0.5, 2.0, 0.1], [1.0], [0.1, -0.2, 0.5], [0.0, np.nan, 1.0]])
def test_what_is_no_probability_is_refused(entry: AttackDetection, scene: Picture, numbers: list[float]) -> None:
    detector = _detector(entry, LIVE, numbers)
    with pytest.raises(ModelError, match=r"MiniFASNetV1SE .*install the models again"):
        detector.probability(detector.cut(scene, (100, 80, 40, 50)))


@pytest.mark.parametrize(
    ("probabilities", "verdict"),
    [
        ([0.5] * 5, Liveness.LIVE),
        ([0.49] * 5, Liveness.UNSURE),
        ([0.2] * 5, Liveness.UNSURE),
        ([0.19] * 5, Liveness.ATTACK),
        ([0.0, 1.0, 1.0, 0.1, 1.0], Liveness.LIVE),
        ([1.0, 0.0, 0.0, 0.1, 0.1], Liveness.UNSURE),
        ([1.0] * 4, Liveness.UNSURE),
        ([0.0] * 4, Liveness.UNSURE),
        ([], Liveness.UNSURE),
    ],
)
def test_frames_are_averaged_and_too_few_say_nothing(
    entry: AttackDetection, probabilities: list[float], verdict: Liveness
) -> None:
    assert _detector(entry, LIVE, DEAD).judge(probabilities) is verdict


@pytest.mark.parametrize(
    ("sample", "verdicts"),
    [
        ("image_T1.jpg", {Liveness.LIVE}),
        ("image_F1.jpg", {Liveness.UNSURE, Liveness.ATTACK}),
        ("image_F2.jpg", {Liveness.ATTACK}),
    ],
)
def test_the_published_samples_are_told_apart(
    engine: FaceEngine, face_data: Path, sample: str, verdicts: set[Liveness]
) -> None:
    sight = engine.see(np.asarray(cv2.imread(str(face_data / "eval" / "pad_samples" / sample)), np.uint8))
    assert engine.liveness([engine.probability(sight.surroundings)] * engine.liveness_frames) in verdicts
