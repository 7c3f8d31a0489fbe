"""The office's list of enrolled kiosks: whoever stands on it gets an envelope with each new base.

A removed kiosk goes on with the pepper that it has, and cannot open the next base.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kiosk.core.errors import TableError
from kiosk.envelope import SITE, seal
from kiosk.keystore import PublicHalf
from kiosk.store import write_durably
from kiosk.table.chain import PEPPER_BYTES, Pepper


class Device(PublicHalf):
    """One enrolled kiosk."""

    place: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
    enrolled_on: date


class _DeviceList(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    devices: tuple[Device, ...] = ()


def read_devices(path: Path) -> tuple[Device, ...]:
    """The enrolled kiosks, in the order of their enrolment; none where there is no list yet. Raises TableError."""
    try:
        return _DeviceList.model_validate_json(path.read_bytes()).devices
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise TableError(None, f"{path}: {error.strerror}. Name the office's list of kiosks.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole file"
        raise TableError(None, f"{path}: {where}: {first['msg']}. Correct it, or fetch the last copy.") from None


def add_device(path: Path, public: PublicHalf, place: str, today: date) -> Device:
    """Enrol a kiosk at ``place``. Raises TableError where it is enrolled already or its key cannot be sealed to."""
    devices = read_devices(path)
    for known in devices:
        if known.device_id == public.device_id:
            raise TableError(None, f"kiosk {known.device_id} is enrolled already, at {known.place}. Remove it first.")
    try:
        device = Device(**public.model_dump(), place=place, enrolled_on=today)
    except ValidationError:
        raise TableError(None, f'"{place}" is no name of a place. Write 1 to 100 characters in one line.') from None
    try:
        # A key of small order would be found out only when the next base is sealed, for all kiosks at once.
        envelopes((device,), Pepper(bytes(PEPPER_BYTES)), SITE)
    except ValueError:
        detail = f"nothing can be sealed to the key of {device.device_id}. Make a new key on the kiosk and export it."
        raise TableError(None, detail) from None
    _write(path, (*devices, device))
    return device


def remove_device(path: Path, device_id: str) -> Device:
    """Strike a kiosk off; it cannot open the next base. Raises TableError where it is not enrolled."""
    devices = read_devices(path)
    kept = tuple(device for device in devices if device.device_id != device_id)
    if len(kept) == len(devices):
        raise TableError(None, f"no kiosk {device_id} in {path}. kioskctl office devices list names them.")
    _write(path, kept)
    return next(device for device in devices if device.device_id == device_id)


def envelopes(devices: tuple[Device, ...], pepper: Pepper, district: str) -> dict[str, bytes]:
    """An envelope for each kiosk, by its device id. ``district`` as in kiosk.envelope.seal."""
    return {device.device_id: seal(pepper, bytes.fromhex(device.public_key), district) for device in devices}


def _write(path: Path, devices: tuple[Device, ...]) -> None:
    try:
        write_durably(path, (_DeviceList(devices=devices).model_dump_json(indent=1) + "\n").encode())
    except OSError as error:
        raise TableError(None, f"{path}: {error.strerror}. Name a file in a folder that can be written.") from None
