"""码: what do the authorities say? Rules C1 to C8, with test and vaccine as its facts (N1 to N6) and W1."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from kiosk.core.evidence import Evidence, number_of
from kiosk.core.lines.finding import Finding, LineResult, LineState, line
from kiosk.core.lines.withheld import aged, withheld
from kiosk.core.policy import Policy
from kiosk.core.reasons import Reason
from kiosk.core.status import (
    CodeStatement,
    Colour,
    LabTest,
    ListEntry,
    ListKind,
    PersonStatus,
    TableInfo,
    TestKind,
    TestResult,
)
from kiosk.core.times import whole_hours
from kiosk.core.verdict import worst


def code_line(evidence: Evidence, policy: Policy, now: datetime) -> LineResult:
    """Judge the health code, the test and the vaccine by the table."""
    cause = withheld(evidence)
    if cause is not None:
        return line(cause)
    status = evidence.answer
    if not isinstance(status, PersonStatus):
        return aged(line(_not_found(evidence)), evidence, policy, now)
    test = _test(status.test, policy, evidence.table, now)
    # A positive test speaks for itself: without a code, and though a list says that none is asked for.
    positive = (test,) if test.reason is Reason.N4 else ()
    entry = admitted(status)
    if not status.codes:
        findings: tuple[Finding, ...] = (_not_found(evidence), *positive)
    elif entry is not None:
        findings = (*_codes(status.codes, policy, evidence.table), admission(entry), *positive)
    else:
        findings = (*_codes(status.codes, policy, evidence.table), test, *_vaccine(status.vaccine_doses, policy))
    return aged(line(*findings), evidence, policy, now)


def admitted(status: PersonStatus) -> ListEntry | None:
    """The list of residents or staff that this person is on, if any."""
    return next((entry for entry in status.lists if entry.kind is ListKind.ADMITTED), None)


def admission(entry: ListEntry) -> Finding:
    """W1: stands in for test, vaccine and itinerary, never for a code or a card."""
    return Finding(Reason.W1, LineState.OK, issuer=entry.issuer, at=entry.until, values=(("list", entry.title),))


def _not_found(evidence: Evidence) -> Finding:
    number = number_of(evidence.presented)
    known = number is not None and number.province in evidence.table.scope
    return Finding(Reason.C5 if known else Reason.C6, LineState.UNKNOWN)


def _codes(statements: tuple[CodeStatement, ...], policy: Policy, table: TableInfo) -> tuple[Finding, ...]:
    newest: dict[str, list[CodeStatement]] = {}
    for statement in sorted(statements, key=_said_at, reverse=True):
        kept = newest.setdefault(statement.issuer, [])
        if not kept or _said_at(statement) == _said_at(kept[0]):
            kept.append(statement)
    standing = [statement for kept in newest.values() for statement in kept]
    findings = tuple(_statement(statement, policy, table) for statement in standing)
    if len({statement.colour for statement in standing}) > 1:
        state = worst((LineState.ASK, *(finding.state for finding in findings)))
        findings = (*findings, Finding(Reason.C7, state))
    # What an urgent list replaced may have been left out of the answer already.
    replacing = [s for s in standing if s.urgent_at or any(_replaces(s, old) for old in statements)]
    if replacing:
        latest = max(replacing, key=_said_at)
        findings = (*findings, Finding(Reason.C8, LineState.OK, latest.issuer, latest.urgent_at or latest.since))
    return findings


_DAILY = datetime.min.replace(tzinfo=UTC)


def _said_at(statement: CodeStatement) -> tuple[datetime, datetime]:
    """Sorts what one authority said: an urgent list is its newest word, whenever the colour is said to have begun."""
    return statement.urgent_at or _DAILY, statement.since


def _replaces(statement: CodeStatement, old: CodeStatement) -> bool:
    return old.issuer == statement.issuer and _said_at(old) < _said_at(statement)


def _statement(statement: CodeStatement, policy: Policy, table: TableInfo) -> Finding:
    said = Finding(Reason.C1, LineState.OK, statement.issuer, statement.since, (("reason", statement.reason),))
    if statement.issuer not in table.issuers:
        return replace(said, reason=Reason.C4, state=LineState.UNKNOWN)
    if statement.colour is Colour.GREEN:
        return said
    if not statement.reason:
        return replace(said, reason=Reason.C4, state=LineState.UNKNOWN)
    if statement.colour is Colour.YELLOW:
        return replace(said, reason=Reason.C2, state=policy.yellow)
    return replace(said, reason=Reason.C3, state=LineState.STOP)


def _test(test: LabTest | None, policy: Policy, table: TableInfo, now: datetime) -> Finding:
    if test is not None and test.result is TestResult.POSITIVE:
        # A positive result that nobody signs for is incomplete evidence: it refuses nobody (law 1).
        state = LineState.STOP if test.issuer else LineState.UNKNOWN
        return Finding(Reason.N4, state, test.issuer, test.sampled_at)
    if test is not None and test.result is TestResult.UNDER_CHECK:
        return Finding(Reason.N4, LineState.ASK, test.issuer, test.sampled_at)
    if policy.test_hours == 0:
        return Finding(Reason.N1, LineState.OK)
    limit = ("limit", str(policy.test_hours))
    if test is None:
        return Finding(Reason.N3, LineState.ASK, values=(limit,))
    if test.kind is TestKind.ANTIGEN:
        return Finding(Reason.N3, LineState.ASK, test.issuer, test.sampled_at, (limit, ("kind", test.kind.value)))
    if test.sampled_at > table.as_of:
        return Finding(Reason.N5, LineState.ASK, test.issuer, test.sampled_at, (limit,))
    left = test.sampled_at + timedelta(hours=policy.test_hours) - now
    if left < timedelta():
        return Finding(Reason.N3, LineState.ASK, test.issuer, test.sampled_at, (limit,))
    return Finding(Reason.N2, LineState.OK, test.issuer, test.sampled_at, (limit, ("hours", str(whole_hours(left)))))


def _vaccine(doses: int | None, policy: Policy) -> tuple[Finding, ...]:
    if policy.vaccine_doses == 0:
        return ()
    wanted = ("wanted", str(policy.vaccine_doses))
    if doses is None:
        return (Finding(Reason.N6, LineState.UNKNOWN, values=(wanted,)),)
    state = LineState.OK if doses >= policy.vaccine_doses else LineState.ASK
    return (Finding(Reason.N6, state, values=(wanted, ("doses", str(doses)))),)
