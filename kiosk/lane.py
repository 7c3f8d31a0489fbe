"""The staff lane: the open cases of the moment, and the cards of the last seconds."""

from dataclasses import dataclass

from kiosk.core.cases import Case, Closing
from kiosk.core.policy import Policy
from kiosk.core.repeats import Repeats
from kiosk.core.staff import Act
from kiosk.core.verdict import Judgement, Verdict


@dataclass(slots=True, repr=False)
class Lane:
    """Cases by the event that opened them; ``on_screen`` is the one that the public screen shows."""

    policy: Policy
    cases: dict[str, Case]
    repeats: Repeats
    on_screen: str = ""

    @property
    def waiting(self) -> bool:
        """Somebody is waiting for staff."""
        return any(case.open for case in self.cases.values())

    def case_on_screen(self) -> Case | None:
        """The case that staff can answer on the public screen, while its evidence lasts."""
        case = self.cases.get(self.on_screen)
        return case if case is not None and case.open and case.judgement is not None else None

    def was_admitted(self, card: bytes, now: float) -> bool:
        """This card passed seconds ago and was counted then (V1)."""
        recalled = self.repeats.recall(card, now)
        return recalled is not None and recalled.admitted

    def enter(self, event_id: str, card: bytes, judgement: Judgement, now: float) -> None:
        """A visit ended: open a case, join the card's open one, or end that with a pass."""
        self.on_screen = ""
        known = next((case for case in self.cases.values() if case.open and card and case.card == card), None)
        if known is not None:
            self.cases[known.event_id] = known.tapped_again(judgement, now)
            self.on_screen = known.event_id
        elif judgement.verdict is not Verdict.PASS:
            self.cases[event_id] = Case(event_id, card, now, now, judgement)
            self.on_screen = event_id
        if card:
            admitted = judgement.verdict is Verdict.PASS
            self.repeats = self.repeats.remember(card, now, self.policy.repeat_seconds, admitted=admitted)

    def answer(self, act: Act, now: float) -> None:
        """Staff answered the case on the screen."""
        case = self.cases[self.on_screen].answered(act)
        self.cases[self.on_screen] = case
        if case.card and case.closing is Closing.ADMITTED:
            self.repeats = self.repeats.remember(case.card, now, self.policy.repeat_seconds, admitted=True)

    def age(self, now: float) -> tuple[Case, ...]:
        """Let time act on the cases; the result holds those that nobody attended. Closed ones are forgotten."""
        aged = [case.aged(now, self.policy) for case in self.cases.values()]
        self.cases = {case.event_id: case for case in aged if case.open}
        return tuple(case for case in aged if case.closing is Closing.UNATTENDED)
