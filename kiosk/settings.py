"""The settings file of one kiosk: everything that differs between two doors, and nothing that a policy decides."""

import sys
from enum import StrEnum, unique
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from kiosk.core.errors import SettingsError
from kiosk.showing import Mode
from kiosk.tomlfile import read_toml


def _beside_the_file(path: object, info: ValidationInfo) -> Path:
    if isinstance(path, str) and path:
        path = Path(path)
    if not isinstance(path, Path):
        raise ValueError('must be a path as text, for example "table.sqlite"')  # noqa: TRY004  (pydantic collects ValueErrors)
    return info.context["folder"] / path if info.context else path


def _reader(url: str) -> str:
    if url == "sim:" or url.startswith("pcsc:"):
        return url
    raise ValueError('must be "pcsc:", "pcsc:NAME" or "sim:", for example "pcsc:"')


def _camera(url: str, info: ValidationInfo) -> str:
    scheme, colon, rest = url.partition(":")
    match scheme, bool(colon), bool(rest):
        case ("v4l2", True, True) | ("none", True, False):
            return url
        case ("folder", True, True):
            return f"folder:{_beside_the_file(rest, info)}"
        case _:
            raise ValueError('must be "v4l2:0", "folder:PATH" or "none:", for example "v4l2:0"')


def _keys(url: str, info: ValidationInfo) -> str:
    scheme, _, rest = url.partition(":")
    if scheme in ("file", "credential") and rest:
        return f"{scheme}:{_beside_the_file(rest, info)}"
    raise ValueError('must be "file:PATH" or "credential:PATH", for example "credential:device.cred"')


FilePath = Annotated[Path, BeforeValidator(_beside_the_file)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^\S(.*\S)?$")]
Pixels = Annotated[int, Field(ge=320, le=7680)]


class _Section(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ModelFiles(_Section):
    """The face models: ``manifest`` names and pins them, ``folder`` holds the weights."""

    manifest: FilePath
    folder: FilePath


# The models that a supply brings; their files lie in the store.
PRODUCTION_MODELS = Path(__file__).parents[1] / "models" / "production.toml"

# What scripts/bootstrap makes, beside the Python that runs the kiosk: it goes when that goes.
DEFAULT_MODELS = ModelFiles(
    manifest=Path(__file__).parents[1] / "models" / "default.toml",
    folder=Path(sys.prefix) / "share" / "one-card-pass" / "models" / "default",
)


class SupplyPlace(_Section):
    """Where imported supplies lie, whose they must be, and the key of this kiosk.

    ``root`` is the health office's TUF root as it was pinned at provisioning, ``site_root`` that of the site's own
    lists; ``keys`` opens kiosk.keystore.
    """

    store: FilePath
    root: FilePath
    district: Annotated[str, StringConstraints(pattern=r"^[1-9]\d([0-9]{4})?$")]
    keys: Annotated[str, AfterValidator(_keys)]
    site_root: FilePath | None = None


class Window(_Section):
    """Either the whole screen, or a window of so many pixels; the orientation follows from the shape."""

    fullscreen: bool = False
    width: Pixels | None = None
    height: Pixels | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        sized = self.width is not None and self.height is not None
        if self.fullscreen == sized or (self.width is None) != (self.height is None):
            raise ValueError("must hold either fullscreen = true, or width and height")
        return self


@unique
class SoundOutput(StrEnum):
    """Where the voice goes: AUTO takes the first output that works."""

    AUTO = "auto"
    SILENT = "silent"


class Sound(_Section):
    """The voice."""

    output: Annotated[SoundOutput, Field(strict=False)]


class ClockStart(_Section):
    """The moment at which the demo's clock starts (aware); from there it runs at the real pace."""

    starts_at: AwareDatetime


class Settings(_Section):
    """One kiosk. Paths are absolute once read from a file; URLs are opened by the drivers."""

    mode: Annotated[Mode, Field(strict=False)]
    device: Label
    venue: Label
    policy: FilePath
    reader: Annotated[str, AfterValidator(_reader)]
    camera: Annotated[str, AfterValidator(_camera)]
    journal: FilePath
    models: ModelFiles = DEFAULT_MODELS
    supply: SupplyPlace
    window: Window
    sound: Sound
    clock: ClockStart | None = None

    @field_validator("clock")
    @classmethod
    def _real_time_outside_the_demo(cls, clock: ClockStart | None, info: ValidationInfo) -> ClockStart | None:
        if clock is not None and info.data.get("mode") is not Mode.DEMO:
            raise ValueError('allowed with mode = "demo" only')
        return clock


def load_settings(path: Path) -> Settings:
    """The settings in a TOML file; relative paths are relative to that file.

    Raises SettingsError, which names file, key, value, what is allowed and the remedy.
    """
    return read_toml(path, Settings, SettingsError)
