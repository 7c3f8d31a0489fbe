"""Card readers through PC/SC: one thread that watches the readers and does all card I/O.

pyscard's CardMonitor stops for ever when pcscd restarts, so this talks to ``smartcard.scard`` itself. What the loop
relies on, seen with pcsc-lite 1.9.9: a context never recovers from a restart of the daemon, a new one works at once;
the high word of a reader's state counts insertions and removals; a handle whose card left is dead even after the
card is back; a dying daemon can show a card without an ATR. This is the only module that imports pyscard.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from smartcard import scard

from drivers.tap import Connection, read_tap
from kiosk.core.errors import CardError, DeviceLostError, Fault
from kiosk.core.ports import Clock, ReaderDown, ReaderEvent, ReaderUp

_PNP = "\\\\?PnP?\\Notification"
_RETRY_SECONDS = 0.25
# Longest sleep without looking at the reader list again, in case a notification was missed.
_LOOK_AGAIN_MS = 5000
_CLOSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a reader showed last: ``word`` is the state to wait from, ``count`` its insertions and removals."""

    word: int
    count: int
    card: bool


_NOTHING_SEEN = _Seen(scard.SCARD_STATE_UNAWARE, 0, card=False)


class PcscReader:
    """Every PC/SC reader whose name begins with ``prefix``; the first that shows a card is read.

    The index at the end of a reader's name changes when it is plugged in again, hence the prefix.
    """

    def __init__(self, prefix: str, clock: Clock) -> None:
        self._prefix = prefix
        self._clock = clock
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._context: int | None = None
        self._told: str | Fault | None = None
        self._taps = 0

    def start(self, emit: Callable[[ReaderEvent], None]) -> None:
        self._thread = threading.Thread(target=self._own, args=(emit,), name="card reader", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if self._thread is None:
            return
        deadline = self._clock.monotonic() + _CLOSE_SECONDS
        # A cancel that comes before the wait it should end has no effect, hence more than one.
        while self._thread.is_alive() and self._clock.monotonic() < deadline:
            if (context := self._context) is not None:
                scard.SCardCancel(context)
            self._thread.join(timeout=0.02)

    def _own(self, emit: Callable[[ReaderEvent], None]) -> None:
        while not self._closing.is_set():
            try:
                with self._service() as context:
                    self._watch(context, emit)
            except DeviceLostError as lost:
                self._tell(ReaderDown(Fault.PCSCD, lost.detail), Fault.PCSCD, emit)
                self._closing.wait(_RETRY_SECONDS)

    @contextmanager
    def _service(self) -> Iterator[int]:
        result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        _or_lost(result, "pcscd does not answer")
        self._context = context
        try:
            yield context
        finally:
            self._context = None
            scard.SCardReleaseContext(context)

    def _watch(self, context: int, emit: Callable[[ReaderEvent], None]) -> None:
        seen: dict[str, _Seen] = {}
        pnp = scard.SCARD_STATE_UNAWARE
        while not self._closing.is_set():
            names = self._names(context)
            if names:
                self._tell(ReaderUp(names[0]), names[0], emit)
            else:
                self._tell(ReaderDown(Fault.READER, self._none_found()), Fault.READER, emit)
            seen = {name: seen.get(name, _NOTHING_SEEN) for name in names}
            asked = [(_PNP, pnp), *((name, known.word) for name, known in seen.items())]
            for name, word, atr in self._changes(context, _LOOK_AGAIN_MS, asked):
                if name == _PNP:
                    # Since pcsc-lite 2.3 the high word counts reader events and is to be handed back.
                    pnp = word & ~scard.SCARD_STATE_CHANGED
                    continue
                before, now = seen[name], _state(word, atr)
                seen[name] = now
                if now.card and not (before.card and before.count == now.count):
                    self._taps += 1
                    self._read(context, name, now, emit)

    def _names(self, context: int) -> list[str]:
        result, names = scard.SCardListReaders(context, [])
        if result == scard.SCARD_E_NO_READERS_AVAILABLE:
            return []
        _or_lost(result, "listing the readers")
        return [name for name in names if name.startswith(self._prefix)]

    def _none_found(self) -> str:
        which = f"no reader whose name begins with '{self._prefix}'" if self._prefix else "no reader"
        return f"{which} is connected. Plug it in."

    def _changes(self, context: int, timeout_ms: int, asked: list[tuple[str, int]]) -> list[tuple[str, int, bytes]]:
        """Readers whose state differs from the one asked with, or nothing when the time is over."""
        result, states = scard.SCardGetStatusChange(context, timeout_ms, asked)
        if result in (scard.SCARD_E_TIMEOUT, scard.SCARD_E_CANCELLED):
            return []
        if result == scard.SCARD_E_UNKNOWN_READER:
            # The reader vanished between list and wait: give the daemon a moment to take it off the list.
            self._closing.wait(_RETRY_SECONDS)
            return []
        _or_lost(result, "waiting for a card")
        return [(name, word, bytes(atr)) for name, word, atr in states if word & scard.SCARD_STATE_CHANGED]

    def _tell(self, event: ReaderUp | ReaderDown, key: str | Fault, emit: Callable[[ReaderEvent], None]) -> None:
        if key != self._told and not self._closing.is_set():
            self._told = key
            emit(event)

    def _read(self, context: int, name: str, seen: _Seen, emit: Callable[[ReaderEvent], None]) -> None:
        def still_there() -> bool:
            for _, word, atr in self._changes(context, 0, [(name, seen.word)]):
                now = _state(word, atr)
                return now.card and now.count == seen.count
            return not self._closing.is_set()

        read_tap(self._taps, lambda: self._connection(context, name), still_there, emit, self._clock)

    @contextmanager
    def _connection(self, context: int, name: str) -> Iterator[Connection]:
        result, handle, protocol = scard.SCardConnect(
            context, name, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        )
        _or_card_error(result, "connecting")
        try:
            result, _, _, _, atr = scard.SCardStatus(handle)
            _or_card_error(result, "asking for the ATR")
            pci = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1

            def transmit(command: bytes) -> tuple[bytes, int]:
                if self._closing.is_set():
                    raise CardError("the reader is being closed")
                result, response = scard.SCardTransmit(handle, pci, list(command))
                _or_card_error(result, "sending a command")
                if len(response) < 2:
                    raise CardError(f"an answer of {len(response)} bytes")
                return bytes(response[:-2]), response[-2] << 8 | response[-1]

            yield Connection(bytes(atr), transmit)
        finally:
            # Reset or power-down would restart the field, and a card lying there would be felt again.
            scard.SCardDisconnect(handle, scard.SCARD_LEAVE_CARD)


def _state(word: int, atr: bytes) -> _Seen:
    return _Seen(word & ~scard.SCARD_STATE_CHANGED, word >> 16, bool(word & scard.SCARD_STATE_PRESENT and atr))


def _or_lost(result: int, doing: str) -> None:
    if result != scard.SCARD_S_SUCCESS:
        raise DeviceLostError(Fault.PCSCD, f"{_described(result, doing)}. Install and start pcscd.")


def _or_card_error(result: int, doing: str) -> None:
    # Whatever the cause is: if it was the daemon, the next look at the reader says so.
    if result != scard.SCARD_S_SUCCESS:
        raise CardError(_described(result, doing))


def _described(result: int, doing: str) -> str:
    return f"{doing}: {scard.SCardGetErrorMessage(result).rstrip('.')} ({result & 0xFFFFFFFF:08X})"
