"""A trial of two people, of a third without a face, and of a file that is no picture."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from models.evaluation import NO_FACE
from models.manifest import load_manifest
from models.trial import CARD, SETUPS, Question, Setup, Trial, TrialError, run_trial
from scripts.demo.faces import NOBODY
from tests.models.facekit import MANIFEST
from tests.models.onnxkit import coarse

PHOTO = SETUPS[Question.PHOTO]


@pytest.fixture(scope="module")
def people(demo_faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    for person, count in (("astronaut", 6), ("hopper", 2), (NOBODY, 2)):
        (folder / person).mkdir()
        for picture in sorted((demo_faces / person).iterdir())[:count]:
            shutil.copy(picture, folder / person)
    (folder / "hopper" / "99.jpg").write_bytes(b"no picture")
    (folder / "without pictures").mkdir()
    (folder / "pairs.txt").write_text("not a person")
    return folder


def run(folder: Path, weights: Path, limit: int | None = None, setup: Setup = PHOTO) -> Trial:
    return run_trial(load_manifest(MANIFEST), weights, folder, limit, iter, setup)


@pytest.fixture(scope="module")
def trial(people: Path, weights: Path) -> Trial:
    return run(people, weights)


def test_the_first_picture_is_the_reference_and_three_more_at_most_are_looks(trial: Trial) -> None:
    assert set(trial.conditions) == {"clean", "level2", "level3", "level4"}
    for compared in trial.conditions.values():
        assert compared.visitors.tolist() == [0, 0, 0, 1, 1, 2]
        assert compared.scores.shape == (6, 3)
    assert trial.pictures == 4 + 3 + 2


def test_who_shows_no_face_and_what_is_no_picture_matches_nobody_and_counts(trial: Trial) -> None:
    assert trial.failures == 2 + 1
    for compared in trial.conditions.values():
        assert compared.failures == 1 + 1
        assert (compared.scores[:, 2] == NO_FACE).all()
        assert (compared.scores[[4, 5]] == NO_FACE).all()
        assert np.isfinite(compared.scores[:4, :2]).all()


def test_people_are_told_apart_at_every_level_and_each_level_is_another_photo(trial: Trial) -> None:
    every = [compared.scores for compared in trial.conditions.values()]
    for scores in every:
        assert scores[[0, 1, 2, 3], [0, 0, 0, 1]].min() > 0.5
        assert scores[[0, 1, 2, 3], [1, 1, 1, 0]].max() < 0.25
    genuine = [scores[0, 0] for scores in every]
    assert len({round(float(score), 4) for score in genuine}) == len(every)
    assert genuine[0] == max(genuine)


def test_a_limit_takes_the_first_people_by_name(people: Path, weights: Path) -> None:
    assert run(people, weights, limit=2, setup=CARD).conditions["level2"].scores.shape == (5, 2)


@pytest.mark.parametrize("about", [Question.MASK, Question.LIGHT])
def test_changed_looks_meet_the_photos_that_the_looks_themselves_meet(
    people: Path, weights: Path, trial: Trial, about: Question
) -> None:
    changed = run(people, weights, setup=SETUPS[about])
    plain = changed.conditions["level2"].scores
    np.testing.assert_allclose(plain, trial.conditions["level2"].scores)
    for name, compared in changed.conditions.items():
        genuine = compared.scores[:3, 0]
        if name != "level2":
            assert (np.abs(genuine - plain[:3, 0]) > 1e-4).all(), name
            assert (genuine > compared.scores[:3, 1]).all(), name


def test_poses_are_known_by_the_end_of_the_name_and_the_frontal_picture_is_the_card(
    demo_faces: Path, tmp_path: Path, weights: Path
) -> None:
    for person in ("astronaut", "hopper"):
        (tmp_path / person).mkdir()
        pictures = sorted((demo_faces / person).iterdir())
        for name, picture in zip(("23", "33", "34"), pictures, strict=False):
            shutil.copy(picture, tmp_path / person / f"Img_{name}.jpg")
    (tmp_path / "without frontal").mkdir()
    shutil.copy(pictures[0], tmp_path / "without frontal" / "Img_23.jpg")
    trial = run(tmp_path, weights, setup=SETUPS[Question.POSE])
    assert {name: compared.visitors.tolist() for name, compared in trial.conditions.items()} == {
        "turned_left": [0, 1],
        "turned_right": [],
        "looking_down": [],
        "looking_up": [0, 1],
    }
    assert trial.pictures == 6
    with pytest.raises(TrialError, match="33"):
        run(demo_faces, weights, setup=SETUPS[Question.POSE])


def test_the_crop_is_the_one_that_the_embedding_network_wants(people: Path, weights: Path, tmp_path: Path) -> None:
    shipped = load_manifest(MANIFEST)
    shutil.copy(weights / shipped.detect.file, tmp_path)
    network = coarse(150, 6)
    (tmp_path / "coarse.onnx").write_bytes(network)
    size = shipped.embed.input.model_copy(update={"width": 150, "height": 150})
    changes = {"file": "coarse.onnx", "sha256": hashlib.sha256(network).hexdigest(), "template": "dlib-150"}
    embed = shipped.embed.model_copy(update={**changes, "dims": 108, "input": size})
    manifest = shipped.model_copy(update={"embed": embed})
    scores = run_trial(manifest, tmp_path, people, None, iter, CARD).conditions["level2"].scores
    # Averages of 36 fields hardly tell people apart, but a look is like its own photo.
    assert scores[:4].max(axis=1)[np.isfinite(scores[:4, 0])].min() > 0.9


@pytest.mark.parametrize("people_of", [[], [3], [1, 1]])
def test_a_folder_without_pairs_is_refused_before_any_work(tmp_path: Path, people_of: list[int]) -> None:
    for person, count in enumerate(people_of):
        (tmp_path / str(person)).mkdir()
        for picture in range(count):
            (tmp_path / str(person) / f"{picture}.jpg").touch()
    with pytest.raises(TrialError, match="give a folder of folders"):
        run(tmp_path, tmp_path / "no weights")
