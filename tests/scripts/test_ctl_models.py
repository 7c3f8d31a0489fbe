"""kioskctl models and kioskctl bench face, as somebody at a terminal gets them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.demo.faces import PERSONS, make_demo_faces
from scripts.modelsets import FACE_DATA, SetName, model_set

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


@pytest.mark.parametrize(
    ("name", "roles"),
    [("default", {"detect", "embed"}), ("production", {"detect", "embed", "liveness.1", "liveness.2"})],
)
def test_the_models_are_listed_with_their_licences_and_place(name: str, roles: set[str]) -> None:
    done = kioskctl("models", "list", "--set", name, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert {model["role"] for model in answer["models"]} >= roles
    for model in answer["models"]:
        assert model["licence"]
        assert model["file"].endswith(".onnx")
        assert len(model["sha256"]) == 64
    assert Path(answer["manifest"]).name == f"{name}.toml"
    assert Path(answer["folder"]) == model_set(SetName(name)).folder


def test_the_default_set_says_what_it_is_made_from() -> None:
    made_from = json.loads(kioskctl("models", "list", "--json").stdout)["made_from"]
    assert made_from["package"].startswith("face_recognition_models")
    assert len(made_from["published_sha256"]) == 64
    table = kioskctl("models", "list")
    # No digest is cut: one that is cut proves nothing.
    assert "…" not in table.stdout
    assert made_from["published_sha256"] in table.stdout
    assert made_from["tail_sha256"] in table.stdout


def test_without_the_package_a_build_ends_with_3_and_says_what_to_do(tmp_path: Path) -> None:
    missing = "from models import dlib; dlib.PACKAGE = 'no_such_package'; from scripts.ctl.main import app; app()"
    command = [sys.executable, "-P", "-c", missing, "models", "build", "--to", str(tmp_path / "set")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=100, cwd=ROOT)
    assert (done.returncode, done.stdout) == (3, "")
    assert "no_such_package is not installed. Connect to the network and run scripts/bootstrap." in done.stderr
    assert not (tmp_path / "set").exists()


def test_what_is_built_verifies(tmp_path: Path) -> None:
    if not model_set(SetName.DEFAULT).is_there:
        pytest.skip("set-up could not make the default set")
    built = kioskctl("models", "build", "--to", tmp_path / "set", "--json")
    assert built.returncode == 0, built.stderr
    assert {model["digest"] for model in json.loads(built.stdout)["models"]} == {"ok"}
    assert kioskctl("models", "verify", "--weights", tmp_path / "set").returncode == 0


@pytest.mark.parametrize("name", list(SetName))
def test_files_that_are_not_there_are_named_and_cannot_be_installed(name: SetName, tmp_path: Path) -> None:
    verified = kioskctl("models", "verify", "--set", name, "--weights", tmp_path, "--json")
    assert verified.returncode == 1
    assert {model["digest"] for model in json.loads(verified.stdout)["models"]} == {"absent"}
    refused = kioskctl("models", "install", tmp_path, "--set", name, "--to", tmp_path / "kiosk")
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
    assert kioskctl("models", "verify", "--set", "production", "--weights", tmp_path).returncode == 0


@pytest.mark.usefixtures("weights")
def test_an_evaluation_names_its_figures_and_draws_the_curve(tmp_path: Path) -> None:
    make_demo_faces(tmp_path)
    done = kioskctl("models", "eval", tmp_path, "--set", "production", "--det", tmp_path / "det.png", "--json")
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


@pytest.mark.usefixtures("weights")
def test_a_folder_without_people_ends_with_2(tmp_path: Path) -> None:
    done = kioskctl("models", "eval", tmp_path, "--set", "production", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "give a folder of folders" in done.stderr


def test_a_bench_of_the_face_side_names_its_figures(weights: Path) -> None:
    done = kioskctl("bench", "face", "--set", "production", "--weights", weights, "--json")
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
        "embed_ratio_to_mobilefacenet",
        "detect_ratio_to_yunet",
    }
    assert all(number > 0 for number in figures.values())
    # Compared with themselves, in turn, so that the rest of the machine slows both.
    assert 0.5 < figures["embed_ratio_to_mobilefacenet"] < 2
    assert 0.5 < figures["detect_ratio_to_yunet"] < 2


@pytest.mark.usefixtures("weights")
def test_an_evaluation_of_changed_looks_names_them_and_counts_lost_faces(tmp_path: Path) -> None:
    make_demo_faces(tmp_path)
    done = kioskctl("models", "eval", tmp_path, "--set", "production", "--about", "mask", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["figures"]
    assert {"tar_1e3_level2", "tar_1e3_masked", "fnmr_at_pass_masked", "fmr_at_pass_masked"} <= set(figures)
    assert figures["looks_without_face_level2"] == 2
    assert figures["looks_without_face_masked"] >= 2


def test_masks_are_not_counted_by_a_set_that_does_not_know_them(tmp_path: Path) -> None:
    (tmp_path / "with").mkdir()
    (tmp_path / "with" / "1.jpg").touch()
    done = kioskctl("models", "eval-mask", tmp_path, "--set", "production")
    assert done.returncode == 2
    assert "no network for masks" in done.stderr


def test_a_site_is_calibrated_again_and_taken_back(weights: Path, tmp_path: Path) -> None:
    files, people, twins = (tmp_path / name for name in ("files", "people", "twins"))
    assert kioskctl("models", "install", weights, "--to", files).returncode == 0
    of_these = ("--set", "production", "--weights", files, "--json")
    make_demo_faces(people)
    held = kioskctl("models", "calibrate", people, *of_these)
    assert held.returncode == 0, held.stderr
    answer = json.loads(held.stdout)
    assert not answer["raised"]
    assert not (files / "calibration.toml").exists()
    assert (answer["figures"]["genuine_visits"], answer["figures"]["fnmr_at_1e-3"]) == (2, 0)
    assert answer["intervals"]["fnmr_at_1e-3"][1] > 0.6  # two people say little
    # One person under two names is taken for the other by all means.
    for name in ("one", "other"):
        shutil.copytree(people / PERSONS[0], twins / name)
    raised = json.loads(kioskctl("models", "calibrate", twins, *of_these).stdout)
    assert raised["raised"]
    assert raised["figures"]["threshold_before_1e-3"] < min(raised["figures"]["best_impostors"])
    assert raised["figures"]["threshold_1e-3"] > max(raised["figures"]["best_impostors"])
    assert not json.loads(kioskctl("models", "calibrate", people, *of_these).stdout)["raised"]
    assert "one" not in (files / "calibration.toml").read_text().split()
    for taken_back in (True, False):
        done = kioskctl("models", "calibrate", "--reset", *of_these)
        assert json.loads(done.stdout) == {"taken_back": taken_back}
    assert not (files / "calibration.toml").exists()


@pytest.mark.usefixtures("weights")
def test_a_calibration_wants_three_looks_of_somebody_and_one_thing_to_do(tmp_path: Path) -> None:
    assert kioskctl("models", "calibrate", "--set", "production", "--weights", tmp_path).returncode == 2
    assert kioskctl("models", "calibrate", tmp_path, "--reset", "--weights", tmp_path).returncode == 2
    make_demo_faces(tmp_path / "faces")
    for person in (tmp_path / "faces").glob("*/"):
        for picture in sorted(person.iterdir())[2:]:
            picture.unlink()
    done = kioskctl("models", "calibrate", tmp_path / "faces", "--set", "production")
    assert done.returncode == 2
    assert "nobody has a card photo and 3 looks" in done.stderr
