"""Clocks: the machine's own, and one that is set to another day for the demo and for tests."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

RTC_FOLDER = Path("/sys/class/rtc")


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class ShiftedClock:
    """A clock whose wall time is ``starts_at`` when it is made and goes on from there at the real pace."""

    def __init__(self, starts_at: datetime) -> None:
        if starts_at.tzinfo is None:
            raise ValueError("starts_at needs a UTC offset")
        self._epoch = starts_at.astimezone(UTC)
        self._made = time.monotonic()
        self._skipped = 0.0

    def now(self) -> datetime:
        return self._epoch + timedelta(seconds=self.monotonic() - self._made)

    def monotonic(self) -> float:
        return time.monotonic() + self._skipped

    def skip(self, seconds: float) -> None:
        """Move both clocks forward, as if that much time had passed."""
        if seconds < 0:
            raise ValueError("time only goes forward")
        self._skipped += seconds


def kept_over_power_loss(rtc_folder: Path = RTC_FOLDER) -> bool:
    """True where the kernel knows a real-time clock; without one the time after a power loss is a guess (A11)."""
    return any(rtc_folder.glob("rtc[0-9]*"))
