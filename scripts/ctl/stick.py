"""kioskctl stick: supplies are made at the office, checked anywhere, and imported on a kiosk."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from kiosk.clock import ShiftedClock, SystemClock
from kiosk.core.errors import SettingsError, TableError
from kiosk.core.ports import Clock
from kiosk.envelope import SITE
from kiosk.keystore import open_keystore
from kiosk.settings import Settings, load_settings
from kiosk.store import SupplyName
from kiosk.supply.importer import Importer
from kiosk.supply.mirror import open_medium
from kiosk.supply.plan import Place
from kiosk.supply.release import MODELS as MODEL_RELEASE
from kiosk.supply.release import POLICY as POLICY_RELEASE
from kiosk.supply.release import SITE as SITE_RELEASE
from kiosk.supply.release import LayerRelease, codes_release
from kiosk.supply.survey import Surveyed, survey
from kiosk.supply.trust import read_root
from scripts.ctl.output import AsJson, answer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Signed supplies: a stick, a folder, or a mirror.")

Office = Annotated[Path, typer.Argument(help="Folder of the office: repository, keys, root.json.")]
Medium = Annotated[str, typer.Argument(help="Folder where the stick is mounted, or URL of a mirror.")]


@app.command()
def init(
    office: Office,
    district: Annotated[
        list[str] | None, typer.Option(help="District whose codes it signs; again for more. None: a site's office.")
    ] = None,
    root_keys: Annotated[int, typer.Option(min=1, help="Keys of the root, one for each keeper.")] = 3,
    root_threshold: Annotated[int, typer.Option(min=1, help="How many of them have to sign together.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Found an office: keys, root, and an empty repository. Give each keeper one of keys/root-*.pem to take away."""
    from scripts.office.repository import Repository

    if root_threshold > root_keys:
        raise typer.BadParameter("fewer keys than have to sign", param_hint="--root-threshold")
    name = SupplyName.PROVINCE if district else SupplyName.SITE
    now = SystemClock().now()
    repository = Repository.create(
        office / "repository", office / "keys", name, now, district or (), root_keys, root_threshold
    )
    (office / "root.json").write_bytes(repository.root)
    answer("Office", {"supply": name, "districts": district or [], "root": str(office / "root.json")}, as_json)


