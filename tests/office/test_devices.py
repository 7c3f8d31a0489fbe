"""The office's peppers and its list of kiosks: who stands on it opens the next base, who was removed does not."""

import os
from datetime import date
from pathlib import Path

import pytest

from kiosk.core.errors import Fault, Refusal, TableError
from kiosk.core.idnumber import parse_number
from kiosk.envelope import EnvelopeError, device_id
from kiosk.keystore import KeyStore, PublicHalf, make_keystore
from kiosk.store import LayerKind
from kiosk.table.chain import Pepper, slow_key
from scripts.office.devices import add_device, envelopes, read_devices, remove_device
from scripts.office.peppers import make_pepper, read_pepper
from tests.layers import SALT, Written, head_of, write_layer
from tests.people import AS_OF, TODAY, id_number, status

SMALL_ORDER = (bytes(32), b"\1" + bytes(31), bytes.fromhex("ec" + "ff" * 30 + "7f"))


def kiosk(folder: Path, name: str) -> KeyStore:
    return make_keystore(f"file:{folder}/{name}")


def test_a_removed_kiosk_keeps_its_base_and_cannot_open_the_next(tmp_path: Path) -> None:
    """All the way: list, peppers, envelopes, real layers, and one person looked up in each."""
    devices, person = tmp_path / "devices.json", parse_number(id_number())
    stays, leaves = kiosk(tmp_path, "stays"), kiosk(tmp_path, "leaves")
    for store, place in ((stays, "示范医院"), (leaves, "示范车站")):
        add_device(devices, PublicHalf.of(store), place, TODAY)
    first, second = make_pepper(tmp_path / "first"), make_pepper(tmp_path / "second")
    known = status()
    old = write_layer(tmp_path / "old", {person: known}, head_of(LayerKind.BASE, AS_OF), first)
    new = write_layer(tmp_path / "new", {person: known}, head_of(LayerKind.BASE, AS_OF), second)
    today = envelopes(read_devices(devices), first, "44")
    remove_device(devices, leaves.device_id)
    tomorrow = envelopes(read_devices(devices), second, "44")

    assert leaves.open_envelope(today[leaves.device_id]) == first
    assert leaves.device_id not in tomorrow
    for envelope in tomorrow.values():
        with pytest.raises(EnvelopeError) as caught:
            leaves.open_envelope(envelope)
        assert caught.value.refusal is Refusal.NO_ENVELOPE
    with pytest.raises(TableError) as foreign:
        Written(new.path, new.encoded, leaves.open_envelope(today[leaves.device_id])).open()
    assert foreign.value.fault is Fault.TABLE_FOREIGN

    for written, pepper in (
        (old, stays.open_envelope(today[stays.device_id])),
        (new, stays.open_envelope(tomorrow[stays.device_id])),
    ):
        layer = Written(written.path, written.encoded, pepper).open()
        assert layer.find(pepper.blind(slow_key(person, SALT))) is not None
        layer.close()


def test_the_list_remembers_who_stands_where_since_when(tmp_path: Path) -> None:
    devices = tmp_path / "devices.json"
    assert read_devices(devices) == ()
    stores = [kiosk(tmp_path, f"key{n}") for n in range(3)]
    for n, store in enumerate(stores):
        add_device(devices, PublicHalf.of(store), f"示范街道{n}号", date(2022, 4, 1 + n))
    found = read_devices(devices)
    assert [(d.device_id, d.place, d.enrolled_on) for d in found] == [
        (store.device_id, f"示范街道{n}号", date(2022, 4, 1 + n)) for n, store in enumerate(stores)
    ]
    assert remove_device(devices, stores[1].device_id).place == "示范街道1号"
    assert [d.device_id for d in read_devices(devices)] == [stores[0].device_id, stores[2].device_id]
    assert add_device(devices, PublicHalf.of(stores[1]), "示范街道9号", TODAY).place == "示范街道9号"


