"""What an import brings into use, what it leaves alone, what it mends, and what it says."""

import errno
import json
import os
from pathlib import Path

import pytest

from kiosk.core.errors import ImportRefusedError, PolicyError, Refusal
from kiosk.policies import SAMPLE
from kiosk.policies.book import PolicySource
from kiosk.showing import Mode
from kiosk.store import LAST_IMPORT, MANIFEST, ImportState, LastImport, LayerKind, SupplyName, write_durably
from kiosk.supply import importer as importer_module
from kiosk.supply.floors import clock_floor
from kiosk.supply.folder import FolderMedium
from kiosk.supply.progress import last_import, only_import
from kiosk.supply.release import codes_release
from kiosk.supply.trust import DEMO_ROOT
from kiosk.table.risks import write_risks
from scripts.demo.office import demo_repository
from scripts.office.devices import envelopes
from scripts.office.releases import model_files, policy_files
from scripts.office.repository import Files
from tests.supplies import (
    DISTRICT,
    HOUR,
    NOW,
    PEPPER,
    ROLE,
    Kiosk,
    Layers,
    Office,
    Sticks,
    altered,
    another_device,
    copied,
    files_of,
    make_kiosk,
)

RELEASE = codes_release(DISTRICT)


def names(kiosk: Kiosk, folder: str) -> set[str]:
    return {path.name for path in (kiosk.place.store / folder).iterdir()}


def state(kiosk: Kiosk) -> LastImport:
    last = last_import(kiosk.place.store)
    assert last is not None
    return last


def test_a_first_supply_comes_into_use(tmp_path: Path, published: Sticks) -> None:
    kiosk = make_kiosk(tmp_path / "store", published.office)
    (imported,) = kiosk.take(published.new)
    assert imported.changed
    kiosk.opens()
    manifest = kiosk.manifest()
    assert manifest is not None
    assert manifest.province is not None
    assert [layer.kind for layer in manifest.province.layers] == [LayerKind.BASE, LayerKind.DELTA, LayerKind.URGENT]
    assert (state(kiosk).state, state(kiosk).percent) == (ImportState.DONE, 100)
    assert clock_floor(kiosk.place.store) == NOW


def test_the_policies_of_a_supply_are_those_that_the_station_finds(tmp_path: Path, published: Sticks) -> None:
    kiosk = make_kiosk(tmp_path / "store", published.office)
    kiosk.take(published.new)
    book = PolicySource(kiosk.place.store, tmp_path / "none.toml").book()
    assert book.on(NOW.date()) is not None


def test_a_delta_leaves_the_base_where_it_is(served: Kiosk, published: Sticks, monkeypatch: pytest.MonkeyPatch) -> None:
    (base,) = (served.place.store / "layers").iterdir()
    before = base.stat()
    read: list[Path] = []

    def never_there(target: object, path: Path) -> bool:
        read.append(path)
        return False

    monkeypatch.setattr(importer_module, "is_whole", never_there)
    served.take(published.new)
    assert base.stat().st_ino == before.st_ino
    assert read
    assert base not in read  # gigabytes are not hashed again because of a delta


def test_what_no_manifest_names_goes_once_the_new_is_in_use(served: Kiosk, office: Office, layers: Layers) -> None:
    served = make_kiosk(served.place.store.with_name("other"), office)
    served.take(office.stick("one", office.codes(1, layers.base)))
    old = names(served, "layers") | names(served, "envelopes")
    served.take(office.stick("two", office.codes(2, layers.later_base)))
    assert not old & (names(served, "layers") | names(served, "envelopes"))
    served.opens()


def test_policies_and_models_stay_where_a_supply_brings_none(office: Office, kiosk: Kiosk, layers: Layers) -> None:
    weights = office.folder / "embed.onnx"
    weights.write_bytes(b"weights")
    models = model_files(1, NOW, "production", [weights])
    policy = policy_files(1, NOW, [SAMPLE])
    kiosk.take(office.stick("one", office.codes(1, layers.base), models=models, policy=policy))
    office.province.publish({"models": {}, "policy": {}}, NOW)
    kiosk.take(office.stick("two", office.codes(2, layers.later_base)))
    manifest = kiosk.manifest()
    assert manifest is not None
    assert manifest.province is not None
    assert manifest.province.serial == 2
    assert manifest.province.models is not None
    assert (kiosk.place.store / manifest.province.models / "embed.onnx").read_bytes() == b"weights"
    assert len(manifest.province.policies) == 1
    kiosk.opens()


