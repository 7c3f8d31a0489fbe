"""From a medium into use: verify signatures, copy, verify content, and only then name it in the manifest."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from tuf.api.exceptions import DownloadHTTPError
from tuf.api.metadata import TargetFile

from kiosk.core.errors import ImportRefusedError, Refusal, TableError
from kiosk.core.ports import Clock
from kiosk.store import MANIFEST, LayerKind, Manifest, Supply, SupplyName, read_manifest, sync_folder, write_durably
from kiosk.supply.content import check_keys, check_layers, check_same_salt, check_site
from kiosk.supply.floors import check_clock, check_roles, check_serial, raised, read_floors, write_floors
from kiosk.supply.folder import Medium
from kiosk.supply.plan import FOLDERS, Place, Plan, Releases, make_plan, read_releases
from kiosk.supply.progress import Report, only_import
from kiosk.supply.release import check_times
from kiosk.supply.transfer import PART, copy_target, is_whole, keep, missing_bytes
from kiosk.supply.trust import TrustedSupply, refusing
from kiosk.table.layer import read_header

METADATA = "metadata"

_TIMESTAMP_BYTES = 1 << 14
_NOT_THERE = (403, 404)
_ROOM_TO_SPARE = 64 << 20  # for the journal, and for the file system itself


@dataclass(frozen=True, slots=True)
class Imported:
    """A supply that is in use after an import; ``changed`` is False where it was so before."""

    name: SupplyName
    serial: int
    changed: bool


class Importer:
    """Imports what a medium brings. What was in use before stays in use until all of a supply was verified."""

    def __init__(self, place: Place, clock: Clock) -> None:
        self._place = place
        self._store = place.store
        self._clock = clock

    def run(self, medium: Medium) -> tuple[Imported, ...]:
        """Import the province's supply and the site's, whichever are there; neither hinders the other.

        A serial that is installed already is verified again to the last byte and mended: that is the way to repair a
        damaged store. Raises ImportRefusedError; the reason also stands in the store's last-import.json.
        """
        try:
            self._store.mkdir(parents=True, exist_ok=True)
            with only_import(self._store):
                report = Report(self._store, self._clock)
                try:
                    with _disk_trouble_told():
                        imported = self._run(medium, report)
                except ImportRefusedError as error:
                    report.refused(error)
                    raise
                report.done()
                return imported
        except OSError as error:
            raise _disk_trouble(error) from None

    def _run(self, medium: Medium, report: Report) -> tuple[Imported, ...]:
        for folder in FOLDERS:
            self._make_folder(self._store / folder)
        check_clock(read_floors(self._store), self._clock.now())
        imported, refused = [], []
        for name in _offered(medium):
            try:
                with _disk_trouble_told():
                    imported.append(self._import(name, medium, report))
            except ImportRefusedError as error:
                refused.append(ImportRefusedError(error.refusal, f"{name}: {error.detail}"))
        if refused:
            raise refused[0]
        self._remove_all_but(_named(self._manifest()))
        return tuple(imported)

    def _import(self, name: SupplyName, medium: Medium, report: Report) -> Imported:
        root = self._place.roots.get(name)
        if root is None:
            detail = f"this kiosk takes no supply of a {name}: its root is not pinned. A technician sets site_root."
            raise ImportRefusedError(Refusal.FOREIGN, detail)
        folder = f"{medium.base}{name}/"
        cache = self._store / METADATA / name
        trusted = TrustedSupply(medium, f"{folder}metadata/", f"{folder}targets/", cache, root, self._clock.now())
        check_keys(trusted, self._place.mode)
        if name is SupplyName.SITE:
            check_site(trusted)
        releases = self._accept(name, trusted)
        old = self._manifest()
        was: Supply | None = getattr(old, name)
        plan = make_plan(releases, trusted, self._place, was)
        again = was is not None and was.serial == plan.supply.serial
        written = self._bring(trusted, plan, old, report, verify=again)
        floors = read_floors(self._store)
        if floors != (higher := raised(floors, name, serials=releases.serials)):
            write_floors(self._store, higher)
        if was != plan.supply or written:
            # Also after a repair: who has the files open sees by a new manifest that they are others now.
            new = old.model_copy(update={name.value: plan.supply})
            write_durably(self._store / MANIFEST, new.model_dump_json(indent=1).encode())
        return Imported(name, plan.supply.serial, was != plan.supply)

    def _accept(self, name: SupplyName, trusted: TrustedSupply) -> Releases:
        """The releases, after the floors were asked; from here on nothing older is ever accepted."""
        floors = read_floors(self._store)
        roles = trusted.versions()
        check_roles(floors.supply(name), roles)
        releases = read_releases(name, trusted, self._place.district)
        for path, release in releases.all.items():
            check_serial(floors.supply(name), path, release.serial)
            check_times(release, path, self._clock.now())
        trusted.sync()
        if floors != (higher := raised(floors, name, roles=roles, signed_at=releases.signed_at)):
            write_floors(self._store, higher)
        return releases

    def _bring(self, trusted: TrustedSupply, plan: Plan, old: Manifest, report: Report, *, verify: bool) -> int:
        """Copy what is not there and open it all; returns how many files were written.

        What the manifest names was verified when it came, and each page is whenever it is read; so it is not read as
        a whole again, unless ``verify`` asks for it or the layers do not open.
        """
        named = _named(old)
        if named:  # where the manifest cannot be read, nothing is known to be superfluous
            parts = {_part(file) for file in plan.large}
            self._remove_all_but({*named, *plan.large, *parts, *(file.parent for file in plan.large)})
        missing = {
            file: target
            for file, target in plan.large.items()
            if not self._is_there(file, target, trusted=_belongs(file, named) and not verify)
        }
        self._expect(missing, report)
        for file, target in missing.items():
            self._make_folder((self._store / file).parent)
            copy_target(trusted, target, self._store / file, report.copied)
        try:
            check_layers([(layer, self._store / file) for layer, file in plan.layers], plan.release, plan.pepper)
        except ImportRefusedError:
            if verify or not any(_belongs(file, named) for file in plan.large):
                raise
            return len(missing) + self._bring(trusted, plan, old, report, verify=True)
        self._check_site_list(plan, old)
        return len(missing) + sum(keep(self._store / file, data) for file, data in plan.small.items())

    def _check_site_list(self, plan: Plan, old: Manifest) -> None:
        local = [file for layer, file in plan.layers if layer.kind is LayerKind.LOCAL]
        bases = [layer.file for layer in (old.province.layers if old.province else ()) if layer.kind is LayerKind.BASE]
        for file in local:
            for base in bases:
                try:
                    check_same_salt(read_header(self._store / file), read_header(self._store / base))
                except TableError as error:
                    raise ImportRefusedError(Refusal.CONTRADICTS, error.detail) from None

    def _is_there(self, file: Path, target: TargetFile, *, trusted: bool) -> bool:
        path = self._store / file
        if not trusted:
            return is_whole(target, path)
        return path.exists() and path.stat().st_size == target.length

    def _expect(self, missing: dict[Path, TargetFile], report: Report) -> None:
        length = sum(missing_bytes(target, self._store / file) for file, target in missing.items())
        disk = os.statvfs(self._store)
        free = disk.f_bavail * disk.f_frsize - _ROOM_TO_SPARE
        if length > free:
            detail = f"{length >> 20} MiB are to be copied, but there is room for {max(0, free) >> 20} MiB."
            raise ImportRefusedError(Refusal.NO_ROOM, f"{detail} A technician makes room on the kiosk's disk.")
        report.expect(length)

    def _manifest(self) -> Manifest:
        try:
            return read_manifest(self._store)
        except TableError:
            # Nothing was imported yet, or the manifest is damaged: an import is what mends it.
            return Manifest()

    def _make_folder(self, folder: Path) -> None:
        if not folder.exists():
            folder.mkdir()
            sync_folder(folder.parent)

    def _remove_all_but(self, wanted: Iterable[Path]) -> None:
        keeping = {self._store / path for path in wanted}
        for folder in FOLDERS:
            for path in set((self._store / folder).iterdir()) - keeping:
                if path.is_dir():
                    rmtree(path)
                else:
                    path.unlink()


def _offered(medium: Medium) -> list[SupplyName]:
    offered = [name for name in SupplyName if _is_offered(medium, name)]
    if not offered:
        raise ImportRefusedError(Refusal.NO_SUPPLY, "there is no supply on this medium. Bring the office's stick.")
    return offered


def _is_offered(medium: Medium, name: SupplyName) -> bool:
    with refusing():
        try:
            medium.download_bytes(f"{medium.base}{name}/metadata/timestamp.json", _TIMESTAMP_BYTES)
        except DownloadHTTPError as error:
            if error.status_code not in _NOT_THERE:
                raise
            return False
    return True


def _named(manifest: Manifest) -> set[Path]:
    """Files that a manifest names, and the folder of its models; relative to the store."""
    named: set[Path] = set()
    for supply in (manifest.province, manifest.site):
        if supply is not None:
            single = (supply.envelope, supply.risks, supply.models)
            layers = (layer.file for layer in supply.layers)
            named |= {Path(file) for file in (*layers, *supply.policies, *single) if file is not None}
    return named


def _belongs(file: Path, named: set[Path]) -> bool:
    return file in named or file.parent in named


def _part(file: Path) -> Path:
    return file.with_name(file.name + PART)


@contextmanager
def _disk_trouble_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _disk_trouble(error) from None


def _disk_trouble(error: OSError) -> ImportRefusedError:
    where = f"{error.filename}: " if error.filename else ""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    refusal = Refusal.NO_ROOM if full else Refusal.DISK
    return ImportRefusedError(refusal, f"{where}{error.strerror}. A technician looks at the kiosk's disk.")
