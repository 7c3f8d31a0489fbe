"""The demo's supplies: the deck's people on sticks signed with the demo's keys, each imported into a store of its own.

Everything is what a health office and a kiosk do, with the same code; only the keys are worthless (``keys``).
"""

import csv
import hashlib
import io
import os
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from pathlib import Path

from kiosk.clock import ShiftedClock
from kiosk.core.errors import TableError
from kiosk.core.status import RiskEntry
from kiosk.envelope import seal
from kiosk.keystore import KeyStore, make_keystore
from kiosk.policies import SAMPLE
from kiosk.showing import Mode
from kiosk.store import LayerKind, SupplyName
from kiosk.supply.folder import FolderMedium
from kiosk.supply.importer import Importer
from kiosk.supply.plan import Place
from kiosk.supply.trust import DEMO_ROOT
from kiosk.table.chain import Pepper
from kiosk.table.risks import write_risks
from scripts.demo.deck import Deck, TableHead, TableName
from scripts.demo.office import demo_repository
from scripts.office.facts import LayerHead, Rows
from scripts.office.publish import build_layer
from scripts.office.releases import Contents, layer_files, policy_files
from scripts.office.repository import POLICY, codes_role
from scripts.office.risks import COLUMNS as RISK_COLUMNS
from scripts.office.risks import read_risks
from scripts.office.rows import OPTIONAL, REQUIRED, read_rows

DISTRICT = "44"

# Nothing of the demo is secret; fixed values make its layers the same everywhere.
_PEPPER = Pepper(hashlib.sha256(b"the demo's pepper").digest())
_SALT = hashlib.sha256(b"the demo's salt").digest()[:16]
_MADE_AFTER = timedelta(minutes=10)
_PEOPLE_COLUMNS = ["number", *REQUIRED, *OPTIONAL]


def build_stores(deck: Deck, folder: Path) -> None:
    """Make, sign and import both supplies under ``folder``, once for each state of the deck."""
    stamp = folder / "built"
    wanted = hashlib.sha256(deck.model_dump_json().encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    keys = make_keystore(key_url(folder))
    people, risks = folder / "people.csv", folder / "risks.csv"
    rows = [{"number": person.number} | dict(person.record) for person in deck.person if person.record is not None]
    people.write_text(_csv(_PEOPLE_COLUMNS, rows), encoding="utf-8")
    risks.write_text(_csv(RISK_COLUMNS, deck.risk), encoding="utf-8")
    # The old supply tells the same facts as the fresh one under an older date, so some of them lie in its future.
    intake = read_rows(people, folder / "quarantine.csv", built_at=deck.table.starts_at, salt=_SALT)
    if intake.quarantined:
        raise TableError(None, f"rows of the deck are wrong: {folder / 'quarantine.csv'} names them. Correct the deck.")
    for name, head in (("old", deck.table.old), ("fresh", deck.table.fresh)):
        _build_store(deck, folder / name, head, keys, intake.rows, read_risks(risks))
    stamp.write_text(wanted)


def key_url(folder: Path) -> str:
    """The key of the demo's kiosk, for kiosk.keystore."""
    return f"file:{folder / 'device.key'}"


def lay_store(folder: Path, name: TableName) -> Path:
    """Make ``folder``/current lead to one of the stores, at once for everything in it; the store's path."""
    new = folder / "current.new"
    new.unlink(missing_ok=True)
    new.symlink_to(name)
    os.replace(new, folder / "current")
    return folder / "current" / "store"


def _build_store(
    deck: Deck, folder: Path, head: TableHead, keys: KeyStore, rows: Rows, risks: tuple[RiskEntry, ...]
) -> None:
    folder.mkdir()
    made_at = head.as_of.astimezone(UTC) + _MADE_AFTER
    layer = folder / "base.layer"
    build_layer(
        rows,
        LayerHead(
            LayerKind.BASE, head.serial, head.as_of, made_at, _SALT, deck.table.scope, deck.table.issuers, demo=True
        ),
        _PEPPER,
        layer,
    )
    contents = Contents(
        serial=head.serial,
        issued_at=made_at,
        layers=[layer],
        pepper=_PEPPER,
        envelopes={keys.device_id: seal(_PEPPER, keys.public_key, DISTRICT)},
        demo=True,
        district=DISTRICT,
        risks=write_risks(head.as_of, risks),
    )
    repository = demo_repository(folder / "office", DISTRICT, made_at)
    files = {codes_role(DISTRICT): layer_files(contents), POLICY: policy_files(head.serial, made_at, [SAMPLE])}
    repository.publish(files, made_at)
    repository.export(folder / "stick" / SupplyName.PROVINCE)
    place = Place(folder / "store", DISTRICT, Mode.DEMO, {SupplyName.PROVINCE: DEMO_ROOT.read_bytes()}, keys)
    Importer(place, ShiftedClock(made_at)).run(FolderMedium(folder / "stick"))


def _csv(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
