"""Several policies: the sample policies on their days, the days on which rules changed, and days without a policy."""

import os
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

import kiosk.policies
from kiosk.core.errors import PolicyError
from kiosk.core.evidence import Evidence
from kiosk.core.freshness import freshness
from kiosk.core.judge import judge
from kiosk.core.policy import Policy
from kiosk.core.reasons import Reason
from kiosk.core.status import Colour, Itinerary, LabTest, PersonStatus, Risk, RiskEntry, Stay
from kiosk.core.status import TestResult as Result
from kiosk.core.times import SHANGHAI, local_day
from kiosk.core.verdict import Verdict
from kiosk.policies import load_policy
from kiosk.policies.book import PolicyBook, PolicySource
from kiosk.policies.file import parse_policy
from kiosk.store import MANIFEST, Manifest, Supply, write_durably
from tests.people import HOME, LABORATORY, RISKY_AREA, RISKY_CITY, id_card, policy, said, status, table_info

SAMPLES = sorted(Path(kiosk.policies.__file__).parent.glob("*.toml"))
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
HOURS = timedelta(hours=1)
MEDIUM_AREA = "310112"
P, H, S = Verdict.PASS, Verdict.HELP, Verdict.STOP


@cache
def book() -> PolicyBook:
    return PolicyBook(load_policy(path) for path in SAMPLES)


def midnight(day: str) -> datetime:
    """The first moment of a day in Shanghai."""
    return datetime.fromisoformat(day).replace(tzinfo=SHANGHAI)


# -- what each kind of visitor meets ---------------------------------------------------------------------------------

VISITORS = (
    "green",
    "tested-60h",
    "tested-3d",
    "yellow",
    "red",
    "star",
    "high-5d",
    "high-10d",
    "medium-5d",
    "abroad-10d",
)
# From the first moment of a day in Shanghai until the next row's.
REPLAY: dict[str, str] = {
    "2020-11-01": "",
    "2020-12-01": "P P P H S H S S H H",
    "2021-01-01": "",
    "2021-09-01": "P P P H S H S S H H",
    "2021-10-01": "",
    "2022-03-15": "P H H H S H S S S H",
    "2022-06-29": "P H H H S P S S H H",
    "2022-07-08": "P P P H S P S P H P",
    "2022-11-11": "P H H H S P S P P P",
    "2022-12-13": "",
}


def visitor(kind: str, at: datetime) -> PersonStatus:
    today = local_day(at)

    def been(place: str, area: str, days: int) -> PersonStatus:
        return person(itinerary=Itinerary(today, (Stay(HOME, "", today), Stay(place, area, today - days * DAY))))

    def tested(hours: int) -> LabTest:
        return LabTest(Result.NEGATIVE, at - hours * HOURS, LABORATORY)

    def person(**changes: object) -> PersonStatus:
        usual: dict[str, object] = {
            "codes": (said(Colour.GREEN, since=at - 20 * DAY),),
            "test": tested(20),
            "itinerary": Itinerary(today, (Stay(HOME, "", today),)),
        }
        return status(**(usual | changes))

    match kind:
        case "tested-60h":
            return person(test=tested(60))
        case "tested-3d":
            return person(test=tested(72))
        case "yellow" | "red":
            return person(codes=(said(Colour(kind), since=at - 2 * DAY),))
        case "star":
            return been(RISKY_CITY, "", 5)
        case "high-5d" | "high-10d":
            return been(RISKY_CITY, RISKY_AREA, 5 if kind == "high-5d" else 10)
        case "medium-5d":
            return been(RISKY_CITY, MEDIUM_AREA, 5)
        case "abroad-10d":
            return been("JPN", "", 10)
        case _:
            return person()


def verdict(kind: str, under: Policy, at: datetime) -> Verdict:
    since = local_day(at) - 12 * DAY
    table = table_info(
        as_of=at - 6 * HOURS,
        built_at=at - 6 * HOURS,
        risks=(
            RiskEntry(RISKY_CITY, RISKY_AREA, Risk.HIGH, since, None),
            RiskEntry(RISKY_CITY, MEDIUM_AREA, Risk.MEDIUM, since, None),
        ),
    )
    evidence = Evidence(id_card(), visitor(kind, at), table)
    return judge(evidence, Reason.H1, under, at).verdict


def rows() -> list[tuple[datetime, str]]:
    """First and last moment of each row, and a moment of each of the days around."""
    starts = [midnight(day) for day in REPLAY]
    moments = []
    for start, expected, end in zip(starts, REPLAY.values(), [*starts[1:], starts[-1] + 30 * DAY], strict=True):
        inside = [start + days * DAY + 10 * HOURS for days in range(4)] + [
            end - days * DAY + HOURS for days in (1, 2, 3)
        ]
        moments += [(moment, expected) for moment in (start, *inside, end - SECOND)]
    return moments


