"""A simulated reader inside the process: for machines where pcscd cannot run, and for tests.

It reads virtual cards with the same dispatch as the PC/SC reader, but knows no daemon: what pcscd does is tried with
drivers.rig.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from drivers.tap import Connection, read_tap
from drivers.virtualcard import VirtualCard
from kiosk.core.errors import CardError, DeviceLostError, Fault
from kiosk.core.ports import Clock, ReaderDown, ReaderEvent, ReaderUp

NAME = "Simulated reader"


class SimReader:
    """A CardReader and its CardSlot in one; ``unplug`` and ``plug`` take the reader away and bring it back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._plugged = True
        self._card: VirtualCard | None = None
        # Counts insertions, so that a card swapped between two looks is seen as a new one.
        self._insertions = 0
        self._felt = 0
        self._up: bool | None = None

    def start(self, emit: Callable[[ReaderEvent], None]) -> None:
        self._thread = threading.Thread(target=self._own, args=(emit,), name="card reader", daemon=True)
        self._thread.start()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=0.2)

    def insert(self, card: VirtualCard) -> None:
        with self._changed:
            self._card = card
            self._insertions += 1
            self._changed.notify_all()

    def remove(self) -> None:
        with self._changed:
            self._card = None
            self._changed.notify_all()

    def unplug(self) -> None:
        """The reader vanishes, as when its USB plug is pulled; a card goes on lying on it."""
        with self._changed:
            self._plugged = False
            self._changed.notify_all()

    def plug(self) -> None:
        """The reader is back."""
        with self._changed:
            self._plugged = True
            self._changed.notify_all()

    def _own(self, emit: Callable[[ReaderEvent], None]) -> None:
        tap = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._plugged is not self._up or self._unread())
                closed, plugged, insertion = self._closed, self._plugged, self._insertions
            if closed:
                return
            if plugged is not self._up:
                self._up = plugged
                emit(ReaderUp(NAME) if plugged else ReaderDown(Fault.READER, "the simulated reader is unplugged"))
                # A card lying on a reader that comes back is felt again.
                self._felt = 0
                continue
            tap, self._felt = tap + 1, insertion
            self._read(tap, insertion, emit)

    def _unread(self) -> bool:
        return self._plugged and self._card is not None and self._insertions != self._felt

    def _read(self, tap: int, insertion: int, emit: Callable[[ReaderEvent], None]) -> None:
        answered = 0

        def transmit(command: bytes) -> tuple[bytes, int]:
            nonlocal answered
            with self._changed:
                card = self._lying(insertion)
                if card.leave_after is not None and answered >= card.leave_after:
                    self._card = None
                    raise CardError("the card left the field")
                answered += 1
            response = card.answer(command)
            return response[:-2], int.from_bytes(response[-2:], "big")

        @contextmanager
        def connect() -> Iterator[Connection]:
            with self._changed:
                atr = self._lying(insertion).atr
            yield Connection(atr, transmit)

        def still_there() -> bool:
            with self._changed:
                return self._plugged and self._card is not None and self._insertions == insertion

        with suppress(DeviceLostError):  # the loop reports the reader itself
            read_tap(tap, connect, still_there, emit, self._clock)

    def _lying(self, insertion: int) -> VirtualCard:
        if not self._plugged or self._closed:
            raise DeviceLostError(Fault.READER, "the reader was taken away")
        if self._card is None or self._insertions != insertion:
            raise CardError("the card left the field")
        return self._card
