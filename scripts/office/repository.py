"""The office's TUF repository: who may sign what, for how long, and the folder that goes onto sticks.

Keys are PEM files (PKCS 8, Ed25519) in any folders; which role a key belongs to is what the root and the delegations
say. Whatever needs the root's threshold takes the folders of as many of its keepers.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner, Key, SSlibKey
from tuf.api.exceptions import LengthOrHashMismatchError, RepositoryError
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from kiosk.core.errors import TableError
from kiosk.keystore import write_new
from kiosk.store import SupplyName, sync_folder, write_durably

POLICY, MODELS = "policy", "models"

Files = Mapping[str, Path | bytes]  # by target path

_DAY = timedelta(days=1)
_YEAR = 365 * _DAY
_FRESH = 3 * _DAY  # as long as data count (A3): who holds back newer sticks gains no more than that
_LIFETIMES = {Root.type: _YEAR, Targets.type: _YEAR, POLICY: _YEAR, MODELS: _YEAR}
_RENEWED = 30 * _DAY  # before they expire
_TOP = (Root.type, Targets.type, Snapshot.type, Timestamp.type)
_S = TypeVar("_S", Root, Targets, Snapshot, Timestamp)


def codes_role(district: str) -> str:
    """The role that signs a district's codes."""
    return f"codes/{district}"


