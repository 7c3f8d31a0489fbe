"""行程: where has the visitor been? Rules T1 to T6 and W1."""

from datetime import date, datetime

from kiosk.core.evidence import Evidence
from kiosk.core.lines.code import admission, admitted
from kiosk.core.lines.finding import Finding, LineResult, LineState, line
from kiosk.core.lines.withheld import aged, withheld
from kiosk.core.policy import Policy
from kiosk.core.reasons import Reason
from kiosk.core.status import PersonStatus, Risk, RiskEntry, Stay, TableInfo
from kiosk.core.times import local_day
from kiosk.core.verdict import worst


def itinerary_line(evidence: Evidence, policy: Policy, now: datetime) -> LineResult:
    """Judge the places of the window by the risk list; without an itinerary the line is never OK by itself (T5)."""
    cause = withheld(evidence)
    if cause is not None:
        return line(cause)
    return aged(line(*_findings(evidence, policy, local_day(now))), evidence, policy, now)


def _findings(evidence: Evidence, policy: Policy, today: date) -> tuple[Finding, ...]:
    status = evidence.answer
    if not isinstance(status, PersonStatus):
        return (Finding(Reason.T5, LineState.UNKNOWN),)
    entry = admitted(status)
    if entry is not None:
        return (admission(entry),)
    if status.itinerary is None:
        return (Finding(Reason.T5, LineState.UNKNOWN),)
    lag = (local_day(evidence.table.as_of) - status.itinerary.as_of).days
    if lag > policy.itinerary_lag_days:
        return (Finding(Reason.T6, LineState.UNKNOWN, values=(("days", str(lag)),)),)
    judged = (_stay(stay, policy, evidence.table, today) for stay in status.itinerary.stays)
    return tuple(finding for finding in judged if finding) or (
        Finding(Reason.T1, LineState.OK, values=(("days", str(policy.itinerary_days)),)),
    )


def _stay(stay: Stay, policy: Policy, table: TableInfo, today: date) -> Finding | None:
    """What speaks against one stay; None when nothing does."""
    days_ago = (today - stay.last_day).days
    window = policy.abroad_days if stay.abroad else policy.itinerary_days
    if days_ago > window:
        return None
    values = (("place", stay.place), ("area", stay.area), ("left", str(window - days_ago)))
    if stay.abroad:
        return Finding(Reason.T4, policy.abroad, values=values)
    counted = {Risk.HIGH: policy.risk_area, Risk.MEDIUM: policy.medium_area}
    listed = [
        entry
        for entry in table.risks
        if entry.city == stay.place
        and _listed_since(entry, stay.last_day, today)
        and counted[entry.level] is not LineState.OK
    ]
    if not listed:
        return None
    if not stay.area:
        areas = "、".join(sorted({entry.area for entry in listed}))
        return Finding(Reason.T2, policy.star_city, values=(*values, ("areas", areas)))
    there = [counted[entry.level] for entry in listed if entry.area == stay.area]
    return Finding(Reason.T3, worst(there), values=values) if there else None


def _listed_since(entry: RiskEntry, last_day: date, today: date) -> bool:
    """Listed on some day from the last day there until today: a place is often listed only after people have left."""
    return entry.since <= today and (entry.until is None or entry.until >= last_day)
