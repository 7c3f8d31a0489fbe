import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.frames import Picture
from models.align import ARCFACE, DLIB, SIDE, TEMPLATE, TEMPLATES, Template, align, similarity
from models.manifest import PictureInput
from models.session import as_batch


def test_a_similarity_is_recovered_exactly() -> None:
    turn = np.radians(17)
    rotation = 2.3 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = TEMPLATE @ rotation.T + (31, -7)
    matrix = similarity(TEMPLATE, moved)
    assert np.allclose(matrix[:, :2], rotation)
    assert np.allclose(matrix[:, 2], (31, -7))


def test_a_mirrored_face_is_not_mirrored_back() -> None:
    matrix = similarity(TEMPLATE * (-1, 1), TEMPLATE)
    assert np.linalg.det(matrix[:, :2]) > 0


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
@pytest.mark.parametrize("scale", [0.6, 1.0, 3.3])
def test_points_land_on_the_template(scale: float, template: Template) -> None:
    points = (TEMPLATE * scale + (70, 40)).astype(np.float32)
    picture = np.zeros((600, 700, 3), np.uint8)
    for x, y in points:
        fine = (round(float(x) * 256), round(float(y) * 256))
        cv2.circle(picture, fine, round(2 * scale * 256), (255, 255, 255), -1, cv2.LINE_AA, shift=8)
    crop = align(picture, points, template)
    assert crop.shape == (template.side, template.side, 3)
    for x, y in template.points:
        near = crop[round(y) - 4 : round(y) + 5, round(x) - 4 : round(x) + 5, 0].astype(float)
        rows, columns = np.mgrid[-4:5, -4:5]
        assert abs((rows * near).sum() / near.sum() - (y - round(y))) < 0.7
        assert abs((columns * near).sum() / near.sum() - (x - round(x))) < 0.7


def test_fine_patterns_are_averaged_not_sampled_when_the_face_is_large() -> None:
    # Pixel columns black and white in turn: a warp that skips pixels would show stripes or one of the colours.
    picture = np.zeros((600, 700, 3), np.uint8)
    picture[:, ::2] = 255
    crop = align(picture, (TEMPLATE * 4 + (60, 60)).astype(np.float32), ARCFACE)
    assert abs(float(crop.mean()) - 127.5) < 6
    assert float(crop.std()) < 12


def test_a_face_at_the_edge_of_the_picture_still_gives_a_crop() -> None:
    picture = np.full((300, 300, 3), 200, np.uint8)
    crop = align(picture, (TEMPLATE * 2 - (60, 60)).astype(np.float32), ARCFACE)
    assert crop.shape == (SIDE, SIDE, 3)
    assert crop[100, 100].tolist() == [200, 200, 200]


def test_the_chip_of_dlib_has_the_eyes_where_its_network_learnt_them() -> None:
    left, right = DLIB.points[:2]
    assert np.hypot(*(right - left)) == pytest.approx(52.6, abs=0.1)
    assert (left + right) / 2 == pytest.approx((74, 47))


def _waves(scale: float) -> Picture:
    """Waves in another direction in each colour, about twelve pixels long in a crop of a face of this scale."""
    y, x = np.mgrid[:500, :600] / (2 * scale)
    waves = np.stack([np.sin(x), np.sin(y), np.sin(0.7 * (x + y))], axis=-1)
    return np.round(127 + 100 * waves).astype(np.uint8)


def _face(scale: float) -> NDArray[np.float32]:
    """Five points of a face tilted by ten degrees."""
    turn = np.radians(10)
    rotation = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return ((TEMPLATE - 56) @ rotation.T + (300, 250)).astype(np.float32)


# Red, green and blue at these pixels of the crop.
AT = [(30, 30), (45, 74), (60, 21), (83, 90)]
STORED = {
    ("arcface-112", 0.8): [[161, 144, 210], [183, 196, 30], [111, 217, 51], [83, 74, 135]],
    ("arcface-112", 2.2): [[170, 50, 211], [143, 218, 32], [68, 202, 50], [220, 173, 126]],
    ("dlib-150", 0.8): [[41, 221, 29], [46, 40, 194], [36, 143, 183], [32, 52, 109]],
    ("dlib-150", 2.2): [[220, 185, 28], [223, 47, 200], [213, 223, 180], [178, 151, 114]],
}


@pytest.mark.parametrize(("template", "scale"), STORED)
def test_what_a_network_sees_of_a_face_is_what_was_stored(template: str, scale: float) -> None:
    wanted = PictureInput(width=1, height=1, colours="RGB", low=0.0, high=255.0)
    stored = np.array(STORED[template, scale])

    def off(points: NDArray[np.float32], picture: Picture) -> float:
        [seen] = as_batch([align(picture, points, TEMPLATES[template])], wanted)
        return float(np.abs(np.array([seen[:, y, x] for x, y in AT]) - stored).max())

    picture, points = _waves(scale), _face(scale)
    assert off(points, picture) < 4
    # What the tolerance would not forgive.
    for half in ((scale / 2, 0), (0, scale / 2)):
        assert off(points + np.array(half, np.float32), picture) > 15
    assert off(points, np.ascontiguousarray(picture[..., ::-1])) > 15
