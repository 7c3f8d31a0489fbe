"""What a supply consists of, as files for the roles that sign them; checked as a kiosk would before anybody signs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import BaseModel

from kiosk.core.errors import ImportRefusedError, PolicyError, TableError
from kiosk.showing import Mode
from kiosk.store import LayerKind, SupplyName
from kiosk.supply.content import check_layers, check_policies, check_release, check_risks
from kiosk.supply.release import (
    MODELS,
    POLICY,
    SITE,
    LayerRelease,
    ModelRelease,
    PolicyRelease,
    ReleasedLayer,
    codes_release,
)
from kiosk.table.chain import Pepper
from kiosk.table.layer import layer_root, read_header
from scripts.office.repository import Files

VALID = timedelta(hours=72)  # beyond that no kiosk judges by these data (A4)


@dataclass(frozen=True, slots=True, repr=False)
class Contents:
    """Layers and what belongs to them. ``district`` and ``risks`` (a file of kiosk.table.risks) are the province's."""

    serial: int
    issued_at: datetime
    layers: Sequence[Path]
    pepper: Pepper
    envelopes: Mapping[str, bytes]
    demo: bool = False
    district: str | None = None
    risks: bytes | None = None


def layer_files(contents: Contents) -> dict[str, Path | bytes]:
    """The files of a district's codes, or of a site's list, with their release file. Raises TableError.

    The layers are opened with the pepper and compared with what will be signed about them.
    """
    path = SITE if contents.district is None else codes_release(contents.district)
    folder = path.rpartition("/")[0]
    heads = {layer: read_header(layer) for layer in contents.layers}
    by_kind = {head.kind: head for head in heads.values()}
    daily = by_kind.get(LayerKind.DELTA) or by_kind.get(LayerKind.BASE) or by_kind.get(LayerKind.LOCAL)
    if daily is None:
        raise TableError(None, "there is neither a base nor a site's list among the layers. Name one.")
    named = {layer: f"{folder}/{head.kind}-{head.serial}.layer" for layer, head in heads.items()}
    risks = None if contents.risks is None else f"{folder}/risks.json"
    release = LayerRelease(
        serial=contents.serial,
        issued_at=contents.issued_at,
        district=contents.district,
        as_of=daily.as_of,
        valid_until=contents.issued_at + VALID,
        demo=contents.demo,
        layers=tuple(
            ReleasedLayer(
                kind=head.kind,
                target=named[layer],
                root=layer_root(layer).hex(),
                people=head.people,
                serial=head.serial,
            )
            for layer, head in heads.items()
        ),
        risks=risks,
        key_id=contents.pepper.key_id.hex(),
        envelopes=f"{folder}/envelopes/",
    )
    try:
        name = SupplyName.SITE if contents.district is None else SupplyName.PROVINCE
        check_release(release, name, contents.district or "", Mode.TRAINING)
        check_layers(list(zip(release.layers, contents.layers, strict=True)), release, contents.pepper)
        if contents.risks is not None:
            check_risks(contents.risks, release)
    except ImportRefusedError as error:
        raise TableError(None, f"no kiosk would take this: {error.detail}") from None
    files: dict[str, Path | bytes] = {named[layer]: layer for layer in contents.layers}
    files |= {release.envelopes + device: envelope for device, envelope in contents.envelopes.items()}
    if risks is not None and contents.risks is not None:
        files[risks] = contents.risks
    return files | {path: release.model_dump_json(indent=1).encode()}


def policy_files(serial: int, issued_at: datetime, policies: Sequence[Path]) -> Files:
    """Policies with their release file, after their vectors were run. Raises PolicyError."""
    files = {f"policy/{policy.name}": policy.read_bytes() for policy in policies}
    try:
        check_policies(files)
    except ImportRefusedError as error:
        raise PolicyError(error.detail) from None
    release = PolicyRelease(serial=serial, issued_at=issued_at, policies=tuple(files))
    return {**files, POLICY: release.model_dump_json(indent=1).encode()}


def model_files(serial: int, issued_at: datetime, set_: str, files: Sequence[Path]) -> Files:
    """The files of a set of models with their release file."""
    named = {f"models/{file.name}": file for file in files}
    release = ModelRelease(serial=serial, issued_at=issued_at, set=set_, files=tuple(named))
    return {**named, MODELS: release.model_dump_json(indent=1).encode()}


class _Serial(BaseModel):
    serial: int


def next_serial(release: bytes | None) -> int:
    """The serial after that of a release file; 1 where there was none."""
    return 1 if release is None else _Serial.model_validate_json(release).serial + 1
