from pathlib import Path

import cv2
import numpy as np
import pytest

from models.photo import decode_photo
from scripts.demo.faces import NOBODY, PERSONS, card_photo, make_demo_faces


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faces")
    make_demo_faces(folder)
    return folder


@pytest.mark.parametrize("person", PERSONS)
def test_a_card_photo_fits_the_photo_block_and_is_the_same_every_time(person: str) -> None:
    photo = card_photo(person)
    assert 900 < len(photo) <= 1024
    assert photo == card_photo(person)
    picture = decode_photo(photo.ljust(1024, b"\0"))
    assert picture.shape == (126, 102, 3)
    assert picture[2:20, :10].mean() > 225  # white ground


def test_every_scene_is_a_camera_picture_and_people_move(faces: Path) -> None:
    for name in (*PERSONS, NOBODY):
        pictures = [cv2.imread(str(file)) for file in sorted((faces / name).iterdir())]
        assert {picture.shape for picture in pictures if picture is not None} == {(720, 1280, 3)}
        assert len(pictures) == (3 if name == NOBODY else 12)
        assert np.any(pictures[0] != pictures[1])


def test_made_once_and_the_same_on_every_machine(faces: Path, tmp_path: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in faces.rglob("*")}
    make_demo_faces(faces)
    assert {file: file.stat().st_mtime_ns for file in faces.rglob("*")} == before
    make_demo_faces(tmp_path)
    again = {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*.jpg")}
    assert again == {file.relative_to(faces): file.read_bytes() for file in faces.rglob("*.jpg")}
