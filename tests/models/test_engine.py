from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.core.ports import Hint
from kiosk.frames import Picture
from models.detect import FaceDetector
from models.embed import FaceEmbedder
from models.engine import FaceEngine
from models.manifest import load_manifest, read_weights
from models.mask import MaskDetector
from tests.models.facekit import MANIFEST, mask_entry, mask_of_the_mouth, with_mask
from tests.models.onnxkit import coarse


@pytest.fixture
def frame(demo_faces: Path) -> Picture:
    return np.asarray(cv2.imread(str(demo_faces / "astronaut" / "00.jpg")), np.uint8)


def _smaller(frame: Picture, scale: float) -> Picture:
    small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    scene = np.full_like(frame, 128)
    scene[: small.shape[0], : small.shape[1]] = small
    return scene


def test_who_can_be_compared_needs_no_hint_and_gives_what_the_networks_want(engine: FaceEngine, frame: Picture) -> None:
    sight = engine.see(frame)
    assert sight.anybody
    assert sight.hints == set()
    assert sight.aligned is not None
    assert sight.aligned.shape == (112, 112, 3)
    assert [cut.shape for cut in sight.surroundings] == [(80, 80, 3)] * 2
    assert repr(sight) == "Sight()"


def test_of_two_people_side_by_side_none_is_taken(engine: FaceEngine, frame: Picture) -> None:
    pair = np.ascontiguousarray(np.hstack([frame[:, 240:900], frame[:, 300:920]]))
    sight = engine.see(pair)
    assert sight.anybody
    assert sight.hints == {Hint.ONE_PERSON}
    assert sight.aligned is None


def test_who_is_a_little_far_off_is_called_and_who_is_far_off_is_not_here(engine: FaceEngine, frame: Picture) -> None:
    sight = engine.see(_smaller(frame, 0.45))
    assert sight.anybody
    assert sight.hints == {Hint.COME_CLOSER}
    assert sight.surroundings == ()
    sight = engine.see(_smaller(frame, 0.25))
    assert not sight.anybody
    assert sight.hints == {Hint.FACE_CAMERA}


def test_a_dark_picture_asks_for_light_and_an_empty_one_for_a_face(engine: FaceEngine, demo_faces: Path) -> None:
    hall = np.asarray(cv2.imread(str(demo_faces / "nobody" / "00.jpg")), np.uint8)
    assert engine.see(hall).hints == {Hint.FACE_CAMERA}
    assert engine.see(np.zeros_like(hall)).hints == {Hint.MORE_LIGHT}
    assert engine.see(hall // 10).hints == {Hint.MORE_LIGHT}


def test_quality_does_not_depend_on_the_crop_that_is_embedded(weights: Path, frame: Picture) -> None:
    shipped = load_manifest(MANIFEST)
    detector = FaceDetector(read_weights(shipped.detect, weights), shipped.detect)
    seen = []
    for template, side in (("arcface-112", 112), ("dlib-150", 150)):
        picture = shipped.embed.input.model_copy(update={"width": side, "height": side})
        entry = shipped.embed.model_copy(update={"template": template, "input": picture, "dims": 12})
        seen.append(FaceEngine(detector, FaceEmbedder(coarse(side, 2), entry)).see(frame))
    assert [sight.aligned.shape[0] for sight in seen if sight.aligned is not None] == [112, 150]
    assert seen[0].quality == seen[1].quality
    assert seen[0].surroundings == ()


def test_a_card_photo_is_cut_as_the_embedding_network_wants_it(weights: Path) -> None:
    shipped = load_manifest(MANIFEST)
    picture = shipped.embed.input.model_copy(update={"width": 150, "height": 150})
    entry = shipped.embed.model_copy(update={"template": "dlib-150", "input": picture, "dims": 12})
    detector = FaceDetector(read_weights(shipped.detect, weights), shipped.detect)
    engine = FaceEngine(detector, FaceEmbedder(coarse(150, 2), entry))
    # No face on it, so it is cut where eyes usually are: at 45 % of the height, which is row 47 of the crop.
    photo = np.full((126, 102, 3), 245, np.uint8)
    photo[:57] = 20
    crop = engine.crop_of_card(photo)
    assert crop.shape == (150, 150, 3)
    edge = int(np.argmax(crop[:, 75, 0] > 130))
    assert edge == pytest.approx(47, abs=2)


def test_a_masked_face_is_seen_as_one(weights: Path, frame: Picture) -> None:
    shipped = load_manifest(MANIFEST)
    detector = FaceDetector(read_weights(shipped.detect, weights), shipped.detect)
    embedder = FaceEmbedder(read_weights(shipped.embed, weights), shipped.embed)
    engine = FaceEngine(detector, embedder, MaskDetector(mask_of_the_mouth(112), mask_entry()))
    [face] = detector.detect(frame)
    assert engine.see(frame).hints == set()
    assert engine.see(with_mask(frame, face.points)).hints >= {Hint.TAKE_OFF_MASK}
