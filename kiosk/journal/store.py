"""The journal file: SQLite in WAL mode with synchronous=FULL, so that an event outlives a power cut once stored."""

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from kiosk.core.errors import Fault, JournalError
from kiosk.core.times import local_day
from kiosk.journal.event import JournalEvent
from kiosk.showing import Mode

APPLICATION_ID = 0x3143504A  # "1CPJ"
MAJOR, MINOR = 1, 0
_LOCK_SECONDS = 1.0
_SCHEMA = f"""
BEGIN;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {MAJOR << 16 | MINOR};
CREATE TABLE meta (mode TEXT NOT NULL) STRICT;
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL,
    counted_on TEXT,  -- the day in Asia/Shanghai; NULL where nobody is counted
    event TEXT NOT NULL
) STRICT;
CREATE INDEX event_at ON event (at);
CREATE INDEX event_counted_on ON event (counted_on) WHERE counted_on IS NOT NULL;
"""
_EVENT = TypeAdapter(JournalEvent)
# A damaged file may put bytes that are not UTF-8 into the very message of its error.
_SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
# What to do, by the name of SQLite's primary result code.
_REMEDIES = {
    "SQLITE_FULL": "Free room on the disk.",
    "SQLITE_READONLY": "Make the file and its folder writable.",
    "SQLITE_CANTOPEN": "Make the folder, and let the kiosk write in it.",
    "SQLITE_BUSY": "End the other program that uses it.",
    "SQLITE_LOCKED": "End the other program that uses it.",
    "SQLITE_PERM": "Make the file and its folder writable.",
    "SQLITE_IOERR": "Check the disk.",
    "SQLITE_CORRUPT": "Move it away and keep it; the kiosk starts a new one.",
    "SQLITE_NOTADB": "Move it away and keep it; the kiosk starts a new one.",
}


class Journal:
    """The durable log of one mode. Raises JournalError (Fault.JOURNAL), whose detail says what to do.

    It may be used from any thread, by one thread at a time.
    """

    def __init__(self, path: Path, mode: Mode) -> None:
        self._path = path
        try:
            self._connection = sqlite3.connect(
                path, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False
            )
        except _SQLITE_ERRORS as error:
            raise self._failed(error) from None
        try:
            self._open(mode)
        except _SQLITE_ERRORS as error:
            self._connection.close()
            raise self._failed(error) from None
        except JournalError:
            self._connection.close()
            raise

    def append(self, event: JournalEvent) -> None:
        """Store one event; durable once this returns."""
        counted_on = local_day(event.at).isoformat() if event.counted else None
        row = (event.event_id, _sortable(event.at), counted_on, _EVENT.dump_json(event).decode())
        try:
            self._connection.execute("INSERT INTO event (event_id, at, counted_on, event) VALUES (?, ?, ?, ?)", row)
        except _SQLITE_ERRORS as error:
            raise self._failed(error) from None

    def last_moment(self) -> datetime | None:
        """The latest time of all events, aware UTC."""
        at = self._value("SELECT max(at) FROM event")
        try:
            return None if at is None else datetime.fromisoformat(str(at)).astimezone(UTC)
        except ValueError:
            raise self._refused(f"a time cannot be read. {_REMEDIES['SQLITE_CORRUPT']}") from None

    def count(self, day: date) -> int:
        """Visitors counted on a day of Asia/Shanghai."""
        return int(str(self._value("SELECT count(*) FROM event WHERE counted_on = ?", day.isoformat())))

    def recent(self, number: int) -> list[JournalEvent]:
        """The last events, newest first."""
        try:
            rows = self._connection.execute("SELECT event FROM event ORDER BY seq DESC LIMIT ?", (number,)).fetchall()
            return [_EVENT.validate_json(row[0], strict=True) for row in rows]
        except _SQLITE_ERRORS as error:
            raise self._failed(error) from None
        except ValidationError:
            raise self._refused(f"an event cannot be read. {_REMEDIES['SQLITE_CORRUPT']}") from None

    def close(self) -> None:
        self._connection.close()

    def _open(self, mode: Mode) -> None:
        execute = self._connection.execute
        application = execute("PRAGMA application_id").fetchone()[0]
        version = execute("PRAGMA user_version").fetchone()[0]
        empty = not execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if not empty and application != APPLICATION_ID:
            raise self._refused("is no journal of this kiosk. Name another file.")
        if version >> 16 > MAJOR:
            raise self._refused("was written by a newer kiosk. Update this kiosk, or name another file.")
        if execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            raise self._refused("cannot be kept safely on this disk. Name a file on a local disk.")
        execute("PRAGMA synchronous = FULL")
        if empty:
            self._connection.executescript(_SCHEMA)
            execute("INSERT INTO meta VALUES (?)", (mode.value,))
            execute("COMMIT")
        execute("BEGIN IMMEDIATE")  # a disk that cannot be written shows here, not at the first visitor
        execute("ROLLBACK")
        kept = execute("SELECT mode FROM meta").fetchone()
        if kept is None or kept[0] != mode:
            raise self._refused(f"belongs to another mode than {mode.value}. Give each mode a journal of its own.")

    def _value(self, query: str, *values: str) -> object:
        try:
            return self._connection.execute(query, values).fetchone()[0]
        except _SQLITE_ERRORS as error:
            raise self._failed(error) from None

    def _failed(self, error: sqlite3.Error | UnicodeDecodeError) -> JournalError:
        # Extended codes such as SQLITE_IOERR_WRITE begin with the primary one; errors of Python's own have none.
        name = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
        return self._refused(f"{error}. {_REMEDIES.get(name, 'Restart the kiosk.')}")

    def _refused(self, why: str) -> JournalError:
        return JournalError(Fault.JOURNAL, f"journal {self._path}: {why}")


def _sortable(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