@pytest.mark.parametrize(
    ("moment", "expected"), rows(), ids=lambda value: value.isoformat() if isinstance(value, datetime) else ""
)
def test_the_documented_verdicts_come_on_their_dates_and_none_on_a_day_without_a_policy(
    moment: datetime, expected: str
) -> None:
    of_the_day = book().on(local_day(moment.astimezone(UTC)))
    if not expected:
        assert of_the_day is None
        assert freshness(moment - HOURS, book().nearest(local_day(moment)), moment) is Reason.A4
        return
    assert of_the_day is not None
    found = [verdict(kind, of_the_day, moment.astimezone(UTC)) for kind in VISITORS]
    assert found == [{"P": P, "H": H, "S": S}[letter] for letter in expected.split()]


def test_no_day_from_march_to_december_2022_is_without_a_policy() -> None:
    days = [date(2022, 3, 15) + number * DAY for number in range(273)]
    assert days[-1] == date(2022, 12, 12)
    assert all(book().on(day) for day in days)


def test_each_sample_has_vectors_for_its_first_and_its_last_moment_and_beyond() -> None:
    assert len(SAMPLES) == 6
    for path in SAMPLES:
        sample, vectors = parse_policy(path.read_bytes())
        assert path.stem == sample.name
        first, end = midnight(f"{sample.valid_from}"), midnight(f"{sample.valid_until + DAY}")
        assert {first - SECOND, first, end - SECOND, end} <= {vector.at for vector in vectors}
        assert len(vectors) >= 6
        assert {vector.expect.verdict for vector in vectors} == set(Verdict)


# -- the book --------------------------------------------------------------------------------------------------------


def dated(name: str, first: str, last: str) -> Policy:
    return policy(name=name, valid_from=date.fromisoformat(first), valid_until=date.fromisoformat(last))


def test_two_policies_for_one_day_are_refused_by_name() -> None:
    one, other = dated("spring", "2022-03-01", "2022-05-31"), dated("summer", "2022-05-31", "2022-08-31")
    for policies in ([one, other], [other, one]):
        with pytest.raises(PolicyError) as refused:
            PolicyBook(policies)
        assert "spring (until 2022-05-31) and summer (from 2022-05-31)" in refused.value.detail
    # A long one around a short one.
    with pytest.raises(PolicyError, match="long"):
        PolicyBook([dated("long", "2022-01-01", "2022-12-31"), dated("short", "2022-06-01", "2022-06-02")])
    with pytest.raises(PolicyError, match="no policy"):
        PolicyBook([])


def test_a_day_without_a_policy_is_told_and_the_nearest_judges_nobody() -> None:
    spring, autumn = dated("spring", "2022-03-01", "2022-05-31"), dated("autumn", "2022-09-01", "2022-11-30")
    both = PolicyBook([autumn, spring])
    expected = {
        "2022-02-28": (None, spring),
        "2022-03-01": (spring, spring),
        "2022-05-31": (spring, spring),
        "2022-06-01": (None, spring),
        "2022-08-31": (None, spring),
        "2022-09-01": (autumn, autumn),
        "2022-12-01": (None, autumn),
    }
    for day, (on, nearest) in expected.items():
        found = both.on(date.fromisoformat(day)), both.nearest(date.fromisoformat(day))
        assert found == (on, nearest), day


# -- where policies come from ----------------------------------------------------------------------------------------


def supply(*policies: Path) -> bytes:
    province = Supply(
        serial=1,
        issued_at=datetime(2022, 4, 20, tzinfo=UTC),
        layers=(),
        envelope="e",
        policies=tuple(path.name for path in policies),
    )
    return Manifest(province=province).model_dump_json().encode()


def names(source: PolicySource) -> list[str]:
    return [each.name for each in source.book().policies]


def test_supplied_policies_take_the_place_of_the_kiosks_own_at_once(tmp_path: Path) -> None:
    own = SAMPLES[2]
    source = PolicySource(tmp_path, own)
    assert names(source) == ["2022-04"]
    for path in SAMPLES[3:5]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    write_durably(tmp_path / MANIFEST, supply(*SAMPLES[3:5]))
    assert names(source) == ["2022-06", "2022-07"]
    book = source.book()
    assert source.book() is book
    write_durably(tmp_path / MANIFEST, supply())
    assert names(source) == ["2022-04"]


def test_supplied_policies_that_cannot_be_used_are_told_until_others_come(tmp_path: Path) -> None:
    source = PolicySource(tmp_path, SAMPLES[2])
    write_durably(tmp_path / MANIFEST, supply(SAMPLES[3]))
    for _ in range(2):
        with pytest.raises(PolicyError, match="2022-06"):
            source.book()
    (tmp_path / SAMPLES[3].name).write_bytes(SAMPLES[3].read_bytes())
    os.utime(tmp_path / MANIFEST)
    assert names(source) == ["2022-06"]
