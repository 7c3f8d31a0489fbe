"""kioskctl models and kioskctl bench face, as somebody at a terminal gets them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.demo.faces import make_demo_faces
from scripts.demo.stage import FACE_DATA

ROOT = Path(__file__).parents[2]
NAMED = (
    "tar_1e3_clean tar_1e3_level2 tar_1e3_level3 tar_1e3_level4 tar_1e4_clean tar_1e4_level2 fmr_at_pass_level2 "
    "fnmr_at_pass_level2 failure_to_acquire staff_per_100_level2_at_1e3 staff_per_100_level2_at_1e2 people genuine "
    "impostor"
).split()


def kioskctl(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "scripts.ctl", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
        cwd=ROOT,
    )


@pytest.fixture
def weights() -> Path:
    folder = FACE_DATA / "models"
    if not folder.is_dir():
        pytest.skip(f"no face models in {FACE_DATA}; KIOSK_FACE_DATA names their folder")
    return folder


def test_the_models_are_listed_with_their_licences() -> None:
    done = kioskctl("models", "list", "--json")
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)["models"]
    assert [model["role"] for model in listed] == ["detect", "embed"]
    for model in listed:
        assert model["licence"]
        assert model["file"].endswith(".onnx")
        assert len(model["sha256"]) == 64


def test_files_that_are_not_there_are_named_and_cannot_be_installed(tmp_path: Path) -> None:
    verified = kioskctl("models", "verify", "--weights", tmp_path, "--json")
    assert verified.returncode == 1
    assert {model["digest"] for model in json.loads(verified.stdout)["models"]} == {"absent"}
    refused = kioskctl("models", "install", tmp_path, "--to", tmp_path / "kiosk")
    assert refused.returncode == 3
    assert "No such file" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "kiosk").exists()


def test_what_is_installed_verifies(weights: Path, tmp_path: Path) -> None:
    installed = kioskctl("models", "install", weights, "--to", tmp_path, "--json")
    assert installed.returncode == 0, installed.stderr
    assert {model["digest"] for model in json.loads(installed.stdout)["models"]} == {"ok"}
    assert {path.name for path in tmp_path.iterdir()} == {
        model["file"] for model in json.loads(installed.stdout)["models"]
    }


def test_an_evaluation_names_its_figures_and_draws_the_curve(weights: Path, tmp_path: Path) -> None:
    make_demo_faces(tmp_path)
    done = kioskctl("models", "eval", tmp_path, "--weights", weights, "--det", tmp_path / "det.png", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    figures = answer["figures"]
    assert set(figures) >= set(NAMED)
    # Two people who are told apart, and an empty hall that matches nobody: 8 looks, of which 2 show no face.
    assert (figures["people"], figures["genuine"], figures["impostor"]) == (3, 8, 16)
    assert figures["failure_to_acquire"] == pytest.approx(3 / 11)
    assert figures["tar_1e3_level2"] == pytest.approx(75)
    assert figures["fnmr_at_pass_level2_look"] == pytest.approx(0.25)
    # Nobody is in the hall, so only two people come for a visit.
    assert (figures["genuine_visits"], figures["fnmr_at_pass_level2"]) == (2, 0)
    assert figures["staff_per_100_level2_at_1e3"] == 0
    low, high = answer["intervals"]["tar_1e3_level2"]
    assert low <= 75 <= high
    assert (tmp_path / "det.png").read_bytes().startswith(b"\x89PNG")


def test_a_folder_without_people_ends_with_2(weights: Path, tmp_path: Path) -> None:
    done = kioskctl("models", "eval", tmp_path, "--weights", weights, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "give a folder of folders" in done.stderr


def test_a_bench_of_the_face_side_names_its_figures(weights: Path) -> None:
    done = kioskctl("bench", "face", "--weights", weights, "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["figures"]
    assert set(figures) == {
        "detect_p50_ms",
        "embed_p50_ms",
        "live_side_p50_ms",
        "card_side_p50_ms",
        "peak_rss_mb",
        "start_ms",
        "idle_cpu_percent",
    }
    assert all(number > 0 for number in figures.values())
