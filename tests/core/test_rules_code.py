"""The code line: C1 to C8, test and vaccine (N1 to N6), and the list that stands in for them (W1)."""
# ruff: noqa: N802  (tests are named by the row of the rules that they keep)

from datetime import timedelta

import pytest

from kiosk.core.lines.finding import Finding, LineState
from kiosk.core.reasons import Reason
from kiosk.core.status import CodeStatement, Colour, LabTest, ListKind, Unknown
from kiosk.core.status import TestKind as Kind
from kiosk.core.status import TestResult as Result
from kiosk.core.verdict import Judgement, Verdict
from tests.core.judged import judged
from tests.people import (
    AS_OF,
    AUTHORITY,
    DAYS,
    HOURS,
    LABORATORY,
    NOW,
    OTHER_AUTHORITY,
    SECOND,
    STRANGER,
    id_card,
    id_number,
    listed,
    policy,
    said,
    status,
    stay,
    swab,
    table_info,
    travelled,
)

ADMITTED = listed(ListKind.ADMITTED)
GREEN, YELLOW, RED = said(Colour.GREEN), said(Colour.YELLOW), said(Colour.RED)


def coded(*statements: CodeStatement, **rules: object) -> Judgement:
    return judged(answer=status(codes=statements), under=policy(**rules))


def finding(answer: Judgement, reason: Reason) -> Finding | None:
    return next((found for found in answer.code.findings if found.reason is reason), None)


def has(answer: Judgement, reason: Reason) -> bool:
    return finding(answer, reason) is not None


def sampled(test: LabTest | None, **rules: object) -> Judgement:
    return judged(answer=status(test=test), under=policy(**rules))


def test_C1_green_passes_and_tells_issuer_and_time() -> None:
    answer = coded(GREEN)
    assert (answer.code.state, answer.code.reason, answer.verdict) == (LineState.OK, Reason.C1, Verdict.PASS)
    assert (answer.code.leading.issuer, answer.code.leading.at) == (AUTHORITY, GREEN.since)


def test_C1_green_needs_no_reason() -> None:
    assert coded(said(Colour.GREEN, reason="")).verdict is Verdict.PASS


@pytest.mark.parametrize(("state", "verdict"), [(LineState.ASK, Verdict.HELP), (LineState.STOP, Verdict.STOP)])
def test_C2_yellow_is_what_the_policy_makes_of_it(state: LineState, verdict: Verdict) -> None:
    answer = coded(YELLOW, yellow=state)
    assert (answer.code.state, answer.code.reason, answer.verdict) == (state, Reason.C2, verdict)
    assert dict(answer.code.leading.values) == {"reason": "流调判定"}


def test_C3_red_with_reason_and_issuer_stops() -> None:
    answer = coded(RED)
    assert (answer.code.state, answer.code.reason, answer.verdict) == (LineState.STOP, Reason.C3, Verdict.STOP)
    assert (answer.code.leading.issuer, dict(answer.code.leading.values)) == (AUTHORITY, {"reason": "流调判定"})


@pytest.mark.parametrize("colour", [Colour.RED, Colour.YELLOW])
@pytest.mark.parametrize(("reason", "issuer"), [("", AUTHORITY), ("流调判定", STRANGER), ("流调判定", "")])
def test_C4_a_colour_without_reason_or_known_issuer_stops_nobody(colour: Colour, reason: str, issuer: str) -> None:
    answer = coded(said(colour, reason=reason, issuer=issuer), yellow=LineState.STOP)
    assert (answer.code.state, answer.code.reason) == (LineState.UNKNOWN, Reason.C4)
    assert answer.verdict is Verdict.HELP


def test_C4_a_green_of_an_unknown_issuer_passes_nobody() -> None:
    assert coded(said(Colour.GREEN, issuer=STRANGER)).verdict is Verdict.HELP


def test_C5_not_in_the_table_is_not_a_red_code() -> None:
    for answer in (judged(answer=Unknown.NOT_FOUND), judged(answer=status(codes=()))):
        assert (answer.code.state, answer.code.reason) == (LineState.UNKNOWN, Reason.C5)
        assert answer.verdict is Verdict.HELP


