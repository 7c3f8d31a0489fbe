"""What is wrong with the kiosk at this moment, from everything it rests on; asked before every event of the session."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from kiosk.core.errors import Fault, JournalError, PolicyError, TableError
from kiosk.core.freshness import ClockWatch, Jump, clock_is_behind, freshness
from kiosk.core.ports import Clock, HealthTable
from kiosk.core.reasons import Reason
from kiosk.core.times import local_day
from kiosk.core.visit import Service
from kiosk.journal import Journal
from kiosk.policies.book import PolicyBook
from kiosk.store import LastImport

RETRY_SECONDS = 5.0


class TableSource(Protocol):
    """Where the table comes from; kiosk.table.source has it."""

    def poll(self) -> tuple[HealthTable | None, TableError | None]:
        """The open table, or None; and what is wrong. A table given earlier may have been closed meanwhile."""

    def close(self) -> None: ...


class Health:
    """Policy, table, journal and clock as they are now, and the faults that devices report.

    Belongs to the station's thread. Each thing comes back by itself once its cause is gone; only a clock that lost
    power waits for a person. ``policy`` is that of the day; on a day without one it is the nearest, by which nobody is
    judged (A4). ``policies`` and ``last_import`` are asked at every check; ``clock_floor`` tells the newest time that
    was ever seen signed. Raises PolicyError where there is no policy at all to begin with.
    """

    def __init__(
        self,
        policies: Callable[[], PolicyBook],
        clock: Clock,
        table: TableSource,
        open_journal: Callable[[], Journal],
        *,
        clock_kept: bool,
        last_import: Callable[[], LastImport | None],
        clock_floor: Callable[[], datetime | None],
    ) -> None:
        self._policies = policies
        self._book = policies()
        self._clock = clock
        self._source = table
        self._open_journal = open_journal
        self._reported: set[Fault] = {Fault.READER}
        self._watch = ClockWatch(clock.now(), clock.monotonic())
        self._clock_confirmed = clock_kept
        self._last_event: datetime | None = None
        self._retry_at = clock.monotonic()
        self._ask_last_import = last_import
        self._clock_floor = clock_floor
        self.policy = self._book.nearest(local_day(clock.now()))
        self.last_import: LastImport | None = None
        self.table: HealthTable | None = None
        self.journal: Journal | None = None
        self.clock_sure = True
        self.faults: frozenset[Fault] = frozenset()

    def report(self, fault: Fault, *, present: bool) -> None:
        """A device is lost or back."""
        if present:
            self._reported.add(fault)
        else:
            self._reported.discard(fault)

    def confirm_clock(self) -> None:
        """Staff have compared the time on the screen with a watch (A11)."""
        self._clock_confirmed = True

    def recorded(self, at: datetime) -> None:
        """An event was stored: from now on no earlier time is possible (A9)."""
        self._last_event = at

    def journal_failed(self) -> None:
        """An event could not be stored: close, and open again later."""
        if self.journal is not None:
            self.journal.close()
        self.journal = None
        self._retry_at = self._clock.monotonic() + RETRY_SECONDS

    def check(self) -> Service:
        """Look at everything anew; ``faults`` and the result tell what follows."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        faults = set(self._reported)
        try:
            self._book = self._policies()
        except PolicyError:
            faults.add(Fault.POLICY)
        self.policy = self._book.nearest(local_day(now))
        self.last_import = self._ask_last_import()
        self.table, refused = self._source.poll()
        if refused is not None and refused.fault is not None:
            faults.add(refused.fault)
        if self.journal is None and monotonic >= self._retry_at:
            self._open(monotonic)
        if self.journal is None:
            faults.add(Fault.JOURNAL)
        faults |= self._clock_faults(now, monotonic)
        if self.table is not None and freshness(self.table.info.as_of, self.policy, now) is Reason.A4:
            faults.add(Fault.DATA_EXPIRED)
        self.faults = frozenset(faults)
        stopping = [fault for fault in faults if fault.stops_service]
        if not stopping:
            return Service.UP
        return Service.NO_READER if all(fault.stops_reading for fault in stopping) else Service.STOPPED

    def close(self) -> None:
        self._source.close()
        if self.journal is not None:
            self.journal.close()

    def _open(self, monotonic: float) -> None:
        try:
            self.journal = self._open_journal()
            self._last_event = self.journal.last_moment()
        except JournalError:
            self._retry_at = monotonic + RETRY_SECONDS

    def _clock_faults(self, now: datetime, monotonic: float) -> set[Fault]:
        built_at = self.table.info.built_at if self.table else None
        jump = self._watch.jump(now, monotonic, self.policy)
        self.clock_sure = jump is not Jump.LOCK
        faults = set()
        if jump is not Jump.NONE:
            faults.add(Fault.CLOCK_JUMPED)
        if clock_is_behind(now, built_at, self._last_event, self._clock_floor()):
            faults.add(Fault.CLOCK_BEHIND)
        elif not self._clock_confirmed:
            faults.add(Fault.CLOCK_UNCONFIRMED)
        return faults
