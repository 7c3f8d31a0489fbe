"""A site's thresholds: raised by evidence alone, kept as numbers, and in force where the models are opened."""

import logging
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from kiosk.core.policy import FalseMatchRate
from kiosk.core.ports import Band
from models.calibration import (
    FILE,
    CalibrationError,
    Verdict,
    calibrated,
    described,
    judge,
    keep,
    load_calibration,
    reset,
)
from models.engine import open_engine
from models.evaluation import Comparisons
from models.manifest import Embedder, ModelError, load_manifest
from models.weights import roles
from tests.models.facekit import MANIFEST

LOOSE, USUAL, STRICT = FalseMatchRate
THRESHOLDS = {LOOSE: 0.28, USUAL: 0.36, STRICT: 0.43}
NOW = datetime(2026, 3, 4, 5, 6, 7, 890, tzinfo=UTC)


@pytest.fixture
def entry() -> Embedder:
    return load_manifest(MANIFEST).embed.model_copy(update={"thresholds": THRESHOLDS})


def visits_of_20_people(*impostors: float) -> Comparisons:
    """380 impostor visits, of which these have a score worth speaking of."""
    scores = np.full((20, 20), 0.1)
    off = [(row, column) for row in range(20) for column in range(20) if row != column]
    for (row, column), score in zip(off, impostors, strict=False):
        scores[row, column] = score
    np.fill_diagonal(scores, 0.7)
    return Comparisons(scores, np.arange(20))


def site(visits: Comparisons) -> dict[FalseMatchRate, float]:
    return {rate: verdict.site_threshold for rate, verdict in judge(THRESHOLDS, visits).items()}


def test_what_keeps_the_promise_changes_nothing() -> None:
    # 2 of 380 where 0.38 are promised happen once in 18 such trials: no evidence.
    verdicts = judge(THRESHOLDS, visits_of_20_people(0.37, 0.36, 0.29, 0.29))
    assert not any(verdict.raised for verdict in verdicts.values())
    assert [verdict.reached for verdict in verdicts.values()] == [4, 2, 0]
    assert verdicts[USUAL].chance == pytest.approx(0.0562, abs=1e-4)


def test_more_impostors_than_promised_raise_the_threshold_to_just_above_them() -> None:
    assert site(visits_of_20_people(0.41123, 0.37, 0.36)) == {LOOSE: 0.28, USUAL: 0.4113, STRICT: 0.43}


def test_a_threshold_is_raised_no_further_than_its_promise_wants() -> None:
    # 9 of 380 where 3.8 are promised; three may stay.
    visits = visits_of_20_people(0.349, 0.348, 0.347, 0.341, *[0.3] * 5)
    assert site(visits) == {LOOSE: 0.3411, USUAL: 0.36, STRICT: 0.43}


def test_a_stricter_threshold_is_never_below_a_looser_one() -> None:
    assert site(visits_of_20_people(0.6, 0.6, 0.6)) == {LOOSE: 0.28, USUAL: 0.6001, STRICT: 0.6001}


def test_few_people_who_never_match_lower_nothing() -> None:
    assert site(visits_of_20_people()) == THRESHOLDS


def test_what_is_kept_are_numbers_and_holds_where_the_models_are_opened(
    entry: Embedder, weights: Path, tmp_path: Path
) -> None:
    for model in roles(load_manifest(MANIFEST)).values():
        (tmp_path / model.file).symlink_to(weights / model.file)
    assert open_engine(MANIFEST, tmp_path).band(0.38, USUAL) is Band.ABOVE
    visits = visits_of_20_people(0.4, 0.4, 0.4)
    path = keep(entry, judge(THRESHOLDS, visits), visits, NOW, tmp_path)
    assert tomllib.loads(path.read_text()) == {
        "embed_sha256": entry.sha256,
        "made_at": datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),
        "people": 20,
        "genuine_visits": 20,
        "impostor_visits": 380,
        "thresholds": {LOOSE: 0.28, USUAL: 0.4001, STRICT: 0.43},
    }
    engine = open_engine(MANIFEST, tmp_path)
    assert engine.band(0.38, USUAL) is Band.BETWEEN
    assert engine.band(0.41, USUAL) is Band.ABOVE
    assert (
        described(entry, tmp_path) == "of 2026-03-04, 20 people: thresholds 0.28 at 1e-2, 0.4001 at 1e-3, 0.43 at 1e-4"
    )
    # Nothing half-written stays beside it.
    assert [file.name for file in tmp_path.iterdir() if not file.is_symlink()] == [FILE]
    assert reset(tmp_path)
    assert not reset(tmp_path)
    assert open_engine(MANIFEST, tmp_path).band(0.38, USUAL) is Band.ABOVE
    assert described(entry, tmp_path).startswith("none")


def written(folder: Path, entry: Embedder, **cosines: float) -> None:
    changed = {LOOSE: 0.3, USUAL: 0.4, STRICT: 0.5} | {FalseMatchRate(name): value for name, value in cosines.items()}
    visits = visits_of_20_people()
    keep(entry, {rate: Verdict(0.1, 0, 1.0, cosine) for rate, cosine in changed.items()}, visits, NOW, folder)


def test_a_calibration_of_another_network_is_ignored_and_said(
    entry: Embedder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written(tmp_path, entry)
    other = entry.model_copy(update={"sha256": "0" * 64})
    with caplog.at_level(logging.WARNING):
        assert calibrated(entry, tmp_path).at(USUAL).t_pass == 0.4
        assert caplog.text == ""
        assert calibrated(other, tmp_path) == other
    assert FILE in caplog.text
    assert "another network" in described(other, tmp_path)


def test_a_calibration_lowers_nothing_whoever_wrote_it(entry: Embedder, tmp_path: Path) -> None:
    written(tmp_path, entry, **{"1e-2": 0.1, "1e-3": 0.2})
    assert calibrated(entry, tmp_path).thresholds == {LOOSE: 0.28, USUAL: 0.36, STRICT: 0.5}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.4,", "0.2,"),
        ('"1e-2" = 0.3, ', ""),
        ('"1e-2" = 0.3', '"1e-1" = 0.3'),
        ("0.5", "nan"),
        ("people = 20", "people = 20\nnames = 3"),
        ("+00:00", ""),
        ("thresholds = {", "thresholds = "),
    ],
)
def test_a_damaged_calibration_stops_the_models(entry: Embedder, tmp_path: Path, old: str, new: str) -> None:
    written(tmp_path, entry)
    text = (tmp_path / FILE).read_text()
    assert old in text
    (tmp_path / FILE).write_text(text.replace(old, new, 1))
    with pytest.raises(ModelError, match=r"is damaged.*--reset"):
        calibrated(entry, tmp_path)


def test_two_people_with_one_picture_are_refused_and_what_held_still_holds(entry: Embedder, tmp_path: Path) -> None:
    written(tmp_path, entry)
    visits = visits_of_20_people(1.0, 1.0, 1.0)
    with pytest.raises(CalibrationError, match="same picture"):
        keep(entry, judge(THRESHOLDS, visits), visits, NOW, tmp_path)
    kept = load_calibration(tmp_path)
    assert kept is not None
    assert kept.thresholds[USUAL] == 0.4


def test_a_folder_that_cannot_be_written_is_named(entry: Embedder, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere.*who may write there"):
        written(tmp_path / "nowhere", entry)
