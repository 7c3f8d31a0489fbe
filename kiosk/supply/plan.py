"""What a supply consists of: its releases, every small file read and verified, every large one named."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tuf.api.metadata import TargetFile

from kiosk.core.errors import ImportRefusedError, Refusal
from kiosk.keystore import KeyStore
from kiosk.showing import Mode
from kiosk.store import ActiveLayer, Supply, SupplyName
from kiosk.supply.content import check_policies, check_release, check_risks, open_pepper
from kiosk.supply.release import (
    MODELS,
    POLICY,
    RELEASE_BYTES,
    SITE,
    LayerRelease,
    ModelRelease,
    PolicyRelease,
    ReleasedLayer,
    codes_release,
    parse_release,
)
from kiosk.supply.trust import TrustedSupply
from kiosk.table.chain import Pepper

LAYERS, ENVELOPES, RISKS, POLICIES, MODEL_SETS = FOLDERS = ("layers", "envelopes", "risks", "policies", "models")

_ENVELOPE_BYTES = 1 << 16
_RISK_BYTES = 1 << 23
_POLICY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """For whom an import is. ``roots`` are pinned TUF roots; a supply without one is not taken."""

    store: Path
    district: str
    mode: Mode
    roots: Mapping[SupplyName, bytes]
    keys: KeyStore


@dataclass(frozen=True, slots=True)
class Releases:
    """The release files of a supply, by their paths; ``models`` is what is signed about that of the models."""

    name: SupplyName
    layers: LayerRelease
    all: Mapping[str, LayerRelease | PolicyRelease | ModelRelease]
    models: TargetFile | None

    @property
    def serials(self) -> dict[str, int]:
        return {path: release.serial for path, release in self.all.items()}

    @property
    def signed_at(self) -> datetime:
        """The newest time that is signed in them."""
        return max(release.issued_at for release in self.all.values())


@dataclass(slots=True, repr=False)
class Plan:
    """``supply`` as the manifest will name it; files are relative to the store."""

    release: LayerRelease
    pepper: Pepper
    supply: Supply
    layers: list[tuple[ReleasedLayer, Path]] = field(default_factory=list)
    large: dict[Path, TargetFile] = field(default_factory=dict)
    small: dict[Path, bytes] = field(default_factory=dict)


def read_releases(name: SupplyName, trusted: TrustedSupply, district: str) -> Releases:
    """The release files that are there. Raises ImportRefusedError, with FOREIGN where there is none for this kiosk."""
    path = codes_release(district) if name is SupplyName.PROVINCE else SITE
    signed = trusted.find(path)
    if signed is None:
        brought = ", ".join(trusted.delegations) or "nothing else"
        detail = f"the supply brings no {path} (but {brought}). Bring the stick of this kiosk's district."
        raise ImportRefusedError(Refusal.FOREIGN, detail)
    layers = parse_release(trusted.read(signed, RELEASE_BYTES), path, LayerRelease)
    every: dict[str, LayerRelease | PolicyRelease | ModelRelease] = {path: layers}
    models = None
    if name is SupplyName.PROVINCE:
        if policy := trusted.find(POLICY):
            every[POLICY] = parse_release(trusted.read(policy, RELEASE_BYTES), POLICY, PolicyRelease)
        if models := trusted.find(MODELS):
            every[MODELS] = parse_release(trusted.read(models, RELEASE_BYTES), MODELS, ModelRelease)
    if trusted.nested:
        # tuf keeps metadata by the name of their role, whoever delegated to it: a name that is given out twice could
        # let one authority speak for another.
        detail = f"{trusted.nested[0]} delegates to others, which it may not. The office looks into it."
        raise ImportRefusedError(Refusal.FOREIGN, detail)
    return Releases(name, layers, every, models)


def make_plan(releases: Releases, trusted: TrustedSupply, place: Place, was: Supply | None) -> Plan:
    """What is to be copied and named. Policies and models that a supply does not bring stay as they are (``was``).

    Raises ImportRefusedError.
    """
    release = releases.layers
    check_release(release, releases.name, place.district, place.mode)
    sealed = trusted.find(release.envelopes + place.keys.device_id)
    if sealed is None:
        raise ImportRefusedError(
            Refusal.NO_ENVELOPE,
            f"the supply has no envelope for this kiosk ({place.keys.device_id})."
            " The office enrols it (kioskctl office devices add) and makes the supply again.",
        )
    envelope = trusted.read(sealed, _ENVELOPE_BYTES)
    supply = Supply(
        serial=release.serial,
        issued_at=release.issued_at,
        layers=(),
        envelope=_named(ENVELOPES, sealed, "envelope"),
        policies=was.policies if was else (),
        models=was.models if was else None,
    )
    plan = Plan(release, open_pepper(place.keys, envelope, release), supply)
    plan.small[Path(supply.envelope)] = envelope
    changes: dict[str, object] = {"layers": tuple(_plan_layer(plan, trusted, layer) for layer in release.layers)}
    if release.risks is not None:
        changes["risks"] = _plan_risks(plan, trusted, release.risks)
    for other in releases.all.values():
        if isinstance(other, PolicyRelease):
            changes["policies"] = _plan_policies(plan, trusted, other)
        elif isinstance(other, ModelRelease) and releases.models is not None:
            changes["models"] = _plan_models(plan, trusted, other, releases.models)
    plan.supply = supply.model_copy(update=changes)
    return plan


def _plan_layer(plan: Plan, trusted: TrustedSupply, layer: ReleasedLayer) -> ActiveLayer:
    target = found(trusted, layer.target)
    file = _named(LAYERS, target, "layer")
    plan.large[Path(file)] = target
    plan.layers.append((layer, Path(file)))
    return ActiveLayer(kind=layer.kind, file=file, root=layer.root)


def _plan_risks(plan: Plan, trusted: TrustedSupply, path: str) -> str:
    target = found(trusted, path)
    data = trusted.read(target, _RISK_BYTES)
    check_risks(data, plan.release)
    file = _named(RISKS, target, "json")
    plan.small[Path(file)] = data
    return file


def _plan_policies(plan: Plan, trusted: TrustedSupply, release: PolicyRelease) -> tuple[str, ...]:
    targets = [found(trusted, path) for path in release.policies]
    content = [trusted.read(target, _POLICY_BYTES) for target in targets]
    check_policies(dict(zip(release.policies, content, strict=True)))
    files = tuple(_named(POLICIES, target, "toml") for target in targets)
    plan.small |= zip(map(Path, files), content, strict=True)
    return files


def _plan_models(plan: Plan, trusted: TrustedSupply, release: ModelRelease, said: TargetFile) -> str:
    # A folder of its own for each release: the files of two sets never mix.
    folder = Path(MODEL_SETS, _digest(said))
    for path in release.files:
        plan.large[folder / Path(path).name] = found(trusted, path)
    return str(folder)


def _named(folder: str, target: TargetFile, ending: str) -> str:
    return f"{folder}/{_digest(target)}.{ending}"


def _digest(target: TargetFile) -> str:
    digest = target.hashes.get("sha256")
    if digest is None:
        detail = f"{target.path} is signed without SHA-256. The office makes the supply again."
        raise ImportRefusedError(Refusal.NEW_FORMAT, detail)
    return digest


def found(trusted: TrustedSupply, path: str) -> TargetFile:
    """What is signed about a path that a release names. Raises ImportRefusedError(CONTRADICTS) where nothing is."""
    target = trusted.find(path)
    if target is None:
        detail = f"{path} is named but was signed by nobody who may. The office makes the supply again."
        raise ImportRefusedError(Refusal.CONTRADICTS, detail)
    return target
