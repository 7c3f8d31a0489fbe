"""The kiosk's own key: it opens again without a person, never overwrites, and says what its keeping promises."""

import logging
import os
import resource
import shutil
import subprocess
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from kiosk.core.errors import Fault, TableError
from kiosk.envelope import seal
from kiosk.keystore import Bind, KeyPromise, PublicHalf, make_keystore, open_keystore, read_public_half, write_new
from kiosk.table.chain import Pepper
from tests.kiosk.softtpm import SoftTpm, flush_after_each_use, use_own_host_key

PEPPER = Pepper(bytes(range(32)))


@pytest.fixture
def host_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of the host key that systemd-creds uses in this test."""
    folder = tmp_path / "host"
    folder.mkdir()
    use_own_host_key(folder, monkeypatch)
    return folder


@pytest.fixture
def new_tpm(host_key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], SoftTpm]]:
    """Makes TPM chips."""
    for program in ("swtpm", "tpm2_pcrextend", "tpm2_flushcontext"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian: swtpm tpm2-tools libtss2-tcti-swtpm0)")
    flush_after_each_use(host_key, monkeypatch)
    made: list[SoftTpm] = []

    def make(name: str) -> SoftTpm:
        made.append(SoftTpm(tmp_path / name, monkeypatch))
        return made[-1]

    yield make
    for tpm in made:
        tpm.stop()


def refused(url: str) -> TableError:
    with pytest.raises(TableError) as caught:
        open_keystore(url)
    assert caught.value.fault is Fault.TABLE_FOREIGN
    return caught.value


def test_a_key_in_a_file_opens_again_and_opens_its_envelopes(tmp_path: Path) -> None:
    made = make_keystore(f"file:{tmp_path}/key")
    opened = open_keystore(f"file:{tmp_path}/key")
    assert opened.device_id == made.device_id
    assert opened.public_key == made.public_key
    assert opened.promise is KeyPromise.NONE
    assert opened.open_envelope(seal(PEPPER, made.public_key, "44")) == PEPPER


def test_every_kiosk_has_a_key_of_its_own(tmp_path: Path) -> None:
    assert make_keystore(f"file:{tmp_path}/a").device_id != make_keystore(f"file:{tmp_path}/b").device_id


def test_only_its_owner_can_read_a_key_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_keystore(f"file:{tmp_path}/key")
    finally:
        os.umask(before)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    make_keystore(f"file:{tmp_path}/key")
    (tmp_path / "key").chmod(mode)
    assert "chmod 600" in refused(f"file:{tmp_path}/key").detail


@pytest.mark.parametrize("scheme", ["file", "credential"])
def test_a_key_is_never_overwritten(tmp_path: Path, host_key: Path, scheme: str) -> None:
    url = f"{scheme}:{tmp_path}/key"
    (tmp_path / "key").write_bytes(b"what was there")
    with pytest.raises(TableError, match="exists already"):
        make_keystore(url, Bind.HOST)
    assert (tmp_path / "key").read_bytes() == b"what was there"
    (tmp_path / "key").unlink()
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TableError, match="exists already"):
        make_keystore(url, Bind.HOST)
    assert not (tmp_path / "elsewhere").exists()


def test_a_key_that_cannot_be_written_whole_is_not_left_behind(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="folder that can be written"):
        make_keystore(f"file:{tmp_path}/none/key")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, before[1]))  # a disk that is full after 20 bytes
    try:
        with pytest.raises(TableError, match="Check the disk"):
            make_keystore(f"file:{tmp_path}/key")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["", "file:", "credential:", "tpm:x", "/etc/key"])
def test_an_url_that_names_no_key_is_refused(url: str) -> None:
    with pytest.raises(TableError, match="file:PATH or credential:PATH"):
        open_keystore(url)
    with pytest.raises(TableError, match="file:PATH or credential:PATH"):
        make_keystore(url)


def _pem(key: X25519PrivateKey | Ed25519PrivateKey, password: bytes = b"") -> bytes:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes(32),
        b"\xff" * 100_000,
        _pem(Ed25519PrivateKey.generate()),
        _pem(X25519PrivateKey.generate(), b"password"),
        _pem(X25519PrivateKey.generate())[:-40],
    ],
    ids=["empty", "zeros", "long", "another kind", "behind a password", "cut short"],
)
def test_what_is_no_kiosk_key_is_refused_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    write_new(tmp_path / "key", content)
    assert "kioskctl keys make" in refused(f"file:{tmp_path}/key").detail


def test_a_missing_key_and_a_folder_are_refused_with_what_to_do(tmp_path: Path) -> None:
    assert "kioskctl keys make" in refused(f"file:{tmp_path}/key").detail
    assert "kioskctl keys make" in refused(f"file:{tmp_path}").detail
    assert "kioskctl keys make" in refused(f"credential:{tmp_path}/key").detail


def test_nothing_secret_in_repr_logs_and_tracebacks(
    tmp_path: Path, host_key: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stores = [make_keystore(f"file:{tmp_path}/key"), make_keystore(f"credential:{tmp_path}/cred", Bind.HOST)]
    said = "".join(repr(store) for store in stores)
    private = load_private(tmp_path / "key")
    envelope = seal(PEPPER, stores[0].public_key, "44")
    (host_key / "credential.secret").unlink()
    (tmp_path / "key").chmod(0o644)
    attempts: list[Callable[[], object]] = [
        lambda: stores[1].open_envelope(envelope),
        lambda: stores[0].open_envelope(envelope[:-1] + b"\0"),
        lambda: open_keystore(f"credential:{tmp_path}/cred"),
        lambda: open_keystore(f"file:{tmp_path}/key"),
    ]
    for attempt in attempts:
        with pytest.raises(TableError) as caught:
            attempt()
        said += "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    said += caplog.text + PublicHalf.of(stores[0]).model_dump_json()
    assert stores[0].device_id in said
    for secret in (private, PEPPER.secret):
        assert secret.hex() not in said
        assert b64encode(secret).decode() not in said
        assert repr(secret)[2:-1] not in said
    assert "PRIVATE" not in said


def load_private(path: Path) -> bytes:
    """The 32 bytes that nobody may see."""
    key = load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, X25519PrivateKey)
    return key.private_bytes_raw()


def test_the_public_half_travels_as_a_file_and_cannot_be_changed_on_the_way(tmp_path: Path) -> None:
    store = make_keystore(f"file:{tmp_path}/key")
    text = PublicHalf.of(store).model_dump_json()
    (tmp_path / "public").write_text(text)
    read = read_public_half(tmp_path / "public")
    assert (read.device_id, bytes.fromhex(read.public_key)) == (store.device_id, store.public_key)
    for place in range(text.index(store.public_key.hex()), text.index(store.public_key.hex()) + 64):
        (tmp_path / "public").write_text(f"{text[:place]}{int(text[place], 16) ^ 1:x}{text[place + 1 :]}")
        with pytest.raises(TableError, match="kioskctl keys export"):
            read_public_half(tmp_path / "public")


# ---- systemd-creds


def test_a_credential_bound_to_the_host_opens_again_and_says_what_that_is_worth(tmp_path: Path, host_key: Path) -> None:
    url = f"credential:{tmp_path}/device.cred"
    made = make_keystore(url, Bind.HOST)
    opened = open_keystore(url)
    assert opened.device_id == made.device_id
    assert opened.promise is KeyPromise.HOST
    assert "whole disk" in opened.promise.words
    assert opened.open_envelope(seal(PEPPER, made.public_key, "44")) == PEPPER


def test_a_stolen_credential_is_nothing_without_the_host_key(tmp_path: Path, host_key: Path) -> None:
    url = f"credential:{tmp_path}/device.cred"
    make_keystore(url, Bind.HOST)
    (host_key / "credential.secret").unlink()
    detail = refused(url).detail
    assert "does not open here" in detail
    assert "kioskctl keys make" in detail


def test_a_credential_of_another_name_or_with_an_altered_character_does_not_open(
    tmp_path: Path, host_key: Path, full: bool
) -> None:
    make_keystore(f"credential:{tmp_path}/device.cred", Bind.HOST)
    good = (tmp_path / "device.cred").read_bytes()
    (tmp_path / "other.cred").write_bytes(good)
    assert "does not open here" in refused(f"credential:{tmp_path}/other.cred").detail
    places = [place for place in range(0, len(good) - 5, 1 if full else 23) if good[place : place + 1].isalnum()]
    assert len(places) > 8
    for place in places:
        altered = b"B" if good[place : place + 1] == b"A" else b"A"
        (tmp_path / "device.cred").write_bytes(good[:place] + altered + good[place + 1 :])
        refused(f"credential:{tmp_path}/device.cred")


def test_a_key_handed_over_by_systemd_is_taken_without_asking_systemd_creds(
    tmp_path: Path, host_key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"credential:{tmp_path}/device.cred"
    made = make_keystore(url, Bind.HOST)
    handed = tmp_path / "handed"
    handed.mkdir()
    command = ["systemd-creds", "decrypt", "--name=device.cred", f"{tmp_path}/device.cred", f"{handed}/device.cred"]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    monkeypatch.setenv("PATH", str(tmp_path))
    opened = open_keystore(url)
    assert (opened.device_id, opened.promise) == (made.device_id, KeyPromise.HOST)
    (tmp_path / "device.cred").unlink()
    opened = open_keystore(url)
    assert (opened.device_id, opened.promise) == (made.device_id, KeyPromise.UNKNOWN)
    (handed / "device.cred").unlink()
    refused(url)


def test_without_systemd_creds_a_credential_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (tmp_path / "device.cred").write_bytes(b"sealed")
    assert "Install systemd 250" in refused(f"credential:{tmp_path}/device.cred").detail


def test_a_credential_of_a_kind_unknown_to_us_promises_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handed = tmp_path / "handed"
    handed.mkdir()
    write_new(handed / "device.cred", _pem(X25519PrivateKey.generate()))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    for content in (b64encode(bytes(64)), b"\xff\xfe", b"not base64"):
        (tmp_path / "device.cred").write_bytes(content)
        assert open_keystore(f"credential:{tmp_path}/device.cred").promise is KeyPromise.UNKNOWN


# ---- with a TPM (swtpm)


def test_a_key_bound_to_the_tpm_opens_by_itself_after_a_restart(
    tmp_path: Path, new_tpm: Callable[[str], SoftTpm]
) -> None:
    url = f"credential:{tmp_path}/device.cred"
    tpm = new_tpm("tpm")
    tpm.start()
    made = make_keystore(url, Bind.TPM)
    assert made.promise is KeyPromise.TPM
    tpm.start()
    opened = open_keystore(url)
    assert (opened.device_id, opened.promise) == (made.device_id, KeyPromise.TPM)
    assert opened.open_envelope(seal(PEPPER, made.public_key, "44")) == PEPPER


def test_a_whole_disk_that_was_taken_is_useless_without_its_tpm(
    tmp_path: Path, new_tpm: Callable[[str], SoftTpm]
) -> None:
    url = f"credential:{tmp_path}/device.cred"
    tpm, thief = new_tpm("tpm"), new_tpm("thief")
    tpm.start()
    make_keystore(url, Bind.TPM)
    tpm.stop()
    assert "does not open here" in refused(url).detail
    thief.start()
    assert "does not open here" in refused(url).detail
    tpm.start()
    open_keystore(url)


def test_a_machine_that_started_something_else_does_not_open_the_key(
    tmp_path: Path, new_tpm: Callable[[str], SoftTpm]
) -> None:
    url = f"credential:{tmp_path}/device.cred"
    tpm = new_tpm("tpm")
    tpm.start()
    make_keystore(url, Bind.TPM)
    tpm.start(measured="2")
    detail = refused(url).detail
    assert "boot state" in detail
    assert "office" in detail


def test_a_key_that_must_be_bound_to_a_tpm_is_not_made_without_one(
    tmp_path: Path, host_key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYSTEMD_TPM2_DEVICE", "swtpm:host=127.0.0.1,port=1")
    with pytest.raises(TableError, match="bind to host where there is no TPM"):
        make_keystore(f"credential:{tmp_path}/device.cred", Bind.TPM)
    assert not (tmp_path / "device.cred").exists()