def test_the_same_serial_changes_nothing(served: Kiosk, published: Sticks) -> None:
    before = (served.place.store / MANIFEST).stat()
    (imported,) = served.take(published.old)
    assert not imported.changed
    assert (served.place.store / MANIFEST).stat().st_ino == before.st_ino
    assert state(served).state is ImportState.DONE


@pytest.mark.parametrize("folder", ["layers", "envelopes", "risks"])
def test_importing_again_mends_a_damaged_store(served: Kiosk, published: Sticks, folder: str) -> None:
    (damaged,) = (served.place.store / folder).iterdir()
    whole = damaged.read_bytes()
    middle = len(whole) // 2  # of a layer: in a page, so that it still opens
    damaged.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    before = (served.place.store / MANIFEST).stat()
    served.take(published.old)
    assert damaged.read_bytes() == whole
    # Whoever has the damaged file open is told.
    assert (served.place.store / MANIFEST).stat().st_ino != before.st_ino


def test_a_manifest_that_cannot_be_read_is_replaced_and_nothing_lost_before(
    served: Kiosk, published: Sticks, stick: Path
) -> None:
    before = files_of(served.place.store / "layers")
    (served.place.store / MANIFEST).write_bytes(b"{")
    for layer in (stick / "province/targets/codes/44").glob("*.delta-2.layer"):
        layer.unlink()
    with pytest.raises(ImportRefusedError):
        served.take(stick)
    assert set(before) <= set(files_of(served.place.store / "layers"))
    served.take(published.new)
    served.opens()
    assert served.serial() == 2


def test_a_base_that_was_damaged_meanwhile_is_mended_by_the_next_delta(served: Kiosk, published: Sticks) -> None:
    (base,) = (served.place.store / "layers").iterdir()
    whole = base.read_bytes()
    base.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    served.take(published.new)
    assert base.read_bytes() == whole
    served.opens()


def test_a_copy_that_was_cut_off_is_gone_on_with(served: Kiosk, office: Office, layers: Layers, tmp_path: Path) -> None:
    kiosk = make_kiosk(tmp_path / "resumed", office)
    stick = office.stick("one", office.codes(1, layers.base))
    (there,) = (stick / "province/targets/codes/44").glob("*.layer")
    whole = there.read_bytes()
    there.write_bytes(whole[:5000])
    assert kiosk.refusal(stick) is Refusal.INCOMPLETE
    (part,) = (kiosk.place.store / "layers").glob("*.part")
    assert part.stat().st_size == 5000
    there.write_bytes(b"?" * 5000 + whole[5000:])  # what is here already is not read again
    kiosk.take(stick)
    kiosk.opens()


def test_a_part_that_a_power_cut_spoilt_is_copied_anew(office: Office, layers: Layers, kiosk: Kiosk) -> None:
    stick = office.stick("one", office.codes(1, layers.base))
    (there,) = (stick / "province/targets/codes/44").glob("*.layer")
    digest = there.name.split(".")[0]
    (kiosk.place.store / "layers").mkdir(parents=True)
    (kiosk.place.store / "layers" / f"{digest}.layer.part").write_bytes(bytes(5000))
    kiosk.take(stick)
    kiosk.opens()


