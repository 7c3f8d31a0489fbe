"""Settings: the sample loads as it ships, and each wrong key is answered with name, value and remedy."""

import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import kiosk
from kiosk.core.errors import SettingsError
from kiosk.policies import load_policy
from kiosk.settings import DEFAULT_MODELS, Settings, SoundOutput, load_settings
from kiosk.showing import Mode

SAMPLE = Path(kiosk.__file__).parent / "sample.toml"
DEMO = """
mode = "demo"
device = "d"
venue = "v"
policy = "p.toml"
journal = "/var/j.sqlite"
reader = "pcsc:Some Reader"
camera = "folder:faces"
models = { manifest = "m.toml", folder = "weights" }
supply = { store = "store", root = "root.json", district = "44", keys = "file:device.key", site_root = "site.json" }
window = { width = 1080, height = 1920 }
sound = { output = "silent" }
clock = { starts_at = 2022-04-18T09:00:00+08:00 }
"""


def load(folder: Path, text: str) -> Settings:
    path = folder / "kiosk.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(folder, text)
    assert str(folder / "kiosk.toml") in caught.value.detail
    return caught.value.detail


def change(key: str, value: str) -> str:
    """The demo settings with another value for a key; sections are inline tables, so that every key is on one line."""
    section, _, name = key.rpartition(".")
    pattern = rf"(?m)^({section} = {{.*?\b{name} = )[^,}}]+" if section else rf"(?m)^({name} = ).*$"
    text, count = re.subn(pattern, lambda match: f"{match[1]}{value} ", DEMO)
    assert count == 1
    return text


def test_the_sample_loads_as_it_ships() -> None:
    settings = load_settings(SAMPLE)
    assert settings.window.fullscreen
    load_policy(settings.policy)
    assert settings.models == DEFAULT_MODELS
    assert settings.models.manifest.exists()


def test_everything_commented_out_in_the_sample_is_a_key(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^# (\w+ = [^#\n]+|\[\w+\].*)$", r"\1", SAMPLE.read_text("utf-8"))
    text = text.replace("fullscreen = true\n", "").replace('mode = "training"', 'mode = "demo"')
    settings = load(tmp_path, text)
    assert settings.clock is not None
    assert (settings.window.width, settings.window.height) == (1080, 1920)
    assert settings.models.folder == tmp_path / "models"


def test_values_arrive_typed_and_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load(tmp_path, DEMO)
    assert settings.mode is Mode.DEMO
    assert settings.sound.output is SoundOutput.SILENT
    assert settings.supply.store == tmp_path / "store"
    assert settings.supply.site_root == tmp_path / "site.json"
    assert settings.supply.keys == f"file:{tmp_path / 'device.key'}"
    assert settings.models.folder == tmp_path / "weights"
    assert settings.journal == Path("/var/j.sqlite")
    assert settings.camera == f"folder:{tmp_path}/faces"
    assert settings.reader == "pcsc:Some Reader"
    assert settings.clock is not None
    assert settings.clock.starts_at == datetime(2022, 4, 18, 1, tzinfo=UTC)


def keys(content: dict[str, Any], prefix: str = "") -> list[str]:
    return [
        key
        for name, value in content.items()
        for key in (keys(value, f"{name}.") if isinstance(value, dict) else [prefix + name])
    ]


KEYS = keys(tomllib.loads(DEMO))
WRONG = {
    "mode": ['"trianing"', '"FIELD"', "1"],
    "device": ['""', '" "', "7", f'"{"x" * 65}"'],
    "venue": ['""', "true"],
    "policy": ['""', "3"],
    "journal": ["[]", '""'],
    "reader": ['"serial:/dev/ttyS0"', '"sim:x"', '"pcsc"', '""', "0"],
    "camera": ['"v4l2:"', '"0"', '"none:x"', '"folder:"', "0"],
    "models.manifest": ["0", '""'],
    "models.folder": ["false"],
    "supply.store": ["1.5", '""'],
    "supply.root": ["[1]"],
    "supply.district": ['"4"', '"044"', "44", '"440"'],
    "supply.keys": ['"device.key"', '"file:"', '"tpm:x"', "1"],
    "supply.site_root": ["false"],
    "window.width": ["1080.0", "0", '"1080"', "true"],
    "window.height": ["-1", "99999"],
    "sound.output": ['"loud"', "true"],
    "clock.starts_at": ["2022-04-18T09:00:00", "2022-04-18", '"2022-04-18T09:00:00+08:00"', "9"],
}


def test_the_walk_covers_every_key() -> None:
    assert list(WRONG) == KEYS


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in WRONG.items() for value in values])
def test_a_wrong_value_is_named_with_its_key(tmp_path: Path, key: str, value: str) -> None:
    detail = refused(tmp_path, change(key, value))
    shown = value if len(value) <= 60 else value[:60]
    assert (
        f": {key} = {shown.replace('T', ' ') if key == 'clock.starts_at' and value[0] != chr(34) else shown}" in detail
    )
    assert "Correct the value." in detail


