"""Clocks: the demo's morning runs like any other, and both hands move together."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.clock import ShiftedClock, SystemClock, kept_over_power_loss
from kiosk.core.times import SHANGHAI

MORNING = datetime(2022, 4, 18, 9, tzinfo=SHANGHAI)


def test_the_shifted_clock_starts_where_it_is_told_and_runs() -> None:
    clock = ShiftedClock(MORNING)
    outer, first, inner = clock.monotonic(), clock.now(), clock.monotonic()
    assert first.tzinfo is UTC
    assert timedelta(0) <= first - MORNING < timedelta(seconds=10)
    time.sleep(0.05)
    began, second, ended = clock.monotonic(), clock.now(), clock.monotonic()
    tick = 1e-5
    assert began - inner - tick <= (second - first).total_seconds() <= ended - outer + tick


def test_skipped_time_passes_on_both_clocks() -> None:
    clock = ShiftedClock(MORNING)
    began = clock.monotonic()
    clock.skip(36 * 3600)
    assert clock.now() - MORNING >= timedelta(hours=36)
    assert clock.monotonic() - began >= 36 * 3600
    # The wall clock does not jump against the monotonic one: that would be a fault of the kiosk (A10).
    assert abs((clock.now() - MORNING).total_seconds() - (clock.monotonic() - began)) < 5
    with pytest.raises(ValueError, match="forward"):
        clock.skip(-1)


def test_a_start_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="UTC offset"):
        ShiftedClock(MORNING.replace(tzinfo=None))


def test_the_system_clock_is_aware_utc() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert abs(clock.now().timestamp() - time.time()) < 10
    assert clock.monotonic() <= clock.monotonic()


def test_a_real_time_clock_is_found_where_the_kernel_shows_one(tmp_path: Path) -> None:
    assert not kept_over_power_loss(tmp_path / "nowhere")
    assert not kept_over_power_loss(tmp_path)
    (tmp_path / "rtc0").mkdir()
    assert kept_over_power_loss(tmp_path)
