"""kioskctl doctor on a machine where everything is missing, and on one where everything is there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.supply.trust import DEMO_ROOT
from models.manifest import load_manifest
from models.weights import roles
from scripts.demo.deck import load_deck
from scripts.demo.faces import make_demo_faces
from scripts.demo.supplies import build_stores, lay_store
from scripts.modelsets import FACE_DATA, SetName, model_set

PARTS = "reader camera models key import table policy screen font sound journal clock".split()
STORE = 'store = "tables/current/store", district = "44", keys = "file:tables/device.key"'
SUPPLY = f'{{ {STORE}, root = "{DEMO_ROOT}" }}'
ROOT = Path(__file__).parents[2]


def settings(folder: Path, **changes: str) -> Path:
    values = {
        "mode": '"demo"',
        "device": '"kiosk-1"',
        "venue": '"East door"',
        "policy": f'"{ROOT}/kiosk/policies/2022-04.toml"',
        "reader": '"sim:"',
        "camera": '"folder:faces/hopper"',
        "journal": '"journal.sqlite"',
        "models": f'{{ manifest = "{ROOT}/models/production.toml", folder = "{FACE_DATA}/models" }}',
        "supply": SUPPLY,
        "window": "{ fullscreen = true }",
        "sound": '{ output = "silent" }',
        "clock": "{ starts_at = 2022-04-20T09:00:00+08:00 }",
    } | changes
    file = folder / "kiosk.toml"
    file.write_text("".join(f"{key} = {value}\n" for key, value in values.items() if value))
    return file


def examine(file: Path) -> tuple[int, dict[str, dict[str, object]]]:
    # A process of its own: the doctor starts and ends a Qt application, which a process can do well only once.
    command = [sys.executable, "-P", "-m", "scripts.ctl", "doctor", "--settings", str(file), "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.returncode, {part["part"]: part for part in json.loads(ended.stdout)["parts"]}


def test_a_machine_where_everything_works(tmp_path: Path) -> None:
    if not (FACE_DATA / "models").is_dir():
        pytest.skip(f"no face models in {FACE_DATA}; KIOSK_FACE_DATA names their folder")
    build_stores(load_deck(), tmp_path / "tables")
    lay_store(tmp_path / "tables", "fresh")
    make_demo_faces(tmp_path / "faces")
    code, parts = examine(settings(tmp_path))
    assert {name: part["says"] for name, part in parts.items() if not part["works"]} == {}
    assert list(parts) == PARTS
    assert code == 0


def test_a_machine_where_everything_is_missing(tmp_path: Path) -> None:
    code, parts = examine(
        settings(
            tmp_path,
            mode='"field"',
            clock="",
            reader='"pcsc:No Such Reader"',
            camera='"v4l2:/dev/no-such-camera"',
            policy='"no-such-policy.toml"',
            journal='"no-such-folder/journal.sqlite"',
            models='{ manifest = "none.toml", folder = "none" }',
        )
    )
    broken = {name for name, part in parts.items() if not part["works"]}
    assert {"reader", "camera", "models", "table", "policy", "journal"} <= broken
    for name in broken:
        says = str(parts[name]["says"])
        assert len(says.split()) > 3, says
        assert "Traceback" not in says
    assert code == 1


def test_the_default_set_is_named_by_its_digests_or_by_what_makes_it(tmp_path: Path) -> None:
    default = model_set(SetName.DEFAULT)
    models = f'{{ manifest = "{default.manifest}", folder = "{default.folder}" }}'
    _, parts = examine(settings(tmp_path, camera='"none:"', models=models))
    assert parts["models"]["works"] == default.is_there
    embedder = load_manifest(default.manifest).embed.sha256[:12]
    assert (embedder if default.is_there else "Run kioskctl models build.") in str(parts["models"]["says"])


def test_a_calibration_of_the_site_is_told_and_a_damaged_one_named(tmp_path: Path) -> None:
    if not (FACE_DATA / "models").is_dir():
        pytest.skip(f"no face models in {FACE_DATA}; KIOSK_FACE_DATA names their folder")
    manifest = load_manifest(ROOT / "models" / "production.toml")
    for entry in roles(manifest).values():
        (tmp_path / entry.file).symlink_to(FACE_DATA / "models" / entry.file)
    models = f'{{ manifest = "{ROOT}/models/production.toml", folder = "{tmp_path}" }}'
    kept = tmp_path / "calibration.toml"
    kept.write_text(
        f'embed_sha256 = "{manifest.embed.sha256}"\nmade_at = 2026-03-04T05:06:07Z\npeople = 20\ngenuine_visits = 20\n'
        'impostor_visits = 380\nthresholds = { "1e-2" = 0.3, "1e-3" = 0.4, "1e-4" = 0.5 }\n'
    )
    _, parts = examine(settings(tmp_path, camera='"none:"', models=models))
    assert "calibration: of 2026-03-04, 20 people" in str(parts["models"]["says"])
    kept.write_text(kept.read_text().replace("0.4", "0.2"))
    _, parts = examine(settings(tmp_path, camera='"none:"', models=models))
    assert not parts["models"]["works"]
    assert "calibrate --reset" in str(parts["models"]["says"])


def test_a_table_too_old_and_a_policy_not_in_force_are_named(tmp_path: Path) -> None:
    build_stores(load_deck(), tmp_path / "tables")
    lay_store(tmp_path / "tables", "old")
    _, parts = examine(settings(tmp_path, camera='"none:"', clock="{ starts_at = 2022-04-21T09:00:00+08:00 }"))
    assert not parts["table"]["works"]
    assert "Import a newer supply" in str(parts["table"]["says"])
    _, parts = examine(settings(tmp_path, camera='"none:"', clock="{ starts_at = 2022-06-29T00:00:00+08:00 }"))
    assert not parts["policy"]["works"]
    assert parts["table"]["works"]  # what is wrong is said once
