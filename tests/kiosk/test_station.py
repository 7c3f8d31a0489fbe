"""The station from card to screen and journal, with a simulated reader and a real table and journal."""

import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from drivers.virtualcard import bank_card, bare_id_card
from kiosk.core.errors import Fault
from kiosk.core.ports import Band, Hint, Liveness
from kiosk.core.reasons import Line, Reason
from kiosk.core.session import HINTS
from kiosk.core.verdict import Verdict
from kiosk.journal import JournalEvent, Kind
from kiosk.showing import Press, Prompt, Ribbon, Screen, Showing
from kiosk.store import MANIFEST
from scripts.demo.deck import load_deck
from scripts.demo.supplies import build_stores
from tests.stations import Rig, until
from ui.catalogue import Language, words


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    build_stores(load_deck(), folder)
    return folder


@pytest.fixture
def tables(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "tables", symlinks=True))


@pytest.fixture
def rig(tables: Path, tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, tables, load_deck())
    rig.station.start()
    rig.shows(Screen.IDLE)
    yield rig
    rig.station.close()


def leading(event: JournalEvent, line: Line) -> Reason:
    assert event.outcome is not None
    return next(entry.reasons[0] for entry in event.outcome.lines if entry.line is line)


def staff_read(rig: Rig) -> str:
    """What the staff lane says about the person of the case on the screen."""
    case = rig.station._lane.case_on_screen()
    assert case is not None
    assert case.judgement is not None
    return words(Language.MANDARIN).staff.about(case.judgement.person.leading)


def test_a_green_visitor_passes_and_is_counted_once(rig: Rig) -> None:
    rig.tap("green")
    shown = rig.shows(Screen.PASS)
    event = rig.event(1)
    assert event.counted
    assert event.elder
    assert shown.masked_name == "陈*例"
    assert [tile.ok for tile in shown.tiles] == [True] * 4
    assert rig.audience.said[-1] is Prompt.PASS
    rig.reader.remove()
    rig.tap("green")
    again = rig.event(2)
    assert again.verdict is Verdict.PASS
    assert not again.counted
    assert again.outcome is not None
    assert again.outcome.notes == (Reason.V1,)


def test_the_verdict_is_in_the_journal_before_it_is_on_the_screen(rig: Rig) -> None:
    rows: list[int] = []
    show = rig.audience.show

    def spy(showing: Showing) -> None:
        show(showing)
        if rig.audience.screen is Screen.PASS:
            rows.append(rig.stored())

    rig.audience.show = spy  # type: ignore[method-assign]
    rig.tap("green")
    until(lambda: rows)
    assert rows[0] == 1


def test_nothing_of_the_person_is_left_when_the_result_is_over(rig: Rig) -> None:
    rig.tap("green")
    rig.shows(Screen.PASS)
    assert rig.station._visit is None
    assert rig.desk.calls[-1] == "forget"
    rig.skip(30)
    rig.shows(Screen.IDLE)
    assert rig.station._result is None


def test_a_verdict_that_cannot_be_stored_is_never_shown(rig: Rig) -> None:
    journal = rig.health.journal
    assert journal is not None
    # From here on nothing can be written, as on a full or dying disk.
    journal._connection.execute("PRAGMA query_only = ON")
    rig.tap("green")
    shown = rig.shows(Screen.OUT_OF_ORDER)
    assert shown.fault is Fault.JOURNAL
    assert not any(old.screen is Screen.PASS for old in rig.audience.shown)
    rig.skip(10)
    rig.shows(Screen.IDLE)
    rig.reader.remove()
    rig.tap("green")
    rig.shows(Screen.PASS)


def test_an_old_table_that_nobody_may_judge_by_stops_service(rig: Rig) -> None:
    rig.skip(80 * 3600)
    assert rig.shows(Screen.OUT_OF_ORDER).fault is Fault.DATA_EXPIRED
    rig.tap("green")
    rig.skip(1)
    until(lambda: rig.audience.said[-1] is Prompt.OUT_OF_ORDER)
    assert rig.events == []


def test_a_table_that_goes_and_comes_back_is_noticed(rig: Rig, tables: Path) -> None:
    manifest = tables / "fresh" / "store" / MANIFEST
    away = manifest.with_suffix(".away")
    os.replace(manifest, away)
    assert rig.shows(Screen.OUT_OF_ORDER).fault is Fault.TABLE_MISSING
    away.replace(manifest)
    rig.shows(Screen.IDLE)
    content = manifest.read_bytes()
    manifest.write_bytes(content[:-2])
    assert rig.shows(Screen.OUT_OF_ORDER).fault is Fault.TABLE_DAMAGED
    manifest.write_bytes(content)
    rig.shows(Screen.IDLE)


def test_without_the_key_of_this_kiosk_there_is_no_table(rig: Rig, tables: Path) -> None:
    key = tables / "device.key"
    away = key.with_suffix(".away")
    os.replace(key, away)
    assert rig.shows(Screen.OUT_OF_ORDER).fault is Fault.TABLE_FOREIGN
    away.replace(key)
    rig.shows(Screen.IDLE)


