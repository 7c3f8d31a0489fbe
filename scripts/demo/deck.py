"""The deck: one data file that the demo, the tests and the benchmark read."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from drivers.virtualcard import VirtualCard, encode_citizen, resident_card
from kiosk.core.reasons import Line, Reason
from kiosk.core.verdict import Verdict
from kiosk.journal import JournalEvent
from kiosk.showing import Press
from scripts.demo.faces import card_photo

DECK = Path(__file__).with_name("deck.toml")

TableName = Literal["fresh", "old", "urgent"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TableHead(_Strict):
    """Serial and data cut-off of one of the deck's tables."""

    serial: int
    as_of: datetime


class Tables(_Strict):
    """What all tables share, and when the demo's morning begins. ``urgent`` is the fresh one with an urgent list."""

    starts_at: datetime
    scope: frozenset[str]
    issuers: frozenset[str]
    fresh: TableHead
    old: TableHead
    urgent: TableHead

    def data_as_of(self, name: TableName) -> datetime:
        """The cut-off that the age of a table is counted from: an urgent list makes nothing younger."""
        return self.old.as_of if name == "old" else self.fresh.as_of


class Urgent(_Strict):
    """What the urgent list says of one person."""

    person: str
    codes: str


class Person(_Strict):
    """One invented person: the card, the face on it, and the row of the table."""

    id: str
    name: str
    sex: str
    birth: date
    number: str
    valid_from: date
    valid_to: date | None = None
    face: str
    record: Mapping[str, str] | None = None

    def card(self, leave_after: int | None = None) -> VirtualCard:
        """The person's card; with ``leave_after`` it leaves the field after so many commands."""
        text = encode_citizen(
            name=self.name,
            sex=self.sex,
            ethnic="01",
            birth=self.birth,
            address="示范省示范市示范路 1 号",
            number=self.number,
            issuer="示范市公安局",
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )
        card = resident_card(text, card_photo(self.face))
        return VirtualCard(card.atr, card.answers, leave_after)


class Expectation(_Strict):
    """What an event of the journal must say."""

    verdict: Verdict
    person: Reason
    card: Reason
    code: Reason
    itinerary: Reason
    notes: tuple[Reason, ...] = ()
    counted: bool

    @classmethod
    def of(cls, event: JournalEvent) -> "Expectation | None":
        """The same facts of an event; None for one that judges nothing."""
        if event.outcome is None:
            return None
        leading = {entry.line: entry.reasons[0] for entry in event.outcome.lines}
        return cls(
            verdict=event.outcome.verdict,
            person=leading[Line.PERSON],
            card=leading[Line.CARD],
            code=leading[Line.CODE],
            itinerary=leading[Line.ITINERARY],
            notes=event.outcome.notes,
            counted=event.counted,
        )

    def rules(self) -> str:
        """The rule ids in one line."""
        return " ".join((self.person, self.card, self.code, self.itinerary, *self.notes))


class StaffExpectation(Expectation):
    """The second event of a step that staff answer."""

    key: Literal["confirm", "deny"]


class Step(_Strict):
    """One tap. ``before``: who stands before the camera, if not the person of the card.

    ``wait_before`` and ``wait_seconds``: seconds that pass before the tap, and once the face is asked for.
    ``leave_after``: the card is taken away after so many commands, and put back when the kiosk asks for it.
    ``expect`` holds with face models; ``without_models`` and then ``staff`` without them.
    """

    title: str
    person: str
    before: str | None = None
    table: TableName = "fresh"
    press: Press | None = None
    wait_before: Annotated[int, Field(ge=0)] = 0
    wait_seconds: Annotated[int, Field(ge=0)] = 0
    leave_after: int | None = None
    expect: Expectation
    without_models: Expectation
    staff: StaffExpectation


class Deck(_Strict):
    """All of it."""

    table: Tables
    risk: tuple[Mapping[str, str], ...]
    urgent: tuple[Urgent, ...]
    person: tuple[Person, ...]
    step: tuple[Step, ...]

    def who(self, person_id: str) -> Person:
        return next(person for person in self.person if person.id == person_id)


def load_deck(path: Path = DECK) -> Deck:
    """The deck of a file."""
    return Deck.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
