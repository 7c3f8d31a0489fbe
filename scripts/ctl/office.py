"""kioskctl office: what the health office does with keys. It runs at the office, never on a kiosk."""

from pathlib import Path
from typing import Annotated

import typer

from kiosk.clock import SystemClock
from kiosk.core.times import local_day
from kiosk.keystore import read_public_half
from scripts.ctl.output import AsJson, answer, emit
from scripts.ctl.synth import synth
from scripts.office.devices import Device, add_device, read_devices, remove_device
from scripts.office.peppers import make_pepper

app = typer.Typer(no_args_is_help=True, add_completion=False, help="What the health office does.")
devices = typer.Typer(no_args_is_help=True, help="The kiosks that get an envelope with each base.")
app.add_typer(devices, name="devices")
app.command()(synth)

DeviceList = Annotated[Path, typer.Argument(metavar="LIST", help="The office's list of kiosks.")]


@app.command()
def pepper(file: Annotated[Path, typer.Argument(help="File to write; it must not exist.")]) -> None:
    """Make the pepper of a new base, readable by its owner alone."""
    make_pepper(file)


@devices.command()
def add(
    list_: DeviceList,
    public: Annotated[Path, typer.Argument(help="What kioskctl keys export wrote on the kiosk.")],
    place: Annotated[str, typer.Option(help="Where the kiosk stands.")],
    as_json: AsJson = False,
) -> None:
    """Enrol a kiosk. Compare the device id with what its own screen says: kioskctl keys show."""
    today = local_day(SystemClock().now())
    answer("Enrolled", _facts(add_device(list_, read_public_half(public), place, today)), as_json)


@devices.command()
def remove(
    list_: DeviceList,
    device_id: Annotated[str, typer.Argument(help="32 hexadecimal digits.")],
    as_json: AsJson = False,
) -> None:
    """Strike a kiosk off: it cannot open the next base. Make that base with a new pepper."""
    answer("Removed", _facts(remove_device(list_, device_id)), as_json)


@devices.command(name="list")
def list_devices(list_: DeviceList, as_json: AsJson = False) -> None:
    """Name the kiosks that get an envelope with the next base."""
    known = read_devices(list_)
    if as_json:
        emit({"devices": [_facts(device) for device in known]})
    else:
        facts = {device.device_id: f"{device.place}, since {device.enrolled_on}" for device in known}
        answer(f"{len(known)} kiosks", facts, as_json=False)


def _facts(device: Device) -> dict[str, object]:
    return device.model_dump(mode="json", exclude={"format"})