@app.command()
def make(
    office: Office,
    out: Annotated[Path, typer.Argument(help="The stick: a folder that will hold this supply.")],
    layer: Annotated[list[Path], typer.Option(help="Layer file; again for each (kioskctl table build).")],
    pepper: Annotated[Path, typer.Option(help="The pepper of these layers (kioskctl office pepper).")],
    devices: Annotated[Path, typer.Option(help="The office's list of kiosks (kioskctl office devices).")],
    district: Annotated[str | None, typer.Option(help="Whose codes these are; none for a site's own list.")] = None,
    risks: Annotated[Path | None, typer.Option(help="CSV of the risk areas, with --district.")] = None,
    risks_as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z"], help="When the risk areas were closed.")
    ] = None,
    policy: Annotated[list[Path] | None, typer.Option(help="Policies that now count; none: as before.")] = None,
    models: Annotated[Path | None, typer.Option(help="Folder with the production models; none: as before.")] = None,
    keys: Annotated[list[Path] | None, typer.Option(help="More folders of signing keys.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="The people are invented.")] = False,
    as_json: AsJson = False,
) -> None:
    """Sign a new supply and copy it to a stick, after opening it as a kiosk would."""
    from scripts.office.devices import envelopes, read_devices
    from scripts.office.peppers import read_pepper
    from scripts.office.releases import Contents, layer_files, next_serial, policy_files
    from scripts.office.repository import MODELS, POLICY, Files, Repository, codes_role

    now = SystemClock().now()
    repository = Repository(office / "repository", [office / "keys", *(keys or ())])
    role, release = ("targets", SITE_RELEASE) if district is None else (codes_role(district), codes_release(district))
    secret = read_pepper(pepper)
    contents = Contents(
        serial=next_serial(repository.current(role, release)),
        issued_at=now,
        layers=layer,
        pepper=secret,
        envelopes=envelopes(read_devices(devices), secret, district or SITE),
        demo=demo,
        district=district,
        risks=_risks(risks, risks_as_of),
    )
    files: dict[str, Files] = {role: layer_files(contents)}
    if policy:
        files[POLICY] = policy_files(next_serial(repository.current(POLICY, POLICY_RELEASE)), now, policy)
    if models:
        files[MODELS] = _models(models, next_serial(repository.current(MODELS, MODEL_RELEASE)), now)
    repository.publish(files, now)
    name = SupplyName.SITE if district is None else SupplyName.PROVINCE
    try:
        repository.export(out / name)
    except OSError as error:
        raise TableError(None, f"{out}: {error.strerror}. Use a stick with room, or another one.") from None
    _tell(_survey(str(out), name, district or "", repository.root, SystemClock()), as_json)


@app.command()
def check(
    medium: Medium,
    root: Annotated[Path, typer.Option(help="The office's root.json.")],
    district: Annotated[str | None, typer.Option(help="Whose codes; none for a site's own list.")] = None,
    as_json: AsJson = False,
) -> None:
    """Verify a supply to its last byte and say what is in it. Nothing is imported."""
    name = SupplyName.SITE if district is None else SupplyName.PROVINCE
    _tell(_survey(medium, name, district or "", read_root(root), SystemClock()), as_json)


@app.command(name="import")
def import_(
    medium: Medium,
    settings: Annotated[Path, typer.Option(help="Settings of this kiosk.")],
    as_json: AsJson = False,
) -> None:
    """Import what is on a medium. The old supply serves until all of it is verified; a refusal changes nothing."""
    chosen = load_settings(settings)
    clock: Clock = SystemClock() if chosen.clock is None else ShiftedClock(chosen.clock.starts_at)
    with open_medium(medium) as source:
        imported = Importer(_place(chosen), clock).run(source)
    facts = {
        str(one.name): f"serial {one.serial}, {'now in use' if one.changed else 'as before, verified again'}"
        for one in imported
    }
    answer("Imported", facts, as_json)


def _place(settings: Settings) -> Place:
    supply = settings.supply
    roots = {SupplyName.PROVINCE: read_root(supply.root)}
    if supply.site_root is not None:
        roots[SupplyName.SITE] = read_root(supply.site_root)
    return Place(supply.store, supply.district, settings.mode, roots, open_keystore(supply.keys))


def _survey(medium: str, name: SupplyName, district: str, root: bytes, clock: Clock) -> Surveyed:
    with open_medium(medium) as source:
        return survey(source, name, district, root, clock.now())


def _tell(surveyed: Surveyed, as_json: bool) -> None:
    releases = surveyed.releases
    facts: dict[str, object] = {"supply": releases.name, "files": surveyed.files, "bytes": surveyed.size}
    for path, release in releases.all.items():
        facts[path] = f"serial {release.serial}, signed {release.issued_at:%Y-%m-%d %H:%M} UTC"
    facts |= _layers(releases.layers)
    answer("Supply", facts, as_json)


def _layers(release: LayerRelease) -> Mapping[str, object]:
    return {
        "data_as_of": f"{release.as_of:%Y-%m-%d %H:%M} UTC",
        "valid_until": f"{release.valid_until:%Y-%m-%d %H:%M} UTC",
        "invented_people": release.demo,
        **{str(layer.kind): f"{layer.people} people, serial {layer.serial}" for layer in release.layers},
    }


def _risks(file: Path | None, as_of: datetime | None) -> bytes | None:
    from kiosk.table.risks import write_risks
    from scripts.office.risks import read_risks

    if file is None:
        return None
    if as_of is None:
        raise SettingsError("--risks needs --risks-as-of, for example 2022-04-18T08:00:00+08:00. Add it.")
    return write_risks(as_of, read_risks(file))


def _models(folder: Path, serial: int, now: datetime) -> Mapping[str, Path | bytes]:
    from models.manifest import load_manifest
    from models.weights import Standing, roles, standing
    from scripts.modelsets import SetName, model_set
    from scripts.office.releases import model_files

    entries = roles(load_manifest(model_set(SetName.PRODUCTION).manifest)).values()
    wrong = [entry.file for entry in entries if standing(entry, folder) is not Standing.OK]
    if wrong:
        raise TableError(None, f"{folder}: {', '.join(wrong)} missing or altered. Run kioskctl models verify.")
    wanted = [folder / entry.file for entry in entries]
    return model_files(serial, now, SetName.PRODUCTION, wanted)
