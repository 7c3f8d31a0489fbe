"""Turns what was decided into events of the journal."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from kiosk.core.card import age_in_years
from kiosk.core.errors import JournalError
from kiosk.core.ports import Clock
from kiosk.core.staff import Act, ConfirmPerson, DenyPerson
from kiosk.core.times import local_day, whole_hours
from kiosk.core.verdict import Judgement
from kiosk.health import Health
from kiosk.journal import InputMode, JournalEvent, Kind, Outcome


@dataclass(frozen=True, slots=True)
class Stored:
    """An event that is in the journal, with what it cost to store and the monotonic second of the card's last byte.

    ``last_byte_at`` is 0 where no card was read.
    """

    event: JournalEvent
    journal_ms: float
    last_byte_at: float


class Recorder:
    """Writes events for one kiosk. ``on_stored`` hears of each, in the station's thread.

    Every method answers with the event once it is durable, or None where the journal could not keep it.
    """

    def __init__(
        self,
        device: str,
        venue: str,
        clock: Clock,
        health: Health,
        on_stored: Callable[[Stored], None] = lambda _stored: None,
    ) -> None:
        self._device = device
        self._venue = venue
        self._clock = clock
        self._health = health
        self._on_stored = on_stored

    def verdict(
        self,
        judgement: Judgement,
        *,
        input_mode: InputMode,
        birth: date | None,
        counted: bool,
        times: tuple[tuple[str, float], ...],
        last_byte_at: float,
    ) -> JournalEvent | None:
        """The kiosk's own answer to a visit."""
        now = self._clock.now()
        event = self._event(
            Kind.VERDICT,
            judgement,
            now,
            input_mode=input_mode,
            elder=None if birth is None else age_in_years(birth, local_day(now)) >= self._health.policy.elder_years,
            counted=counted,
            times=times,
        )
        return self._store(event, last_byte_at)

    def staff(self, refers_to: str, act: Act, judgement: Judgement, *, counted: bool) -> JournalEvent | None:
        """What staff did about an earlier event."""
        event = self._event(
            Kind.STAFF,
            judgement,
            self._clock.now(),
            refers_to=refers_to,
            staff_act=_ACTS[type(act)],
            counted=counted,
        )
        return self._store(event)

    def unattended(self, refers_to: str) -> JournalEvent | None:
        """A case that nobody came to."""
        event = self._event(Kind.STAFF, None, self._clock.now(), refers_to=refers_to, staff_act="unattended")
        return self._store(event)

    def _event(
        self,
        kind: Kind,
        judgement: Judgement | None,
        now: datetime,
        *,
        input_mode: InputMode = InputMode.NONE,
        refers_to: str = "",
        staff_act: str = "",
        elder: bool | None = None,
        counted: bool = False,
        times: tuple[tuple[str, float], ...] = (),
    ) -> JournalEvent:
        table = self._health.table
        return JournalEvent(
            event_id=secrets.token_hex(16),
            kind=kind,
            at=now,
            device=self._device,
            venue=self._venue,
            input_mode=input_mode,
            outcome=Outcome.of(judgement) if judgement else None,
            package_serial=table.info.serial if table else None,
            package_age_hours=whole_hours(now - table.info.as_of) if table else None,
            refers_to=refers_to,
            staff_act=staff_act,
            elder=elder,
            counted=counted,
            times=times,
        )

    def _store(self, event: JournalEvent, last_byte_at: float = 0.0) -> JournalEvent | None:
        if self._health.journal is None:
            return None
        began = self._clock.monotonic()
        try:
            self._health.journal.append(event)
        except JournalError:
            self._health.journal_failed()
            return None
        self._health.recorded(event.at)
        self._on_stored(Stored(event, 1000 * (self._clock.monotonic() - began), last_byte_at))
        return event


_ACTS = {ConfirmPerson: "confirm", DenyPerson: "deny"}
