"""Invented people for all tests: numbers of a county that is not assigned (..99), values of the sample policy."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from kiosk.core.card import Document, IdCard
from kiosk.core.evidence import Evidence
from kiosk.core.policy import Policy
from kiosk.core.status import (
    CodeStatement,
    Colour,
    Itinerary,
    LabTest,
    ListEntry,
    ListKind,
    PersonStatus,
    Risk,
    RiskEntry,
    Stay,
    TableInfo,
    TestKind,
    TestResult,
)
from kiosk.policies import SAMPLE
from kiosk.policies.file import parse_policy

NOW = datetime(2022, 4, 20, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
AS_OF = NOW - timedelta(hours=6)
HOURS = timedelta(hours=1)
DAYS = timedelta(days=1)
SECOND = timedelta(seconds=1)
TODAY = date(2022, 4, 20)

AUTHORITY = "示范市卫生健康委"
OTHER_AUTHORITY = "示范省疾控中心"
STRANGER = "不在名录的机构"
LABORATORY = "示范检测所"

HOME = "440100"
RISKY_CITY = "310100"
RISKY_AREA = "310115"


def id_number(area: str = "440199", birth: date = date(1941, 6, 1), sequence: int = 123) -> str:
    """An 18-character number: GB 11643 form, check character by the recursive method of ISO 7064 MOD 11-2."""
    first17 = f"{area}{birth:%Y%m%d}{sequence:03d}"
    remainder = 0
    for digit in first17:
        remainder = (remainder + int(digit)) * 2 % 11
    check = (1 - remainder) % 11
    return first17 + ("X" if check == 10 else str(check))


_CARD = IdCard(
    document=Document.CITIZEN,
    name="陈样本",
    sex="1",
    ethnic="01",
    birth=date(1941, 6, 1),
    address="示范市样本区试验路1号",
    number=id_number(),
    issuer="示范市公安局样本分局",
    valid_from=date(2010, 5, 4),
    valid_to=date(2030, 5, 4),
    without_end=False,
    photo=b"photo of nobody",
)
_STATUS = PersonStatus(
    codes=(CodeStatement(Colour.GREEN, "未见异常", AUTHORITY, NOW - 10 * DAYS),),
    test=LabTest(TestResult.NEGATIVE, NOW - 20 * HOURS, LABORATORY),
    vaccine_doses=3,
    itinerary=Itinerary(TODAY, (Stay(HOME, "", TODAY),)),
    lists=(),
)
_TABLE = TableInfo(
    serial=7,
    as_of=AS_OF,
    built_at=AS_OF + HOURS,
    scope=frozenset({"44"}),
    issuers=frozenset({AUTHORITY, OTHER_AUTHORITY}),
    risks=(RiskEntry(RISKY_CITY, RISKY_AREA, Risk.MEDIUM, date(2022, 4, 1), None),),
    demo=False,
)
# 21 days abroad, so that no test takes one window for the other. Its own vectors are not run: with a bug put into the
# core by hand, these tests are to notice it.
_POLICY = replace(parse_policy(SAMPLE.read_bytes())[0], abroad_days=21)


def id_card(**changes: Any) -> IdCard:
    """The card of a man born in 1941, in date and in agreement with itself."""
    return replace(_CARD, **changes)


def status(**changes: Any) -> PersonStatus:
    """Somebody in order: green, tested 20 hours ago, at home all the time, on no list."""
    return replace(_STATUS, **changes)


def table_info(**changes: Any) -> TableInfo:
    """A table of Guangdong, six hours old, with one risk area in another province."""
    return replace(_TABLE, **changes)


def policy(**changes: Any) -> Policy:
    """The sample policy 2022-04, but for 21 days abroad."""
    return replace(_POLICY, **changes)


def evidence(**changes: Any) -> Evidence:
    """A visit that is in order in everything."""
    return replace(Evidence(presented=id_card(), answer=status(), table=table_info()), **changes)


def said(
    colour: Colour,
    *,
    reason: str = "流调判定",
    issuer: str = AUTHORITY,
    since: datetime = NOW - 2 * DAYS,
    urgent_at: datetime | None = None,
) -> CodeStatement:
    """What an authority says about a person's code."""
    return CodeStatement(colour, reason, issuer, since, urgent_at)


def swab(
    hours_ago: float,
    result: TestResult = TestResult.NEGATIVE,
    issuer: str = LABORATORY,
    kind: TestKind = TestKind.NUCLEIC_ACID,
) -> LabTest:
    """A test sampled so many hours before NOW."""
    return LabTest(result, NOW - hours_ago * HOURS, issuer, kind)


def travelled(*stays: Stay, as_of: date = TODAY) -> Itinerary:
    """An itinerary."""
    return Itinerary(as_of, stays)


def stay(place: str, area: str = "", *, days_ago: int) -> Stay:
    """A stay that ended so many days before NOW's day in Shanghai."""
    return Stay(place, area, TODAY - days_ago * DAYS)


def listed(kind: ListKind, title: str = "本楼住户") -> ListEntry:
    """An entry of a list that counts for another month."""
    return ListEntry(kind, title, AUTHORITY, NOW + 30 * DAYS)
