"""Builds a table file from CSV, reads every row of it back, and only then puts it in its place."""

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from kiosk.core.errors import TableError
from kiosk.core.idnumber import PROVINCES, IdNumber
from kiosk.core.status import PersonStatus, TableInfo
from kiosk.showing import Mode
from kiosk.table.feed import read_people, read_risks
from kiosk.table.file import SCHEMA, digest_file, open_table, sha256_of
from kiosk.table.keys import LAYER_BYTES, SALT_BYTES, derive_key, read_pepper, row_keys, seal
from kiosk.table.record import close_record, encode_info, encode_status


def build_table(
    people_csv: Path,
    risks_csv: Path | None,
    out: Path,
    pepper_path: Path,
    *,
    as_of: datetime,
    built_at: datetime,
    serial: int,
    scope: frozenset[str],
    issuers: frozenset[str],
    demo: bool,
    salt: bytes | None = None,
) -> TableInfo:
    """Write ``out`` and its digest from CSV files (format: kiosk.table.feed); about 50 ms of work per person.

    The same input and ``salt`` (16 random bytes where it is None) give the same bytes. Raises TableError; then nothing
    is written and what lay at ``out`` still lies there.
    """
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    _check_head(as_of, built_at, serial, scope, issuers)
    people = read_people(people_csv)
    info = TableInfo(
        serial=serial,
        as_of=as_of.astimezone(UTC),
        built_at=built_at.astimezone(UTC),
        scope=scope,
        issuers=issuers,
        risks=read_risks(risks_csv) if risks_csv else (),
        demo=demo,
    )
    pepper = read_pepper(pepper_path)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        keys = dict(zip(people, pool.map(lambda number: derive_key(number, salt, pepper), people), strict=True))
    try:
        with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
            new = Path(folder) / out.name
            _write(new, info, people, keys, salt, pepper)
            digest_file(new).write_text(f"{sha256_of(new)}  {out.name}\n", encoding="ascii")
            _read_back(new, pepper_path, people, keys)
            for source, target in ((new, out), (digest_file(new), digest_file(out))):
                _sync(source)
                source.replace(target)
            _sync(out.parent)
    except (OSError, sqlite3.Error) as error:
        detail = f"{out} cannot be written: {error}. Name a file in a folder that has room and can be written."
        raise TableError(None, detail) from None
    return info


def _check_head(
    as_of: datetime, built_at: datetime, serial: int, scope: frozenset[str], issuers: frozenset[str]
) -> None:
    if as_of.tzinfo is None or built_at.tzinfo is None:
        raise TableError(None, f"as of {as_of}: without UTC offset. Write it as in 2022-04-18T06:00:00+08:00.")
    if as_of > built_at:
        raise TableError(None, f"as of {as_of}: later than the time of building, {built_at}. Correct the time.")
    if serial < 1:
        raise TableError(None, f"serial {serial}: must be 1 or more and higher than that of the last table.")
    if not scope or not scope <= PROVINCES:
        raise TableError(None, f"scope {', '.join(sorted(scope - PROVINCES))}: no province. Give codes such as 44.")
    if not issuers or not all(issuers):
        raise TableError(None, "no issuer. Name each authority whose statements count.")


def _write(
    path: Path,
    info: TableInfo,
    people: Mapping[IdNumber, PersonStatus],
    keys: Mapping[IdNumber, bytes],
    salt: bytes,
    pepper: bytes,
) -> None:
    plain = {keys[number]: encode_status(status) for number, status in people.items()}
    head = encode_info(info)
    layer = _layer(head, plain, salt, pepper)
    rows = []
    for key, record in plain.items():
        row = row_keys(key, layer)
        rows.append((row.hash, *close_record(record, row)))
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
        with connection:
            connection.execute(
                "INSERT INTO meta VALUES (?, ?, ?, ?)", (head, salt, layer, seal(pepper, salt, layer, head))
            )
            connection.executemany("INSERT INTO person VALUES (?, ?, ?)", sorted(rows))


def _layer(head: bytes, plain: Mapping[bytes, bytes], salt: bytes, pepper: bytes) -> bytes:
    # Drawn from the whole content: other facts under the same salt never meet the same keystream.
    content = hashlib.blake2b(key=pepper, digest_size=LAYER_BYTES)
    for part in (salt, head, *(part for row in sorted(plain.items()) for part in row)):
        content.update(len(part).to_bytes(4))
        content.update(part)
    return content.digest()


def _read_back(
    path: Path,
    pepper_path: Path,
    people: Mapping[IdNumber, PersonStatus],
    keys: Mapping[IdNumber, bytes],
) -> None:
    with closing(open_table(path, pepper_path, Mode.TRAINING)) as table:
        wrong = table.count() != len(people) or any(
            table.lookup(keys[number], datetime.min.replace(tzinfo=UTC)) != status for number, status in people.items()
        )
    if wrong:
        raise TableError(None, f"{path} does not read back as it was written. Check disk and memory, then build again.")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
