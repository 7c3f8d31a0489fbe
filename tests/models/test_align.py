import cv2
import numpy as np
import pytest

from models.align import SIDE, TEMPLATE, align, similarity


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


@pytest.mark.parametrize("scale", [0.6, 1.0, 3.3])
def test_points_land_on_the_template(scale: float) -> None:
    points = (TEMPLATE * scale + (70, 40)).astype(np.float32)
    picture = np.zeros((600, 700, 3), np.uint8)
    for x, y in points:
        fine = (round(float(x) * 256), round(float(y) * 256))
        cv2.circle(picture, fine, round(2 * scale * 256), (255, 255, 255), -1, cv2.LINE_AA, shift=8)
    crop = align(picture, points)
    assert crop.shape == (SIDE, SIDE, 3)
    for x, y in TEMPLATE:
        near = crop[round(y) - 4 : round(y) + 5, round(x) - 4 : round(x) + 5, 0].astype(float)
        rows, columns = np.mgrid[-4:5, -4:5]
        assert abs((rows * near).sum() / near.sum() - (y - round(y))) < 0.7
        assert abs((columns * near).sum() / near.sum() - (x - round(x))) < 0.7


def test_fine_patterns_are_averaged_not_sampled_when_the_face_is_large() -> None:
    # Pixel columns black and white in turn: a warp that skips pixels would show stripes or one of the colours.
    picture = np.zeros((600, 700, 3), np.uint8)
    picture[:, ::2] = 255
    crop = align(picture, (TEMPLATE * 4 + (60, 60)).astype(np.float32))
    assert abs(float(crop.mean()) - 127.5) < 6
    assert float(crop.std()) < 12


def test_a_face_at_the_edge_of_the_picture_still_gives_a_crop() -> None:
    picture = np.full((300, 300, 3), 200, np.uint8)
    crop = align(picture, (TEMPLATE * 2 - (60, 60)).astype(np.float32))
    assert crop.shape == (SIDE, SIDE, 3)
    assert crop[100, 100].tolist() == [200, 200, 200]
