"""The itinerary line: T1 to T6."""
# ruff: noqa: N802  (tests are named by the row of the rules that they keep)

from datetime import date

import pytest

from kiosk.core.lines.finding import LineState
from kiosk.core.reasons import Reason
from kiosk.core.status import Risk, RiskEntry, Stay, Unknown
from kiosk.core.verdict import Judgement, Verdict
from tests.core.judged import judged
from tests.people import DAYS, HOME, RISKY_AREA, RISKY_CITY, TODAY, policy, status, stay, table_info, travelled

ELSEWHERE = "310104"  # an area of the same city that is not listed


def been(*stays: Stay, risks: tuple[RiskEntry, ...] | None = None, **rules: object) -> Judgement:
    table = table_info() if risks is None else table_info(risks=risks)
    return judged(answer=status(itinerary=travelled(*stays)), table=table, under=policy(**rules))


@pytest.mark.parametrize(
    "stays",
    [(), (stay(HOME, days_ago=0),), (stay(HOME, "440106", days_ago=3), stay("320100", days_ago=1))],
    ids=["nowhere", "home", "elsewhere"],
)
def test_T1_nothing_listed_in_the_window(stays: tuple[Stay, ...]) -> None:
    answer = been(*stays)
    assert (answer.itinerary.state, answer.itinerary.reason) == (LineState.OK, Reason.T1)
    assert answer.verdict is Verdict.PASS


def test_T1_another_area_of_a_starred_city() -> None:
    assert been(stay(RISKY_CITY, ELSEWHERE, days_ago=1)).itinerary.reason is Reason.T1


@pytest.mark.parametrize(("state", "verdict"), [(LineState.ASK, Verdict.HELP), (LineState.OK, Verdict.PASS)])
def test_T2_a_starred_city_is_a_question_or_what_the_policy_says(state: LineState, verdict: Verdict) -> None:
    answer = been(stay(RISKY_CITY, days_ago=1), star_city=state)
    assert (answer.itinerary.state, answer.itinerary.reason, answer.verdict) == (state, Reason.T2, verdict)


def test_T2_tells_staff_which_areas_to_ask_for() -> None:
    risks = tuple(RiskEntry(RISKY_CITY, area, Risk.HIGH, TODAY, None) for area in ("310120", "310115", "310115"))
    values = dict(been(stay(RISKY_CITY, days_ago=1), risks=risks).itinerary.leading.values)
    assert values["areas"] == "310115、310120"


@pytest.mark.parametrize(("state", "verdict"), [(LineState.STOP, Verdict.STOP), (LineState.ASK, Verdict.HELP)])
@pytest.mark.parametrize(("level", "rule"), [(Risk.HIGH, "risk_area"), (Risk.MEDIUM, "medium_area")])
def test_T3_the_risk_area_itself_is_what_the_policy_says(
    level: Risk, rule: str, state: LineState, verdict: Verdict
) -> None:
    other = {"risk_area", "medium_area"} - {rule}
    rules = {rule: state, other.pop(): LineState.ASK if state is LineState.STOP else LineState.STOP}
    risks = (RiskEntry(RISKY_CITY, RISKY_AREA, level, TODAY, None),)
    answer = been(stay(RISKY_CITY, RISKY_AREA, days_ago=1), risks=risks, **rules)
    assert (answer.itinerary.state, answer.itinerary.reason, answer.verdict) == (state, Reason.T3, verdict)


def test_T3_an_area_listed_at_both_levels_counts_as_the_worse() -> None:
    risks = tuple(RiskEntry(RISKY_CITY, RISKY_AREA, level, TODAY, None) for level in Risk)
    for order in (risks, risks[::-1]):
        answer = been(stay(RISKY_CITY, RISKY_AREA, days_ago=1), risks=order, medium_area=LineState.ASK)
        assert answer.verdict is Verdict.STOP


@pytest.mark.parametrize("area", [RISKY_AREA, ""], ids=["area", "city"])
def test_T1_where_medium_risk_is_not_counted_only_high_risk_is(area: str) -> None:
    place = stay(RISKY_CITY, area, days_ago=1)
    medium = RiskEntry(RISKY_CITY, RISKY_AREA, Risk.MEDIUM, TODAY, None)
    assert been(place, risks=(medium,), medium_area=LineState.OK).itinerary.reason is Reason.T1
    high = RiskEntry(RISKY_CITY, RISKY_AREA, Risk.HIGH, TODAY, None)
    assert been(place, risks=(medium, high), medium_area=LineState.OK).verdict is not Verdict.PASS


