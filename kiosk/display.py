"""From the session's state to what the public screen may show."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kiosk.core.card import IdCard, OtherCard
from kiosk.core.errors import GRAVITY, Fault, gravest
from kiosk.core.freshness import urgent_is_old
from kiosk.core.lines.finding import LineState
from kiosk.core.ports import Liveness
from kiosk.core.reasons import Line
from kiosk.core.times import whole_hours
from kiosk.core.verdict import Judgement, Verdict
from kiosk.core.visit import Phase, State
from kiosk.health import Health
from kiosk.showing import Mode, Ribbon, Screen, Showing, StaffLine, Tile, UpdateNote
from kiosk.store import ImportState, LastImport

REFUSAL_SHOWN = timedelta(hours=24)

_SCREENS = {
    Phase.IDLE: Screen.IDLE,
    Phase.READING: Screen.CARD,
    Phase.AGAIN: Screen.AGAIN,
    Phase.OTHER_CARD: Screen.OTHER_CARD,
    Phase.FACE: Screen.FACE,
    Phase.STOPPED: Screen.OUT_OF_ORDER,
}
_RESULTS = {Verdict.PASS: Screen.PASS, Verdict.HELP: Screen.HELP, Verdict.STOP: Screen.STOP}


@dataclass(frozen=True, slots=True)
class Answer:
    """What of a judgement the public screen may show: on PASS who and why, else no more than done or not done.

    ``no_liveness`` is for the staff line, and on PASS only as well: elsewhere it would be a reason.
    """

    tiles: tuple[Tile, ...]
    masked_name: str
    no_liveness: bool


def answer(judgement: Judgement, card: IdCard | None) -> Answer:
    """Cut a judgement down to what may be shown."""
    passed = judgement.verdict is Verdict.PASS
    tiles = []
    for which in Line:
        result = judgement.line(which)
        ok = result.state is LineState.OK
        tiles.append(Tile(which, ok, result.reason if passed and ok else None))
    face = judgement.line(Line.PERSON).leading
    return Answer(
        tuple(tiles),
        card.masked_name() if passed and card else "",
        no_liveness=passed and ("liveness", Liveness.ABSENT.value) in face.values,
    )


def staff_line(mode: Mode, health: Health, now: datetime) -> StaffLine:
    """The line at the bottom of every screen."""
    faults = tuple(sorted(health.faults, key=GRAVITY.__getitem__))
    update = update_note(health.last_import, now)
    if health.table is None:
        return StaffLine(mode, None, None, data_old=False, faults=faults, update=update)
    table = health.table.info
    return StaffLine(
        mode,
        table.as_of,
        whole_hours(now - table.as_of),
        data_old=now - table.as_of > timedelta(hours=health.policy.fresh_hours),
        faults=faults,
        urgent_old=urgent_is_old(table.urgent_as_of, health.policy, now),
        update=update,
    )


def update_note(last: LastImport | None, now: datetime) -> UpdateNote | None:
    """What staff should know of the last import: nothing once one ended well; a refusal is old news after a day."""
    if last is None or last.state is ImportState.DONE:
        return None
    if last.state is ImportState.REFUSED and now - last.at >= REFUSAL_SHOWN:
        return None
    return UpdateNote(last.state, last.percent, last.refusal)


def showing(
    state: State,
    staff: StaffLine,
    *,
    result: Answer | None,
    other_card: OtherCard | None,
    waiting: bool,
    seconds_left: float,
    now: datetime,
) -> Showing:
    """The screen for a state. ``waiting``: a case is open in the staff lane."""
    if state.phase is Phase.RESULT and state.verdict is not None and result is not None:
        return Showing(
            _RESULTS[state.verdict],
            replace(staff, no_liveness=result.no_liveness),
            tiles=result.tiles,
            masked_name=result.masked_name,
            seconds_left=seconds_left,
            declined=state.declined,
        )
    screen = _SCREENS[state.phase]
    if screen is Screen.OUT_OF_ORDER:
        fault = gravest(frozenset(staff.faults))
        asked = now.replace(second=0, microsecond=0) if fault is Fault.CLOCK_UNCONFIRMED else None
        return Showing(screen, staff, fault=fault, confirm_clock=asked)
    ribbon = Ribbon.CALLED if state.called else Ribbon.WAITING if waiting and screen is Screen.IDLE else None
    return Showing(
        screen,
        staff,
        ribbon=ribbon,
        other_card=other_card if screen is Screen.OTHER_CARD else None,
        declined=state.declined,
    )
