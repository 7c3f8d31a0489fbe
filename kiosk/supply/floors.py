"""What must not be undercut: versions, serials and signed times that were accepted before.

tuf keeps its metadata without fsync; after a power cut that emptied them an old stick would be new again. So what was
accepted also stands here, durably, before anything of it is put to use.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from kiosk.core.errors import ImportRefusedError, Refusal
from kiosk.store import MANIFEST, SupplyName, write_durably

FLOORS = "floors.json"
ROOT = "root"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RoleVersion(_Entry):
    """The version of a signed role; ``keys`` is a digest of the keys that its delegator lets sign."""

    version: int
    keys: str


class SupplyFloors(_Entry):
    """Floors of one supply: ``roles`` by their names, ``serials`` by the path of the release file."""

    roles: dict[str, RoleVersion] = {}
    serials: dict[str, int] = {}


class Floors(_Entry):
    """Everything that ``floors.json`` holds. ``newest`` is the latest time that was ever signed."""

    format: int = 1
    newest: AwareDatetime | None = None
    supplies: dict[SupplyName, SupplyFloors] = {}

    def supply(self, name: SupplyName) -> SupplyFloors:
        return self.supplies.get(name, SupplyFloors())


def read_floors(store: Path) -> Floors:
    """The floors of a store. Raises ImportRefusedError where they cannot be read or were taken away."""
    path = store / FLOORS
    try:
        return Floors.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        if (store / MANIFEST).exists():
            raise _lost(path, "is missing beside an installed supply") from None
        return Floors()
    except OSError as error:
        raise _lost(path, f"cannot be read ({error.strerror})") from None
    except ValidationError:
        raise _lost(path, "cannot be understood") from None


def write_floors(store: Path, floors: Floors) -> None:
    """Replace the floors durably. Raises OSError."""
    write_durably(store / FLOORS, floors.model_dump_json(indent=1).encode())


def clock_floor(store: Path) -> datetime | None:
    """The newest time ever signed in an accepted supply: the clock cannot be right before it (A9).

    None where nothing was accepted yet, and where the floors cannot be read: then every import says so.
    """
    try:
        return read_floors(store).newest
    except ImportRefusedError:
        return None


def check_clock(floors: Floors, now: datetime) -> None:
    """Raises ImportRefusedError(CLOCK) where the clock is behind a time that was signed."""
    if floors.newest is not None and now < floors.newest:
        raise ImportRefusedError(
            Refusal.CLOCK,
            f"it is {now:%Y-%m-%d %H:%M} UTC by this clock, but an earlier supply was signed at"
            f" {floors.newest:%Y-%m-%d %H:%M} UTC. A technician sets the clock.",
        )


def check_roles(floors: SupplyFloors, roles: Mapping[str, RoleVersion]) -> None:
    """Raises ImportRefusedError(OLDER) where a role is older than what was accepted before.

    Where the root has given a role other keys, its floor starts anew: so a stolen key that was used to sign a very
    high version does not lock the kiosk for good. The root itself has no such exception.
    """
    for name, floor in floors.roles.items():
        found = roles.get(name)
        if found is None or found.version >= floor.version or (name != ROOT and found.keys != floor.keys):
            continue
        raise ImportRefusedError(
            Refusal.OLDER,
            f"{name} has version {found.version}, but version {floor.version} was accepted before."
            " Bring the newest stick.",
        )


def check_serial(floors: SupplyFloors, release: str, serial: int) -> None:
    """Raises ImportRefusedError(OLDER) where a release has a lower serial than one that was accepted before (A8)."""
    floor = floors.serials.get(release, 0)
    if serial < floor:
        raise ImportRefusedError(
            Refusal.OLDER,
            f"{release} has serial {serial}, but {floor} was accepted before. Bring the newest stick.",
        )


def raised(
    floors: Floors,
    name: SupplyName,
    *,
    roles: Mapping[str, RoleVersion] | None = None,
    serials: Mapping[str, int] | None = None,
    signed_at: datetime | None = None,
) -> Floors:
    """The floors after something was accepted."""
    supply = floors.supply(name)
    changed = SupplyFloors(
        roles={**supply.roles, **(roles or {})},
        serials={**supply.serials, **(serials or {})},
    )
    times = [time for time in (floors.newest, signed_at) if time is not None]
    return Floors(newest=max(times, default=None), supplies={**floors.supplies, name: changed})


def _lost(path: Path, what: str) -> ImportRefusedError:
    detail = f"{path} {what}. Without it an old supply could pass for a new one: a technician sets the store up."
    return ImportRefusedError(Refusal.DAMAGED, detail)
