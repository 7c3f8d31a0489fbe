"""Policies: the sample says what the rules of spring 2022 say, no key is left to a default, and vectors are run."""

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
from kiosk.policies.vectors import check_policy

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
        medium_area=LineState.STOP,
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
        urgent_hours=6,
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


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (('code = ["ask", "N3"]', 'code = ["ask", "N9"]'), 'code.1 = "N9"'),
        (("hours_ago = 48.01", "hour_ago = 48.01"), "Did you mean vector.6.test.hours_ago?"),
        (("at = 2022-03-15T00:00:00+08:00", "at = 2022-03-15T00:00:00"), "vector.1.at = "),
    ],
)
def test_a_mistake_within_a_vector_is_told_by_its_place(wrong: tuple[str, str], told: str) -> None:
    text = SAMPLE.read_text("utf-8")
    assert wrong[0] in text
    with pytest.raises(PolicyError) as caught:
        check_policy(text.replace(*wrong, 1).encode())
    assert told in caught.value.detail


def test_a_policy_without_vectors_is_not_accepted() -> None:
    values = SAMPLE.read_text("utf-8").split("[[vector]]")[0]
    with pytest.raises(PolicyError, match="vector is missing"):
        check_policy(values.encode())
    with pytest.raises(PolicyError, match="no test vectors"):
        check_policy(f"vector = []\n{values}".encode())


@pytest.mark.parametrize(
    ("change_to", "failing"),
    [
        (("test_hours", "47"), ["'a test of 48 hours': code is ask N3, expected ok C1"]),
        (
            ("itinerary_days", "13"),
            ["'from the area of medium risk, 14 days ago': itinerary is ok T1, expected stop T3"],
        ),
        (("yellow", '"stop"'), ["'a yellow code is for staff': verdict is stop, expected help"]),
        (("valid_from", "2022-03-16"), ["'the first moment': code is unknown A4, expected ok C1"]),
    ],
    ids=["test", "window", "yellow", "dates"],
)
def test_values_that_say_otherwise_than_the_vectors_are_refused_by_name(
    change_to: tuple[str, str], failing: list[str]
) -> None:
    with pytest.raises(PolicyError) as caught:
        check_policy(change(*change_to).encode(), "a policy")
    for told in failing:
        assert f"a policy: vector {told}" in caught.value.detail
    assert caught.value.detail.endswith("must not be used.")


def test_a_vector_that_names_the_card_is_held_to_it() -> None:
    text = SAMPLE.with_name("2020-12.toml").read_text("utf-8").replace('["ask", "P2"]', '["ok", "P1"]')
    with pytest.raises(PolicyError, match="card is ask P2, expected ok P1"):
        check_policy(text.encode())


@pytest.mark.parametrize(
    ("presented", "card", "code"),
    [
        ("chip_serial", ("unknown", "P3"), ("unknown", "P3")),
        ("unreadable", ("unknown", "P4"), ("unknown", "P4")),
        ("typed_number", ("ask", "P6"), ("ok", "C1")),
        ("card", ("ok", "P1"), ("ok", "C1")),
    ],
)
def test_a_vector_can_say_what_was_presented(presented: str, card: tuple[str, str], code: tuple[str, str]) -> None:
    itinerary = code if code[1] != "C1" else ("ok", "T1")
    values = SAMPLE.with_name("2020-12.toml").read_text("utf-8").split("[[vector]]")[0]
    lines = f"card = {list(card)}, code = {list(code)}, itinerary = {list(itinerary)}"
    vector = f"""[[vector]]
case = "presented"
at = 2020-12-15T10:00:00+08:00
presented = "{presented}"
expect = {{ verdict = "{"pass" if card[0] == "ok" else "help"}", {lines} }}
"""
    assert check_policy((values + vector).encode()).name == "2020-12"


def test_somebody_of_another_province_who_is_not_in_the_table_is_told_apart() -> None:
    values = SAMPLE.with_name("2020-12.toml").read_text("utf-8").split("[[vector]]")[0]
    vector = """[[vector]]
case = "from elsewhere"
at = 2020-12-15T10:00:00+08:00
presented = "other_province"
in_table = false
expect = { verdict = "help", code = ["unknown", "C6"], itinerary = ["unknown", "T5"] }
"""
    assert check_policy((values + vector).encode()).name == "2020-12"
