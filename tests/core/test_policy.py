"""A policy that contradicts itself cannot be made, and says what is wrong with it."""

from dataclasses import fields
from datetime import date
from typing import Any

import pytest

from kiosk.core.errors import Fault, PolicyError
from kiosk.core.lines.finding import LineState
from kiosk.core.policy import FalseMatchRate, Policy
from tests.people import policy

NUMBERS = [field.name for field in fields(Policy) if field.type is int]


@pytest.mark.parametrize("name", NUMBERS)
def test_no_number_is_negative(name: str) -> None:
    with pytest.raises(PolicyError, match=f"^{name} = -1: "):
        policy(**{name: -1})


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"valid_until": date(2022, 3, 14)}, "valid_until"),
        ({"fresh_hours": 0}, "fresh"),
        ({"fresh_hours": 49}, "fresh"),
        ({"banner_hours": 23}, "banner"),
        ({"banner_hours": 73}, "banner"),
        ({"stale_hours": 47}, "stale"),
        ({"urgent_hours": 0}, "urgent_hours"),
        ({"jump_warn_seconds": 7201}, "jump_warn_seconds"),
        ({"looks": 0}, "looks"),
        ({"looks": 4}, "looks"),
        ({"read_tries": 0}, "read_tries"),
        ({"read_tries": 4}, "read_tries"),
        ({"face_help_seconds": 31}, "face_help_seconds"),
        ({"evidence_seconds": 601}, "evidence_seconds"),
        ({"require_liveness": True, "face_fmr": FalseMatchRate.ONE_IN_100}, "face_fmr"),
    ],
    ids=str,
)
def test_numbers_that_do_not_fit_together_are_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(PolicyError, match=named) as refused:
        policy(**changes)
    assert refused.value.fault is Fault.POLICY


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_until": date(2022, 3, 15)},
        {"fresh_hours": 48},
        {"banner_hours": 72},
        {"jump_warn_seconds": 7200},
        {"looks": 1, "read_tries": 1},
        {"face_help_seconds": 30},
        {"evidence_seconds": 600},
        {"face_fmr": FalseMatchRate.ONE_IN_100},
        {"require_liveness": True, "face_fmr": FalseMatchRate.ONE_IN_1000},
        {"test_hours": 0, "vaccine_doses": 0, "repeat_seconds": 0},
    ],
    ids=str,
)
def test_numbers_at_their_limits_are_accepted(changes: dict[str, Any]) -> None:
    made = policy(**changes)
    assert all(getattr(made, name) == value for name, value in changes.items())


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("yellow", {LineState.ASK, LineState.STOP}),
        ("risk_area", {LineState.ASK, LineState.STOP}),
        ("medium_area", {LineState.OK, LineState.ASK, LineState.STOP}),
        ("abroad", {LineState.ASK, LineState.STOP}),
        ("star_city", {LineState.OK, LineState.ASK}),
    ],
)
def test_a_policy_can_neither_wave_a_risk_through_nor_stop_a_star(name: str, allowed: set[LineState]) -> None:
    accepted = set()
    for state in LineState:
        try:
            policy(**{name: state})
        except PolicyError as refused:
            assert name in refused.detail  # noqa: PT017
        else:
            accepted.add(state)
    assert accepted == allowed
