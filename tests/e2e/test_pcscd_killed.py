"""The whole kiosk goes on when pcscd is killed in the middle of a run."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.pcsc import PcscReader
from drivers.rig import PrivateRig
from kiosk.core.errors import Fault
from kiosk.showing import Prompt, Screen
from scripts.demo.deck import load_deck
from scripts.demo.supplies import build_stores
from tests.rigs import rig as _rig
from tests.stations import Rig, until

rig = _rig


@pytest.fixture
def station(rig: PrivateRig, tmp_path: Path) -> Iterator[Rig]:
    deck = load_deck()
    build_stores(deck, tmp_path / "tables")
    station = Rig(tmp_path, tmp_path / "tables", deck, reader=lambda clock: PcscReader("", clock))
    station.station.start()
    yield station
    station.station.close()
    rig.remove()
    shutil.rmtree(tmp_path / "tables")


def test_a_kiosk_survives_the_end_of_pcscd(rig: PrivateRig, station: Rig) -> None:
    station.shows(Screen.IDLE)
    rig.insert(station.deck.who("green").card())
    station.shows(Screen.PASS)
    rig.remove()
    station.skip(20)
    station.shows(Screen.IDLE)
    rig.kill_daemon()
    assert station.shows(Screen.OUT_OF_ORDER).fault in (Fault.PCSCD, Fault.READER)
    assert station.audience.said[-1] is Prompt.OUT_OF_ORDER
    station.shows(Screen.IDLE)
    rig.insert(station.deck.who("elder").card())
    station.shows(Screen.PASS)
    assert [event.counted for event in station.events] == [True, True]


def test_a_kiosk_survives_the_end_of_pcscd_while_a_card_is_read(rig: PrivateRig, station: Rig) -> None:
    station.shows(Screen.IDLE)
    rig.insert(station.deck.who("green").card())
    until(lambda: station.audience.screen is not Screen.IDLE)
    rig.kill_daemon()
    # Whatever the moment hit, the card still lies there: the visitor is answered in the end, and rightly.
    station.shows(Screen.PASS)
    assert all(event.outcome is not None and event.outcome.verdict == "pass" for event in station.events)