@pytest.mark.parametrize("window", [7, 14])
@pytest.mark.parametrize("area", ["", RISKY_AREA], ids=["T2", "T3"])
@pytest.mark.parametrize(("beyond", "counts"), [(-1, True), (0, True), (1, False)], ids=["below", "at", "above"])
def test_T3_and_T2_count_to_the_last_day_of_the_window(window: int, area: str, beyond: int, counts: bool) -> None:
    answer = been(stay(RISKY_CITY, area, days_ago=window + beyond), itinerary_days=window)
    assert (answer.itinerary.reason is not Reason.T1) == counts
    if counts:
        assert dict(answer.itinerary.leading.values)["left"] == str(-beyond)


@pytest.mark.parametrize(
    ("since", "until", "reason"),
    [
        (TODAY, None, Reason.T3),
        (TODAY + DAYS, None, Reason.T1),
        (date(2022, 3, 1), TODAY - 5 * DAYS, Reason.T3),
        (date(2022, 3, 1), TODAY - 6 * DAYS, Reason.T1),
    ],
    ids=["listed-today", "listed-tomorrow", "until-the-day-of-leaving", "over-before"],
)
def test_T3_an_area_counts_if_it_was_listed_from_then_until_now(
    since: date, until: date | None, reason: Reason
) -> None:
    risks = (RiskEntry(RISKY_CITY, RISKY_AREA, Risk.HIGH, since, until),)
    assert been(stay(RISKY_CITY, RISKY_AREA, days_ago=5), risks=risks).itinerary.reason is reason


def test_T3_the_worst_stay_leads() -> None:
    answer = been(stay(HOME, days_ago=0), stay(RISKY_CITY, days_ago=2), stay(RISKY_CITY, RISKY_AREA, days_ago=9))
    assert answer.itinerary.reason is Reason.T3
    assert {found.reason for found in answer.itinerary.findings} == {Reason.T2, Reason.T3}


@pytest.mark.parametrize("window", [14, 21])
@pytest.mark.parametrize(
    ("beyond", "reason"), [(-1, Reason.T4), (0, Reason.T4), (1, Reason.T1)], ids=["below", "at", "above"]
)
def test_T4_abroad_has_a_window_of_its_own(window: int, beyond: int, reason: Reason) -> None:
    assert been(stay("JPN", days_ago=window + beyond), abroad_days=window).itinerary.reason is reason


@pytest.mark.parametrize(("state", "verdict"), [(LineState.ASK, Verdict.HELP), (LineState.STOP, Verdict.STOP)])
def test_T4_abroad_is_what_the_policy_says(state: LineState, verdict: Verdict) -> None:
    assert been(stay("JPN", days_ago=3), abroad=state).verdict is verdict


def test_T5_without_an_itinerary_the_line_is_never_in_order_by_itself() -> None:
    for answer in (judged(answer=status(itinerary=None)), judged(answer=Unknown.NOT_FOUND)):
        assert (answer.itinerary.state, answer.itinerary.reason) == (LineState.UNKNOWN, Reason.T5)
        assert answer.verdict is Verdict.HELP


@pytest.mark.parametrize("lag", [1, 2])
@pytest.mark.parametrize(
    ("beyond", "reason"), [(-1, Reason.T1), (0, Reason.T1), (1, Reason.T6)], ids=["below", "at", "above"]
)
def test_T6_an_itinerary_much_older_than_the_codes_says_nothing(lag: int, beyond: int, reason: Reason) -> None:
    old = travelled(stay(HOME, days_ago=9), as_of=TODAY - (lag + beyond) * DAYS)
    answer = judged(answer=status(itinerary=old), under=policy(itinerary_lag_days=lag))
    assert answer.itinerary.reason is reason
    assert answer.verdict is (Verdict.HELP if reason is Reason.T6 else Verdict.PASS)


def test_T6_refuses_nobody() -> None:
    old = travelled(stay(RISKY_CITY, RISKY_AREA, days_ago=9), as_of=TODAY - 9 * DAYS)
    assert judged(answer=status(itinerary=old)).itinerary.state is LineState.UNKNOWN
