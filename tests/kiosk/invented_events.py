"""Journal events as a visit writes them; run as a program it appends to a journal until it is stopped."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from kiosk.core.errors import JournalError
from kiosk.core.lines.finding import Finding, LineState, line
from kiosk.core.reasons import Reason
from kiosk.core.verdict import Judgement
from kiosk.journal import InputMode, Journal, JournalEvent, Kind, Outcome
from kiosk.showing import Mode

AT = datetime(2022, 4, 18, 1, tzinfo=UTC)

JUDGEMENT = Judgement(
    person=line(Finding(Reason.H1, LineState.OK)),
    card=line(Finding(Reason.P1, LineState.OK)),
    code=line(
        Finding(Reason.N2, LineState.OK, values=(("hours", "12"),)),
        Finding(Reason.C1, LineState.OK, issuer="health office"),
    ),
    itinerary=line(
        Finding(Reason.T1, LineState.OK),
        Finding(Reason.T2, LineState.ASK, values=(("place", "Invented City"), ("area", "Invented Street"))),
    ),
    notes=(Finding(Reason.V1, LineState.OK),),
)


def event(number: int, *, at: datetime = AT, counted: bool = True) -> JournalEvent:
    return JournalEvent(
        event_id=f"{number:032x}",
        kind=Kind.VERDICT,
        at=at,
        device="kiosk-1",
        venue="East door",
        package_serial=7,
        package_age_hours=3,
        outcome=Outcome.of(JUDGEMENT),
        input_mode=InputMode.CARD,
        times=(("card", 412.5), ("look_up", 0.1)),
        elder=True,
        counted=counted,
    )


def main() -> None:
    """Append up to ``limit`` events, telling each number once it is stored; an error ends it with its words."""
    path, limit = Path(sys.argv[1]), int(sys.argv[2])
    try:
        journal = Journal(path, Mode.FIELD)
        for number in range(limit):
            journal.append(event(number))
            print(number, flush=True)
    except JournalError as error:
        print(error.detail, flush=True)


if __name__ == "__main__":
    main()
