"""The journal: what it has acknowledged outlives a crash, what it cannot store it says, and no person is in it."""

import dataclasses
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.core.errors import Fault, JournalError
from kiosk.core.lines.finding import LineState
from kiosk.core.reasons import Line, Reason
from kiosk.core.verdict import Verdict
from kiosk.journal import InputMode, Journal, JournalEvent, Kind, LineEntry, Outcome
from kiosk.showing import Mode
from tests.kiosk.invented_events import AT, JUDGEMENT, event

ROOT = Path(__file__).parents[2]
APPEND = [sys.executable, "-m", "tests.kiosk.invented_events"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with closing(Journal(path, Mode.FIELD)) as journal:
        yield journal


def refusal(path: Path, mode: Mode = Mode.FIELD) -> str:
    with pytest.raises(JournalError) as caught:
        Journal(path, mode)
    assert caught.value.fault is Fault.JOURNAL
    assert str(path) in caught.value.detail
    return caught.value.detail


def test_events_come_back_as_they_were(journal: Journal, path: Path) -> None:
    staff = JournalEvent(
        event_id="f" * 32,
        kind=Kind.STAFF,
        at=AT + timedelta(microseconds=1),
        device="kiosk-1",
        venue="East door",
        package_serial=None,
        package_age_hours=None,
        outcome=None,
        refers_to=event(1).event_id,
        staff_act="unattended",
    )
    for entry in (event(1), event(2, counted=False), staff):
        journal.append(entry)
    assert journal.recent(2) == [staff, event(2, counted=False)]
    journal.close()
    with closing(Journal(path, Mode.FIELD)) as again:
        assert again.recent(10) == [staff, event(2, counted=False), event(1)]
        assert again.last_moment() == staff.at


def test_an_event_keeps_states_and_codes_but_no_place(journal: Journal, path: Path) -> None:
    journal.append(event(1))
    outcome = journal.recent(1)[0].outcome
    assert outcome == Outcome(
        Verdict.HELP,
        (
            LineEntry(Line.PERSON, LineState.OK, (Reason.H1,)),
            LineEntry(Line.CARD, LineState.OK, (Reason.P1,)),
            LineEntry(Line.CODE, LineState.OK, (Reason.N2, Reason.C1)),
            LineEntry(Line.ITINERARY, LineState.ASK, (Reason.T2, Reason.T1)),
        ),
        (Reason.V1,),
    )
    assert outcome.verdict is JUDGEMENT.verdict
    journal.close()
    content = path.read_bytes()
    assert b"East door" in content
    assert b"Invented" not in content
    assert b"health office" not in content


def test_an_event_has_no_place_for_a_person() -> None:
    assert {field.name for field in dataclasses.fields(JournalEvent)} == {
        *("event_id", "refers_to", "kind", "at", "device", "venue", "package_serial", "package_age_hours"),
        *("input_mode", "outcome", "staff_act", "staff_reason", "who", "times", "elder", "counted"),
    }
    assert {mode.value for mode in InputMode} == {"card", "typed", "paper", "none"}


def test_an_empty_journal_knows_no_moment(journal: Journal) -> None:
    assert journal.last_moment() is None
    assert journal.recent(5) == []
    assert journal.count(date(2022, 4, 18)) == 0


def test_the_last_moment_is_the_latest_even_after_the_clock_was_set_back(journal: Journal) -> None:
    late = AT + timedelta(days=1, milliseconds=500)
    for number, at in enumerate((AT, late, late.replace(microsecond=0), AT + timedelta(hours=2))):
        journal.append(event(number, at=at))
    assert journal.last_moment() == late


def test_visitors_are_counted_by_the_day_in_shanghai(journal: Journal) -> None:
    midnight = datetime(2022, 4, 17, 16, tzinfo=UTC)
    second = timedelta(seconds=1)
    for number, at in enumerate((midnight - second, midnight, midnight + timedelta(days=1) - second)):
        journal.append(event(number, at=at))
    journal.append(event(9, at=midnight, counted=False))
    journal.append(event(10, at=midnight + timedelta(days=1)))
    assert [journal.count(date(2022, 4, day)) for day in (16, 17, 18, 19)] == [0, 1, 2, 1]


def test_the_same_event_is_stored_once(journal: Journal) -> None:
    journal.append(event(1))
    with pytest.raises(JournalError):
        journal.append(event(1))
    assert len(journal.recent(9)) == 1


def test_each_mode_has_a_journal_of_its_own(path: Path) -> None:
    Journal(path, Mode.DEMO).close()
    assert "journal of its own" in refusal(path, Mode.FIELD)
    Journal(path, Mode.DEMO).close()


def test_a_newer_journal_is_refused_and_left_as_it_is(path: Path) -> None:
    Journal(path, Mode.FIELD).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {2 << 16}")
    before = path.read_bytes()
    assert "newer kiosk" in refusal(path)
    assert path.read_bytes() == before
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {1 << 16 | 9}")
    Journal(path, Mode.FIELD).close()


def test_what_is_no_journal_is_refused(path: Path) -> None:
    path.write_bytes(b"visitors, handwritten\n" * 200)
    assert "Move it away" in refusal(path)
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE other (x)")
    assert "no journal of this kiosk" in refusal(path)
    assert "Make the folder" in refusal(path.parent / "nowhere" / "journal.sqlite")


def test_a_locked_journal_says_so_and_goes_on_afterwards(journal: Journal, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="End the other program"):
            journal.append(event(1))
        other.execute("ROLLBACK")
    journal.append(event(2))
    assert journal.recent(9) == [event(2)]


def test_a_closed_or_damaged_journal_never_claims_to_have_stored(path: Path) -> None:
    journal = Journal(path, Mode.FIELD)
    journal.append(event(1))
    journal.close()
    with pytest.raises(JournalError):
        journal.append(event(2))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        with connection:
            connection.execute("UPDATE event SET event = '{}'")
    with closing(Journal(path, Mode.FIELD)) as again, pytest.raises(JournalError, match="cannot be read"):
        again.recent(1)


def test_a_damaged_journal_is_a_fault_and_never_a_crash(path: Path, full: bool) -> None:
    with closing(Journal(path, Mode.FIELD)) as journal:
        for number in range(3):
            journal.append(event(number))
    good = path.read_bytes()
    every = range(len(good))
    faults = 0
    for place in every[::5] if full else random.Random(1).sample(every, 200):
        bad = bytearray(good)
        bad[place] ^= 1 << place % 8
        path.write_bytes(bad)
        try:
            with closing(Journal(path, Mode.FIELD)) as journal:
                journal.append(event(3))
                journal.last_moment()
                journal.count(date(2022, 4, 18))
                assert journal.recent(1) == [event(3)], place
        except JournalError:
            faults += 1
        for beside in (f"{path}-wal", f"{path}-shm"):
            Path(beside).unlink(missing_ok=True)
    assert faults > 0


def test_a_killed_kiosk_loses_no_acknowledged_event(tmp_path: Path, full: bool) -> None:
    for trial in range(25 if full else 3):
        path = tmp_path / f"journal-{trial}.sqlite"
        child = subprocess.Popen([*APPEND, str(path), "1000000"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        told = [int(child.stdout.readline()) for _ in range(10 + 7 * trial)]
        child.send_signal(signal.SIGKILL)
        rest, _ = child.communicate(timeout=30)
        told += [int(number) for number in rest.split()]
        with closing(Journal(path, Mode.FIELD)) as journal:
            kept = [int(entry.event_id, 16) for entry in reversed(journal.recent(1_000_000))]
        # At most the one event whose acknowledgement was on its way may stand there besides.
        assert kept[: len(told)] == told
        assert len(kept) - len(told) in (0, 1)
        assert kept == list(range(len(kept)))


def in_own_mounts(script: str) -> subprocess.CompletedProcess[str]:
    unshare = shutil.which("unshare")
    if (
        unshare is None
        or subprocess.run([unshare, "-rm", "true"], check=False, timeout=30, capture_output=True).returncode
    ):
        pytest.skip("no mount namespace can be had here")
    return subprocess.run(
        [unshare, "-rm", "sh", "-euc", script], check=True, timeout=60, capture_output=True, text=True, cwd=ROOT
    )


def test_a_full_disk_is_told_and_keeps_what_was_stored(tmp_path: Path) -> None:
    python, disk = " ".join(APPEND), tmp_path / "disk"
    disk.mkdir()
    done = in_own_mounts(
        f"mount -t tmpfs -o size=600k tmpfs {disk}\n"
        f"{python} {disk}/journal.sqlite 100000\n"
        f"cp {disk}/journal.sqlite* {tmp_path}\n"
        f"mount -o remount,size=4m {disk}\n"  # somebody has freed room
        f"{python} {disk}/other.sqlite 5\n"
        f"mount -o remount,ro {disk}\n"
        f"{python} {disk}/journal.sqlite 1\n"
    )
    lines = done.stdout.splitlines()
    full = next(place for place, text in enumerate(lines) if not text.isdigit())
    assert "Free room on the disk." in lines[full]
    assert full > 5
    assert lines[full + 1 : -1] == ["0", "1", "2", "3", "4"]
    assert "writable" in lines[-1]
    with closing(Journal(tmp_path / "journal.sqlite", Mode.FIELD)) as journal:
        assert [int(entry.event_id, 16) for entry in reversed(journal.recent(1000))] == list(range(full))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "let the kiosk write" in refusal(tmp_path / "journal.sqlite")
