"""Age of the data, clock and damage: A1 to A5 and A9 to A13."""
# ruff: noqa: N802  (tests are named by the row of the rules that they keep)

from datetime import UTC, date, datetime, timedelta

import pytest

from kiosk.core.errors import Fault, gravest
from kiosk.core.freshness import ClockWatch, Jump, clock_is_behind, freshness, urgent_is_old
from kiosk.core.lines.finding import LineState
from kiosk.core.prompts import Prompt
from kiosk.core.reasons import Line, Reason
from kiosk.core.status import Colour, ListKind, PersonStatus, TableInfo, Unknown
from kiosk.core.times import local_day, whole_hours
from kiosk.core.verdict import Verdict
from kiosk.core.visit import Judged, Phase, Say, Service, ServiceIs, Signal
from tests.core.judged import IDLE, judged, play
from tests.people import DAYS, HOURS, NOW, SECOND, TODAY, id_card, listed, policy, said, status, table_info, travelled

RULES = policy(test_hours=0, itinerary_lag_days=9)
AGES = {Reason.A1: 24, Reason.A2: 48, Reason.A3: 72}
MIDNIGHT = datetime(2022, 4, 20, 16, 0, tzinfo=UTC)  # 24:00 of 20 April in Shanghai


def aged(hours: float) -> TableInfo:
    return table_info(as_of=NOW - hours * HOURS, built_at=NOW - hours * HOURS)


def old_answer(*, colour: Colour = Colour.GREEN) -> PersonStatus:
    """Somebody whose code was known long before any table of these tests."""
    itinerary = travelled(as_of=TODAY - 4 * DAYS)
    return status(codes=(said(colour, since=NOW - 20 * DAYS),), test=None, itinerary=itinerary)


@pytest.mark.parametrize(
    ("row", "next_row"),
    [(Reason.A1, Reason.A2), (Reason.A2, Reason.A3), (Reason.A3, Reason.A4)],
    ids=["24", "48", "72"],
)
def test_A1_to_A4_each_age_holds_to_its_last_second(row: Reason, next_row: Reason) -> None:
    limit = AGES[row] * HOURS
    found = [freshness(NOW - limit + late, policy(), NOW) for late in (SECOND, timedelta(), -SECOND)]
    assert found == [row, row, next_row]


def test_A1_fresh_data_need_no_remark() -> None:
    answer = judged(answer=old_answer(), table=aged(23), under=RULES)
    assert (answer.verdict, answer.notes) == (Verdict.PASS, ())


def test_A2_a_pass_is_still_possible_and_carries_the_age() -> None:
    answer = judged(answer=old_answer(), table=aged(47), under=RULES)
    assert answer.verdict is Verdict.PASS
    assert [(note.reason, note.state, note.at) for note in answer.notes] == [
        (Reason.A2, LineState.OK, NOW - 47 * HOURS)
    ]
    assert judged(answer=old_answer(colour=Colour.RED), table=aged(47), under=RULES).verdict is Verdict.STOP


@pytest.mark.parametrize("colour", Colour)
def test_A3_stale_green_and_stale_red_alike_go_to_staff(colour: Colour) -> None:
    answer = judged(answer=old_answer(colour=colour), table=aged(60), under=RULES)
    for which in (Line.CODE, Line.ITINERARY):
        assert (answer.line(which).state, answer.line(which).reason) == (LineState.UNKNOWN, Reason.A3)
    assert (answer.verdict, answer.notes) == (Verdict.HELP, ())


def test_A3_staff_see_the_old_value_and_its_day() -> None:
    answer = judged(answer=old_answer(colour=Colour.RED), table=aged(60), under=RULES)
    assert dict(answer.code.leading.values) == {"was": "C3", "day": "2022-04-17"}


def test_A3_a_stale_blocked_list_stops_nobody() -> None:
    answer = judged(answer=status(lists=(listed(ListKind.BLOCKED),)), table=aged(60))
    assert (answer.card.state, answer.card.reason) == (LineState.UNKNOWN, Reason.A3)


def test_A3_a_card_is_still_read_for_what_stands_on_it() -> None:
    assert judged(table=aged(60)).card.reason is Reason.P1
    expired = id_card(valid_to=date(2022, 4, 1))
    assert judged(presented=expired, table=aged(60)).card.reason is Reason.P2


