"""The policy of the day: at midnight, over midnight, on days without one, and when another is brought."""

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.core.errors import Fault, PolicyError
from kiosk.core.idnumber import IdNumber
from kiosk.core.policy import Policy
from kiosk.core.ports import Band
from kiosk.core.reasons import Line, Reason
from kiosk.core.times import SHANGHAI
from kiosk.core.verdict import Verdict
from kiosk.policies import SAMPLE, load_policy
from kiosk.policies.book import PolicyBook
from kiosk.showing import Screen
from scripts.demo.deck import load_deck
from scripts.demo.supplies import build_stores
from tests.stations import Rig, until

MIDNIGHT = datetime(2022, 4, 21, tzinfo=SHANGHAI)
APRIL = load_policy(SAMPLE)
UNTIL_TODAY = replace(APRIL, name="until today", valid_until=date(2022, 4, 20))
# Nobody's test is as new as that.
FROM_TOMORROW = replace(APRIL, name="from tomorrow", valid_from=date(2022, 4, 21), test_hours=1)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    build_stores(load_deck(), folder)
    return folder


@pytest.fixture
def station(built: Path, tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []

    def start(*policies: Policy) -> Rig:
        tables = Path(shutil.copytree(built, tmp_path / "tables", symlinks=True))
        rig = Rig(tmp_path, tables, load_deck(), policies=policies)
        rigs.append(rig)
        rig.station.start()
        return rig

    yield start
    for rig in rigs:
        rig.station.close()


def skip_to(rig: Rig, moment: datetime) -> None:
    rig.skip((moment - rig.clock.now()).total_seconds())


def code_of(rig: Rig, number: int) -> tuple[Verdict | None, Reason]:
    event = rig.event(number)
    assert event.outcome is not None
    return event.verdict, next(entry.reasons[0] for entry in event.outcome.lines if entry.line is Line.CODE)


def was_out_of_order(rig: Rig) -> bool:
    first = next(number for number, shown in enumerate(rig.audience.shown) if shown.screen is Screen.IDLE)
    return any(shown.screen is Screen.OUT_OF_ORDER for shown in rig.audience.shown[first:])


def test_from_midnight_on_visitors_meet_the_next_policy(station: Callable[..., Rig]) -> None:
    rig = station(UNTIL_TODAY, FROM_TOMORROW)
    rig.shows(Screen.IDLE)
    skip_to(rig, MIDNIGHT - timedelta(seconds=60))
    rig.tap("green")
    assert code_of(rig, 1) == (Verdict.PASS, Reason.C1)
    rig.reader.remove()
    skip_to(rig, MIDNIGHT)
    rig.tap("green")
    assert code_of(rig, 2) == (Verdict.HELP, Reason.N3)
    assert not was_out_of_order(rig)


def test_a_card_laid_down_before_midnight_is_judged_by_the_policy_of_the_moment(station: Callable[..., Rig]) -> None:
    rig = station(UNTIL_TODAY, FROM_TOMORROW)
    rig.shows(Screen.IDLE)
    table = rig.health.table
    assert table is not None
    derive, go_on = table.derive_key, threading.Event()

    def slowly(number: IdNumber) -> bytes:
        assert go_on.wait(10)
        return derive(number)

    table.derive_key = slowly  # type: ignore[method-assign]
    skip_to(rig, MIDNIGHT - timedelta(seconds=1))
    rig.tap("green")
    rig.shows(Screen.CARD)
    rig.skip(1.5)
    go_on.set()
    assert code_of(rig, 1) == (Verdict.HELP, Reason.N3)
    assert not was_out_of_order(rig)


def test_what_a_visit_may_do_stays_what_it_was_when_it_began(station: Callable[..., Rig]) -> None:
    rig = station(replace(UNTIL_TODAY, looks=3), replace(FROM_TOMORROW, looks=1))
    rig.shows(Screen.IDLE)
    rig.desk.bands = [None]
    skip_to(rig, MIDNIGHT - timedelta(seconds=1))
    rig.tap("green")
    rig.shows(Screen.FACE)
    rig.skip(1.5)
    until(lambda: rig.health.policy.looks == 1)
    assert rig.station._session.policy.looks == 3
    rig.skip(60)
    rig.event(1)
    until(lambda: rig.station._session.policy.looks == 1)
    assert rig.station._lane.policy.looks == 1
    rig.reader.remove()
    rig.desk.bands = [Band.BELOW] * 3
    rig.tap("green")
    assert rig.event(2).outcome is not None
    assert rig.has_looked(2)


def test_a_day_without_a_policy_is_out_of_order_until_one_is_brought(station: Callable[..., Rig]) -> None:
    rig = station(UNTIL_TODAY)
    rig.shows(Screen.IDLE)
    skip_to(rig, MIDNIGHT)
    assert rig.shows(Screen.OUT_OF_ORDER).fault is Fault.DATA_EXPIRED
    brought = PolicyBook([UNTIL_TODAY, FROM_TOMORROW])
    rig.policies = lambda: brought
    rig.station.wake()
    rig.shows(Screen.IDLE)
    rig.tap("green")
    assert code_of(rig, 1) == (Verdict.HELP, Reason.N3)


def test_policies_that_become_unusable_are_told_and_nobody_is_judged_by_the_old_ones(
    station: Callable[..., Rig],
) -> None:
    rig = station(APRIL)
    rig.shows(Screen.IDLE)
    good = rig.policies

    def bad() -> PolicyBook:
        raise PolicyError("vectors fail")

    rig.policies = bad
    rig.station.wake()
    assert rig.shows(Screen.OUT_OF_ORDER).fault is Fault.POLICY
    rig.policies = good
    rig.station.wake()
    rig.shows(Screen.IDLE)
