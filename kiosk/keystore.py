"""The kiosk's own key: the one secret that is kept on its disk. It opens the envelopes that bring peppers.

``file:PATH``        the private key in a file of mode 0600: for the demo, and in need
``credential:PATH``  the private key as an encrypted credential of systemd (systemd-creds): bound to the machine's TPM
                     where there is one, else to the host's key. A unit with LoadCredentialEncrypted=NAME:PATH, NAME
                     being the file's name, is handed the key by systemd; root can open it without a unit.

Both open without a person after a restart. In both the decrypted key lives in the memory of the process alone.
"""

import binascii
import logging
import os
import stat
import subprocess
from base64 import b64decode
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path
from typing import Annotated, Literal, Protocol, Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kiosk.core.errors import Fault, TableError
from kiosk.envelope import device_id, unseal
from kiosk.store import Hex32, sync_folder
from kiosk.table.chain import Pepper

log = logging.getLogger(__name__)

_MAX_BYTES = 1 << 16
_SECONDS = 60  # a TPM may take some
# The first 16 bytes of a credential say which keys it needs (systemd 250 to 258).
_HOST = bytes.fromhex("5a1c6a86df9d4096b1d5a65e0862f19a")
_TPM = (bytes.fromhex("0c7cc07b117645919c4b0bea08bc20fe"), bytes.fromhex("93a894094874449090caf2fc93cab553"))


@unique
class KeyPromise(StrEnum):
    """What a key's keeping promises when the disk is taken."""

    NONE = "none"
    HOST = "host"
    TPM = "tpm"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        """One sentence for the technician."""
        return _WORDS[self]


_WORDS = {
    KeyPromise.NONE: "promises nothing: who takes or copies the disk has the key (for demonstrations only)",
    KeyPromise.HOST: "protects the file alone: who takes or copies the whole disk has the key",
    KeyPromise.TPM: "opens only with this machine's TPM and in its Secure Boot state: a disk that was taken is useless",
    KeyPromise.UNKNOWN: "is kept in a way that this program does not know: take it for no protection",
}


@unique
class Bind(StrEnum):
    """What a new credential is bound to."""

    AUTO = "auto"  # the TPM where there is one
    TPM = "tpm"  # refused where there is none
    HOST = "host"


class KeyStore(Protocol):
    """The kiosk's key pair, of which only the public half is ever seen."""

    @property
    def device_id(self) -> str:
        """Fingerprint of the public key: 32 hexadecimal digits."""

    @property
    def public_key(self) -> bytes:
        """X25519, 32 bytes."""

    @property
    def promise(self) -> KeyPromise:
        """What its keeping promises."""

    def open_envelope(self, data: bytes) -> Pepper:
        """The pepper sealed to this kiosk; its key id is that which the envelope names. Raises EnvelopeError."""


class PublicHalf(BaseModel):
    """What a kiosk hands to the office: the file that ``kioskctl keys export`` writes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    device_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    public_key: Hex32

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.device_id != device_id(bytes.fromhex(self.public_key)):
            raise ValueError("device id and public key do not belong together")
        return self

    @classmethod
    def of(cls, store: KeyStore) -> Self:
        """The public half of a kiosk's key."""
        return cls(device_id=store.device_id, public_key=store.public_key.hex())


def read_public_half(path: Path) -> PublicHalf:
    """The exported public half of a kiosk's key. Raises TableError."""
    try:
        return PublicHalf.model_validate_json(path.read_bytes())
    except OSError as error:
        raise TableError(None, f"{path}: {error.strerror}. Name the file that kioskctl keys export wrote.") from None
    except ValidationError:
        detail = f"{path} is no exported key, or was altered. Export it again on the kiosk: kioskctl keys export."
        raise TableError(None, detail) from None


@dataclass(frozen=True, slots=True, repr=False)
class _OpenedKey:
    private_key: X25519PrivateKey
    promise: KeyPromise

    def __repr__(self) -> str:
        return f"KeyStore({self.device_id}, {self.promise})"

    @property
    def device_id(self) -> str:
        return device_id(self.public_key)

    @property
    def public_key(self) -> bytes:
        return self.private_key.public_key().public_bytes_raw()

    def open_envelope(self, data: bytes) -> Pepper:
        return unseal(data, self.private_key)


def open_keystore(url: str) -> KeyStore:
    """The key that ``url`` names. Raises TableError(TABLE_FOREIGN), since without it no table is for this kiosk."""
    scheme, path = _parse(url)
    if scheme == "file":
        return _opened(read_secret(path), path, KeyPromise.NONE)
    handed = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent"), path.name)
    if not handed.exists():
        sealed = _read(path)
        return _opened(_decrypt(sealed, path), path, _promise(sealed))
    try:
        promise = _promise(_read(path))
    except TableError:  # the unit's user need not be able to read it
        promise = KeyPromise.UNKNOWN
    return _opened(_read(handed), handed, promise)