def make_key(folder: Path, name: str) -> Key:
    """A new signing key in ``folder``/``name``.pem, for its owner alone. Raises TableError where it exists."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    signer = CryptoSigner.generate_ed25519()
    write_new(folder / f"{name}.pem", signer.private_bytes)
    return signer.public_key


class Repository:
    """One signed supply. ``folder`` holds what is published; ``keys`` are the folders of the keys at hand."""

    def __init__(self, folder: Path, keys: Iterable[Path]) -> None:
        self._metadata = folder / "metadata"
        self._targets = folder / "targets"
        self._signers = dict(_load_keys(keys))

    @classmethod
    def create(
        cls,
        folder: Path,
        keys: Path,
        name: SupplyName,
        now: datetime,
        districts: Sequence[str] = (),
        root_keys: int = 3,
        root_threshold: int = 2,
    ) -> "Repository":
        """Make keys, root and the first version of every role. Raises TableError where there is one already.

        A province delegates codes to its districts, and policies and models; a site signs its list itself.
        """
        if (folder / "metadata").exists():
            raise TableError(None, f"{folder} holds a repository already. Name another folder.")
        made = {f"{Root.type}-{number}": make_key(keys, f"{Root.type}-{number}") for number in range(1, root_keys + 1)}
        root = Root(version=1, expires=_expiry(Root.type, now), consistent_snapshot=True)
        for key in made.values():
            root.add_key(key, Root.type)
        root.roles[Root.type].threshold = root_threshold
        for role in _TOP[1:]:
            root.add_key(make_key(keys, role), role)
        targets = Targets(expires=_expiry(Targets.type, now))
        if name is SupplyName.PROVINCE:
            roles = [codes_role(district) for district in districts] + [POLICY, MODELS]
            targets.delegations = delegations({role: make_key(keys, role.replace("/", "-")) for role in roles})
        repository = cls(folder, [keys])
        repository.begin(root, targets, now)
        return repository

    @property
    def root(self) -> bytes:
        """The newest root, to be pinned in kiosks."""
        return self._path(Root.type, self._newest_root()).read_bytes()

    def begin(self, root: Root, targets: Targets, now: datetime) -> None:
        """Write the first version of everything, ``root`` and ``targets`` as they are given."""
        for folder in (self._metadata, self._targets):
            folder.mkdir(parents=True, exist_ok=True)
        self._sign(Root.type, root, (root.roles[Root.type].keyids, root.roles[Root.type].threshold))
        self._write(Targets.type, targets, now)
        for role in _delegated(targets):
            self._write(role, Targets(expires=_expiry(role, now)), now)
        self._write_snapshot([Targets.type, *_delegated(targets)], now)

    def publish(self, contents: Mapping[str, Files], now: datetime) -> None:
        """Let each role in ``contents`` sign these files and no others, and date the whole anew.

        Other lasting roles that would soon expire are signed again where their keys are at hand. Raises TableError
        where keys are missing.
        """
        listed = {role: self._read(role, Targets).signed for role in self._roles()}
        changed = list(contents)
        for role, files in contents.items():
            if role not in listed:
                raise TableError(None, f"{role} is no role of this repository. It has {', '.join(listed)}.")
            signed = listed[role]
            signed.targets = {path: self._keep(path, content) for path, content in files.items()}
            self._raise(role, signed, now)
        for role, signed in listed.items():
            # Codes are never renewed so: their age is what their expiry is about.
            lasting = role in _LIFETIMES and role not in contents
            if lasting and signed.expires - now < _RENEWED and self._can_sign(role):
                self._raise(role, signed, now)
                changed.append(role)
        self._write_snapshot(changed, now)
        _remove_all_but({file for file, _ in self._current_files()}, self._targets)

    def current(self, role: str, path: str) -> bytes | None:
        """A file as a role signed it last."""
        target = self._read(role, Targets).signed.targets.get(path)
        return self._file(path, target).read_bytes() if target else None

    def rotate_root(self, now: datetime, replace: Mapping[str, Sequence[Key]], threshold: int | None = None) -> None:
        """A new root in which the roles of ``replace`` have other keys, signed by the old root's keys and its own.

        Everything that was signed by a replaced key is signed anew. Raises TableError where keys are missing.
        """
        old = self._read(Root.type, Root).signed
        new = Metadata[Root].from_bytes(self.root).signed
        new.version += 1
        new.expires = _expiry(Root.type, now)
        for role, keys in replace.items():
            for key_id in list(new.roles[role].keyids):
                new.revoke_key(key_id, role)
            for key in keys:
                new.add_key(key, role)
        if threshold is not None:
            new.roles[Root.type].threshold = threshold
        before, after = old.roles[Root.type], new.roles[Root.type]
        self._sign(Root.type, new, (before.keyids, before.threshold), (after.keyids, after.threshold))
        again = [role for role in replace if role == Targets.type]
        for role in again:
            self._raise(role, self._read(role, Targets).signed, now)
        self._write_snapshot(again, now)

    def redelegate(self, role: str, key: Key, now: datetime) -> None:
        """Let another key sign a delegated role from now on; what the old one signed is signed anew."""
        targets = self._read(Targets.type, Targets).signed
        signed = self._read(role, Targets).signed
        for key_id in list(targets.get_delegated_role(role).keyids):
            targets.revoke_key(key_id, role)
        targets.add_key(key, role)
        self._raise(Targets.type, targets, now)
        self._raise(role, signed, now)
        self._write_snapshot([Targets.type, role], now)

    def export(self, medium: Path) -> None:
        """Make ``medium`` hold what is current and nothing else; its timestamp is exchanged last. Raises OSError."""
        metadata, targets = medium / "metadata", medium / "targets"
        wanted: set[Path] = set()
        for source, target in self._current_files():
            wanted.add(_copy(source, targets / source.relative_to(self._targets), target))
        files = [self._path(Root.type, version) for version in range(1, self._newest_root() + 1)]
        files += [self._path(role, self._version(role)) for role in (Snapshot.type, *self._roles())]
        for source in files:
            wanted.add(_copy(source, metadata / source.relative_to(self._metadata)))
        timestamp = metadata / f"{Timestamp.type}.json"
        write_durably(timestamp, (self._metadata / timestamp.name).read_bytes())
        wanted.add(timestamp)
        _remove_all_but(wanted, metadata)
        _remove_all_but(wanted, targets)

    def _current_files(self) -> Iterator[tuple[Path, TargetFile]]:
        for role in self._roles():
            for path, target in self._read(role, Targets).signed.targets.items():
                yield self._file(path, target), target

    def _roles(self) -> list[str]:
        targets = self._read(Targets.type, Targets).signed
        return [Targets.type, *_delegated(targets)]

    def _newest_root(self) -> int:
        return max(int(path.name.split(".")[0]) for path in self._metadata.glob(f"*.{Root.type}.json"))

    def _version(self, role: str) -> int:
        if role == Root.type:
            return self._newest_root()
        timestamp = Metadata[Timestamp].from_file(str(self._path(Timestamp.type, None))).signed
        if role == Snapshot.type:
            return timestamp.snapshot_meta.version
        return self._read(Snapshot.type, Snapshot).signed.meta[f"{role}.json"].version

    def _path(self, role: str, version: int | None) -> Path:
        # A web server would take the slash in a role's name for a folder as well.
        return self._metadata / (f"{role}.json" if version is None else f"{version}.{role}.json")

    def _read(self, role: str, kind: type[_S]) -> Metadata[_S]:
        path = self._path(role, self._version(role))
        try:
            return Metadata[_S].from_bytes(path.read_bytes())
        except OSError as error:
            raise TableError(None, f"{path}: {error.strerror}. Name the office's repository.") from None
        except RepositoryError as error:
            raise TableError(None, f"{path}: {error}. Fetch the last copy of the repository.") from None

    def _raise(self, role: str, signed: Targets, now: datetime) -> None:
        signed.version += 1
        self._write(role, signed, now)

    def _write(self, role: str, signed: Any, now: datetime) -> None:
        signed.expires = _expiry(role, now)
        self._sign(role, signed, self._signing(role))

    def _write_snapshot(self, changed: Sequence[str], now: datetime) -> None:
        first = not self._path(Timestamp.type, None).exists()
        snapshot = Snapshot(meta={}) if first else self._read(Snapshot.type, Snapshot).signed
        timestamp = (
            Timestamp() if first else Metadata[Timestamp].from_file(str(self._path(Timestamp.type, None))).signed
        )
        for role in changed:
            version = 1 if first else snapshot.meta[f"{role}.json"].version + 1
            snapshot.meta[f"{role}.json"] = self._listed(role, version)
        if not first:
            snapshot.version += 1
            timestamp.version += 1
        self._write(Snapshot.type, snapshot, now)
        timestamp.snapshot_meta = self._listed(Snapshot.type, snapshot.version)
        self._write(Timestamp.type, timestamp, now)

    def _listed(self, role: str, version: int) -> MetaFile:
        return MetaFile.from_data(version, self._path(role, version).read_bytes(), ["sha256"])

    def _signing(self, role: str) -> tuple[list[str], int]:
        if role in _TOP:
            chosen: Any = Metadata[Root].from_bytes(self.root).signed.roles[role]
        else:
            version = max(int(path.name.split(".")[0]) for path in self._metadata.glob(f"*.{Targets.type}.json"))
            targets = Metadata[Targets].from_bytes(self._path(Targets.type, version).read_bytes()).signed
            chosen = targets.delegations.roles[role]  # type: ignore[union-attr, index]
        return chosen.keyids, chosen.threshold

    def _can_sign(self, role: str) -> bool:
        key_ids, threshold = self._signing(role)
        return len(self._signers.keys() & set(key_ids)) >= threshold

    def _sign(self, role: str, signed: Any, *needed: tuple[list[str], int]) -> None:
        md: Metadata[Any] = Metadata(signed)
        for key_id in dict.fromkeys(key_id for key_ids, _ in needed for key_id in key_ids):
            if key_id in self._signers:
                md.sign(self._signers[key_id], append=True)
        for key_ids, threshold in needed:
            here = len(md.signatures.keys() & set(key_ids))
            if here < threshold:
                detail = f"{role} needs {threshold} of its keys, of which {here} are here. Name their folders too."
                raise TableError(None, detail)
        path = self._path(role, None if role == Timestamp.type else signed.version)
        path.parent.mkdir(exist_ok=True)
        write_durably(path, md.to_bytes(JSONSerializer(compact=True)))

    def _keep(self, path: str, content: Path | bytes) -> TargetFile:
        if isinstance(content, bytes):
            target = TargetFile.from_data(path, content, ["sha256"])
            file = self._file(path, target)
            file.parent.mkdir(parents=True, exist_ok=True)
            write_durably(file, content)
        else:
            target = TargetFile.from_file(path, str(content), ["sha256"])
            _copy(content, self._file(path, target), target)
        return target

    def _file(self, path: str, target: TargetFile) -> Path:
        folder, slash, name = path.rpartition("/")
        return self._targets / f"{folder}{slash}{target.hashes['sha256']}.{name}"


def delegations(keys: Mapping[str, Key]) -> Delegations:
    """Roles that sign what lies in the folder of their name, each with its key; nobody else is asked about it."""
    # One star does not cross a slash; the second pattern is for envelopes.
    roles = {
        role: DelegatedRole(role, [key.keyid], 1, terminating=True, paths=[f"{role}/*", f"{role}/*/*"])
        for role, key in keys.items()
    }
    return Delegations({key.keyid: key for key in keys.values()}, roles)


def _delegated(targets: Targets) -> list[str]:
    return list(targets.delegations.roles or ()) if targets.delegations else []


def _expiry(role: str, now: datetime) -> datetime:
    return _whole_second(now + _LIFETIMES.get(role, _FRESH))


def _whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _load_keys(folders: Iterable[Path]) -> Iterable[tuple[str, CryptoSigner]]:
    for folder in folders:
        for path in sorted(folder.glob("*.pem")):
            try:
                key = load_pem_private_key(path.read_bytes(), None)
            except (OSError, ValueError, TypeError):
                raise TableError(None, f"{path} is no readable key. Take it out of the folder.") from None
            if isinstance(key, Ed25519PrivateKey):
                public = SSlibKey.from_crypto(key.public_key())
                yield public.keyid, CryptoSigner(key, public)


def _copy(source: Path, to: Path, target: TargetFile | None = None) -> Path:
    """Copy durably, unless ``to`` is the target to its last byte already."""
    if target is not None and _is(target, to):
        return to
    to.parent.mkdir(parents=True, exist_ok=True)
    new = to.with_name(to.name + ".new")
    with source.open("rb") as reading, new.open("wb") as writing:
        shutil.copyfileobj(reading, writing, 1 << 20)
        writing.flush()
        os.fsync(writing.fileno())
    new.replace(to)
    sync_folder(to.parent)
    return to


def _is(target: TargetFile, file: Path) -> bool:
    try:
        with file.open("rb") as content:
            target.verify_length_and_hashes(content)
    except (FileNotFoundError, LengthOrHashMismatchError):
        return False
    return True


def _remove_all_but(wanted: set[Path], folder: Path) -> None:
    for found in sorted(folder.rglob("*"), reverse=True):
        if found.is_dir():
            if not any(found.iterdir()):
                found.rmdir()
        elif found not in wanted:
            found.unlink()
