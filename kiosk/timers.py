"""The running timers of a visit."""

from collections.abc import Iterable

from kiosk.core.ports import Clock
from kiosk.core.visit import Timer


class Timers:
    """Timers by the monotonic second at which they run out; setting one again moves it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[Timer, float] = {}

    def hold(self, timer: Timer, until: float) -> None:
        self._until[timer] = until

    def release(self, timers: Iterable[Timer]) -> None:
        for timer in timers:
            self._until.pop(timer, None)

    def pop_due(self) -> Timer | None:
        """Take out the timer that has been over for longest; None where none is."""
        first = min(self._until, key=self._until.__getitem__, default=None)
        if first is None or self._until[first] > self._clock.monotonic():
            return None
        del self._until[first]
        return first

    def left(self, timer: Timer) -> float:
        """Seconds until it runs out; 0 for one that is not set."""
        return max(0.0, self._until[timer] - self._clock.monotonic()) if timer in self._until else 0.0

    def next_in(self, most: float) -> float:
        """Seconds until the first runs out, ``most`` at the most."""
        return max(0.0, min((most, *(until - self._clock.monotonic() for until in self._until.values()))))