def test_C6_a_province_that_the_table_does_not_cover_is_told_apart() -> None:
    elsewhere = id_card(number=id_number("320199"))
    answer = judged(presented=elsewhere, answer=Unknown.NOT_FOUND)
    assert (answer.code.state, answer.code.reason, answer.verdict) == (LineState.UNKNOWN, Reason.C6, Verdict.HELP)
    covered = judged(presented=elsewhere, answer=Unknown.NOT_FOUND, table=table_info(scope=frozenset({"44", "32"})))
    assert covered.code.reason is Reason.C5


def test_C6_somebody_of_another_province_who_is_in_the_table_is_judged() -> None:
    assert judged(presented=id_card(number=id_number("320199"))).code.reason is Reason.C1


@pytest.mark.parametrize(
    ("colour", "other", "state"),
    [
        (Colour.GREEN, Colour.YELLOW, LineState.ASK),
        (Colour.GREEN, Colour.RED, LineState.STOP),
        (Colour.YELLOW, Colour.RED, LineState.STOP),
    ],
)
def test_C7_two_authorities_that_differ_count_as_the_worse(colour: Colour, other: Colour, state: LineState) -> None:
    newer = said(other, issuer=OTHER_AUTHORITY, since=NOW - DAYS)
    older = said(other, issuer=OTHER_AUTHORITY, since=NOW - 9 * DAYS)
    for statements in ((said(colour), newer), (newer, said(colour)), (said(colour), older)):
        answer = coded(*statements)
        assert answer.code.state is state
        assert has(answer, Reason.C7)


def test_C7_a_difference_is_at_least_a_question() -> None:
    answer = coded(GREEN, said(Colour.RED, issuer=STRANGER))
    assert (answer.code.state, answer.code.reason, answer.verdict) == (LineState.ASK, Reason.C7, Verdict.HELP)


def test_C7_one_authority_that_says_two_things_at_once_differs_too() -> None:
    assert coded(GREEN, said(Colour.RED, since=GREEN.since)).code.state is LineState.STOP


def test_C7_two_authorities_that_agree_need_no_remark() -> None:
    answer = coded(GREEN, said(Colour.GREEN, issuer=OTHER_AUTHORITY, since=NOW - DAYS))
    assert not has(answer, Reason.C7)
    assert answer.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [(Colour.RED, Colour.GREEN, Verdict.PASS), (Colour.GREEN, Colour.RED, Verdict.STOP)],
    ids=["releases", "reddens"],
)
def test_C8_the_newest_word_of_an_authority_replaces_its_older_ones(
    before: Colour, after: Colour, verdict: Verdict
) -> None:
    old, new = said(before, since=NOW - 5 * DAYS), said(after, since=NOW - 5 * DAYS + SECOND)
    for statements in ((old, new), (new, old)):
        answer = coded(*statements)
        assert answer.verdict is verdict
        assert has(answer, Reason.C8)
        assert not has(answer, Reason.C7)


def test_C8_one_authority_does_not_release_for_another() -> None:
    assert coded(RED, said(Colour.GREEN, issuer=OTHER_AUTHORITY, since=NOW)).verdict is Verdict.STOP
    assert coded(said(Colour.GREEN, issuer=STRANGER, since=NOW), RED).verdict is Verdict.STOP


