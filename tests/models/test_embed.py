from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.core.ports import Band
from kiosk.frames import Picture
from models.embed import cosine
from models.engine import FaceEngine
from models.photo import decode_photo
from scripts.demo.faces import PERSONS, card_photo


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


def test_visitors_match_their_own_card_and_no_other(engine: FaceEngine, demo_faces: Path) -> None:
    cards = {p: engine.embed(engine.crop_of_card(decode_photo(card_photo(p)))) for p in PERSONS}
    for person in PERSONS:
        for file in sorted((demo_faces / person).iterdir())[::4]:
            sight = engine.see(np.asarray(cv2.imread(str(file)), np.uint8))
            assert sight.aligned is not None
            live = engine.embed(sight.aligned)
            bands = {owner: engine.band(cosine(card, live)) for owner, card in cards.items()}
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
        sights = [engine.see(np.asarray(cv2.imread(str(file)), np.uint8)) for file in pair]
        if all(sight.aligned is not None for sight in sights):
            vectors.append([engine.embed(sight.aligned) for sight in sights if sight.aligned is not None])
    assert len(vectors) > 30
    genuine = [engine.band(cosine(one, other)) for one, other in vectors]
    impostor = [engine.band(cosine(vectors[i][0], vectors[j][1])) for i in range(len(vectors)) for j in range(i)]
    assert genuine.count(Band.ABOVE) >= 0.9 * len(genuine)
    assert impostor.count(Band.ABOVE) <= 0.005 * len(impostor)
    assert impostor.count(Band.BELOW) >= 0.97 * len(impostor)
