from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.core.ports import Band
from kiosk.frames import Picture
from models.embed import FaceEmbedder, cosine
from models.engine import FaceEngine
from models.manifest import Embedder, ModelError, load_manifest
from models.photo import decode_photo
from models.session import Floats
from scripts.demo.faces import PERSONS, card_photo
from tests.models.facekit import MANIFEST, RATE
from tests.models.onnxkit import coarse, saying


@pytest.fixture(scope="module")
def pattern() -> Picture:
    """A smooth coloured pattern, nobody's face."""
    rng = np.random.default_rng(112)
    coarse = rng.integers(0, 256, (8, 8, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (112, 112), interpolation=cv2.INTER_CUBIC), np.uint8)


# The start of the pattern's vector under the production weights, when the colours were in the right order.
STORED = [0.011, -0.17, -0.014, 0.027, 0.081, 0.181, 0.053, 0.029]


def test_the_colours_reach_the_network_in_the_order_it_learnt(engine: FaceEngine, pattern: Picture) -> None:
    assert engine.embed(pattern)[:8] == pytest.approx(STORED, abs=0.01)
    swapped = np.ascontiguousarray(pattern[..., ::-1])
    assert engine.embed(swapped)[:8] != pytest.approx(STORED, abs=0.01)


def test_a_vector_has_length_one_and_does_not_see_mirroring(engine: FaceEngine, pattern: Picture) -> None:
    vector = engine.embed(pattern)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    assert cosine(vector, engine.embed(np.ascontiguousarray(pattern[:, ::-1]))) == pytest.approx(1.0, abs=1e-5)


def _entry(dims: int, template: str = "arcface-112", side: int = 112) -> Embedder:
    shipped = load_manifest(MANIFEST).embed
    picture = shipped.input.model_copy(update={"width": side, "height": side})
    return shipped.model_copy(update={"dims": dims, "template": template, "input": picture})


def _unit(vector: Floats) -> Floats:
    unit: Floats = vector / np.linalg.norm(vector)
    return unit


@pytest.mark.parametrize(("template", "side"), [("arcface-112", 112), ("dlib-150", 150)])
def test_a_network_that_tells_what_it_sees_sees_red_first_and_the_mirror_image_too(template: str, side: int) -> None:
    embedder = FaceEmbedder(coarse(side, 2), _entry(12, template, side))
    assert embedder.template.side == side
    crop = np.zeros((side, side, 3), np.uint8)
    crop[: side // 2, : side // 2] = (10, 20, 240)
    crop[side // 2 :] = (50, 60, 70)
    # Red above left, above right, below left, below right; then green, then blue.
    seen = np.array([240, 0, 70, 70, 20, 0, 60, 60, 10, 0, 50, 50], np.float32)
    mirrored = seen.reshape(3, 2, 2)[:, :, ::-1].ravel()
    assert embedder.embed(crop) == pytest.approx(_unit(_unit(seen) + _unit(mirrored)), abs=1e-5)


@pytest.mark.parametrize("content", [coarse(112, 2), saying([1.0], (112, 112)), saying([np.nan] * 128, (112, 112))])
def test_a_network_that_answers_otherwise_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"MobileFaceNet .*; install the models again"):
        FaceEmbedder(content, _entry(128)).embed(np.zeros((112, 112, 3), np.uint8))


def test_visitors_match_their_own_card_and_no_other(engine: FaceEngine, demo_faces: Path) -> None:
    cards = {p: engine.embed(engine.crop_of_card(decode_photo(card_photo(p)))) for p in PERSONS}
    for person in PERSONS:
        for file in sorted((demo_faces / person).iterdir())[::4]:
            sight = engine.see(np.asarray(cv2.imread(str(file)), np.uint8))
            assert sight.aligned is not None
            live = engine.embed(sight.aligned)
            bands = {owner: engine.band(cosine(card, live), RATE) for owner, card in cards.items()}
            assert bands == {owner: Band.ABOVE if owner == person else Band.BELOW for owner in PERSONS}


def test_a_card_photo_on_which_no_face_is_found_is_cut_where_faces_are(engine: FaceEngine) -> None:
    photo = np.full((126, 102, 3), 245, np.uint8)
    photo[40:75, 20:82] = (30, 30, 200)
    crop = engine.crop_of_card(photo)
    # The eye line of the crop is inside the coloured band, its lower edge (the chin) below it.
    assert crop[52, 38:74].tolist() == pytest.approx(np.tile((30, 30, 200), (36, 1)), abs=3)
    assert crop[110, 56].tolist() == pytest.approx([245, 245, 245], abs=3)


def test_strangers_and_acquaintances_in_press_pictures(engine: FaceEngine, face_data: Path) -> None:
    people = [folder for folder in sorted((face_data / "eval" / "lfw").iterdir()) if folder.is_dir()]
    pairs = [files[:2] for folder in people if len(files := sorted(folder.glob("*.jpg"))) > 1][:40]
    vectors = []
    for pair in pairs:
        # The pictures are of 150 pixels: enlarged, so that their people stand near enough.
        pictures = [cv2.resize(np.asarray(cv2.imread(str(file)), np.uint8), None, fx=2, fy=2) for file in pair]
        sights = [engine.see(np.asarray(picture, np.uint8)) for picture in pictures]
        if all(sight.aligned is not None for sight in sights):
            vectors.append([engine.embed(sight.aligned) for sight in sights if sight.aligned is not None])
    assert len(vectors) > 30
    genuine = [engine.band(cosine(one, other), RATE) for one, other in vectors]
    impostor = [engine.band(cosine(vectors[i][0], vectors[j][1]), RATE) for i in range(len(vectors)) for j in range(i)]
    assert genuine.count(Band.ABOVE) >= 0.9 * len(genuine)
    assert impostor.count(Band.ABOVE) <= 0.005 * len(impostor)
    assert impostor.count(Band.BELOW) >= 0.97 * len(impostor)