def test_a_table_damaged_at_rest_answers_unknown_and_lets_nobody_pass(rig: Rig, tables: Path) -> None:
    (layer,) = (tables / "fresh" / "store" / "layers").iterdir()
    content = layer.read_bytes()
    spoilt = bytearray(content)
    spoilt[4096 + 20] ^= 1
    # In place: the kiosk has the file open.
    layer.write_bytes(spoilt)
    rig.tap("green")
    rig.shows(Screen.HELP)
    assert leading(rig.event(1), Line.CODE) is Reason.A13
    layer.write_bytes(content)


def test_A13_a_lost_reader_does_not_take_the_answer_from_a_card_already_read(rig: Rig) -> None:  # noqa: N802
    rig.desk.bands = [None]
    rig.tap("green")
    rig.shows(Screen.FACE)
    rig.reader.unplug()
    rig.fault(Fault.READER)
    assert rig.audience.screen is Screen.FACE
    rig.station.press(Press.DECLINE_FACE)
    rig.shows(Screen.HELP)
    assert leading(rig.event(1), Line.CARD) is Reason.P1
    rig.skip(30)
    assert rig.shows(Screen.OUT_OF_ORDER).fault is Fault.READER
    rig.reader.remove()
    rig.reader.plug()
    rig.shows(Screen.IDLE)


def test_a_clock_that_lost_power_waits_for_a_person(tables: Path, tmp_path: Path) -> None:
    rig = Rig(tmp_path, tables, load_deck(), clock_kept=False)
    rig.station.start()
    shown = rig.shows(Screen.OUT_OF_ORDER)
    assert shown.fault is Fault.CLOCK_UNCONFIRMED
    assert shown.confirm_clock is not None
    rig.station.press(Press.CONFIRM_CLOCK)
    rig.shows(Screen.IDLE)
    rig.station.close()


def test_A9_a_clock_behind_the_last_event_judges_nobody(tables: Path, tmp_path: Path) -> None:  # noqa: N802
    first = Rig(tmp_path, tables, load_deck())
    first.station.start()
    first.shows(Screen.IDLE)
    first.skip(3600)
    first.tap("green")
    first.event(1)
    first.station.close()
    second = Rig(tmp_path, tables, load_deck())
    second.station.start()
    assert second.shows(Screen.OUT_OF_ORDER).fault is Fault.CLOCK_BEHIND
    second.skip(3700)
    second.shows(Screen.IDLE)
    second.station.close()


def test_a_card_pulled_away_is_asked_for_again_and_the_third_time_staff_help(rig: Rig) -> None:
    for times in (1, 2):
        rig.tap("green", leave_after=2)
        until(partial(rig.has_said, Prompt.PLACE_AGAIN, times))
        assert rig.audience.screen is Screen.AGAIN
        rig.reader.remove()
    rig.tap("green", leave_after=2)
    rig.shows(Screen.HELP)
    outcome = rig.event(1).outcome
    assert outcome is not None
    assert {entry.reasons[0] for entry in outcome.lines} == {Reason.H4B, Reason.P4}


def test_other_cards_are_told_apart(rig: Rig) -> None:
    rig.reader.insert(bank_card())
    assert rig.shows(Screen.OTHER_CARD).other_card is not None
    rig.reader.remove()
    rig.reader.insert(bare_id_card())
    rig.shows(Screen.HELP)
    assert leading(rig.event(1), Line.CARD) is Reason.P3


def test_staff_answer_the_case_on_the_screen(rig: Rig) -> None:
    rig.desk.unavailable = True
    rig.tap("green")
    shown = rig.shows(Screen.HELP)
    assert not shown.masked_name
    rig.station.answer(confirmed=True)
    rig.shows(Screen.PASS)
    event = rig.event(2)
    assert event.kind is Kind.STAFF
    assert event.refers_to == rig.event(1).event_id
    assert event.counted
    assert leading(event, Line.PERSON) is Reason.H5


def test_a_denied_visitor_never_passes(rig: Rig) -> None:
    rig.desk.bands = [Band.BELOW] * 3
    rig.tap("green")
    for looks in (1, 2):
        until(partial(rig.has_looked, looks))
        rig.skip(2)
    rig.shows(Screen.HELP)
    rig.station.answer(confirmed=False)
    assert leading(rig.event(2), Line.PERSON) is Reason.H7
    rig.station.answer(confirmed=True)
    rig.skip(30)
    rig.shows(Screen.IDLE)
    assert len(rig.events) == 2


def test_a_visitor_who_walks_away_between_two_looks_is_for_staff(rig: Rig) -> None:
    rig.desk.bands = [Band.BELOW, None]
    rig.tap("green")
    until(partial(rig.has_looked, 1))
    rig.shows(Screen.FACE)
    rig.skip(60)  # the next look, the offer of help and the end of the face time are due at once
    rig.shows(Screen.HELP)
    assert leading(rig.event(1), Line.PERSON) is Reason.H2


