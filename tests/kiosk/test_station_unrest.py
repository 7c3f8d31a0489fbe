"""A station in unrest: cards, pulls, presses, faults and leaps of time in random order, and the laws all the same."""

import os
import random
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from drivers.virtualcard import bank_card, bare_id_card
from kiosk.core.ports import Band, Hint, Liveness
from kiosk.core.verdict import Verdict
from kiosk.showing import Press, Screen, Showing
from kiosk.store import MANIFEST
from scripts.demo.deck import load_deck
from scripts.demo.supplies import build_stores
from tests.stations import Rig, until

RESULTS = {Screen.PASS: Verdict.PASS, Screen.HELP: Verdict.HELP, Screen.STOP: Verdict.STOP}


class Watched(Rig):
    """Checks each screen against the journal at the moment it is shown."""

    def __init__(self, folder: Path, tables: Path) -> None:
        super().__init__(folder, tables, load_deck())
        self.broken: list[str] = []
        self.seen: dict[Screen, int] = {}
        self.audience.show = self._show  # type: ignore[method-assign]

    def _show(self, showing: Showing) -> None:
        self.audience.shown.append(showing)
        self.seen[showing.screen] = self.seen.get(showing.screen, 0) + 1
        if showing.screen in RESULTS and (
            not self.events or self.events[-1].verdict not in (RESULTS[showing.screen], None)
        ):
            self.broken.append(f"{showing.screen} without its event")


def acts(rig: Watched, chance: random.Random, tables: Path) -> list[Callable[[], None]]:
    people = [person.id for person in rig.deck.person]
    table = tables / "fresh" / "store" / MANIFEST
    away = table.with_suffix(".away")

    def look() -> None:
        rig.desk.bands = [chance.choice([*Band, None]) for _ in range(3)]
        rig.desk.liveness = chance.choice(list(Liveness))
        rig.desk.unavailable = chance.random() < 0.2

    def move_table() -> None:
        source, target = (table, away) if table.exists() else (away, table)
        os.replace(source, target)

    return [
        lambda: rig.tap(chance.choice(people)),
        lambda: rig.tap(chance.choice(people)),
        lambda: rig.tap("green"),
        lambda: rig.tap(chance.choice(people), leave_after=chance.randrange(6)),
        lambda: rig.reader.insert(chance.choice((bank_card(), bare_id_card()))),
        rig.reader.remove,
        rig.reader.remove,
        rig.reader.unplug,
        rig.reader.plug,
        rig.reader.plug,
        lambda: rig.station.press(chance.choice(list(Press))),
        lambda: rig.station.answer(confirmed=chance.random() < 0.5),
        lambda: rig.skip(chance.choice([0.5, 2, 6, 16, 31, 130, 700])),
        lambda: rig.desk.hint(chance.choice(list(Hint)), chance.randrange(2)),
        look,
        move_table if chance.random() < 0.1 else look,
    ]


def at_rest(rig: Rig) -> bool:
    """Idle, however much time that takes."""
    rig.skip(5)
    time.sleep(0.02)
    return rig.audience.screen is Screen.IDLE


@pytest.mark.timeout(900)
def test_unrest_breaks_no_law(tmp_path: Path, full: bool) -> None:
    died: list[str] = []
    answered = 0
    hook, threading.excepthook = threading.excepthook, lambda args: died.append(repr(args.exc_value))
    try:
        for seed in range(1, 16 if full else 2):
            chance = random.Random(seed)
            folder = tmp_path / str(seed)
            build_stores(load_deck(), folder / "tables")
            rig = Watched(folder, folder / "tables")
            rig.station.start()
            rig.shows(Screen.IDLE)
            for _ in range(150):
                chance.choice(acts(rig, chance, folder / "tables"))()
                time.sleep(chance.choice((0.0, 0.01, 0.05, 0.15)))
            # And when the unrest is over the next visitor is served as the first.
            rig.reader.remove()
            rig.reader.plug()
            manifest = folder / "tables" / "fresh" / "store" / MANIFEST
            away = manifest.with_suffix(".away")
            if away.exists():
                away.replace(manifest)
            rig.desk.bands, rig.desk.liveness, rig.desk.unavailable = [], Liveness.LIVE, False
            until(partial(at_rest, rig))
            rig.tap("elder")
            rig.shows(Screen.PASS)
            assert rig.broken == [], seed
            assert died == [], seed
            assert len(rig.events) == rig.stored()
            assert Screen.CARD in rig.seen, seed
            answered += len(rig.events)
            rig.station.close()
            assert rig.health.journal is not None
    finally:
        threading.excepthook = hook
    assert answered > 1  # more than the last visitor of each seed
