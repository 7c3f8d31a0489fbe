"""The slow key derivation of one visit at a time, in a thread of its own, started while the card is still read."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from kiosk.core.idnumber import IdNumber
from kiosk.core.ports import Clock, HealthTable


class KeyDerivation:
    """Derives the look-up key of the number it was given last; an earlier one is thrown away.

    A key belongs to the table that it was derived for: each has a salt of its own.

    ``ready`` is called, from the worker's thread, when a derivation is done.
    """

    def __init__(self, clock: Clock, ready: Callable[[], None]) -> None:
        self._clock = clock
        self._ready = ready
        self._worker = ThreadPoolExecutor(1, "key-derivation")
        self._asked: tuple[IdNumber, HealthTable] | None = None
        self._future: Future[tuple[bytes, float]] | None = None

    def begin(self, number: IdNumber, table: HealthTable) -> None:
        """Start, unless this number is on its way already, for this very table."""
        if self._asked == (number, table):
            return
        self.forget()
        self._asked = (number, table)
        self._future = self._worker.submit(self._derive, number, table)
        self._future.add_done_callback(lambda _future: self._ready())

    def result(self) -> tuple[bytes, float] | None:
        """Key and milliseconds of what was begun last, once they are there."""
        if self._future is None or not self._future.done():
            return None
        return self._future.result()

    def forget(self) -> None:
        """Drop number and key."""
        if self._future is not None:
            self._future.cancel()
        self._asked = self._future = None

    def close(self) -> None:
        self.forget()
        self._worker.shutdown(cancel_futures=True)

    def _derive(self, number: IdNumber, table: HealthTable) -> tuple[bytes, float]:
        began = self._clock.monotonic()
        key = table.derive_key(number)
        return key, 1000 * (self._clock.monotonic() - began)