def test_C8_names_the_authority_that_spoke_again() -> None:
    spoke_once = said(Colour.GREEN, issuer=OTHER_AUTHORITY, since=NOW - HOURS)
    answer = coded(said(Colour.RED, since=NOW - 3 * DAYS), said(Colour.GREEN, since=NOW - DAYS), spoke_once)
    replaced = finding(answer, Reason.C8)
    assert replaced is not None
    assert (replaced.issuer, replaced.at) == (AUTHORITY, NOW - DAYS)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [(Colour.RED, Colour.GREEN, Verdict.PASS), (Colour.GREEN, Colour.RED, Verdict.STOP)],
    ids=["releases", "reddens"],
)
def test_C8_an_urgent_list_is_the_newest_word_whenever_its_colour_began(
    before: Colour, after: Colour, verdict: Verdict
) -> None:
    daily = said(before, since=NOW - HOURS)
    urgent = said(after, since=NOW - 9 * DAYS, urgent_at=NOW - 2 * HOURS)
    for statements in ((daily, urgent), (urgent, daily), (urgent,)):
        answer = coded(*statements)
        assert answer.verdict is verdict
        assert not has(answer, Reason.C7)
        replaced = finding(answer, Reason.C8)
        assert replaced is not None
        assert (replaced.issuer, replaced.at) == (AUTHORITY, NOW - 2 * HOURS)


def test_C8_the_newer_of_two_urgent_lists_counts() -> None:
    older = said(Colour.GREEN, since=NOW - DAYS, urgent_at=NOW - 5 * HOURS)
    newer = said(Colour.RED, since=NOW - 9 * DAYS, urgent_at=NOW - 2 * HOURS)
    assert coded(older, newer).verdict is coded(newer, older).verdict is Verdict.STOP


def test_C8_an_urgent_list_does_not_speak_for_another_authority() -> None:
    urgent = said(Colour.GREEN, issuer=OTHER_AUTHORITY, urgent_at=NOW - HOURS)
    answer = coded(RED, urgent)
    assert answer.verdict is Verdict.STOP
    assert has(answer, Reason.C7)
    assert coded(RED, said(Colour.GREEN, issuer=STRANGER, urgent_at=NOW - HOURS)).verdict is Verdict.STOP


def test_N1_where_no_test_is_asked_for_none_is_missed() -> None:
    for test in (None, swab(500)):
        answer = sampled(test, test_hours=0)
        assert has(answer, Reason.N1)
        assert answer.verdict is Verdict.PASS


@pytest.mark.parametrize("hours", [24, 48, 72])
@pytest.mark.parametrize(
    ("late", "reason"),
    [(-SECOND, Reason.N2), (timedelta(), Reason.N2), (SECOND, Reason.N3)],
    ids=["below", "at", "above"],
)
def test_N2_a_negative_test_counts_to_the_last_second(hours: int, late: timedelta, reason: Reason) -> None:
    test = LabTest(Result.NEGATIVE, NOW - hours * HOURS - late, LABORATORY)
    answer = sampled(test, test_hours=hours)
    assert has(answer, reason)
    assert answer.verdict is (Verdict.PASS if reason is Reason.N2 else Verdict.HELP)


@pytest.mark.parametrize(("age", "left"), [(20, "28"), (47.5, "0"), (46.9, "1"), (48, "0")])
def test_N2_tells_the_full_hours_that_are_left(age: float, left: str) -> None:
    found = finding(sampled(swab(age)), Reason.N2)
    assert found is not None
    assert dict(found.values)["hours"] == left


@pytest.mark.parametrize("test", [None, swab(48.01), swab(2000)], ids=["none", "just-late", "long-ago"])
def test_N3_an_old_test_or_none_is_a_question_never_a_refusal(test: LabTest | None) -> None:
    answer = sampled(test)
    assert (answer.code.state, answer.code.reason, answer.verdict) == (LineState.ASK, Reason.N3, Verdict.HELP)


def test_N3_an_antigen_test_does_not_answer_for_a_nucleic_acid_test() -> None:
    answer = sampled(swab(20, kind=Kind.ANTIGEN))
    assert (answer.code.state, answer.code.reason, answer.verdict) == (LineState.ASK, Reason.N3, Verdict.HELP)
    assert dict(answer.code.leading.values) == {"limit": "48", "kind": "antigen"}
    assert sampled(swab(20, kind=Kind.ANTIGEN), test_hours=0).verdict is Verdict.PASS


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("hours", [0, 48])
def test_N4_a_positive_test_with_a_laboratory_stops_also_where_none_is_asked_for(hours: int, kind: Kind) -> None:
    answer = sampled(swab(20, Result.POSITIVE, kind=kind), test_hours=hours)
    assert (answer.code.state, answer.code.reason, answer.verdict) == (LineState.STOP, Reason.N4, Verdict.STOP)