@pytest.mark.parametrize(
    "key", [key for key in KEYS if key not in ("supply.site_root", "window.width", "window.height")]
)
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    section, _, name = key.rpartition(".")
    pattern = rf"(?m)^({section} = {{.*?)\b{name} = [^,}}]+,?" if section else rf"(?m)^()({name} = .*)$"
    text, count = re.subn(pattern, r"\1", DEMO)
    assert count == 1
    assert f"{key} is missing" in refused(tmp_path, re.sub(r",\s*}", " }", text))


@pytest.mark.parametrize("key", KEYS)
def test_a_misspelt_key_is_answered_with_the_right_one(tmp_path: Path, key: str) -> None:
    section, _, name = key.rpartition(".")
    wrong = name[:-1] + "z"
    pattern = rf"(?m)^({section} = {{.*?)\b{name} = " if section else rf"(?m)^(){name} = "
    text, count = re.subn(pattern, rf"\1{wrong} = ", DEMO)
    assert count == 1
    detail = refused(tmp_path, text)
    assert f"{section + '.' if section else ''}{wrong} = " in detail
    assert f"Did you mean {key}?" in detail


def test_an_unknown_section_is_answered_with_the_known_keys(tmp_path: Path) -> None:
    detail = refused(tmp_path, DEMO + "[printer]\nport = 9\n")
    assert "printer = " in detail
    assert "known keys here: mode, device" in detail


@pytest.mark.parametrize("mode", ["field", "training"])
def test_the_clock_is_only_set_in_the_demo(tmp_path: Path, mode: str) -> None:
    assert "clock = " in refused(tmp_path, change("mode", f'"{mode}"'))


@pytest.mark.parametrize(
    "window", ["{}", "{ fullscreen = false }", "{ width = 1080 }", "{ fullscreen = true, width = 1080, height = 1920 }"]
)
def test_a_window_has_exactly_one_size(tmp_path: Path, window: str) -> None:
    detail = refused(tmp_path, change("window", window))
    assert "window = " in detail
    assert "either fullscreen = true, or width and height" in detail


def test_what_is_no_settings_file_is_refused(tmp_path: Path) -> None:
    assert "line 1" in refused(tmp_path, "mode: demo")
    with pytest.raises(SettingsError, match="Put the file there"):
        load_settings(tmp_path / "nowhere.toml")
    (tmp_path / "latin.toml").write_bytes(b'venue = "\xe9"')
    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings(tmp_path / "latin.toml")


def test_settings_need_neither_qt_nor_opencv() -> None:
    code = (
        "import sys, kiosk.settings; sys.exit(any(m.split('.')[0] in ('PyQt6', 'cv2', 'numpy') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False, cwd=SAMPLE.parents[1]).returncode == 0
