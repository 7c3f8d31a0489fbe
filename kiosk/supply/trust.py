"""Signatures, versions and expiry of a supply, by TUF (python-tuf): a medium is believed only through here."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import cast

from tuf.api import exceptions
from tuf.api.metadata import Metadata, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.ngclient import Updater
from tuf.ngclient.updater import TrustedMetadataSet

from kiosk.core.errors import ImportRefusedError, Refusal, SettingsError
from kiosk.store import sync_folder
from kiosk.supply.floors import RoleVersion
from kiosk.supply.folder import Medium, StrangeFileError

DEMO_ROOT = Path(__file__).with_name("demo-root.json")

_TOP = (Root.type, Timestamp.type, Snapshot.type, Targets.type)


class TrustedSupply:
    """The metadata of one supply on a medium, verified from a pinned root up to ``now``.

    ``metadata`` and ``targets`` are the URLs of its two folders, ``cache`` is where tuf keeps what it verified.
    Raises ImportRefusedError, and OSError where the cache cannot be written.
    """

    def __init__(self, medium: Medium, metadata: str, targets: str, cache: Path, root: bytes, now: datetime) -> None:
        self.medium = medium
        self._targets_url = targets if targets.endswith("/") else f"{targets}/"
        cache.mkdir(parents=True, exist_ok=True)
        for abandoned in cache.glob("tmp*"):  # where tuf was killed while it wrote
            abandoned.unlink()
        with refusing():
            self._pinned_keys = frozenset(Metadata[Root].from_bytes(root).signed.keys)
            self._updater = Updater(str(cache), metadata, fetcher=medium, bootstrap=root)
            # tuf asks the system's clock. Expiry has to be judged by the clock that judges everything else here, and
            # there is no other way to say so (tuf 7.0.1).
            self._trusted.reference_time = now
            self._updater.refresh()
        self._cache = cache

    @property
    def _trusted(self) -> TrustedMetadataSet:
        return self._updater._trusted_set  # noqa: SLF001

    @property
    def keys(self) -> frozenset[str]:
        """Identifiers of all keys that the root names, as it was pinned and as it is now."""
        return self._pinned_keys | frozenset(self._trusted.root.keys)

    @property
    def delegations(self) -> tuple[str, ...]:
        """Names of the roles to which the targets role delegates."""
        delegations = self._trusted.targets.delegations
        return tuple(delegations.roles or ()) if delegations else ()

    @property
    def nested(self) -> tuple[str, ...]:
        """Roles that were looked into and themselves delegate to others."""
        loaded = (role for role in self.delegations if role in self._trusted)
        return tuple(role for role in loaded if cast("Targets", self._trusted[role]).delegations)

    @property
    def own_targets(self) -> tuple[str, ...]:
        """Paths that the targets role itself lists."""
        return tuple(self._trusted.targets.targets)

    def versions(self) -> dict[str, RoleVersion]:
        """The version of every role, as the snapshot lists them."""
        trusted = self._trusted
        listed = {name.removesuffix(".json"): file.version for name, file in trusted.snapshot.meta.items()}
        listed |= {
            Root.type: trusted.root.version,
            Timestamp.type: trusted.timestamp.version,
            Snapshot.type: trusted.snapshot.version,
        }
        return {name: RoleVersion(version=version, keys=self._signers(name)) for name, version in listed.items()}

    def find(self, path: str) -> TargetFile | None:
        """What is signed about a path; None where nobody who may sign it does."""
        with refusing():
            return self._updater.get_targetinfo(path)

    def sync(self) -> None:
        """Make durable what tuf has kept of this supply: it does not do that itself. Raises OSError."""
        for folder in (self._cache, self._cache / "root_history"):
            for file in folder.glob("*.json"):
                with file.open("rb") as content:
                    os.fsync(content.fileno())
            sync_folder(folder)

    def url(self, target: TargetFile) -> str:
        """Where a target's file lies; with consistent snapshots its name begins with its digest."""
        if not self._trusted.root.consistent_snapshot:
            return self._targets_url + target.path
        folder, slash, name = target.path.rpartition("/")
        digest = next(iter(target.hashes.values()))
        return f"{self._targets_url}{folder}{slash}{digest}.{name}"

    def read(self, target: TargetFile, most: int) -> bytes:
        """A small file (``most`` bytes at most) whose bytes are those that were signed."""
        if target.length > most:
            raise ImportRefusedError(
                Refusal.STRANGE_FILE, f"{target.path} has {target.length} bytes. The office looks into it."
            )
        with refusing():
            data = self.medium.download_bytes(self.url(target), target.length)
            target.verify_length_and_hashes(data)
        return data

    def _signers(self, name: str) -> str:
        if name in _TOP:
            key_ids = self._trusted.root.roles[name].keyids
        else:
            delegations = self._trusted.targets.delegations
            role = (delegations.roles or {}).get(name) if delegations else None
            key_ids = role.keyids if role else []
        return hashlib.sha256(" ".join(sorted(key_ids)).encode()).hexdigest()


def read_root(path: Path) -> bytes:
    """A root of trust as it is pinned in the settings. Raises SettingsError."""
    try:
        data = path.read_bytes()
        Metadata[Root].from_bytes(data)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}. Put the office's root.json there.") from None
    except exceptions.RepositoryError:
        raise SettingsError(f"{path} is no TUF root. Put the office's root.json there.") from None
    return data


def demo_keys() -> frozenset[str]:
    """Identifiers of the demo's keys, whose private halves everybody has."""
    demo = Metadata[Root].from_file(str(DEMO_ROOT)).signed
    return frozenset(demo.keys)


_COPY_AGAIN = "Copy the supply to the stick again."
# The first that fits counts: some of these are kinds of others.
_REFUSALS: tuple[tuple[type[Exception], Refusal, str], ...] = (
    (exceptions.UnsignedMetadataError, Refusal.WRONG_KEY, "The office signs it again, or it is not the office's."),
    (exceptions.ExpiredMetadataError, Refusal.EXPIRED, "Bring a stick that was made today."),
    (exceptions.BadVersionNumberError, Refusal.OLDER, "Bring the newest stick."),
    (exceptions.RepositoryError, Refusal.DAMAGED, _COPY_AGAIN),
    (StrangeFileError, Refusal.STRANGE_FILE, "Have the stick looked at, and use another one."),
    (
        exceptions.DownloadLengthMismatchError,
        Refusal.STRANGE_FILE,
        "It is longer than it may be: use another stick.",
    ),
    (exceptions.DownloadHTTPError, Refusal.INCOMPLETE, _COPY_AGAIN),
    (exceptions.DownloadError, Refusal.INCOMPLETE, "Leave the stick in until the import has ended."),
)


@contextmanager
def refusing() -> Iterator[None]:
    """Say in the kiosk's words what tuf raises. Errors of our own disk other than a full one stay OSError."""
    try:
        yield
    except (exceptions.RepositoryError, exceptions.DownloadError) as error:
        refusal, remedy = next((refusal, remedy) for kind, refusal, remedy in _REFUSALS if isinstance(error, kind))
        raise ImportRefusedError(refusal, f"{error}. {remedy}") from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ImportRefusedError(Refusal.NO_ROOM, "the disk is full. A technician makes room.") from None
