"""A trial of two people, of a third without a face, and of a file that is no picture."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from models.evaluation import NO_FACE
from models.manifest import load_manifest
from models.trial import CONDITIONS, Trial, TrialError, run_trial
from scripts.demo.faces import NOBODY
from tests.models.facekit import MANIFEST


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


def run(folder: Path, weights: Path, limit: int | None = None) -> Trial:
    return run_trial(load_manifest(MANIFEST), weights, folder, limit, track=iter)


@pytest.fixture(scope="module")
def trial(people: Path, weights: Path) -> Trial:
    return run(people, weights)


def test_the_first_picture_is_the_reference_and_three_more_at_most_are_looks(trial: Trial) -> None:
    assert trial.visitors.tolist() == [0, 0, 0, 1, 1, 2]
    assert {name: scores.shape for name, scores in trial.scores.items()} == dict.fromkeys(CONDITIONS, (6, 3))
    assert trial.pictures == 4 + 3 + 2


def test_who_shows_no_face_and_what_is_no_picture_matches_nobody_and_counts(trial: Trial) -> None:
    assert trial.failures == 2 + 1
    for scores in trial.scores.values():
        assert (scores[:, 2] == NO_FACE).all()
        assert (scores[[4, 5]] == NO_FACE).all()
        assert np.isfinite(scores[:4, :2]).all()


def test_people_are_told_apart_at_every_level_and_each_level_is_another_photo(trial: Trial) -> None:
    for scores in trial.scores.values():
        assert scores[[0, 1, 2, 3], [0, 0, 0, 1]].min() > 0.5
        assert scores[[0, 1, 2, 3], [1, 1, 1, 0]].max() < 0.25
    genuine = [scores[0, 0] for scores in trial.scores.values()]
    assert len({round(float(score), 4) for score in genuine}) == len(CONDITIONS)
    assert genuine[0] == max(genuine)


def test_a_limit_takes_the_first_people_by_name(people: Path, weights: Path) -> None:
    assert run(people, weights, limit=2).scores["clean"].shape == (5, 2)


@pytest.mark.parametrize("people_of", [[], [3], [1, 1]])
def test_a_folder_without_pairs_is_refused_before_any_work(tmp_path: Path, people_of: list[int]) -> None:
    for person, count in enumerate(people_of):
        (tmp_path / str(person)).mkdir()
        for picture in range(count):
            (tmp_path / str(person) / f"{picture}.jpg").touch()
    with pytest.raises(TrialError, match="give a folder of folders"):
        run(tmp_path, tmp_path / "no weights")
