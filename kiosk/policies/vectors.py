"""A policy's own test vectors, run through the judge that visitors meet: a policy that fails one is not accepted."""

from collections.abc import Iterator
from datetime import date, timedelta

from kiosk.core.card import ChipSerial, Document, IdCard
from kiosk.core.errors import PolicyError
from kiosk.core.evidence import Evidence, TypedNumber, Unreadable
from kiosk.core.evidence import Presented as Shown
from kiosk.core.idnumber import check_character, parse_number
from kiosk.core.judge import judge
from kiosk.core.lines.finding import LineResult, LineState
from kiosk.core.policy import Policy
from kiosk.core.reasons import Reason
from kiosk.core.status import (
    Answer,
    CodeStatement,
    Itinerary,
    LabTest,
    ListEntry,
    PersonStatus,
    RiskEntry,
    Stay,
    TableInfo,
    Unknown,
)
from kiosk.core.times import local_day
from kiosk.policies.file import Presented, Vector, parse_policy

_AUTHORITIES = frozenset({"卫生健康委", "疾控中心"})
_BIRTH = date(1941, 6, 1)
_DAY = timedelta(days=1)


def check_policy(data: bytes, name: str = "policy") -> Policy:
    """The policy in a TOML file that passes its own vectors; ``name`` is what mistakes are told of.

    Raises PolicyError, which names the mistake, or every vector that failed and how.
    """
    policy, vectors = parse_policy(data, name)
    failed = [f"{name}: vector {vector.case!r}: {wrong}" for vector in vectors for wrong in _run(vector, policy)]
    if failed:
        remedy = "Correct values or vectors; a policy whose vectors fail must not be used."
        raise PolicyError("\n".join([*failed, remedy]))
    return policy


def _run(vector: Vector, policy: Policy) -> Iterator[str]:
    """What came out otherwise than expected."""
    found = judge(_evidence(vector), Reason.H1, policy, vector.at)
    expected = vector.expect
    yield from _line("card", found.card, expected.card)
    yield from _line("code", found.code, expected.code)
    yield from _line("itinerary", found.itinerary, expected.itinerary)
    if found.verdict is not expected.verdict:
        yield f"verdict is {found.verdict.value}, expected {expected.verdict.value}"


def _line(name: str, found: LineResult, expected: tuple[LineState, Reason] | None) -> Iterator[str]:
    if expected is not None and (found.state, found.reason) != expected:
        state, reason = expected
        yield f"{name} is {found.state.value} {found.reason.value}, expected {state.value} {reason.value}"


def _evidence(vector: Vector) -> Evidence:
    as_of = vector.at - timedelta(hours=vector.data_hours)
    risks = tuple(RiskEntry(risk.city, risk.area, risk.level, risk.since, risk.until) for risk in vector.risks)
    table = TableInfo(1, as_of, as_of, frozenset({"44"}), _AUTHORITIES, risks, demo=True)
    return Evidence(_presented(vector), _answer(vector), table)


def _answer(vector: Vector) -> Answer | None:
    if vector.presented in (Presented.CHIP_SERIAL, Presented.UNREADABLE):
        return None
    if not vector.in_table:
        return Unknown.NOT_FOUND
    at, today = vector.at, local_day(vector.at)
    codes = tuple(
        CodeStatement(
            said.colour,
            said.reason,
            said.issuer,
            at - timedelta(hours=said.hours_ago),
            None if said.urgent_hours_ago is None else at - timedelta(hours=said.urgent_hours_ago),
        )
        for said in vector.codes
    )
    test = None
    if vector.test is not None:
        sampled_at = at - timedelta(hours=vector.test.hours_ago)
        test = LabTest(vector.test.result, sampled_at, vector.test.issuer, vector.test.kind)
    itinerary = None
    if vector.itinerary:
        stays = tuple(Stay(stay.place, stay.area, stay.last_day) for stay in vector.stays)
        itinerary = Itinerary(today - vector.itinerary_days_old * _DAY, stays)
    lists = tuple(ListEntry(kind, "名单", "卫生健康委", at + 30 * _DAY) for kind in vector.lists)
    return PersonStatus(codes, test, vector.doses, itinerary, lists)


def _presented(vector: Vector) -> Shown:
    match vector.presented:
        case Presented.CHIP_SERIAL:
            return ChipSerial(bytes(8))
        case Presented.UNREADABLE:
            return Unreadable()
        case Presented.TYPED_NUMBER:
            return TypedNumber(parse_number(_number("44")))
    today = local_day(vector.at)
    expired = vector.presented is Presented.EXPIRED_CARD
    return IdCard(
        document=Document.CITIZEN,
        name="样本",
        sex="1",
        ethnic="01",
        birth=_BIRTH,
        address="",
        number=_number("32" if vector.presented is Presented.OTHER_PROVINCE else "44"),
        issuer="",
        valid_from=today - 1000 * _DAY,
        valid_to=today - _DAY if expired else today + 1000 * _DAY,
        without_end=False,
        photo=b"",
    )


def _number(province: str) -> str:
    # County 99 is assigned nowhere: a number of nobody.
    first17 = f"{province}0199{_BIRTH:%Y%m%d}123"
    return first17 + check_character(first17)
