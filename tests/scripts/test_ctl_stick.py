"""kioskctl stick, from founding an office to a kiosk that has imported its supply."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kiosk.core.status import Colour
from kiosk.keystore import PublicHalf, make_keystore
from kiosk.policies import SAMPLE
from kiosk.store import LayerKind, read_manifest
from scripts.ctl.main import app
from scripts.office.peppers import make_pepper
from tests.layers import head_of, write_layer
from tests.supplies import WHO, coded

Run = Callable[..., Any]


@pytest.fixture
def run() -> Run:
    def kioskctl(*arguments: object, ok: int = 0) -> Any:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert done.exit_code == ok, done.output
        return json.loads(done.stdout) if ok == 0 and "--json" in arguments else done.output

    return kioskctl


@pytest.fixture
def office(run: Run, tmp_path: Path) -> Path:
    """An office with one enrolled kiosk, a layer, risk areas."""
    run("stick", "init", tmp_path / "office", "--district", "44", "--district", "33")
    key = make_keystore(f"file:{tmp_path / 'device.key'}")
    (tmp_path / "public.json").write_text(PublicHalf.of(key).model_dump_json())
    run("office", "devices", "add", tmp_path / "devices.json", tmp_path / "public.json", "--place", "East door")
    (tmp_path / "risks.csv").write_text("city,area,level,since,until\n310100,310115,high,2022-04-01,\n")
    pepper = make_pepper(tmp_path / "pepper")
    as_of = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    write_layer(tmp_path / "base.layer", {WHO: coded(Colour.GREEN)}, head_of(LayerKind.BASE, as_of), pepper)
    (tmp_path / "kiosk.toml").write_text(
        f"""mode = "field"
device = "kiosk-1"
venue = "East door"
policy = "{SAMPLE}"
journal = "journal.sqlite"
reader = "sim:"
camera = "none:"
[supply]
store = "store"
root = "office/root.json"
district = "44"
keys = "file:device.key"
[window]
fullscreen = true
[sound]
output = "silent"
"""
    )
    return tmp_path


def made(run: Run, office: Path, stick: str, *more: object, ok: int = 0) -> Any:
    return run(
        *("stick", "make", office / "office", office / stick, "--layer", office / "base.layer", "--district", "44"),
        *("--pepper", office / "pepper", "--devices", office / "devices.json", "--risks", office / "risks.csv"),
        *("--risks-as-of", "2022-04-18T08:00:00+08:00", "--json", *more),
        ok=ok,
    )


def test_from_the_office_into_a_kiosk(run: Run, office: Path) -> None:
    told = made(run, office, "stick", "--policy", SAMPLE)
    assert told["codes/44/release.json"].startswith("serial 1,")
    assert told["base"] == "1 people, serial 1"
    root = office / "office/root.json"
    assert run("stick", "check", office / "stick", "--root", root, "--district", "44", "--json") == told
    imported = run("stick", "import", office / "stick", "--settings", office / "kiosk.toml", "--json")
    assert imported == {"province": "serial 1, now in use"}
    manifest = read_manifest(office / "store")
    assert manifest.province is not None
    assert len(manifest.province.policies) == 1
    assert made(run, office, "stick")["codes/44/release.json"].startswith("serial 2,")
    imported = run("stick", "import", office / "stick", "--settings", office / "kiosk.toml", "--json")
    assert imported == {"province": "serial 2, now in use"}
    imported = run("stick", "import", office / "stick", "--settings", office / "kiosk.toml", "--json")
    assert imported == {"province": "serial 2, as before, verified again"}


def test_what_is_refused_is_said_in_words(run: Run, office: Path) -> None:
    made(run, office, "stick")
    (layer,) = (office / "stick").rglob("*.layer")
    data = bytearray(layer.read_bytes())
    data[5000] ^= 1
    layer.write_bytes(data)
    root = office / "office/root.json"
    for command in (
        ("check", office / "stick", "--root", root, "--district", "44"),
        ("import", office / "stick", "--settings", office / "kiosk.toml"),
    ):
        said = run("stick", *command, ok=2)
        assert "not the file that was signed" in said
        assert "Copy the supply to the stick again." in said
    made(run, office, "stick")  # which mends the stick
    run("stick", "import", office / "stick", "--settings", office / "kiosk.toml")


def test_nothing_is_signed_that_a_kiosk_would_refuse(run: Run, office: Path) -> None:
    said = made(run, office, "stick", "--demo", ok=2)
    assert "no kiosk would take this" in said
    assert not (office / "stick").exists()


def test_signing_needs_the_keys(run: Run, office: Path) -> None:
    (office / "office/keys/codes-44.pem").rename(office / "codes-44.pem")
    assert "needs 1 of its keys" in made(run, office, "stick", ok=2)
    (office / "keeper").mkdir()
    (office / "codes-44.pem").rename(office / "keeper/codes-44.pem")
    made(run, office, "stick", "--keys", office / "keeper")


def test_an_office_is_founded_once(run: Run, office: Path) -> None:
    assert "already" in run("stick", "init", office / "office", "--district", "44", ok=2)
