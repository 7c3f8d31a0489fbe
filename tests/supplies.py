"""A small health office and a kiosk for it: real layers, real keys, real signatures, sticks in folders."""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.core.errors import ImportRefusedError, Refusal
from kiosk.core.idnumber import IdNumber, parse_number
from kiosk.core.status import CodeStatement, Colour, ListEntry, ListKind, PersonStatus, Risk, RiskEntry
from kiosk.envelope import SITE
from kiosk.keystore import KeyStore, PublicHalf, make_keystore
from kiosk.policies import SAMPLE
from kiosk.showing import Mode
from kiosk.store import MANIFEST, LayerKind, Manifest, SupplyName, read_manifest
from kiosk.supply.folder import FolderMedium
from kiosk.supply.importer import Imported, Importer
from kiosk.supply.plan import Place
from kiosk.table.chain import Pepper
from kiosk.table.layer import open_layer
from kiosk.table.risks import write_risks
from scripts.office.devices import Device, envelopes
from scripts.office.releases import Contents, layer_files, policy_files
from scripts.office.repository import Files, Repository, codes_role
from tests.layers import SALT, Written, head_of, write_layer
from tests.people import id_number

NOW = datetime(2022, 4, 20, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DISTRICT = "44"
ROLE = codes_role(DISTRICT)
PEPPER = Pepper(bytes(range(32)))
SITE_PEPPER = Pepper(bytes(range(100, 132)))
WHO = parse_number(id_number())
OTHER = parse_number(id_number(sequence=125))
RISKS = write_risks(NOW - 6 * HOUR, [RiskEntry("310100", "310115", Risk.HIGH, date(2022, 4, 1), None)])
AUTHORITY = "health office"


@dataclass
class HandClock:
    """A clock that stands until a test moves it."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


@dataclass(frozen=True)
class Layers:
    """One small layer of each kind, and others that must not be mixed with them."""

    base: Written
    later_base: Written
    delta: Written
    later_delta: Written
    urgent: Written
    local: Written
    other_local: Written  # made with the salt of another year
    invented: Written  # a base of invented people


def coded(colour: Colour) -> PersonStatus:
    reason = "" if colour is Colour.GREEN else "reason"
    return PersonStatus((CodeStatement(colour, reason, AUTHORITY, NOW - 100 * HOUR),), None, 2, None, ())


def make_layers(folder: Path) -> Layers:
    def layer(
        name: str, people: Mapping[IdNumber, PersonStatus | None], kind: LayerKind, pepper: Pepper, **head: Any
    ) -> Written:
        return write_layer(folder / f"{name}.layer", people, head_of(kind, NOW - 6 * HOUR, **head), pepper)

    both = {WHO: coded(Colour.GREEN), OTHER: coded(Colour.GREEN)}
    base = layer("base", both, LayerKind.BASE, PEPPER)
    later_base = layer("later_base", {WHO: coded(Colour.YELLOW)}, LayerKind.BASE, PEPPER, serial=2)
    red = {WHO: coded(Colour.RED)}
    delta = layer("delta", red, LayerKind.DELTA, PEPPER, serial=2, base_id=base.encoded.layer_id)
    later_delta = layer("later_delta", red, LayerKind.DELTA, PEPPER, serial=3, base_id=later_base.encoded.layer_id)
    urgent = layer("urgent", red, LayerKind.URGENT, PEPPER)
    listed = ListEntry(ListKind.ADMITTED, "staff", "clinic", NOW + 100 * HOUR)
    staff = {WHO: replace(coded(Colour.GREEN), codes=(), lists=(listed,))}
    local = layer("local", staff, LayerKind.LOCAL, SITE_PEPPER)
    other_local = layer("other_local", staff, LayerKind.LOCAL, SITE_PEPPER, salt=SALT[::-1])
    invented = layer("invented", both, LayerKind.BASE, PEPPER, demo=True)
    return Layers(base, later_base, delta, later_delta, urgent, local, other_local, invented)


@dataclass
class Office:
    """A province's office and a site's, one enrolled kiosk, and what they publish."""

    folder: Path
    layers: Layers
    key: KeyStore
    province: Repository = field(init=False)
    site: Repository = field(init=False)
    devices: tuple[Device, ...] = field(init=False)

    def __post_init__(self) -> None:
        keys = self.folder / "keys"
        self.province = Repository.create(self.folder / "p", keys, SupplyName.PROVINCE, NOW, [DISTRICT, "33"])
        self.site = Repository.create(self.folder / "s", self.folder / "site-keys", SupplyName.SITE, NOW, (), 1, 1)
        self.devices = (enrolled(self.key),)

    @property
    def roots(self) -> dict[SupplyName, bytes]:
        return {SupplyName.PROVINCE: self.province.root, SupplyName.SITE: self.site.root}

    def codes(self, serial: int, *layers: Written, **changes: Any) -> dict[str, Path | bytes]:
        """The files of a release of the district's codes, signed at NOW."""
        facts: dict[str, Any] = {
            "district": DISTRICT,
            "envelopes": envelopes(self.devices, PEPPER, DISTRICT),
            "risks": RISKS,
            "pepper": PEPPER,
            "issued_at": NOW,
        } | changes
        return layer_files(Contents(serial=serial, layers=[layer.path for layer in layers], **facts))

    def site_list(self, serial: int, layer: Written) -> dict[str, Path | bytes]:
        return layer_files(Contents(serial, NOW, [layer.path], SITE_PEPPER, envelopes(self.devices, SITE_PEPPER, SITE)))

    def stick(self, name: str, codes: Files, **more: Files) -> Path:
        """Publish codes (and ``policy`` or ``models``) and copy all to a new stick."""
        self.province.publish({ROLE: codes, **more}, NOW)
        return self.copy(name)

    def copy(self, name: str) -> Path:
        stick = self.folder / name
        self.province.export(stick / SupplyName.PROVINCE)
        return stick

    def site_stick(self, name: str, files: Files) -> Path:
        self.site.publish({"targets": files}, NOW)
        stick = self.folder / name
        self.site.export(stick / SupplyName.SITE)
        return stick


def altered(files: Files, path: str, **changes: Any) -> dict[str, Path | bytes]:
    """The files with other values in a release file, which nobody checks any more."""
    release = files[path]
    assert isinstance(release, bytes)
    return {**files, path: json.dumps(json.loads(release) | changes).encode()}


def policies() -> Files:
    return policy_files(1, NOW, [SAMPLE])


def another_device(office: Office) -> Device:
    """A second enrolled kiosk."""
    return enrolled(make_keystore(f"file:{office.folder / 'other.key'}"))


def enrolled(key: KeyStore) -> Device:
    return Device(**PublicHalf.of(key).model_dump(), place="East door", enrolled_on=NOW.date())


@dataclass
class Kiosk:
    """A kiosk's store, and what is imported into it."""

    place: Place
    clock: HandClock = field(default_factory=HandClock)

    def take(self, stick: Path) -> tuple[Imported, ...]:
        with FolderMedium(stick) as medium:
            return Importer(self.place, self.clock).run(medium)

    def refusal(self, stick: Path) -> Refusal:
        """Why a stick is refused; what was in use is untouched."""
        before = self.manifest()
        with pytest.raises(ImportRefusedError) as refused:
            self.take(stick)
        assert self.manifest() == before
        assert refused.value.detail.rstrip().endswith(".")
        self.opens()
        return refused.value.refusal

    def manifest(self) -> Manifest | None:
        return read_manifest(self.place.store) if (self.place.store / MANIFEST).exists() else None

    def serial(self) -> int:
        manifest = self.manifest()
        return manifest.province.serial if manifest and manifest.province else 0

    def opens(self) -> None:
        """Everything that the manifest names is there and opens."""
        manifest = self.manifest()
        for supply in (manifest.province, manifest.site) if manifest else ():
            if supply is None:
                continue
            store = self.place.store
            pepper = self.place.keys.open_envelope((store / supply.envelope).read_bytes())
            for entry in supply.layers:
                layer = open_layer(store / entry.file, bytes.fromhex(entry.root), pepper)
                for number in range(layer.header.pages):
                    layer.page(number)
                layer.close()
            for file in (supply.risks, *supply.policies, supply.models):
                assert file is None or (store / file).exists()


def make_kiosk(store: Path, office: Office, **changes: Any) -> Kiosk:
    facts: dict[str, Any] = {
        "store": store,
        "district": DISTRICT,
        "mode": Mode.FIELD,
        "roots": office.roots,
        "keys": office.key,
    } | changes
    return Kiosk(Place(**facts))


@dataclass(frozen=True)
class Sticks:
    """Two nights of one office: ``old`` with a base, ``new`` with a delta on top, an urgent list and policies."""

    office: Office
    old: Path
    new: Path


def make_office(folder: Path, layers: Layers) -> Office:
    folder.mkdir()
    return Office(folder, layers, make_keystore(f"file:{folder / 'device.key'}"))


def copied(stick: Path, to: Path) -> Path:
    shutil.copytree(stick, to)
    return to


def files_of(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
