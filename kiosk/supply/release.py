"""Release files: signed answers to the question what is current, and which files belong together.

``codes/<district>/release.json`` names layers, risk areas and envelopes; ``policy/release.json`` policies;
``models/release.json`` model files; and in a site's own supply ``site/release.json`` its list. Each has a serial that
only rises. Every name is a target path of the same supply, and lies in the folder of its release file.
"""

from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from kiosk.core.errors import ImportRefusedError, Refusal
from kiosk.store import Hex32, LayerKind

FORMAT = 1
POLICY = "policy/release.json"
MODELS = "models/release.json"
SITE = "site/release.json"
RELEASE_BYTES = 1 << 20

Serial = Annotated[int, Field(ge=1, lt=1 << 53)]
District = Annotated[str, Field(pattern=r"^[1-9]\d([0-9]{4})?$")]
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
Target = Annotated[str, Field(pattern=rf"^{_PART}(/{_PART})*$", max_length=200)]


def codes_release(district: str) -> str:
    """Path of the release file of a district's codes."""
    return f"codes/{district}/release.json"


class _Release(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    serial: Serial
    issued_at: AwareDatetime


class ReleasedLayer(BaseModel):
    """One layer: ``root`` as in its format, ``people`` and ``serial`` as its header must say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: LayerKind
    target: Target
    root: Hex32
    people: Annotated[int, Field(ge=0)]
    serial: Annotated[int, Field(ge=0)]


class LayerRelease(_Release):
    """Layers of one pepper (``key_id``, 16 bytes as hex), with the envelope of kiosk D at ``envelopes`` + D.

    ``as_of`` is the cut-off of the daily data, or of a site's list. ``risks`` and ``district`` are the province's.
    """

    district: District | None = None
    as_of: AwareDatetime
    valid_until: AwareDatetime
    demo: bool
    layers: tuple[ReleasedLayer, ...]
    risks: Target | None = None
    key_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    envelopes: Annotated[str, Field(pattern=rf"^{_PART}(/{_PART})*[/-]$", max_length=200)]


class PolicyRelease(_Release):
    """All policies that count, one for any day."""

    policies: Annotated[tuple[Target, ...], Field(min_length=1, max_length=64)]


class ModelRelease(_Release):
    """The model files of a set that the program has a manifest for."""

    set: Annotated[str, Field(pattern=rf"^{_PART}$")]
    files: Annotated[tuple[Target, ...], Field(min_length=1, max_length=64)]


_Any = TypeVar("_Any", LayerRelease, PolicyRelease, ModelRelease)


class _Format(BaseModel):
    format: Any = None


def parse_release(data: bytes, path: str, model: type[_Any]) -> _Any:
    """A release file that is of a known format and names only files of its own folder. Raises ImportRefusedError."""
    try:
        version = _Format.model_validate_json(data).format
        if version != FORMAT:
            detail = f"{path} has format {version}, this program knows {FORMAT}. Update the older of the two."
            raise ImportRefusedError(Refusal.NEW_FORMAT, detail)
        release = model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        detail = f"{path} is signed, but wrong ({where}: {first['msg']}). The office makes the supply again."
        raise ImportRefusedError(Refusal.CONTRADICTS, detail) from None
    folder = path.rpartition("/")[0] + "/"
    for target in _targets(release):
        if not target.startswith(folder):
            detail = f"{path} names {target}, which is not its own. The office makes the supply again."
            raise ImportRefusedError(Refusal.CONTRADICTS, detail)
    return release


def check_times(release: _Release, path: str, now: datetime) -> None:
    """Raises ImportRefusedError with CLOCK where it was signed later than now, EXPIRED where it no longer counts."""
    if now < release.issued_at:
        raise ImportRefusedError(
            Refusal.CLOCK,
            f"{path} was signed at {release.issued_at:%Y-%m-%d %H:%M} UTC, but it is {now:%Y-%m-%d %H:%M} UTC by this"
            " clock. A technician sets the clock.",
        )
    if isinstance(release, LayerRelease) and now > release.valid_until:
        raise ImportRefusedError(
            Refusal.EXPIRED,
            f"{path} was valid until {release.valid_until:%Y-%m-%d %H:%M} UTC. Bring a stick that was made today.",
        )


def _targets(release: _Release) -> tuple[str, ...]:
    match release:
        case LayerRelease():
            risks = () if release.risks is None else (release.risks,)
            return (*(layer.target for layer in release.layers), *risks, release.envelopes)
        case PolicyRelease():
            return release.policies
        case ModelRelease():
            return release.files
        case _:
            return ()
