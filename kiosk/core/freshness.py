"""Age of the data and soundness of the clock (RULES A1 to A5, A9, A10): is there anything to judge by, now?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique

from kiosk.core.policy import Policy
from kiosk.core.reasons import Reason
from kiosk.core.times import local_day


def freshness(as_of: datetime | None, policy: Policy, now: datetime) -> Reason:
    """A1 to A4 for a data cut-off; None, and a policy outside its dates, are as good as no data."""
    if as_of is None or not policy.valid_from <= local_day(now) <= policy.valid_until:
        return Reason.A4
    age = now - as_of
    if age <= timedelta(hours=policy.fresh_hours):
        return Reason.A1
    if age <= timedelta(hours=policy.banner_hours):
        return Reason.A2
    if age <= timedelta(hours=policy.stale_hours):
        return Reason.A3
    return Reason.A4


def urgent_is_old(urgent_as_of: datetime | None, policy: Policy, now: datetime) -> bool:
    """A5: the urgent list should have been followed by a newer one; staff are told, nothing else changes."""
    return urgent_as_of is not None and now - urgent_as_of > timedelta(hours=policy.urgent_hours)


def clock_is_behind(now: datetime, *floors: datetime | None) -> bool:
    """A9: a clock earlier than the package's build, the last journalled event or anything signed is wrong."""
    return any(floor is not None and now < floor for floor in floors)


@unique
class Jump(StrEnum):
    """How far the wall clock left the monotonic clock (A10)."""

    NONE = "none"
    WARN = "warn"
    LOCK = "lock"


@dataclass(frozen=True, slots=True)
class ClockWatch:
    """Two clocks read together once, as the mark that later readings are measured from."""

    wall: datetime
    monotonic: float

    def jump(self, wall: datetime, monotonic: float, policy: Policy) -> Jump:
        """Compare a later reading with the mark; both directions count."""
        drift = abs((wall - self.wall).total_seconds() - (monotonic - self.monotonic))
        if drift >= 60 * policy.jump_lock_minutes:
            return Jump.LOCK
        return Jump.WARN if drift >= policy.jump_warn_seconds else Jump.NONE
