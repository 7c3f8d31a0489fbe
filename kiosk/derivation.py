"""The slow key derivation of one visit at a time, in a thread of its own, started while the card is still read."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from kiosk.core.idnumber import IdNumber
from kiosk.core.ports import Clock, HealthTable


class KeyDerivation:
    """Derives the look-up key of the number it was given last; an earlier one is thrown away.

    ``ready`` is called, from the worker's thread, when a derivation is done.
    """

    def __init__(self, clock: Clock, ready: Callable[[], None]) -> None:
        self._clock = clock
        self._ready = ready
        self._worker = ThreadPoolExecutor(1, "key-derivation")
        self._number: IdNumber | None = None
        self._future: Future[tuple[bytes, float]] | None = None

    def begin(self, number: IdNumber, table: HealthTable) -> None:
        """Start, unless this number is on its way already."""
        if number == self._number:
            return
        self.forget()
        self._number = number
        self._future = self._worker.submit(self._derive, number, table)
        self._future.add_done_callback(lambda _future: self._ready())

    def result(self, number: IdNumber) -> tuple[bytes, float] | None:
        """Key and milliseconds once they are there, for this very number; else None."""
        if self._future is None or number != self._number or not self._future.done():
            return None
        return self._future.result()

    def forget(self) -> None:
        """Drop number and key."""
        if self._future is not None:
            self._future.cancel()
        self._number = self._future = None

    def close(self) -> None:
        self.forget()
        self._worker.shutdown(cancel_futures=True)

    def _derive(self, number: IdNumber, table: HealthTable) -> tuple[bytes, float]:
        began = self._clock.monotonic()
        key = table.derive_key(number)
        return key, 1000 * (self._clock.monotonic() - began)
