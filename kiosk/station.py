"""The station: one thread that carries out what the session decides, and holds no rule of its own.

Devices, buttons and the key derivation only put values on its queue. Everything of a visit lives in one ``_Visit``
that is dropped as a whole; every event carries its tap or ticket, so that what comes late is dropped as well.
"""

import hashlib
import secrets
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue

from kiosk.core import ports
from kiosk.core.card import ChipSerial, IdCard, OtherCard
from kiosk.core.errors import Fault
from kiosk.core.evidence import Evidence, Unreadable, number_of
from kiosk.core.idnumber import NumberError, parse_number
from kiosk.core.judge import judge
from kiosk.core.lines.person import person_line
from kiosk.core.reasons import Reason
from kiosk.core.repeats import Repeats
from kiosk.core.session import Session
from kiosk.core.staff import ConfirmPerson, DenyPerson, apply
from kiosk.core.verdict import Judgement, Verdict
from kiosk.core.visit import (
    Do,
    Effect,
    Event,
    Expired,
    Hold,
    Judged,
    Look,
    Phase,
    Record,
    Release,
    Say,
    ServiceIs,
    Signal,
    State,
    Timer,
)
from kiosk.derivation import KeyDerivation
from kiosk.display import Answer, answer, showing, staff_line
from kiosk.health import Health
from kiosk.journal import InputMode
from kiosk.lane import Lane
from kiosk.messages import KeyReady, Message, Reported, StaffAnswer, Wake
from kiosk.recorder import Recorder
from kiosk.showing import Front, Mode, Press, Prompt, Showing
from kiosk.timers import Timers

TICK_SECONDS = 1.0


@dataclass(slots=True, repr=False, eq=False)
class _Visit:
    """Everything of one card: it lives until the verdict is stored, and is dropped as a whole."""

    tap: int
    felt_at: float
    card: IdCard | ChipSerial | None = None
    read_at: float = 0.0
    hash: bytes = b""
    judgement: Judgement | None = None
    liveness: set[ports.Liveness] = field(default_factory=set)
    times: dict[str, float] = field(default_factory=dict)


