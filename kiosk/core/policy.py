"""The rules' numbers as dated data. A policy that contradicts itself cannot be made."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum, unique

from kiosk.core.errors import PolicyError
from kiosk.core.lines.finding import LineState


@unique
class FalseMatchRate(StrEnum):
    """How many visits by somebody else may pass as a match (ISO/IEC 19795-1): the operating point of the face line."""

    ONE_IN_100 = "1e-2"
    ONE_IN_1000 = "1e-3"
    ONE_IN_10000 = "1e-4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy as an authority dates it; every number that a rule compares with stands here.

    Raises PolicyError when the values contradict each other.
    """

    name: str
    valid_from: date
    valid_until: date
    # health code
    yellow: LineState
    # nucleic acid test and vaccine; 0 hides the line
    test_hours: int
    vaccine_doses: int
    # itinerary
    itinerary_days: int
    abroad_days: int
    itinerary_lag_days: int
    star_city: LineState
    risk_area: LineState
    medium_area: LineState
    abroad: LineState
    # person
    require_liveness: bool
    face_fmr: FalseMatchRate
    looks: int
    face_seconds: int
    face_help_seconds: int
    # temperature
    fever_celsius: float
    fever_again_seconds: int
    # data age
    fresh_hours: int
    banner_hours: int
    stale_hours: int
    urgent_hours: int
    # clock
    jump_warn_seconds: int
    jump_lock_minutes: int
    # visits and cases
    read_tries: int
    repeat_seconds: int
    evidence_seconds: int
    case_minutes: int
    elder_years: int

    def __post_init__(self) -> None:
        for name in (field for field, kind in _kinds().items() if kind is int):
            if getattr(self, name) < 0:
                raise PolicyError(f"{name} = {getattr(self, name)}: must not be negative")
        _require(self.valid_from <= self.valid_until, "valid_until is before valid_from")
        _require(
            0 < self.fresh_hours <= self.banner_hours <= self.stale_hours, "data ages must rise: fresh, banner, stale"
        )
        _require(self.urgent_hours > 0, "urgent_hours must be at least 1")
        _require(self.jump_warn_seconds <= 60 * self.jump_lock_minutes, "jump_warn_seconds exceeds jump_lock_minutes")
        _require(
            not self.require_liveness or self.face_fmr is not FalseMatchRate.ONE_IN_100,
            "face_fmr = 1e-2: a gate without staff (require_liveness) must match more strictly",
        )
        _require(1 <= self.looks <= 3, "looks must be 1, 2 or 3")
        _require(1 <= self.read_tries <= 3, "read_tries must be 1, 2 or 3")
        _require(self.face_help_seconds <= self.face_seconds, "face_help_seconds exceeds face_seconds")
        _require(self.evidence_seconds <= 60 * self.case_minutes, "evidence_seconds exceeds case_minutes")
        for name, allowed in _STATES.items():
            state = getattr(self, name)
            _require(state in allowed, f"{name} = {state.value}: must be one of {', '.join(s.value for s in allowed)}")


_STATES = {
    "yellow": (LineState.ASK, LineState.STOP),
    "star_city": (LineState.OK, LineState.ASK),
    "risk_area": (LineState.ASK, LineState.STOP),
    "medium_area": (LineState.OK, LineState.ASK, LineState.STOP),
    "abroad": (LineState.ASK, LineState.STOP),
}


def _kinds() -> dict[str, object]:
    return dict(Policy.__annotations__)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise PolicyError(message)