def key_file(url: str) -> Path:
    """The file that ``url`` names. Raises TableError."""
    return _parse(url)[1]


def make_keystore(url: str, bind: Bind = Bind.AUTO) -> KeyStore:
    """Make a new key at ``url``, which must not exist; ``bind`` concerns a credential. Raises TableError."""
    scheme, path = _parse(url)
    pem = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if scheme == "file":
        write_new(path, pem)
    else:
        sealed = _encrypt(pem, path, bind)
        # What cannot be opened again must not be enrolled.
        if _decrypt(sealed, path) != pem:
            raise TableError(None, f"{path}: systemd-creds gave another key back. Check the TPM, then make it again.")
        write_new(path, sealed, 0o644)  # of no use to who reads it; says to the unit's user what it is bound to
    return open_keystore(url)


def write_new(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file durably that must not exist yet, by default for its owner alone. Raises TableError."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise TableError(None, f"{path} exists already. Use it, or name another file.") from None
    except OSError as error:
        raise TableError(None, f"{path}: {error.strerror}. Name a file in a folder that can be written.") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise TableError(None, f"{path}: {error.strerror}. Check the disk, then try again.") from None


def read_secret(path: Path) -> bytes:
    """A file that nobody but its owner may read. Raises TableError(TABLE_FOREIGN)."""
    return _read(path, stat.S_IRWXG | stat.S_IRWXO)


def _read(path: Path, forbidden: int = 0) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_MAX_BYTES)
    except OSError as error:
        remedy = "Name the right file; kioskctl keys make makes a kiosk's key, kioskctl office pepper a pepper."
        raise TableError(Fault.TABLE_FOREIGN, f"{path}: {error.strerror}. {remedy}") from None
    if mode & forbidden:
        detail = f"{path} can be read by others than its owner. Run: chmod 600 {path}; think about a new key."
        raise TableError(Fault.TABLE_FOREIGN, detail)
    return data


def _parse(url: str) -> tuple[str, Path]:
    scheme, _, path = url.partition(":")
    if scheme not in ("file", "credential") or not path:
        raise TableError(None, f'"{url}" names no key. Write file:PATH or credential:PATH.')
    return scheme, Path(path)


def _opened(pem: bytes, path: Path, promise: KeyPromise) -> _OpenedKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):  # TypeError: a key behind a password
        key = None
    if not isinstance(key, X25519PrivateKey):
        detail = f"{path} holds no kiosk key. Make one with kioskctl keys make, and let the office enrol it."
        raise TableError(Fault.TABLE_FOREIGN, detail)
    return _OpenedKey(key, promise)


def _promise(sealed: bytes) -> KeyPromise:
    try:
        kind = b64decode(b"".join(sealed.split()), validate=True)[:16]
    except binascii.Error:
        return KeyPromise.UNKNOWN
    if kind in _TPM:
        return KeyPromise.TPM
    return KeyPromise.HOST if kind == _HOST else KeyPromise.UNKNOWN


def _encrypt(pem: bytes, path: Path, bind: Bind) -> bytes:
    with_key = "host+tpm2" if bind is Bind.TPM else bind.value
    done = _systemd_creds(["encrypt", f"--name={path.name}", f"--with-key={with_key}", "-", "-"], pem)
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode:
        detail = f"systemd-creds could not seal the key: {said}. Run as root; bind to host where there is no TPM."
        raise TableError(None, detail)
    for line in said.splitlines():
        log.warning("systemd-creds: %s", line)
    return done.stdout


def _decrypt(sealed: bytes, path: Path) -> bytes:
    done = _systemd_creds(["decrypt", f"--name={path.name}", "-", "-"], sealed)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        detail = (
            f"{path} does not open here: {said}. It opens as root or in its unit, on the machine and in the boot state"
            " it was made in; where those have changed, make a new key with kioskctl keys make and let the office"
            " enrol it."
        )
        raise TableError(Fault.TABLE_FOREIGN, detail)
    return done.stdout


def _systemd_creds(arguments: list[str], given: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["systemd-creds", *arguments], input=given, capture_output=True, timeout=_SECONDS, check=False
        )
    except FileNotFoundError:
        detail = "systemd-creds is missing. Install systemd 250 or newer, or keep the key as file:PATH (a demo only)."
    except subprocess.TimeoutExpired:
        detail = f"systemd-creds did not answer in {_SECONDS} s. Check the TPM, then restart the kiosk."
    raise TableError(Fault.TABLE_FOREIGN, detail)
