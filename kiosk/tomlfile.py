"""TOML files that people write by hand: read strictly, and refused in words that say what to correct."""

import difflib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kiosk.core.errors import PolicyError, SettingsError

_Model = TypeVar("_Model", bound=BaseModel)


def read_toml(path: Path, model: type[_Model], refusal: type[PolicyError | SettingsError]) -> _Model:
    """The file as ``model``; paths inside it are resolved against its folder (validation context ``folder``).

    Raises ``refusal`` whose message names the file and, for each mistake, key, value, what is allowed and the remedy.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise refusal(f"{path}: {error.strerror}. Put the file there, or name another one.") from None
    return parse_toml(data, str(path), model, refusal, {"folder": path.parent.resolve()})


def parse_toml(
    data: bytes,
    name: str,
    model: type[_Model],
    refusal: type[PolicyError | SettingsError],
    context: dict[str, Path] | None = None,
) -> _Model:
    """What ``read_toml`` does, for a content that is there already; ``name`` is what its mistakes are told of."""
    try:
        content = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise refusal(f"{name}: not UTF-8. Save the file as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise refusal(f"{name}: not TOML: {error}. Correct that line.") from None
    try:
        return model.model_validate(content, context=context)
    except ValidationError as error:
        mistakes = [_explain(mistake, model) for mistake in error.errors(include_url=False)]
        raise refusal("\n".join(f"{name}: {mistake}" for mistake in mistakes)) from None


def _explain(mistake: ErrorDetails, model: type[BaseModel]) -> str:
    key = ".".join(str(part) for part in mistake["loc"])
    if mistake["type"] == "missing":
        return f"{key} is missing. Add it; the sample that ships with the kiosk shows how."
    if mistake["type"] == "extra_forbidden":
        return f"{key} = {_value(mistake['input'])}: no such key. {_suggestion(mistake['loc'], model)}"
    allowed = str(mistake.get("ctx", {}).get("error", mistake["msg"]))
    return f"{key or 'the whole file'} = {_value(mistake['input'])}: {allowed}. Correct the value."


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."


def _suggestion(place: tuple[int | str, ...], model: type[BaseModel]) -> str:
    known = model
    for part in place[:-1]:
        if isinstance(part, str):  # a number counts the tables of a list, which are all of one kind
            known = next(_tables(known.model_fields[part].annotation))
    close = difflib.get_close_matches(str(place[-1]), known.model_fields, n=1)
    if close:
        return f"Did you mean {'.'.join([*map(str, place[:-1]), close[0]])}?"
    return f"Remove it; known keys here: {', '.join(known.model_fields)}."


def _tables(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation speaks of."""
    inner = get_args(annotation)
    if not inner and isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in inner:
        yield from _tables(part)
