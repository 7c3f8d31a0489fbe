import cv2
import numpy as np
import pytest

from kiosk.frames import Picture
from models.landmarks import UPRIGHT, PointFinder
from models.manifest import ModelError, PictureInput, PointFinderWeights
from tests.models.onnxkit import saying

ENTRY = PointFinderWeights(
    name="Points",
    card="none.md",
    file="points.onnx",
    sha256="0" * 64,
    licence="none",
    source="none",
    input=PictureInput(width=80, height=80, colours="BGR", low=0.0, high=255.0),
    min_face=0.5,
)


def finder(offsets: list[float], face: float) -> PointFinder:
    return PointFinder(saying([*offsets, face], (80, 80)), ENTRY)


@pytest.fixture
def picture() -> Picture:
    return np.full((480, 640, 3), 90, np.uint8)


def placed(turn: float, size: float) -> np.ndarray:
    """The template turned by so many degrees, eyes ``size`` pixels apart."""
    points = UPRIGHT.points - UPRIGHT.points.mean(axis=0)
    move = cv2.getRotationMatrix2D((0, 0), turn, size / 24.0)
    return np.asarray(points @ move[:, :2].T + (320, 240), np.float32)


@pytest.mark.parametrize(("turn", "size"), [(0, 24), (0, 120), (30, 60), (-80, 30)])
def test_what_is_off_in_the_upright_crop_is_off_in_the_picture_by_scale_and_turn(
    picture: Picture, turn: float, size: float
) -> None:
    rough = placed(turn, size)
    better = finder([2.0, -1.0] * 5, 0.9).refine(picture, rough)
    assert better is not None
    moved = (better - rough) * 24 / size
    back = cv2.getRotationMatrix2D((0, 0), -turn, 1)[:, :2]
    assert moved @ back.T == pytest.approx(np.tile([2.0, -1.0], (5, 1)), abs=0.05)


def test_each_point_has_its_own_offset(picture: Picture) -> None:
    rough = placed(0, 24)
    better = finder([0, 0, 0, 0, 3, 4, 0, 0, 0, 0], 0.9).refine(picture, rough)
    assert better is not None
    assert better - rough == pytest.approx(np.array([[0, 0], [0, 0], [3, 4], [0, 0], [0, 0]]), abs=0.05)


@pytest.mark.parametrize(("face", "there"), [(0.49, False), (0.51, True)])
def test_below_the_manifests_mark_it_was_no_face(picture: Picture, face: float, there: bool) -> None:
    assert (finder([0.0] * 10, face).refine(picture, placed(0, 60)) is not None) is there


@pytest.mark.parametrize("answer", [[0.0] * 10, [0.0] * 12, [0.0] * 10 + [1.5], [0.0] * 10 + [np.nan]])
def test_what_is_not_five_points_and_a_share_is_refused(picture: Picture, answer: list[float]) -> None:
    with pytest.raises(ModelError, match=r"Points .*install the models again"):
        PointFinder(saying(answer, (80, 80)), ENTRY).refine(picture, placed(0, 60))