def test_a_full_disk_is_known_before_anything_is_copied(
    served: Kiosk, published: Sticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = os.statvfs(served.place.store)
    full = os.statvfs_result((*room[:4], 10, *room[5:]))
    monkeypatch.setattr(os, "statvfs", lambda path: full)
    assert served.refusal(published.new) is Refusal.NO_ROOM
    assert len(names(served, "layers")) == 1
    assert state(served).refusal is Refusal.NO_ROOM


@pytest.mark.parametrize(
    ("error", "refusal", "parts"), [(errno.ENOSPC, Refusal.NO_ROOM, 0), (errno.EIO, Refusal.DISK, 1)]
)
def test_a_disk_that_fills_up_or_fails_meanwhile_is_left_as_it_was(
    served: Kiosk, published: Sticks, monkeypatch: pytest.MonkeyPatch, error: int, refusal: Refusal, parts: int
) -> None:
    sync = os.fsync

    def fail(handle: int) -> None:
        # Where allocation is delayed, this is when the disk says that it is full.
        if os.readlink(f"/proc/self/fd/{handle}").endswith(".part"):
            raise OSError(error, os.strerror(error))
        sync(handle)

    monkeypatch.setattr(os, "fsync", fail)
    assert served.refusal(published.new) is refusal
    # What was begun is gone on with, unless it is what fills the disk.
    assert len(names(served, "layers")) == 1 + parts


def test_one_import_at_a_time(served: Kiosk, published: Sticks) -> None:
    with only_import(served.place.store):
        running = LastImport(state=ImportState.RUNNING, at=NOW, percent=40)
        write_durably(served.place.store / LAST_IMPORT, running.model_dump_json().encode())
        assert served.refusal(published.new) is Refusal.BUSY
        assert state(served) == running  # who was refused does not speak for the one that runs
    assert state(served).state is ImportState.UNFINISHED


def test_a_kiosk_without_an_envelope_keeps_what_it_has(served: Kiosk, published: Sticks, tmp_path: Path) -> None:
    office = published.office
    others = office.codes(3, office.layers.base, envelopes={"0" * 32: b"?"})
    office.province.publish({ROLE: others}, NOW)
    try:
        assert served.refusal(office.copy("others")) is Refusal.NO_ENVELOPE
    finally:
        office.province.publish({ROLE: office.codes(2, office.layers.base)}, NOW)
    assert served.serial() == 1
    assert served.place.keys.device_id in state(served).detail


def test_an_envelope_of_another_kiosk_under_our_name(office: Office, kiosk: Kiosk, layers: Layers) -> None:
    theirs = envelopes((another_device(office),), PEPPER, DISTRICT)
    wrong = dict(zip([office.key.device_id], theirs.values(), strict=True))
    assert kiosk.refusal(office.stick("one", office.codes(1, layers.base, envelopes=wrong))) is Refusal.NO_ENVELOPE


def test_an_envelope_of_another_district(office: Office, kiosk: Kiosk, layers: Layers) -> None:
    wrong = envelopes(office.devices, PEPPER, "33")
    assert kiosk.refusal(office.stick("one", office.codes(1, layers.base, envelopes=wrong))) is Refusal.CONTRADICTS


def test_a_supply_for_another_district(published: Sticks, tmp_path: Path) -> None:
    elsewhere = make_kiosk(tmp_path / "there", published.office, district="33")
    assert elsewhere.refusal(published.new) is Refusal.FOREIGN
    assert "codes/44" in state(elsewhere).detail


def test_invented_people_are_for_no_kiosk_in_the_field(office: Office, layers: Layers, tmp_path: Path) -> None:
    stick = office.stick("one", office.codes(1, layers.invented, demo=True))
    assert make_kiosk(tmp_path / "field", office).refusal(stick) is Refusal.FOREIGN
    make_kiosk(tmp_path / "training", office, mode=Mode.TRAINING).take(stick)
    make_kiosk(tmp_path / "demo", office, mode=Mode.DEMO).take(stick)


def test_real_people_are_not_for_the_demo(published: Sticks, tmp_path: Path) -> None:
    assert make_kiosk(tmp_path / "demo", published.office, mode=Mode.DEMO).refusal(published.new) is Refusal.FOREIGN


def test_the_demos_keys_count_in_the_demo_alone(office: Office, layers: Layers, tmp_path: Path) -> None:
    repository = demo_repository(tmp_path / "demo-office", DISTRICT, NOW)
    repository.publish({ROLE: office.codes(1, layers.invented, demo=True)}, NOW)
    repository.export(tmp_path / "stick" / SupplyName.PROVINCE)
    roots = {SupplyName.PROVINCE: DEMO_ROOT.read_bytes()}
    make_kiosk(tmp_path / "demo", office, roots=roots, mode=Mode.DEMO).take(tmp_path / "stick")
    for mode in (Mode.FIELD, Mode.TRAINING):
        kiosk = make_kiosk(tmp_path / mode, office, roots=roots, mode=mode)
        assert kiosk.refusal(tmp_path / "stick") is Refusal.FOREIGN
        assert "demo" in state(kiosk).detail


def test_a_policy_that_fails_its_own_vectors(served: Kiosk, office: Office, layers: Layers, tmp_path: Path) -> None:
    kiosk = make_kiosk(tmp_path / "strict", office)
    wrong = SAMPLE.read_text("utf-8").replace("test_hours = 48", "test_hours = 24")
    assert wrong != SAMPLE.read_text("utf-8")
    path = tmp_path / "2022-04.toml"
    path.write_text(wrong, "utf-8")
    with pytest.raises(PolicyError):
        policy_files(1, NOW, [path])
    policy = {**policy_files(1, NOW, [SAMPLE]), "policy/2022-04.toml": wrong.encode()}
    assert kiosk.refusal(office.stick("one", office.codes(1, layers.base), policy=policy)) is Refusal.POLICY_FAILS
    assert "vector" in state(kiosk).detail


def test_a_release_of_a_later_format(office: Office, kiosk: Kiosk, layers: Layers) -> None:
    files = altered(office.codes(1, layers.base), RELEASE, format=2)
    assert kiosk.refusal(office.stick("one", files)) is Refusal.NEW_FORMAT


CONTRADICTIONS = {
    "people": {"people": 3},
    "serial": {"serial": 9},
    "kind": {"kind": "urgent"},
    "root": {"root": "00" * 32},
    "target": {"target": "policy/2022-04.toml"},
    "no such target": {"target": "codes/44/none.layer"},
}


@pytest.mark.parametrize("changes", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_layer_that_is_not_what_the_release_says(
    office: Office, kiosk: Kiosk, layers: Layers, changes: dict[str, object]
) -> None:
    files = office.codes(1, layers.base)
    (entry,) = json.loads(read(files))["layers"]
    stick = office.stick("one", altered(files, RELEASE, layers=[entry | changes]))
    assert kiosk.refusal(stick) is Refusal.CONTRADICTS


WRONG_RELEASES = {
    "other people's data": {"demo": True},
    "another cut-off": {"as_of": (NOW - HOUR).isoformat()},
    "another pepper": {"key_id": "00" * 16},
    "signed before it was built": {"issued_at": (NOW - 10 * HOUR).isoformat()},
    "risk areas missing": {"risks": None},
    "no layers": {"layers": []},
    "an unknown word": {"words": "more"},
    "serial zero": {"serial": 0},
    "a path that leads elsewhere": {"envelopes": "codes/44/../"},
}


@pytest.mark.parametrize("changes", WRONG_RELEASES.values(), ids=WRONG_RELEASES)
def test_a_release_that_contradicts_its_content(
    office: Office, tmp_path: Path, layers: Layers, changes: dict[str, object]
) -> None:
    kiosk = make_kiosk(tmp_path / "store", office, mode=Mode.TRAINING)
    files = altered(office.codes(1, layers.base), RELEASE, **changes)
    assert kiosk.refusal(office.stick("one", files)) is Refusal.CONTRADICTS


@pytest.mark.parametrize("risks", [b"{", write_risks(NOW + HOUR, [])], ids=["unreadable", "of later"])
def test_risk_areas_that_cannot_be(office: Office, kiosk: Kiosk, layers: Layers, risks: bytes) -> None:
    files = office.codes(1, layers.base) | {"codes/44/risks.json": risks}
    assert kiosk.refusal(office.stick("one", files)) is Refusal.CONTRADICTS


def test_a_delta_that_belongs_to_another_base(office: Office, kiosk: Kiosk, layers: Layers) -> None:
    files = office.codes(1, layers.base, layers.delta)
    (base, delta) = json.loads(read(files))["layers"]
    other = office.codes(1, layers.later_base, layers.later_delta)
    base = json.loads(read(other))["layers"][0]
    mixed = altered({**other, **files}, RELEASE, layers=[base, delta])
    assert kiosk.refusal(office.stick("one", mixed)) is Refusal.CONTRADICTS


def test_swapped_layers(office: Office, kiosk: Kiosk, layers: Layers) -> None:
    files = office.codes(1, layers.base, layers.delta)
    base, delta = json.loads(read(files))["layers"]
    swapped = [base | {"target": delta["target"]}, delta | {"target": base["target"]}]
    assert kiosk.refusal(office.stick("one", altered(files, RELEASE, layers=swapped))) is Refusal.CONTRADICTS


def test_two_layers_of_one_kind(office: Office, kiosk: Kiosk, layers: Layers) -> None:
    files = office.codes(1, layers.base)
    (base,) = json.loads(read(files))["layers"]
    assert kiosk.refusal(office.stick("one", altered(files, RELEASE, layers=[base, base]))) is Refusal.CONTRADICTS


def test_a_site_brings_its_list(served: Kiosk, published: Sticks, layers: Layers) -> None:
    office = published.office
    (imported,) = served.take(office.site_stick("site", office.site_list(1, layers.local)))
    assert imported.name is SupplyName.SITE
    served.opens()
    manifest = served.manifest()
    assert manifest is not None
    assert manifest.province is not None
    assert manifest.site is not None


def test_a_site_may_not_bring_codes(served: Kiosk, published: Sticks, layers: Layers) -> None:
    office = published.office
    codes = office.codes(7, layers.base)
    assert served.refusal(office.site_stick("codes", {**office.site_list(2, layers.local), **codes})) is Refusal.FOREIGN
    daily = altered(office.site_list(3, layers.local), "site/release.json", layers=json.loads(read(codes))["layers"])
    assert served.refusal(office.site_stick("as list", daily)) is Refusal.CONTRADICTS


def test_a_site_list_of_another_year(served: Kiosk, published: Sticks, layers: Layers) -> None:
    office = published.office
    assert served.refusal(office.site_stick("year", office.site_list(9, layers.other_local))) is Refusal.CONTRADICTS


def test_a_site_without_a_pinned_root(published: Sticks, layers: Layers, tmp_path: Path) -> None:
    office = published.office
    kiosk = make_kiosk(tmp_path / "bare", office, roots={SupplyName.PROVINCE: office.province.root})
    stick = office.site_stick("site only", office.site_list(10, layers.local))
    assert kiosk.refusal(stick) is Refusal.FOREIGN


def test_one_supply_does_not_hinder_the_other(served: Kiosk, published: Sticks, layers: Layers, tmp_path: Path) -> None:
    office = published.office
    stick = copied(published.new, tmp_path / "both")
    copied(office.site_stick("good site", office.site_list(11, layers.local)) / "site", stick / "site")
    spoilt = stick / "site/metadata/timestamp.json"
    spoilt.write_bytes(spoilt.read_bytes()[:-1])
    with pytest.raises(ImportRefusedError, match=r"^site: "):
        served.take(stick)
    assert served.serial() == 2
    assert state(served).state is ImportState.REFUSED


def test_an_empty_medium(served: Kiosk, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert served.refusal(tmp_path / "empty") is Refusal.NO_SUPPLY
    with pytest.raises(ImportRefusedError) as refused:
        FolderMedium(tmp_path / "nowhere")
    assert refused.value.refusal is Refusal.NO_SUPPLY


def test_percent_rises_while_large_files_are_copied(
    served: Kiosk, published: Sticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr("kiosk.supply.transfer.CHUNK", 512)
    monkeypatch.setattr("kiosk.supply.folder.CHUNK", 512)

    def look(clock: object) -> float:
        seen.append(state(served))
        return float(len(seen))

    monkeypatch.setattr(type(served.clock), "monotonic", look)
    served.take(published.new)
    percents = [last.percent for last in seen[1:]]
    assert percents == sorted(percents)
    assert len(set(percents)) > 5
    assert all(last.state is ImportState.RUNNING for last in seen[1:])


def read(files: Files) -> bytes:
    release = files[RELEASE]
    assert isinstance(release, bytes)
    return release
