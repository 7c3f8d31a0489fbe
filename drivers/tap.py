"""One tap, from the card felt to its last byte: what every reader over APDUs does alike."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from drivers.dispatch import Transmit, read_card
from kiosk.core.card import OtherCard
from kiosk.core.errors import CardError, DeviceError, KioskError
from kiosk.core.ports import CardFelt, CardRead, Clock, NumberSeen, OtherCardRead, ReaderEvent, ReadFailed


@dataclass(frozen=True, slots=True)
class Connection:
    """A card that answers: its ATR and the one verb there is."""

    atr: bytes
    transmit: Transmit


def read_tap(
    tap: int,
    connect: Callable[[], AbstractContextManager[Connection]],
    still_there: Callable[[], bool],
    emit: Callable[[ReaderEvent], None],
    clock: Clock,
) -> None:
    """Emit CardFelt, then read; a failed read is repeated once over a new connection while the same card lies there.

    Ends with exactly one of CardRead, OtherCardRead and ReadFailed. A DeviceError is raised again after ReadFailed.
    """
    emit(CardFelt(tap, clock.monotonic()))
    try:
        try:
            emit(_read(tap, connect, emit, clock))
        except CardError:
            if not still_there():
                raise
            emit(_read(tap, connect, emit, clock))
    except KioskError as error:
        emit(ReadFailed(tap, error.detail))
        if isinstance(error, DeviceError):
            raise


def _read(
    tap: int,
    connect: Callable[[], AbstractContextManager[Connection]],
    emit: Callable[[ReaderEvent], None],
    clock: Clock,
) -> CardRead | OtherCardRead:
    with connect() as connection:
        card = read_card(connection.atr, connection.transmit, lambda number: emit(NumberSeen(tap, number)))
        at = clock.monotonic()
    return OtherCardRead(tap, card) if isinstance(card, OtherCard) else CardRead(tap, card, at)
