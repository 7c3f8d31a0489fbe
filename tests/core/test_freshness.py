"""Ages and clock by a policy's own numbers."""

from datetime import timedelta

import pytest

from kiosk.core.freshness import ClockWatch, Jump, freshness
from kiosk.core.reasons import Reason
from tests.people import HOURS, NOW, policy

STRICT = policy(fresh_hours=1, banner_hours=2, stale_hours=3)


@pytest.mark.parametrize(
    ("minutes", "row"),
    [(0, Reason.A1), (60, Reason.A1), (61, Reason.A2), (121, Reason.A3), (181, Reason.A4), (60 * 24 * 365, Reason.A4)],
)
def test_the_limits_are_those_of_the_policy(minutes: int, row: Reason) -> None:
    assert freshness(NOW - timedelta(minutes=minutes), STRICT, NOW) is row


def test_a_policy_may_skip_a_stage() -> None:
    assert freshness(NOW - 1.5 * HOURS, policy(fresh_hours=1, banner_hours=1, stale_hours=2), NOW) is Reason.A3


def test_many_small_steps_of_the_clock_add_up_to_a_jump() -> None:
    watch = ClockWatch(NOW, 0.0)
    seen = [
        watch.jump(NOW + timedelta(seconds=60 * minute + 20 * minute), 60.0 * minute, policy()) for minute in range(3)
    ]
    assert seen == [Jump.NONE, Jump.NONE, Jump.WARN]


def test_a_clock_set_right_again_is_no_jump_any_more() -> None:
    watch = ClockWatch(NOW, 0.0)
    assert watch.jump(NOW + 5 * HOURS, 60.0, policy()) is Jump.LOCK
    assert watch.jump(NOW + timedelta(seconds=120), 120.0, policy()) is Jump.NONE