class Station:
    """Events of the ports in, answers out."""

    def __init__(
        self,
        mode: Mode,
        clock: ports.Clock,
        reader: ports.CardReader,
        face: ports.FaceDesk,
        health: Health,
        recorder: Recorder,
        front: Front,
    ) -> None:
        self._mode = mode
        self._clock = clock
        self._reader = reader
        self._face = face
        self._health = health
        self._front = front
        self._recorder = recorder
        self._queue: SimpleQueue[Message] = SimpleQueue()
        self._session = Session(health.policy)
        self._state = State()
        self._timers = Timers(clock)
        self._lane = Lane(health.policy, {}, Repeats())
        self._felt = ports.CardFelt(0, 0.0)
        self._visit: _Visit | None = None
        self._ticket = 0
        self._other_card: OtherCard | None = None
        self._result: Answer | None = None
        self._prompts: list[Prompt] = []
        self._shown: Showing | None = None
        self._boot_key = secrets.token_bytes(32)
        self._derivation = KeyDerivation(clock, lambda: self._queue.put(KeyReady()))
        self._thread = threading.Thread(target=self._run, name="station", daemon=True)

    # -- from any thread --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the station and the devices it listens to."""
        self._thread.start()
        self._reader.start(self._queue.put)
        self._face.start(self._queue.put)

    def press(self, press: Press) -> None:
        """A button on the public screen."""
        self._queue.put(press)

    def answer(self, *, confirmed: bool) -> None:
        """Staff answer the case on the public screen: 是本人 or 不是本人."""
        self._queue.put(StaffAnswer(confirmed))

    def report(self, fault: Fault, *, present: bool) -> None:
        """Something outside the station's devices is lost or back."""
        self._queue.put(Reported(fault, present))

    def wake(self) -> None:
        """Look at the clock now: it was moved."""
        self._queue.put(Wake())

    def close(self) -> None:
        """Stop devices and thread; waits a few seconds at the most."""
        self._reader.close()
        self._face.close()
        if self._thread.is_alive():
            self._queue.put(Wake(stop=True))
            self._thread.join(5.0)
        self._derivation.close()

    # -- the loop ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            self._check()
            self._publish()
            try:
                message = self._queue.get(timeout=self._timers.next_in(TICK_SECONDS))
            except Empty:
                continue
            if isinstance(message, Wake) and message.stop:
                break
            self._check()
            self._handle(message)
            del message  # it may be a card, and the next one may be long in coming
        self._health.close()

    def _check(self) -> None:
        service = self._health.check()
        if self._visit is None and self._session.policy is not self._health.policy:
            # Looks and times of a visit stay what they were when it began; it is judged by the policy of the moment.
            self._session = Session(self._health.policy)
            self._lane.policy = self._health.policy
        if service is not self._state.service:
            self._feed(ServiceIs(service))
        # One by one: what follows from a timer may release or move the next.
        while (timer := self._timers.pop_due()) is not None:
            self._feed(Expired(timer))
        for case in self._lane.age(self._now()):
            self._recorder.unattended(case.event_id)

    def _publish(self) -> None:
        now = self._clock.now()
        if self._state.phase is not Phase.RESULT:
            self._result = None
            self._lane.on_screen = ""
        shown = showing(
            self._state,
            staff_line(self._mode, self._health, now),
            result=self._result,
            other_card=self._other_card,
            waiting=self._lane.waiting,
            seconds_left=self._timers.left(Timer.DWELL),
            now=now,
        )
        # The countdown runs on the screen by itself; only a dwell that was set again is news.
        if self._shown is None or replace(shown, seconds_left=self._shown.seconds_left) != self._shown:
            self._front.show(shown)
            self._shown = shown
        for prompt in self._prompts:
            self._front.say(prompt)
        self._prompts.clear()

    def _handle(self, message: Message) -> None:
        match message:
            case ports.ReaderUp() | ports.ReaderDown():
                lost = message.fault if isinstance(message, ports.ReaderDown) else None
                for fault in (Fault.READER, Fault.PCSCD):
                    self._health.report(fault, present=fault is lost)
            case ports.FaceHealth(faults):
                for fault in (Fault.CAMERA, Fault.MODELS):
                    self._health.report(fault, present=fault in faults)
            case Reported(fault, present):
                self._health.report(fault, present=present)
            case ports.CardFelt():
                self._felt = message
                self._feed(Signal.CARD_FELT)
            case ports.NumberSeen(tap, number) if self._is_current(tap):
                self._derive_early(number)
            case ports.CardRead(tap, card, at) if self._is_current(tap):
                self._read(card, at)
            case ports.OtherCardRead(tap, kind) if self._is_current(tap):
                self._other_card = kind
                self._feed(Signal.OTHER_CARD)
            case ports.ReadFailed(tap) if self._is_current(tap):
                self._feed(Signal.READ_FAILED)
            case KeyReady():
                self._look_up()
            case ports.Looked(ticket, band, liveness, times) if self._visit is not None and ticket == self._ticket:
                self._visit.times.update(times)
                self._visit.liveness.add(liveness)
                self._feed(Look(band, liveness))
            case ports.Hinted(ticket, hint) if ticket == self._ticket:
                self._feed(hint)
            case ports.FaceUnavailable(ticket) if ticket == self._ticket:
                self._feed(Signal.FACE_UNAVAILABLE)
            case StaffAnswer(confirmed) if self._lane.case_on_screen() is not None:
                self._feed(Signal.CONFIRMED if confirmed else Signal.DENIED)
            case Press():
                self._pressed(message)

    def _pressed(self, press: Press) -> None:
        match press:
            case Press.DECLINE_FACE:
                self._feed(Signal.DECLINED)
            case Press.CALL_STAFF:
                self._feed(Signal.CALLED)
            case Press.HEAR_AGAIN:
                self._shown = None
                self._feed(Signal.HEARD_AGAIN)
            case Press.CONFIRM_CLOCK:
                self._health.confirm_clock()

    # -- a visit ----------------------------------------------------------------------------------------------

    def _is_current(self, tap: int) -> bool:
        return self._visit is not None and self._visit.tap == tap

    def _derive_early(self, text: str) -> None:
        """Start the slow derivation while the photo is still being read; a number that proves wrong is thrown away."""
        with suppress(NumberError):
            self._derivation.begin(parse_number(text), self._table())

    def _read(self, card: IdCard | ChipSerial, at: float) -> None:
        visit = self._visit
        assert visit is not None  # noqa: S101  (the tap is current)
        visit.card = card
        visit.read_at = at
        visit.times["card"] = 1000 * (at - visit.felt_at)
        self._feed(Signal.CARD_READ)
        number = number_of(card)
        if number is None:
            self._judge(Evidence(card, None, self._table().info, self._health.clock_sure))
            return
        visit.hash = hashlib.blake2b(number.text.encode(), key=self._boot_key, digest_size=16).digest()
        self._look_up()

    def _look_up(self) -> None:
        """Ask the table once both the whole card and the key of its number are there."""
        visit = self._visit
        if visit is None or visit.card is None or visit.judgement is not None:
            return
        number, table = number_of(visit.card), self._table()
        if number is None:
            return
        # Nothing to begin, mostly: but the number on the card may have proved another, or the table may be a new one.
        self._derivation.begin(number, table)
        derived = self._derivation.result()
        if derived is None:
            return
        key, visit.times["key"] = derived
        began = self._now()
        found = table.lookup(key, self._clock.now())
        visit.times["lookup"] = 1000 * (self._now() - began)
        self._judge(Evidence(visit.card, found, table.info, self._health.clock_sure))

    def _judge(self, evidence: Evidence) -> None:
        visit = self._visit
        assert visit is not None  # noqa: S101  (its evidence has just come)
        began = self._now()
        repeated = self._lane.repeats.recall(visit.hash, began) is not None
        # Nobody has been seen yet (H6) until the session says what became of the face.
        visit.judgement = judge(evidence, Reason.H6, self._health.policy, self._clock.now(), repeated=repeated)
        visit.times["decide"] = 1000 * (self._now() - began)
        self._feed(Judged(visit.judgement.others))

    # -- effects ----------------------------------------------------------------------------------------------

    def _feed(self, event: Event) -> None:
        events = deque([event])
        while events:
            self._state, effects = self._session.step(self._state, events.popleft(), self._now())
            for effect in effects:
                follow = self._carry_out(effect)
                if follow is not None:
                    events.append(follow)

    def _carry_out(self, effect: Effect) -> Event | None:
        match effect:
            case Say(prompt):
                self._prompts.append(prompt)
            case Hold(timer, until):
                self._timers.hold(timer, until)
            case Release(timers):
                self._timers.release(timers)
            case Record():
                return self._record_staff(effect) if effect.by_staff else self._record(effect)
            case Do.BEGIN_VISIT:
                self._ticket += 1
                self._visit = _Visit(self._felt.tap, self._felt.at)
            case Do.BEGIN_FACE:
                self._face.begin(self._ticket)
            case Do.COMPARE:
                return self._compare()
            case Do.LOOK_AGAIN:
                self._face.look_again(self._ticket)
            case Do.FORGET_FACE:
                self._face.forget()
            case Do.END_VISIT:
                self._visit = None
                self._derivation.forget()
        return None

    def _compare(self) -> Event | None:
        card = self._visit.card if self._visit else None
        if not isinstance(card, IdCard) or not card.photo:
            return Signal.FACE_UNAVAILABLE
        self._face.compare(self._ticket, card.photo)
        return None

    def _record(self, effect: Record) -> Event:
        visit = self._visit
        assert visit is not None  # noqa: S101  (only a visit is recorded)
        judgement = visit.judgement
        if judgement is None:
            nothing = Evidence(Unreadable(), None, self._table().info, self._health.clock_sure)
            judgement = judge(nothing, effect.person, self._health.policy, self._clock.now())
        judgement = replace(judgement, person=person_line(effect.person, visit.liveness))
        _agree(judgement, effect)
        card = visit.card if isinstance(visit.card, IdCard) else None
        event = self._recorder.verdict(
            judgement,
            input_mode=InputMode.CARD if visit.card else InputMode.NONE,
            birth=card.birth if card else None,
            counted=judgement.verdict is Verdict.PASS and not self._lane.was_admitted(visit.hash, self._now()),
            times=tuple(visit.times.items()),
            last_byte_at=visit.read_at,
        )
        if event is None:
            return Signal.NOT_STORED
        self._lane.enter(event.event_id, visit.hash, judgement, self._now())
        self._result = answer(judgement, card)
        return Signal.STORED

    def _record_staff(self, effect: Record) -> Event:
        case = self._lane.case_on_screen()
        assert case and case.judgement  # noqa: S101, PT018  (the answer was let in for it)
        act = ConfirmPerson() if effect.person is Reason.H5 else DenyPerson()
        judgement = apply(act, case.judgement)
        _agree(judgement, effect)
        counted = judgement.verdict is Verdict.PASS and not self._lane.was_admitted(case.card, self._now())
        if self._recorder.staff(case.event_id, act, judgement, counted=counted) is None:
            return Signal.NOT_STORED
        self._lane.answer(act, self._now())
        self._result = answer(judgement, None)
        return Signal.STORED

    def _table(self) -> ports.HealthTable:
        table = self._health.table
        assert table is not None  # noqa: S101  (without a table there is no visit)
        return table

    def _now(self) -> float:
        return self._clock.monotonic()


def _agree(judgement: Judgement, effect: Record) -> None:
    if judgement.verdict is not effect.verdict:
        raise AssertionError("session and judgement disagree")
