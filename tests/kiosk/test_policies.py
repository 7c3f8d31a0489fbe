"""Policies: the sample says what the rules of spring 2022 say, and no key is left to a default."""

import re
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

import kiosk.policies
from kiosk.core.errors import PolicyError
from kiosk.core.lines.finding import LineState
from kiosk.core.policy import FalseMatchRate, Policy
from kiosk.policies import load_policy

SAMPLE = Path(kiosk.policies.__file__).with_name("2022-04.toml")
KEYS = [field.name for field in fields(Policy)]


def refused(folder: Path, text: str) -> str:
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(path)
    assert str(path) in caught.value.detail
    return caught.value.detail


def change(key: str, value: str) -> str:
    text, count = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}" if value else "", SAMPLE.read_text("utf-8"))
    assert count == 1
    return text


def test_the_sample_holds_the_rules_of_april_2022() -> None:
    assert load_policy(SAMPLE) == Policy(
        name="2022-04",
        valid_from=date(2022, 3, 15),
        valid_until=date(2022, 6, 28),
        yellow=LineState.ASK,
        test_hours=48,
        vaccine_doses=0,
        itinerary_days=14,
        abroad_days=14,
        itinerary_lag_days=2,
        star_city=LineState.ASK,
        risk_area=LineState.STOP,
        abroad=LineState.ASK,
        require_liveness=False,
        face_fmr=FalseMatchRate.ONE_IN_1000,
        looks=3,
        face_seconds=30,
        face_help_seconds=15,
        fever_celsius=37.3,
        fever_again_seconds=120,
        fresh_hours=24,
        banner_hours=48,
        stale_hours=72,
        jump_warn_seconds=30,
        jump_lock_minutes=120,
        read_tries=3,
        repeat_seconds=30,
        evidence_seconds=120,
        case_minutes=10,
        elder_years=60,
    )


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_needed_typed_and_explained(tmp_path: Path, key: str) -> None:
    assert f"{key} is missing" in refused(tmp_path, change(key, ""))
    assert f"{key} = []: " in refused(tmp_path, change(key, "[]"))
    assert re.search(rf"(?m)^{key} = [^#]+#", SAMPLE.read_text("utf-8")) or key == "name"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("test_hours", "48.0"),
        ("test_hours", '"48"'),
        ("test_hours", "true"),
        ("test_hours", "-1"),
        ("looks", "4"),
        ("fever_celsius", "nan"),
        ("yellow", '"ok"'),
        ("yellow", '"green"'),
        ("require_liveness", "0"),
        ("face_fmr", "1e-3"),
        ("face_fmr", '"0.001"'),
        ("valid_from", "2022-03-15T00:00:00"),
        ("valid_until", "2022-03-14"),
        ("stale_hours", "47"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(tmp_path: Path, key: str, value: str) -> None:
    names = {"stale_hours": "data ages must rise"}
    detail = refused(tmp_path, change(key, value))
    assert names.get(key, key) in detail
    assert "Correct" in detail


def test_a_misspelt_key_is_answered_with_the_right_one(tmp_path: Path) -> None:
    detail = refused(tmp_path, SAMPLE.read_text("utf-8").replace("test_hours", "test_hour"))
    assert "test_hour = 48: no such key. Did you mean test_hours?" in detail
