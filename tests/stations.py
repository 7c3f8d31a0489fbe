"""A whole station for tests: simulated reader, scripted face, real table and journal, a clock that tests own."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from drivers.sim import SimReader
from kiosk.clock import ShiftedClock
from kiosk.core.errors import Fault
from kiosk.core.policy import Policy
from kiosk.core.ports import (
    Band,
    CardReader,
    Clock,
    FaceEvent,
    FaceHealth,
    FaceUnavailable,
    Hint,
    Hinted,
    Liveness,
    Looked,
)
from kiosk.health import Health
from kiosk.journal import Journal, JournalEvent
from kiosk.policies import SAMPLE, load_policy
from kiosk.policies.book import PolicyBook
from kiosk.recorder import Recorder
from kiosk.showing import Mode, Prompt, Screen, Showing
from kiosk.station import Station
from kiosk.store import LastImport
from kiosk.table.source import TableSource
from scripts.demo.deck import Deck
from scripts.demo.supplies import key_url, lay_store

PATIENCE = 10.0

_T = TypeVar("_T")


def until(what: Callable[[], _T], seconds: float = PATIENCE) -> _T:
    """The first true answer, waited for."""
    end = time.monotonic() + seconds
    while True:
        answer = what()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError("waited in vain")
        time.sleep(0.005)


class ScriptedDesk:
    """A face desk that answers each look with the next of its bands; None answers nothing, as with nobody there."""

    def __init__(self) -> None:
        self.bands: list[Band | None] = []
        self.liveness = Liveness.ABSENT
        self.ticket = 0
        self.unavailable = False
        self.calls: list[str] = []
        self._emit: Callable[[FaceEvent], None] = lambda _event: None

    def start(self, emit: Callable[[FaceEvent], None]) -> None:
        self._emit = emit
        emit(FaceHealth(frozenset()))

    def begin(self, ticket: int) -> None:
        self.calls.append("begin")
        self.ticket = ticket

    def compare(self, ticket: int, photo: bytes) -> None:
        self.calls.append("compare")
        self._look(ticket)

    def look_again(self, ticket: int) -> None:
        self.calls.append("look_again")
        self._look(ticket)

    def forget(self) -> None:
        self.calls.append("forget")

    def close(self) -> None:
        pass

    def hint(self, hint: Hint, tickets_ago: int = 0) -> None:
        self._emit(Hinted(self.ticket - tickets_ago, hint))

    def _look(self, ticket: int) -> None:
        if self.unavailable:
            self._emit(FaceUnavailable(ticket, "no model"))
            return
        band = self.bands.pop(0) if self.bands else Band.ABOVE
        if band is not None:
            self._emit(Looked(ticket, band, self.liveness, ()))


@dataclass
class Audience:
    """A front that remembers."""

    shown: list[Showing] = field(default_factory=list)
    said: list[Prompt] = field(default_factory=list)

    def show(self, showing: Showing) -> None:
        self.shown.append(showing)

    def say(self, prompt: Prompt) -> None:
        self.said.append(prompt)

    @property
    def screen(self) -> Screen | None:
        return self.shown[-1].screen if self.shown else None


class Rig:
    """One station and everything around it."""

    def __init__(
        self,
        folder: Path,
        tables: Path,
        deck: Deck,
        *,
        clock_kept: bool = True,
        require_liveness: bool = False,
        policies: Sequence[Policy] = (),
        reader: Callable[[Clock], CardReader] = SimReader,
    ) -> None:
        self.deck = deck
        self.tables = tables
        book = PolicyBook(policies or [replace(load_policy(SAMPLE), require_liveness=require_liveness)])
        self.policies: Callable[[], PolicyBook] = lambda: book
        self.last_import: LastImport | None = None
        self.clock_floor: datetime | None = None
        self.clock = ShiftedClock(deck.table.starts_at)
        self._reader = reader(self.clock)
        self.desk = ScriptedDesk()
        self.audience = Audience()
        self.events: list[JournalEvent] = []
        self.journal_path = folder / "journal.sqlite"
        self.health = Health(
            lambda: self.policies(),
            self.clock,
            TableSource(lay_store(tables, "fresh"), key_url(tables), Mode.DEMO),
            lambda: Journal(self.journal_path, Mode.DEMO),
            clock_kept=clock_kept,
            last_import=lambda: self.last_import,
            clock_floor=lambda: self.clock_floor,
        )
        recorder = Recorder("test", "door", self.clock, self.health, lambda stored: self.events.append(stored.event))
        self.station = Station(Mode.DEMO, self.clock, self._reader, self.desk, self.health, recorder, self.audience)

    @property
    def reader(self) -> SimReader:
        assert isinstance(self._reader, SimReader)
        return self._reader

    def tap(self, person: str, leave_after: int | None = None) -> None:
        self.reader.insert(self.deck.who(person).card(leave_after))

    def skip(self, seconds: float) -> None:
        self.clock.skip(seconds)
        self.station.wake()

    def shows(self, screen: Screen) -> Showing:
        until(lambda: self.audience.screen is screen)
        return self.audience.shown[-1]

    def has_said(self, prompt: Prompt, times: int) -> bool:
        return self.audience.said.count(prompt) == times

    def has_looked(self, times: int) -> bool:
        return self.desk.calls.count("compare") + self.desk.calls.count("look_again") == times

    def event(self, number: int) -> JournalEvent:
        until(lambda: len(self.events) >= number)
        return self.events[number - 1]

    def stored(self) -> int:
        with sqlite3.connect(self.journal_path) as journal:
            return int(journal.execute("SELECT count(*) FROM event").fetchone()[0])

    def fault(self, fault: Fault) -> Showing:
        until(lambda: self.audience.shown and fault in self.audience.shown[-1].staff.faults)
        return self.audience.shown[-1]
