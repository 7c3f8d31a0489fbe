"""The table file: its schema, and the reader that opens it only when everything about it is right."""

import hashlib
import hmac
import sqlite3
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from kiosk.core.errors import Fault, TableError
from kiosk.core.idnumber import IdNumber
from kiosk.core.status import Answer, PersonStatus, TableInfo, Unknown
from kiosk.showing import Mode
from kiosk.table.keys import LAYER_BYTES, SALT_BYTES, derive_key, read_pepper, row_keys, seal
from kiosk.table.record import RecordError, decode_info, open_record

APPLICATION_ID = 0x31435054  # "1CPT"
SCHEMA_VERSION = 1
SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
CREATE TABLE meta (info BLOB NOT NULL, salt BLOB NOT NULL, layer BLOB NOT NULL, seal BLOB NOT NULL) STRICT;
CREATE TABLE person (hash BLOB PRIMARY KEY, record BLOB NOT NULL, tag BLOB NOT NULL) STRICT, WITHOUT ROWID;
"""
# A damaged file may put bytes that are not UTF-8 into the very message of its error.
_SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)


class SqliteTable:
    """A verified table (port HealthTable). ``lookup`` belongs to one thread at a time, ``derive_key`` to any."""

    def __init__(
        self, connection: sqlite3.Connection, info: TableInfo, salt: bytes, layer: bytes, pepper: bytes
    ) -> None:
        self._connection = connection
        self._info = info
        self._salt = salt
        self._layer = layer
        self._pepper = pepper

    @property
    def info(self) -> TableInfo:
        return self._info

    def derive_key(self, number: IdNumber) -> bytes:
        return derive_key(number, self._salt, self._pepper)

    def lookup(self, key: bytes, now: datetime) -> Answer:
        keys = row_keys(key, self._layer)
        try:
            row = self._connection.execute("SELECT record, tag FROM person WHERE hash = ?", (keys.hash,)).fetchone()
            if row is None:
                return Unknown.NOT_FOUND
            status = open_record(row[0], row[1], keys)
        except (*_SQLITE_ERRORS, RecordError):
            return Unknown.UNREADABLE
        return PersonStatus(
            codes=status.codes,
            test=status.test,
            vaccine_doses=status.vaccine_doses,
            itinerary=status.itinerary,
            lists=tuple(entry for entry in status.lists if now <= entry.until),
        )

    def count(self) -> int:
        """Number of people. Raises TableError."""
        try:
            return int(self._connection.execute("SELECT count(*) FROM person").fetchone()[0])
        except _SQLITE_ERRORS as error:
            raise _damaged(str(error)) from None

    def close(self) -> None:
        self._connection.close()


def digest_file(path: Path) -> Path:
    """Where the digest of a table lies."""
    return path.with_name(path.name + ".sha256")


def sha256_of(path: Path) -> str:
    """Digest of a whole file, in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_table(path: Path, pepper_path: Path, mode: Mode) -> SqliteTable:
    """Open a table read-only after checking digest, version, pepper, head and whether it is for this mode.

    Raises TableError with TABLE_MISSING, TABLE_DAMAGED or TABLE_FOREIGN; its detail says what to do.
    """
    _check_digest(path)
    pepper = read_pepper(pepper_path)
    try:
        # immutable: no lock and no journal are looked for, so that the file may lie on a read-only disk.
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise _damaged(f"{path}: {error}") from None
    try:
        info, salt, layer = _read_head(connection, path, pepper)
        _check_mode(info, path, mode)
    except _SQLITE_ERRORS as error:
        connection.close()
        raise _damaged(f"{path}: {error}") from None
    except TableError:
        connection.close()
        raise
    return SqliteTable(connection, info, salt, layer, pepper)


def _check_digest(path: Path) -> None:
    try:
        digest = sha256_of(path)
    except FileNotFoundError:
        raise TableError(Fault.TABLE_MISSING, f"{path} is missing. Bring the table and its digest.") from None
    except OSError as error:
        raise _damaged(f"{path}: {error.strerror}") from None
    try:
        expected = digest_file(path).read_text("ascii").split(maxsplit=1)[:1]
    except FileNotFoundError:
        detail = f"{digest_file(path)} is missing. Bring the table and its digest together."
        raise TableError(Fault.TABLE_MISSING, detail) from None
    except (OSError, UnicodeDecodeError):
        expected = []
    if expected != [digest]:
        raise _damaged(f"{path} does not have the digest in {digest_file(path).name}")


def _read_head(connection: sqlite3.Connection, path: Path, pepper: bytes) -> tuple[TableInfo, bytes, bytes]:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise TableError(Fault.TABLE_FOREIGN, f"{path} is no table of this kiosk. Make it with kioskctl table build.")
    if version != SCHEMA_VERSION:
        detail = f"{path} has format {version}, this kiosk reads format {SCHEMA_VERSION}. Update the older of the two."
        raise TableError(Fault.TABLE_FOREIGN, detail)
    rows = connection.execute("SELECT info, salt, layer, seal FROM meta").fetchall()
    if len(rows) != 1 or not all(isinstance(value, bytes) for value in rows[0]):
        raise _damaged(f"{path} has no head")
    info, salt, layer, sealed = rows[0]
    if not hmac.compare_digest(seal(pepper, salt, layer, info), sealed):
        detail = f"{path} was made with another pepper. Bring the table and the pepper that belong together."
        raise TableError(Fault.TABLE_FOREIGN, detail)
    if len(salt) != SALT_BYTES or len(layer) != LAYER_BYTES:
        raise _damaged(f"{path} has a wrong head")
    try:
        return decode_info(info), salt, layer
    except RecordError:
        raise _damaged(f"{path} has a head that cannot be read") from None


def _check_mode(info: TableInfo, path: Path, mode: Mode) -> None:
    if info.demo and mode is Mode.FIELD:
        detail = f"{path} holds invented people. Bring the table of the health office, or set mode to demo or training."
        raise TableError(Fault.TABLE_FOREIGN, detail)
    if not info.demo and mode is Mode.DEMO:
        detail = f"{path} holds real people, which the demo must not show. Make a table with --demo, or change mode."
        raise TableError(Fault.TABLE_FOREIGN, detail)


def _damaged(what: str) -> TableError:
    return TableError(Fault.TABLE_DAMAGED, f"{what}. Bring the table and its digest again.")