def test_A3_extended_by_staff_green_counts_again_and_says_so() -> None:
    answer = judged(answer=old_answer(), table=aged(60), under=RULES, extended=True)
    assert answer.verdict is Verdict.PASS
    assert [note.reason for note in answer.notes] == [Reason.A3]
    assert judged(extended=True).notes == ()


def test_A3_extended_by_staff_red_still_goes_to_staff() -> None:
    blocked = status(lists=(listed(ListKind.BLOCKED),), test=None)
    for answer in (old_answer(colour=Colour.RED), blocked):
        assert judged(answer=answer, table=aged(60), under=RULES, extended=True).verdict is Verdict.HELP


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("colour", Colour)
def test_A4_too_old_data_judge_nobody_whatever_staff_opened(colour: Colour, extended: bool) -> None:
    answer = judged(answer=old_answer(colour=colour), table=aged(73), under=RULES, extended=extended)
    assert (answer.code.state, answer.code.reason) == (LineState.UNKNOWN, Reason.A4)
    assert answer.verdict is Verdict.HELP


def test_A4_no_data_are_as_good_as_data_too_old() -> None:
    assert freshness(None, policy(), NOW) is Reason.A4


@pytest.mark.parametrize(
    ("moment", "row"),
    [
        (datetime(2022, 3, 14, 15, 59, 59, tzinfo=UTC), Reason.A4),
        (datetime(2022, 3, 14, 16, 0, tzinfo=UTC), Reason.A1),
        (datetime(2022, 6, 28, 15, 59, 59, tzinfo=UTC), Reason.A1),
        (datetime(2022, 6, 28, 16, 0, tzinfo=UTC), Reason.A4),
    ],
    ids=["before", "first-moment", "last-moment", "after"],
)
def test_A4_a_policy_counts_from_its_first_day_to_its_last_in_shanghai(moment: datetime, row: Reason) -> None:
    assert freshness(moment - HOURS, policy(), moment) is row


@pytest.mark.parametrize("hours", [1, 6])
@pytest.mark.parametrize(("late", "old"), [(-SECOND, False), (timedelta(), False), (SECOND, True)])
def test_A5_an_urgent_list_is_old_after_the_hours_of_the_policy(hours: int, late: timedelta, old: bool) -> None:
    assert urgent_is_old(NOW - hours * HOURS - late, policy(urgent_hours=hours), NOW) is old


def test_A5_is_a_banner_and_changes_no_verdict() -> None:
    assert not urgent_is_old(None, policy(), NOW)
    assert judged(table=table_info(urgent_as_of=NOW - 90 * HOURS)) == judged()


@pytest.mark.parametrize("fault", [Fault.DATA_EXPIRED, Fault.CLOCK_BEHIND, Fault.CLOCK_UNCONFIRMED])
def test_A4_A9_A11_the_kiosk_is_out_of_order_and_takes_no_card(fault: Fault) -> None:
    assert gravest(frozenset({fault, Fault.CAMERA})) is fault
    assert not fault.stops_reading
    stopped, effects = play(ServiceIs(Service.STOPPED))
    assert stopped.phase is Phase.STOPPED
    assert Say(Prompt.OUT_OF_ORDER) in effects
    assert play(Signal.CARD_FELT, start=stopped) == (stopped, ())
    assert play(ServiceIs(Service.UP), start=stopped)[0] == IDLE


@pytest.mark.parametrize(("late", "behind"), [(-SECOND, True), (timedelta(), False), (SECOND, False)])
def test_A9_a_clock_before_package_or_last_event_is_behind(late: timedelta, behind: bool) -> None:
    long_ago = NOW - 9 * DAYS
    assert clock_is_behind(NOW + late, NOW, None) == behind
    assert clock_is_behind(NOW + late, long_ago, NOW) == behind


def test_A9_without_package_or_event_nothing_is_known_of_the_clock() -> None:
    assert not clock_is_behind(NOW, None, None)


