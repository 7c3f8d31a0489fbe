"""The power goes, or the process is killed, at any moment of an import: old or new, never mixed, floors held."""

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from kiosk.core.errors import Refusal
from kiosk.store import ImportState
from kiosk.supply.progress import last_import
from tests.powercut import Disk, Lost
from tests.supplies import Kiosk, Sticks, make_kiosk


def check_whole(kiosk: Kiosk, sticks: Sticks) -> int:
    """What is in use is one supply, whole; nothing older is taken, the newer one still is. Returns what it was."""
    kiosk.opens()
    serial = kiosk.serial()
    assert serial in (1, 2)
    last = last_import(kiosk.place.store)
    assert last is None or last.state is not ImportState.RUNNING
    if serial == 2:
        # Even if the power cut took everything that tuf had kept.
        shutil.rmtree(kiosk.place.store / "metadata", ignore_errors=True)
        assert kiosk.refusal(sticks.old) is Refusal.OLDER
    kiosk.take(sticks.new)
    kiosk.opens()
    assert kiosk.serial() == 2
    return serial


def test_power_cuts(
    served: Kiosk, published: Sticks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    chance = random.Random(5)
    found = {1: 0, 2: 0}

    def cut(disk: Disk) -> None:
        again = 24 if full else 1
        for lost, times in ((Lost.EVERYTHING, 1), (Lost.NOTHING, 1), (Lost.SOME, again)):
            for _ in range(times):
                if not full and chance.random() < 0.5:
                    continue
                after = tmp_path / "after"
                disk.after_cut(after, lost, chance)
                found[check_whole(make_kiosk(after, published.office), published)] += 1
                shutil.rmtree(after)

    disk = Disk(served.place.store, cut)
    with disk.watching(monkeypatch):
        served.take(published.new)
    print(f"power cuts: {sum(found.values())} at {disk.moments} moments, old {found[1]}, new {found[2]}")
    assert all(found.values())
    assert sum(found.values()) >= (1000 if full else 50)


def test_killed_at_any_moment(published: Sticks, tmp_path: Path, full: bool) -> None:
    chance = random.Random(6)
    began = tmp_path / "began"
    first = make_kiosk(began, published.office)
    first.take(published.old)
    started = time.monotonic()
    timed = make_kiosk(Path(shutil.copytree(began, tmp_path / "timed", symlinks=True)), published.office)
    timed.take(published.new)
    duration = time.monotonic() - started
    found = {1: 0, 2: 0}
    unfinished = 0
    for _ in range(1000 if full else 40):
        store = Path(shutil.copytree(began, tmp_path / "store", symlinks=True))
        kiosk = make_kiosk(store, published.office)
        child = os.fork()
        if child == 0:
            try:
                kiosk.take(published.new)
            finally:
                os._exit(0)
        time.sleep(chance.random() * duration * 2.5)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        last = last_import(store)
        unfinished += last is not None and last.state is ImportState.UNFINISHED
        found[check_whole(kiosk, published)] += 1
        shutil.rmtree(store)
    print(f"killed {sum(found.values())} times: old {found[1]}, new {found[2]}; {unfinished} said so")
    assert all(found.values())
    assert unfinished


def test_an_import_that_was_cut_off_says_so_until_the_next_ends_well(
    served: Kiosk, published: Sticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("kiosk.supply.importer.copy_target", cut)
        with pytest.raises(KeyboardInterrupt):
            served.take(published.new)
    last = last_import(served.place.store)
    assert last is not None
    assert last.state is ImportState.UNFINISHED  # A7
    assert served.serial() == 1
    served.take(published.new)
    last = last_import(served.place.store)
    assert last is not None
    assert last.state is ImportState.DONE
