"""Envelopes: one kiosk opens them, for one district and one pepper, and no bit of them can change."""

import logging
import struct
import traceback

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from kiosk.core.errors import Fault, Refusal
from kiosk.envelope import ENVELOPE_BYTES, SITE, EnvelopeError, EnvelopeHead, device_id, read_head, seal, unseal
from kiosk.table.chain import Pepper

KEY = X25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PUBLIC = KEY.public_key().public_bytes_raw()
PEPPER = Pepper(bytes(range(32)))
# Sealed once to KEY; it must open for ever, or kiosks in the field could not read what lies on their disks.
FROZEN = bytes.fromhex(
    "4f4350454e56454c01003434303139390000000000000000865174565c84e8dba42e47d168822b533e8c4ad317967963"
    "606a078ca048b5b3669e9f9ff0fe4e33afba8e967ef6e89a4f157a514d92ebea83c9b7e2a6b0b4569b171156d2ec9bcf"
    "90f6b5e246319b69f6b54aafae4f93e5179811163a3b6cc41419bc03bda86ef0ad57934eeb0256dc"
)


def by_hand(named: Pepper, holds: bytes, district: bytes = b"44") -> bytes:
    """An envelope written from the description alone, as anybody with the public key can write one."""
    head = struct.pack("<8sH14s16s16s", b"OCPENVEL", 1, district, named.key_id, bytes.fromhex(device_id(PUBLIC)))
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    return head + suite.encrypt(holds, X25519PublicKey.from_public_bytes(PUBLIC), info=head)


def refused(data: bytes, key: X25519PrivateKey = KEY) -> EnvelopeError:
    with pytest.raises(EnvelopeError) as caught:
        unseal(data, key)
    return caught.value


@pytest.mark.parametrize("district", ["44", "440199", SITE])
def test_the_kiosk_opens_its_envelope(district: str) -> None:
    data = seal(PEPPER, PUBLIC, district)
    assert unseal(data, KEY) == PEPPER
    assert read_head(data) == EnvelopeHead(district, PEPPER.key_id, device_id(PUBLIC))


def test_an_envelope_of_today_opens_for_ever() -> None:
    assert unseal(FROZEN, KEY) == PEPPER
    assert read_head(FROZEN).district == "440199"


def test_an_envelope_written_from_the_description_opens() -> None:
    assert unseal(by_hand(PEPPER, PEPPER.secret), KEY) == PEPPER


def test_two_envelopes_of_one_pepper_have_no_sealed_byte_run_in_common() -> None:
    first, second = seal(PEPPER, PUBLIC, "44"), seal(PEPPER, PUBLIC, "44")
    assert first[56:] != second[56:]
    assert PEPPER.secret not in first


def test_another_kiosk_is_told_whose_envelope_it_is() -> None:
    other = X25519PrivateKey.generate()
    error = refused(seal(PEPPER, PUBLIC, "44"), other)
    assert (error.refusal, error.fault) == (Refusal.NO_ENVELOPE, Fault.TABLE_FOREIGN)
    assert device_id(PUBLIC) in error.detail
    assert device_id(other.public_key().public_bytes_raw()) in error.detail
    assert "office" in error.detail


def test_who_renames_a_stolen_envelope_for_himself_opens_nothing() -> None:
    thief = X25519PrivateKey.generate()
    own = bytes.fromhex(device_id(thief.public_key().public_bytes_raw()))
    data = seal(PEPPER, PUBLIC, "44")
    assert refused(data[:40] + own + data[56:], thief).refusal is Refusal.DAMAGED


def test_every_changed_bit_is_noticed(full: bool) -> None:
    data = seal(PEPPER, PUBLIC, "44")
    changes = range(1, 256) if full else [1 << bit for bit in range(8)]
    called = dict.fromkeys(range(8, 10), Refusal.NEW_FORMAT) | dict.fromkeys(range(40, 56), Refusal.NO_ENVELOPE)
    tried = 0
    for place in range(len(data)):
        for change in changes:
            altered = bytearray(data)
            altered[place] ^= change
            error = refused(bytes(altered))
            assert error.detail.endswith(".")
            assert error.refusal is called.get(place, Refusal.DAMAGED), place
            tried += 1
    assert tried == ENVELOPE_BYTES * len(changes)


def test_a_file_cut_short_or_longer_is_damaged() -> None:
    data = seal(PEPPER, PUBLIC, "44")
    for length in range(len(data)):
        assert refused(data[:length]).refusal is Refusal.DAMAGED
    assert refused(data + b"\0").refusal is Refusal.DAMAGED


def test_district_and_key_id_of_another_envelope_cannot_be_put_before_a_sealed_pepper() -> None:
    ours, other = seal(PEPPER, PUBLIC, "44"), seal(Pepper(bytes(32)), PUBLIC, "45")
    for start, end in ((10, 24), (24, 40), (10, 40), (56, 88), (88, 136)):
        swapped = ours[:start] + other[start:end] + ours[end:]
        assert refused(swapped).refusal is Refusal.DAMAGED


@pytest.mark.parametrize("point", [bytes(32), b"\1" + bytes(31), bytes.fromhex("ec" + "ff" * 30 + "7f"), b"\xff" * 32])
def test_an_encapsulated_key_of_small_order_is_damage(point: bytes) -> None:
    data = seal(PEPPER, PUBLIC, "44")
    assert refused(data[:56] + point + data[88:]).refusal is Refusal.DAMAGED


@pytest.mark.parametrize("holds", [bytes(32), bytes(31), b""])
def test_a_pepper_that_is_not_the_one_named_is_refused(holds: bytes) -> None:
    error = refused(by_hand(PEPPER, holds)[:ENVELOPE_BYTES])
    assert error.refusal is (Refusal.CONTRADICTS if len(holds) == 32 else Refusal.DAMAGED)


@pytest.mark.parametrize("district", [b"4", b"441", b"04", b"44\0001", b"\00044", b"SITE", b"\xff\xff", b""])
def test_a_district_that_is_none_is_not_believed(district: bytes) -> None:
    assert refused(by_hand(PEPPER, PEPPER.secret, district)).refusal is Refusal.DAMAGED


@pytest.mark.parametrize("district", ["", "4", "44019", "4401990", "sites", "44\n", "４４"])
def test_nothing_is_sealed_for_a_district_that_is_none(district: str) -> None:
    with pytest.raises(ValueError, match="GB/T 2260"):
        seal(PEPPER, PUBLIC, district)


def test_errors_and_logs_show_nothing_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = ""
    for data in (by_hand(PEPPER, bytes(32)), FROZEN[:-1] + b"\0", FROZEN[:30]):
        try:
            unseal(data, KEY)
        except EnvelopeError as error:
            said += "".join(traceback.format_exception(error)) + repr(error)
    said += caplog.text + repr(read_head(FROZEN)) + repr(PEPPER)
    assert "EnvelopeError" in said
    for secret in (PEPPER.secret, KEY.private_bytes_raw()):
        assert secret.hex() not in said
        assert repr(secret)[2:-1] not in said