def test_N4_a_positive_that_nobody_signs_for_stops_nobody() -> None:
    answer = sampled(swab(20, Result.POSITIVE, issuer=""))
    assert (answer.code.state, answer.code.reason, answer.verdict) == (LineState.UNKNOWN, Reason.N4, Verdict.HELP)


def test_N4_a_positive_speaks_without_a_code_and_from_a_list_of_residents() -> None:
    positive = swab(20, Result.POSITIVE)
    for person in (status(codes=(), test=positive), status(test=positive, lists=(ADMITTED,))):
        answer = judged(answer=person)
        assert (answer.code.reason, answer.verdict) == (Reason.N4, Verdict.STOP)


def test_N4_a_test_under_check_is_a_question() -> None:
    answer = sampled(swab(20, Result.UNDER_CHECK))
    assert (answer.code.state, answer.code.reason, answer.verdict) == (LineState.ASK, Reason.N4, Verdict.HELP)


@pytest.mark.parametrize(
    ("later", "reason"),
    [(-SECOND, Reason.N2), (timedelta(), Reason.N2), (SECOND, Reason.N5)],
    ids=["before", "at", "after"],
)
def test_N5_a_result_newer_than_the_data_is_for_staff(later: timedelta, reason: Reason) -> None:
    answer = sampled(LabTest(Result.NEGATIVE, AS_OF + later, LABORATORY))
    assert has(answer, reason)
    assert answer.verdict is (Verdict.PASS if reason is Reason.N2 else Verdict.HELP)


@pytest.mark.parametrize(
    ("doses", "state"),
    [(0, LineState.ASK), (1, LineState.ASK), (2, LineState.OK), (3, LineState.OK), (None, LineState.UNKNOWN)],
)
def test_N6_fewer_doses_than_asked_for_are_a_question(doses: int | None, state: LineState) -> None:
    answer = judged(answer=status(vaccine_doses=doses), under=policy(vaccine_doses=2))
    assert answer.code.state is state
    assert answer.verdict is (Verdict.PASS if state is LineState.OK else Verdict.HELP)
    assert has(answer, Reason.N6)


def test_N6_is_hidden_where_no_dose_is_asked_for() -> None:
    assert not has(judged(answer=status(vaccine_doses=None)), Reason.N6)


def test_W1_stands_in_for_test_vaccine_and_itinerary() -> None:
    neighbour = status(
        test=None, vaccine_doses=0, itinerary=travelled(stay("310100", "310115", days_ago=1)), lists=(ADMITTED,)
    )
    answer = judged(answer=neighbour, under=policy(vaccine_doses=2))
    assert answer.verdict is Verdict.PASS
    assert has(answer, Reason.W1)
    assert answer.itinerary.reason is Reason.W1
    assert dict(answer.itinerary.leading.values) == {"list": "本楼住户"}


@pytest.mark.parametrize(
    ("statement", "reason"),
    [(RED, Reason.C3), (YELLOW, Reason.C2), (said(Colour.RED, reason=""), Reason.C4)],
    ids=["red", "yellow", "incomplete"],
)
def test_W1_turns_no_code(statement: CodeStatement, reason: Reason) -> None:
    answer = judged(answer=status(codes=(statement,), lists=(ADMITTED,)))
    assert answer.code.reason is reason
    assert answer.verdict is not Verdict.PASS


def test_W1_does_not_free_a_blocked_card() -> None:
    assert judged(answer=status(lists=(ADMITTED, listed(ListKind.BLOCKED)))).verdict is Verdict.STOP


def test_W1_needs_a_code_all_the_same() -> None:
    answer = judged(answer=status(codes=(), lists=(ADMITTED,)))
    assert (answer.code.reason, answer.verdict) == (Reason.C5, Verdict.HELP)
