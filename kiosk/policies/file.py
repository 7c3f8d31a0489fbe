"""A policy as a file: TOML whose keys are the fields of Policy, and behind them the test vectors that it must pass."""

from dataclasses import fields
from datetime import date
from enum import Enum, StrEnum, unique
from typing import Annotated, Any, get_type_hints

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, create_model

from kiosk.core.errors import PolicyError
from kiosk.core.lines.finding import LineState
from kiosk.core.policy import Policy
from kiosk.core.reasons import Reason
from kiosk.core.status import Colour, ListKind, Risk, TestKind, TestResult
from kiosk.core.verdict import Verdict
from kiosk.tomlfile import parse_toml

_STRICT = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)
_Hours = Annotated[float, Field(ge=0, le=24 * 3660, strict=False)]


# TOML has neither enumerations nor tuples: there they are words and lists.
_WORD = _LIST = Field(strict=False)


@unique
class Presented(StrEnum):
    """What the visitor of a vector shows."""

    CARD = "card"  # in date, of the province
    OTHER_PROVINCE = "other_province"  # a card from elsewhere, in date
    EXPIRED_CARD = "expired_card"
    CHIP_SERIAL = "chip_serial"
    UNREADABLE = "unreadable"
    TYPED_NUMBER = "typed_number"


class _Table(BaseModel):
    model_config = _STRICT


class Said(_Table):
    """What an authority says of the code; ``urgent_hours_ago``: it stands on an urgent list of that age."""

    colour: Annotated[Colour, _WORD]
    reason: str = "流调判定"
    issuer: str = "卫生健康委"
    hours_ago: _Hours = 240.0
    urgent_hours_ago: _Hours | None = None


class Tested(_Table):
    """The last test."""

    result: Annotated[TestResult, _WORD] = TestResult.NEGATIVE
    kind: Annotated[TestKind, _WORD] = TestKind.NUCLEIC_ACID
    issuer: str = "检测所"
    hours_ago: _Hours


class Stayed(_Table):
    """A place: city by GB/T 2260, or country by ISO 3166."""

    place: str
    area: str = ""
    last_day: date


class Listed(_Table):
    """A risk area."""

    city: str
    area: str
    level: Annotated[Risk, _WORD]
    since: date
    until: date | None = None


_Line = Annotated[tuple[Annotated[LineState, _WORD], Annotated[Reason, _WORD]], _LIST]


class Expected(_Table):
    """The verdict, and lines as [state, rule]; the card line only where it is named."""

    verdict: Annotated[Verdict, _WORD]
    code: _Line
    itinerary: _Line
    card: _Line | None = None


class Vector(_Table):
    """One visit and its answer.

    The visitor matches the photo, is green, tested never, vaccinated never and did not travel, unless the vector
    says otherwise. ``data_hours``: age of the table. Authorities whose word counts are 卫生健康委 and 疾控中心.
    """

    case: Annotated[str, Field(min_length=1)]
    at: AwareDatetime
    data_hours: _Hours = 6.0
    presented: Annotated[Presented, _WORD] = Presented.CARD
    in_table: bool = True
    codes: Annotated[tuple[Said, ...], _LIST] = (Said(colour=Colour.GREEN),)
    test: Tested | None = None
    doses: int | None = None
    itinerary: bool = True
    itinerary_days_old: Annotated[int, Field(ge=0, le=3660)] = 0
    stays: Annotated[tuple[Stayed, ...], _LIST] = ()
    lists: Annotated[tuple[Annotated[ListKind, _WORD], ...], _LIST] = ()
    risks: Annotated[tuple[Listed, ...], _LIST] = ()
    expect: Expected


def _in_file(kind: Any) -> Any:
    return Annotated[kind, _WORD] if isinstance(kind, type) and issubclass(kind, Enum) else kind


_KINDS = get_type_hints(Policy)
_Keys: dict[str, Any] = {field.name: (_in_file(_KINDS[field.name]), ...) for field in fields(Policy)}
_Vectors = Annotated[tuple[Vector, ...], _LIST]
_PolicyFile: type[BaseModel] = create_model("_PolicyFile", __config__=_STRICT, vector=(_Vectors, ...), **_Keys)


def parse_policy(data: bytes, name: str = "policy") -> tuple[Policy, tuple[Vector, ...]]:
    """The policy and its vectors, not yet run; ``name`` is what mistakes are told of.

    Raises PolicyError, which names key, value and remedy.
    """
    values = dict(parse_toml(data, name, _PolicyFile, PolicyError))
    vectors = values.pop("vector")
    if not vectors:
        raise PolicyError(f"{name}: no test vectors. Add some, in [[vector]] tables; the samples show how.")
    try:
        return Policy(**values), vectors
    except PolicyError as error:
        raise PolicyError(f"{name}: {error.detail}. Correct the values so that they agree.") from None
