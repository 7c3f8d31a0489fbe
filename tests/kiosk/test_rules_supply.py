"""Rows A5 to A8: what visitors and staff see while supplies come, come late, break off or are refused."""
# ruff: noqa: N802  (tests are named by the row of the rules that they keep)

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from kiosk.clock import ShiftedClock
from kiosk.core.errors import Fault, Refusal, TableError
from kiosk.core.idnumber import IdNumber
from kiosk.core.ports import HealthTable
from kiosk.core.status import Answer, TableInfo, Unknown
from kiosk.core.verdict import Verdict
from kiosk.core.visit import Service
from kiosk.display import staff_line
from kiosk.health import Health
from kiosk.journal import Journal
from kiosk.policies.book import PolicyBook
from kiosk.showing import Mode, Screen, StaffLine, UpdateNote
from kiosk.store import ImportState, LastImport
from scripts.demo.deck import load_deck
from scripts.demo.supplies import build_stores
from tests.people import HOURS, NOW, SECOND, policy, table_info
from tests.stations import Rig, until


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    build_stores(load_deck(), folder)
    return folder


@pytest.fixture
def rig(built: Path, tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, Path(shutil.copytree(built, tmp_path / "tables", symlinks=True)), load_deck())
    rig.station.start()
    rig.shows(Screen.IDLE)
    yield rig
    rig.station.close()


def note(rig: Rig) -> UpdateNote | None:
    return rig.audience.shown[-1].staff.update


def shows(rig: Rig, expected: UpdateNote | None) -> bool:
    return note(rig) == expected


def serves(rig: Rig, visit: int) -> None:
    """A visitor passes, and the note about the import is there meanwhile."""
    before = note(rig)
    rig.tap("green")
    rig.shows(Screen.PASS)
    assert rig.event(visit).verdict is Verdict.PASS
    assert note(rig) == before is not None
    rig.reader.remove()
    rig.skip(30)
    rig.shows(Screen.IDLE)


@dataclass(frozen=True)
class Shelf:
    """A source whose table knows nobody and tells its times."""

    info: TableInfo

    def poll(self) -> tuple[HealthTable | None, TableError | None]:
        return self, None

    def derive_key(self, number: IdNumber) -> bytes:
        return number.text.encode()

    def lookup(self, key: bytes, now: datetime) -> Answer:
        return Unknown.NOT_FOUND

    def close(self) -> None:
        pass


def line_with(folder: Path, urgent_as_of: datetime | None) -> tuple[StaffLine, Service]:
    clock = ShiftedClock(NOW)
    health = Health(
        lambda: PolicyBook([policy()]),
        clock,
        Shelf(table_info(urgent_as_of=urgent_as_of)),
        lambda: Journal(folder / "journal.sqlite", Mode.FIELD),
        clock_kept=True,
        last_import=lambda: None,
        clock_floor=lambda: None,
    )
    health.report(Fault.READER, present=False)
    service = health.check()
    health.close()
    return staff_line(Mode.FIELD, health, NOW), service


@pytest.mark.parametrize(("late", "old"), [(-SECOND, False), (timedelta(), False), (SECOND, True)])
def test_A5_an_urgent_list_older_than_six_hours_is_a_banner_and_no_more(
    tmp_path: Path, late: timedelta, old: bool
) -> None:
    line, service = line_with(tmp_path, NOW - 6 * HOURS - late)
    assert line.urgent_old is old
    assert (line.data_old, line.faults, service) == (False, (), Service.UP)


def test_A5_where_no_urgent_list_was_ever_brought_none_is_old(tmp_path: Path) -> None:
    assert not line_with(tmp_path, None)[0].urgent_old


def test_A6_while_an_import_runs_the_old_table_serves_and_staff_see_how_far_it_is(rig: Rig) -> None:
    for visit, percent in enumerate((0, 40), start=1):
        rig.last_import = LastImport(state=ImportState.RUNNING, at=rig.clock.now(), percent=percent)
        rig.station.wake()
        until(partial(shows, rig, UpdateNote(ImportState.RUNNING, percent)))
        serves(rig, visit)
    rig.last_import = LastImport(state=ImportState.DONE, at=rig.clock.now(), percent=100)
    rig.station.wake()
    until(lambda: note(rig) is None)


def test_A7_an_import_cut_off_stays_visible_until_one_ends_well_and_the_old_table_serves(rig: Rig) -> None:
    rig.last_import = LastImport(state=ImportState.UNFINISHED, at=rig.clock.now(), percent=70)
    rig.station.wake()
    until(lambda: note(rig) == UpdateNote(ImportState.UNFINISHED, 70))
    serves(rig, 1)
    rig.skip(30 * 3600)
    until(lambda: rig.audience.shown[-1].staff.data_old)
    assert note(rig) == UpdateNote(ImportState.UNFINISHED, 70)
    rig.last_import = LastImport(state=ImportState.DONE, at=rig.clock.now())
    rig.station.wake()
    until(lambda: note(rig) is None)


def test_A8_an_older_supply_that_was_refused_is_told_with_its_cause_for_a_day_and_the_old_table_serves(
    rig: Rig,
) -> None:
    refused = UpdateNote(ImportState.REFUSED, refusal=Refusal.OLDER)
    rig.last_import = LastImport(state=ImportState.REFUSED, at=rig.clock.now(), refusal=Refusal.OLDER)
    rig.station.wake()
    until(lambda: note(rig) == refused)
    serves(rig, 1)
    # Half a minute of the day has gone with the visit.
    rig.skip(23 * 3600 + 1800)
    until(lambda: rig.audience.shown[-1].staff.data_age_hours == 29)
    assert note(rig) == refused
    rig.skip(1800)
    until(lambda: note(rig) is None)


def test_A9_a_clock_behind_anything_that_was_ever_signed_judges_nobody(rig: Rig) -> None:
    rig.clock_floor = rig.clock.now() + timedelta(seconds=600)
    rig.station.wake()
    assert rig.shows(Screen.OUT_OF_ORDER).fault is Fault.CLOCK_BEHIND
    rig.skip(601)
    rig.shows(Screen.IDLE)
