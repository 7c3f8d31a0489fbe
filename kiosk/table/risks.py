"""The risk areas of a day: a small signed file of its own, so that re-grading a city rewrites no person.

JSON: ``{"as_of": "2022-04-18T00:00:00Z", "entries": [[city, area, level, since, until], ...]}``. City is a GB/T 2260
code, level ``medium`` or ``high``; since and until are days, until null while the area is still listed.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from kiosk.core.errors import Fault, TableError
from kiosk.core.status import Risk, RiskEntry

_City = Annotated[str, Field(pattern=r"^[1-9]\d{5}$")]


class _Risks(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    as_of: AwareDatetime
    entries: tuple[tuple[_City, str, Risk, date, date | None], ...]


def read_risks(data: bytes) -> tuple[datetime, tuple[RiskEntry, ...]]:
    """When the list was closed, and what stands in it. Raises TableError(TABLE_DAMAGED)."""
    try:
        risks = _Risks.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        detail = f"the risk areas cannot be read ({where}: {first['msg']}). Import a corrected supply."
        raise TableError(Fault.TABLE_DAMAGED, detail) from None
    return risks.as_of, tuple(RiskEntry(*entry) for entry in risks.entries)


def write_risks(as_of: datetime, entries: Iterable[RiskEntry]) -> bytes:
    """The file; the same entries in the same order give the same bytes."""
    rows = tuple((entry.city, entry.area, entry.level, entry.since, entry.until) for entry in entries)
    return _Risks(as_of=as_of, entries=rows).model_dump_json().encode()
