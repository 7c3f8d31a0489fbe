"""kioskctl keys, office and bench privacy: a kiosk is enrolled from end to end, as somebody at a terminal does it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kiosk.keystore import open_keystore
from scripts.ctl.benchprivacy import SPACES, Rates, figures_of, span
from scripts.ctl.main import app
from scripts.office.devices import envelopes, read_devices
from scripts.office.peppers import read_pepper


def kioskctl(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_kiosk_is_enrolled_gets_its_envelope_and_is_removed(tmp_path: Path) -> None:
    key, public, devices, pepper = (tmp_path / name for name in ("key", "public.json", "devices.json", "pepper"))
    made = json.loads(kioskctl("keys", "make", f"file:{key}", "--json").stdout)
    assert made["promise"] == "none"
    assert "promises nothing" in made["in_words"]
    assert json.loads(kioskctl("keys", "show", f"file:{key}", "--json").stdout) == made
    assert kioskctl("keys", "export", f"file:{key}", public).exit_code == 0
    assert "PRIVATE" not in public.read_text()

    added = json.loads(kioskctl("office", "devices", "add", devices, public, "--place", "示范医院", "--json").stdout)
    assert (added["device_id"], added["place"]) == (made["device_id"], "示范医院")
    [listed] = json.loads(kioskctl("office", "devices", "list", devices, "--json").stdout)["devices"]
    assert listed == added
    assert kioskctl("office", "pepper", pepper).stdout == ""
    sealed = envelopes(read_devices(devices), read_pepper(pepper), "44")[made["device_id"]]
    assert open_keystore(f"file:{key}").open_envelope(sealed) == read_pepper(pepper)

    removed = json.loads(kioskctl("office", "devices", "remove", devices, made["device_id"], "--json").stdout)
    assert removed == added
    assert envelopes(read_devices(devices), read_pepper(pepper), "44") == {}


def test_refusals_end_with_2_or_3_and_what_to_do(tmp_path: Path) -> None:
    key = tmp_path / "key"
    assert kioskctl("keys", "make", f"file:{key}").exit_code == 0
    for arguments, code, said in (
        (("keys", "make", f"file:{key}"), 2, "exists already"),
        (("keys", "make", "nowhere"), 2, "file:PATH or credential:PATH"),
        (("keys", "make", f"credential:{tmp_path}/c", "--bind", "moon"), 2, "auto"),
        (("keys", "show", f"file:{tmp_path}/none"), 3, "kioskctl keys make"),
        (("keys", "export", f"file:{key}", key), 2, "exists already"),
        (("office", "pepper", key), 2, "exists already"),
        (("office", "devices", "add", tmp_path / "list", key, "--place", "x"), 2, "kioskctl keys export"),
        (("office", "devices", "remove", tmp_path / "list", "0" * 32), 2, "devices list"),
    ):
        done = kioskctl(*arguments)
        assert done.exit_code == code, done.output
        assert said in done.stderr
        assert done.stdout == ""
    assert key.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")


def test_bench_privacy_names_its_figures_and_they_follow_from_the_rates() -> None:
    done = kioskctl("bench", "privacy", "--runs", "3", "--json")
    assert done.exit_code == 0, done.output
    numbers = json.loads(done.stdout)["figures"]
    assert set(numbers) == set(figures_of(Rates(1, 1, 1, 1)))
    assert numbers["argon2id_ms"] > 1000 * numbers["hmac_ns"] / 1e6
    for space, size in SPACES.items():
        assert numbers[f"{space}_core_s"] == pytest.approx(size * numbers["argon2id_ms"] / 1e3, rel=0.01)
    assert numbers["county_keyed_hash_core_s"] < 1000 < numbers["county_core_s"]


def test_bench_privacy_as_a_table_names_every_attack_and_what_the_office_pays() -> None:
    done = kioskctl("bench", "privacy", "--runs", "3")
    assert done.exit_code == 0, done.output
    for said in ("the table alone", "2^256", "and the pepper", "RTX 5090", "H100", "bare hash", "126,000,000"):
        assert said in done.stdout


def test_published_rates_give_the_documented_costs() -> None:
    numbers = figures_of(Rates(argon2id=0.05, hmac=70e-9, blake2b=150e-9, sha256=35e-9))
    assert span(numbers["all_core_s"]) == "218 years"
    assert span(numbers["all_h100_s"]) == "79.7 days"
    assert round(numbers["all_h100_usd"], -2) == 5700
    assert span(numbers["all_keyed_hash_gpu_s"]) == "9.7 s"
    assert span(numbers["all_bare_hash_gpu_s"]) == "4.85 s"
    assert span(numbers["office_province_first_core_s"]) == "72.9 days"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0001, "< 1 ms"), (0.5, "0.5 s"), (119.4, "119 s"), (120, "2 min"), (7200, "2 h"), (172800, "2 days")],
)
def test_times_are_told_in_the_unit_that_people_use(seconds: float, said: str) -> None:
    assert span(seconds) == said