@pytest.mark.parametrize("direction", [1, -1], ids=["ahead", "back"])
@pytest.mark.parametrize(
    ("seconds", "jump"),
    [
        (0.0, Jump.NONE),
        (29.9, Jump.NONE),
        (30.0, Jump.WARN),
        (30.1, Jump.WARN),
        (7199.9, Jump.WARN),
        (7200.0, Jump.LOCK),
        (7200.1, Jump.LOCK),
    ],
)
def test_A10_a_jump_of_the_clock_warns_and_a_long_one_locks(seconds: float, jump: Jump, direction: int) -> None:
    watch = ClockWatch(NOW, 5000.0)
    an_hour_later = NOW + HOURS + direction * seconds * SECOND
    assert watch.jump(an_hour_later, 5000.0 + 3600.0, policy()) is jump


def test_A10_a_small_jump_is_told_to_staff_and_the_kiosk_serves_on() -> None:
    assert gravest(frozenset({Fault.CLOCK_JUMPED})) is None


@pytest.mark.parametrize("answer", [status(), status(codes=(said(Colour.RED),)), Unknown.NOT_FOUND], ids=str)
def test_A10_until_somebody_confirms_the_time_everything_is_help(answer: object) -> None:
    unsure = judged(answer=answer, clock_sure=False)
    for which in (Line.CARD, Line.CODE, Line.ITINERARY):
        assert (unsure.line(which).state, unsure.line(which).reason) == (LineState.UNKNOWN, Reason.A10)
    assert unsure.verdict is Verdict.HELP


def test_A11_a_clock_that_lost_power_waits_for_a_person() -> None:
    assert Fault.CLOCK_UNCONFIRMED.stops_service
    assert gravest(frozenset({Fault.CLOCK_UNCONFIRMED, Fault.DATA_EXPIRED})) is Fault.CLOCK_UNCONFIRMED


def test_A12_the_day_begins_at_midnight_in_shanghai() -> None:
    assert [local_day(MIDNIGHT + late) for late in (-SECOND, timedelta(), SECOND)] == [
        TODAY,
        TODAY + DAYS,
        TODAY + DAYS,
    ]
    assert local_day(MIDNIGHT + 23 * HOURS + timedelta(minutes=59)) == TODAY + DAYS


@pytest.mark.parametrize(("late", "reason"), [(-SECOND, Reason.P1), (timedelta(), Reason.P2)])
def test_A12_a_card_is_good_until_24_00_of_its_last_day(late: timedelta, reason: Reason) -> None:
    last_day = id_card(valid_to=TODAY)
    assert judged(presented=last_day, at=MIDNIGHT + late).card.reason is reason


@pytest.mark.parametrize(("late", "reason"), [(-SECOND, Reason.P2), (timedelta(), Reason.P1)])
def test_A12_a_new_card_is_good_from_0_00_of_its_first_day(late: timedelta, reason: Reason) -> None:
    assert judged(presented=id_card(valid_from=TODAY + DAYS), at=MIDNIGHT + late).card.reason is reason


def test_A12_hours_left_are_whole_hours() -> None:
    assert [whole_hours(hours * HOURS) for hours in (0.99, 1.0, 1.99)] == [0, 1, 1]


def test_A13_without_an_answer_of_the_table_its_lines_are_unknown_and_the_card_is_judged() -> None:
    for answer in (None, Unknown.UNREADABLE):
        blind = judged(answer=answer)
        for which in (Line.CODE, Line.ITINERARY):
            assert (blind.line(which).state, blind.line(which).reason) == (LineState.UNKNOWN, Reason.A13)
        assert blind.card.reason is Reason.P1
        assert blind.verdict is Verdict.HELP


@pytest.mark.parametrize("fault", [Fault.READER, Fault.PCSCD])
def test_A13_a_lost_reader_lets_the_card_that_was_read_be_judged_to_the_end(fault: Fault) -> None:
    assert fault.stops_service
    assert fault.stops_reading
    lost = ServiceIs(Service.NO_READER)
    state, _ = play(Signal.CARD_FELT, Signal.CARD_READ, Judged(LineState.OK), lost)
    assert state.phase is Phase.READING
    state, _ = play(Signal.FACE_UNAVAILABLE, Signal.STORED, start=state)
    assert (state.phase, state.person) == (Phase.RESULT, Reason.H4B)
    unread, _ = play(Signal.CARD_FELT, lost)
    assert unread.phase is Phase.STOPPED


@pytest.mark.parametrize("fault", [Fault.CAMERA, Fault.MODELS, Fault.SOUND])
def test_A13_without_camera_models_or_sound_the_kiosk_stays_usable(fault: Fault) -> None:
    assert gravest(frozenset({fault})) is None