def test_a_kiosk_is_enrolled_once_and_an_unknown_one_cannot_be_removed(tmp_path: Path) -> None:
    devices, store = tmp_path / "devices.json", kiosk(tmp_path, "key")
    add_device(devices, PublicHalf.of(store), "示范医院", TODAY)
    before = devices.read_bytes()
    with pytest.raises(TableError, match=r"enrolled already, at 示范医院\. Remove it first"):
        add_device(devices, PublicHalf.of(store), "示范车站", TODAY)
    with pytest.raises(TableError, match="devices list names them"):
        remove_device(devices, "0" * 32)
    assert devices.read_bytes() == before


@pytest.mark.parametrize("place", ["", " ", "x" * 101, "two\nlines", " 示范"])
def test_a_place_is_a_name_in_one_line(tmp_path: Path, place: str) -> None:
    with pytest.raises(TableError, match="no name of a place"):
        add_device(tmp_path / "devices.json", PublicHalf.of(kiosk(tmp_path, "key")), place, TODAY)
    assert not (tmp_path / "devices.json").exists()


@pytest.mark.parametrize("key", SMALL_ORDER)
def test_a_key_to_which_nothing_can_be_sealed_is_not_enrolled(tmp_path: Path, key: bytes) -> None:
    public = PublicHalf(device_id=device_id(key), public_key=key.hex())
    with pytest.raises(TableError, match="nothing can be sealed"):
        add_device(tmp_path / "devices.json", public, "示范医院", TODAY)
    assert not (tmp_path / "devices.json").exists()


def test_a_list_that_was_edited_wrongly_is_refused_and_left_alone(tmp_path: Path) -> None:
    devices, store = tmp_path / "devices.json", kiosk(tmp_path, "key")
    add_device(devices, PublicHalf.of(store), "示范医院", TODAY)
    good = devices.read_text()
    for wrong in (
        good[:-5],
        good.replace(store.device_id, "0" * 32),
        good.replace("2022", "20x2"),
        good.replace('"place"', '"plaec"'),
        good.replace('"format": 1', '"format": 2', 1),
    ):
        assert wrong != good
        devices.write_text(wrong)
        with pytest.raises(TableError, match="Correct it"):
            add_device(devices, PublicHalf.of(kiosk(tmp_path, f"key{len(os.listdir(tmp_path))}")), "示范车站", TODAY)
        assert devices.read_text() == wrong


def test_a_pepper_is_random_is_read_back_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        pepper = make_pepper(tmp_path / "pepper")
    finally:
        os.umask(before)
    assert read_pepper(tmp_path / "pepper") == pepper
    assert (tmp_path / "pepper").stat().st_mode & 0o777 == 0o600
    assert make_pepper(tmp_path / "another") != pepper
    assert pepper.secret.hex() not in repr(pepper)
    (tmp_path / "pepper").chmod(0o640)
    with pytest.raises(TableError, match="chmod 600"):
        read_pepper(tmp_path / "pepper")


def test_a_pepper_is_never_overwritten(tmp_path: Path) -> None:
    pepper = make_pepper(tmp_path / "pepper")
    with pytest.raises(TableError, match="exists already"):
        make_pepper(tmp_path / "pepper")
    assert read_pepper(tmp_path / "pepper") == pepper


@pytest.mark.parametrize("content", [b"", b"00" * 31, b"00" * 33, b"zz" * 32, "０".encode() * 64, b"\xff" * 64])
def test_what_is_no_pepper_is_refused_without_being_shown(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pepper"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(TableError, match="64 hexadecimal digits") as caught:
        read_pepper(path)
    assert caught.value.__suppress_context__
    if content:
        assert content.decode("latin-1") not in caught.value.detail


def test_each_kiosk_gets_an_envelope_of_its_own(tmp_path: Path) -> None:
    devices = tmp_path / "devices.json"
    stores = [kiosk(tmp_path, f"key{n}") for n in range(4)]
    for store in stores:
        add_device(devices, PublicHalf.of(store), "示范医院", TODAY)
    pepper = Pepper(bytes(range(32)))
    sealed = envelopes(read_devices(devices), pepper, "44")
    assert set(sealed) == {store.device_id for store in stores}
    for store in stores:
        for owner, envelope in sealed.items():
            if owner == store.device_id:
                assert store.open_envelope(envelope) == pepper
            else:
                with pytest.raises(EnvelopeError):
                    store.open_envelope(envelope)