def test_an_open_case_leaves_a_ribbon_until_it_is_closed(rig: Rig) -> None:
    rig.tap("yellow")
    rig.shows(Screen.HELP)
    rig.reader.remove()
    rig.skip(25)
    assert rig.shows(Screen.IDLE).ribbon is Ribbon.WAITING
    rig.skip(600)
    event = rig.event(2)
    assert (event.kind, event.staff_act, event.refers_to) == (Kind.STAFF, "unattended", rig.event(1).event_id)
    until(lambda: rig.audience.shown[-1].ribbon is None)


def test_the_same_card_joins_its_open_case(rig: Rig) -> None:
    for _ in range(2):
        rig.tap("yellow")
        rig.shows(Screen.HELP)
        rig.reader.remove()
        rig.skip(25)
        rig.shows(Screen.IDLE)
    assert len(rig.events) == 2
    assert len(rig.station._lane.cases) == 1


def test_whoever_is_asked_to_look_hears_what_to_mend(rig: Rig) -> None:
    rig.desk.bands = [None]
    rig.tap("green")
    rig.shows(Screen.FACE)
    for hint in Hint:
        rig.desk.hint(hint)
        until(partial(rig.has_said, HINTS[hint], 1))
    assert rig.audience.screen is Screen.FACE


def test_a_hint_that_comes_late_is_for_nobody(rig: Rig) -> None:
    rig.desk.hint(Hint.FACE_CAMERA)  # nobody has placed a card
    rig.desk.bands = [None, None]
    rig.tap("green")
    rig.shows(Screen.FACE)
    rig.station.press(Press.DECLINE_FACE)
    rig.shows(Screen.HELP)
    rig.desk.hint(Hint.TAKE_OFF_MASK)
    rig.reader.remove()
    rig.tap("elder")
    rig.shows(Screen.FACE)
    rig.desk.hint(Hint.HOLD_STILL, tickets_ago=1)
    rig.desk.hint(Hint.COME_CLOSER)
    until(partial(rig.has_said, Prompt.COME_CLOSER, 1))
    assert set(HINTS.values()) & set(rig.audience.said) == {Prompt.COME_CLOSER}


def test_H1_without_a_liveness_model_staff_read_so_where_they_are_needed(rig: Rig) -> None:  # noqa: N802
    rig.tap("yellow")
    rig.shows(Screen.HELP)
    assert leading(rig.event(1), Line.PERSON) is Reason.H1
    assert staff_read(rig) == "人证一致，无活体检测"


def test_H1_without_a_liveness_model_the_staff_line_of_a_pass_says_so(rig: Rig) -> None:  # noqa: N802
    rig.tap("green")
    assert rig.shows(Screen.PASS).staff.no_liveness
    rig.reader.remove()
    rig.desk.liveness = Liveness.LIVE
    rig.tap("elder")
    until(lambda: rig.shows(Screen.PASS).staff.no_liveness is False)


def test_H1b_at_a_gate_that_requires_liveness_a_match_without_a_model_goes_to_staff(  # noqa: N802
    tables: Path, tmp_path: Path
) -> None:
    gate = Rig(tmp_path, tables, load_deck(), require_liveness=True)
    gate.station.start()
    gate.shows(Screen.IDLE)
    gate.tap("green")
    assert not gate.shows(Screen.HELP).tiles[0].ok
    assert leading(gate.event(1), Line.PERSON) is Reason.H1B
    assert staff_read(gate) == "无活体检测，请人工核对"
    gate.reader.remove()
    gate.desk.liveness = Liveness.LIVE
    gate.tap("elder")
    gate.shows(Screen.PASS)
    gate.station.close()


@pytest.mark.parametrize(
    ("liveness", "told"),
    [
        (Liveness.ATTACK, "可能是照片或屏幕，请人工核对"),
        (Liveness.UNSURE, "不能确定是不是真人，请人工核对"),
    ],
)
def test_H2_a_match_that_may_not_be_alive_is_for_staff_who_read_why(  # noqa: N802
    rig: Rig, liveness: Liveness, told: str
) -> None:
    rig.desk.liveness = liveness
    rig.tap("green")
    for looks in (1, 2):
        until(partial(rig.has_looked, looks))
        rig.skip(2)
    rig.shows(Screen.HELP)
    assert leading(rig.event(1), Line.PERSON) is Reason.H2
    assert staff_read(rig) == told


def test_declining_the_camera_measures_no_face(rig: Rig) -> None:
    rig.station.press(Press.DECLINE_FACE)
    until(lambda: rig.audience.shown[-1].declined)
    rig.tap("green")
    rig.shows(Screen.HELP)
    assert not {"begin", "compare", "look_again"} & set(rig.desk.calls)
    assert leading(rig.event(1), Line.PERSON) is Reason.H4A
