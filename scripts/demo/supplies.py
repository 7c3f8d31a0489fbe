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
    """Make, sign and import the supplies under ``folder``, once for each state of the deck."""
    stamp = folder / "built"
    wanted = hashlib.sha256(deck.model_dump_json().encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    risks = folder / "risks.csv"
    risks.write_text(_csv(RISK_COLUMNS, deck.risk), encoding="utf-8")
    everybody = [{"number": person.number} | dict(person.record) for person in deck.person if person.record is not None]
    news = [{"number": deck.who(one.person).number, "codes": one.codes} for one in deck.urgent]
    people, urgent = (_rows(deck, folder / name, rows) for name, rows in (("people", everybody), ("urgent", news)))
    tables = deck.table
    # The old supply tells the same facts as the fresh one under an older date, so some of them lie in its future.
    old, fresh = (_layer(deck, folder, LayerKind.BASE, head, people) for head in (tables.old, tables.fresh))
    list_ = _layer(deck, folder, LayerKind.URGENT, tables.urgent, urgent)
    kiosk = make_keystore(key_url(folder))
    supplies: dict[TableName, tuple[TableHead, list[Path]]] = {
        "old": (tables.old, [old]),
        "fresh": (tables.fresh, [fresh]),
        "urgent": (tables.urgent, [fresh, list_]),
    }
    for name, (head, layers) in supplies.items():
        _build_store(folder / name, head, layers, kiosk, read_risks(risks))
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


def _rows(deck: Deck, feed: Path, people: Sequence[Mapping[str, str]]) -> Rows:
    feed.with_suffix(".csv").write_text(_csv(_PEOPLE_COLUMNS, people), encoding="utf-8")
    aside = feed.with_suffix(".quarantine.csv")
    intake = read_rows(feed.with_suffix(".csv"), aside, built_at=deck.table.starts_at, salt=_SALT)
    if intake.quarantined:
        raise TableError(None, f"rows of the deck are wrong: {aside} names them. Correct the deck.")
    return intake.rows


def _layer(deck: Deck, folder: Path, kind: LayerKind, head: TableHead, rows: Rows) -> Path:
    scope, issuers = deck.table.scope, deck.table.issuers
    path = folder / f"{kind}-{head.serial}.layer"
    said = LayerHead(kind, head.serial, head.as_of, head.as_of + _MADE_AFTER, _SALT, scope, issuers, demo=True)
    build_layer(rows, said, _PEPPER, path)
    return path


def _build_store(
    folder: Path, head: TableHead, layers: Sequence[Path], kiosk: KeyStore, risks: tuple[RiskEntry, ...]
) -> None:
    folder.mkdir()
    made_at = head.as_of.astimezone(UTC) + _MADE_AFTER
    contents = Contents(
        serial=head.serial,
        issued_at=made_at,
        layers=layers,
        pepper=_PEPPER,
        envelopes={kiosk.device_id: seal(_PEPPER, kiosk.public_key, DISTRICT)},
        demo=True,
        district=DISTRICT,
        risks=write_risks(head.as_of, risks),
    )
    repository = demo_repository(folder / "office", DISTRICT, made_at)
    files = {codes_role(DISTRICT): layer_files(contents), POLICY: policy_files(head.serial, made_at, [SAMPLE])}
    repository.publish(files, made_at)
    repository.export(folder / "stick" / SupplyName.PROVINCE)
    place = Place(folder / "store", DISTRICT, Mode.DEMO, {SupplyName.PROVINCE: DEMO_ROOT.read_bytes()}, kiosk)
    with FolderMedium(folder / "stick") as medium:
        Importer(place, ShiftedClock(made_at)).run(medium)


def _csv(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
