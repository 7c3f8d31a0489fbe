"""Dated policies: one TOML file holds every number that the rules compare with."""

from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from kiosk.core.errors import PolicyError
from kiosk.core.policy import Policy
from kiosk.tomlfile import read_toml

SAMPLE = Path(__file__).with_name("2022-04.toml")


def _in_file(kind: Any) -> Any:
    # TOML has no enumerations: there they are words.
    return Annotated[kind, Field(strict=False)] if isinstance(kind, type) and issubclass(kind, Enum) else kind


_KINDS = get_type_hints(Policy)
_Keys: dict[str, Any] = {field.name: (_in_file(_KINDS[field.name]), ...) for field in fields(Policy)}
_PolicyFile: type[BaseModel] = create_model(
    "_PolicyFile", __config__=ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False), **_Keys
)


def load_policy(path: Path) -> Policy:
    """The policy in a TOML file whose keys are the fields of Policy, all of them and no other.

    Raises PolicyError, which names file, key, value and remedy.
    """
    values = read_toml(path, _PolicyFile, PolicyError)
    try:
        return Policy(**dict(values))
    except PolicyError as error:
        raise PolicyError(f"{path}: {error.detail}. Correct the values so that they agree.") from None
