"""Between the station and the window with its voice: which language, how loud, how often. Knows no Qt."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from kiosk.core.ports import Clock
from kiosk.core.session import HINTS
from kiosk.showing import Press, Prompt, Screen, Showing
from ui.catalogue import Language, next_language
from ui.view import RESULTS, View
from ui.voice import STEPS_DB

GUIDANCE = frozenset(
    {
        *(Prompt.PLACE_CARD, Prompt.PLACE_AGAIN, Prompt.NOT_AN_ID_CARD),
        *(Prompt.LOOK, Prompt.LOOK_AGAIN, Prompt.FACE_HELP),
        *HINTS.values(),
    }
)
BETWEEN_GUIDANCE_S = 2.5
TIMES_THE_SAME = 2
IDLE_S = 60.0  # after which a choice of language or loudness made on the idle screen is forgotten

# The voice is at home on these screens; a caption leaves with its screen.
_HOME = {
    Prompt.PLACE_CARD: Screen.IDLE,
    Prompt.PLACE_AGAIN: Screen.AGAIN,
    Prompt.NOT_AN_ID_CARD: Screen.OTHER_CARD,
    Prompt.LOOK: Screen.FACE,
    Prompt.LOOK_AGAIN: Screen.FACE,
    Prompt.FACE_HELP: Screen.FACE,
    **dict.fromkeys(HINTS.values(), Screen.FACE),
    Prompt.PASS: Screen.PASS,
    Prompt.HELP: Screen.HELP,
    Prompt.STOP: Screen.STOP,
    Prompt.OUT_OF_ORDER: Screen.OUT_OF_ORDER,
}
_FIRST_WORDS = {screen: prompt for prompt, screen in reversed(_HOME.items())}

_UNCHOSEN = (Language.CANTONESE, Language.MANDARIN)


class Pane(Protocol):
    """The window; ``put`` may be called in any thread and does not block."""

    def put(self, view: View) -> None: ...


class Speech(Protocol):
    """The voice; its calls do not block, and each cuts what is being said. ``say`` tells how many seconds it takes."""

    def say(self, prompt: Prompt, languages: tuple[Language, ...], step: int, pause: float = 0.0) -> float: ...

    def beep(self, step: int) -> None: ...


class Presenter:
    """Implements kiosk.showing.Front.

    The station calls ``show`` and ``say`` in its thread, the window calls ``press`` and ``tick`` in its own.
    ``on_press`` hears of every press but those that concern the voice alone.
    """

    def __init__(self, pane: Pane, voice: Speech, on_press: Callable[[Press], None], clock: Clock) -> None:
        self._pane = pane
        self._voice = voice
        self._on_press = on_press
        self._clock = clock
        self._lock = threading.Lock()
        self._showing: Showing | None = None
        self._language: Language | None = None
        self._step = 0
        self._last: Prompt | None = None
        self._guided_at = float("-inf")
        self._silent_from = float("-inf")
        self._guided: Counter[Prompt] = Counter()
        self._touched_at = clock.monotonic()

    def show(self, showing: Showing) -> None:
        with self._lock:
            before = self._showing.screen if self._showing is not None else None
            self._showing = showing
            if showing.screen is not before:
                self._arrive(before, showing.screen)
            self._put()

    def say(self, prompt: Prompt) -> None:
        with self._lock:
            now = self._clock.monotonic()
            self._forget_if_idle(now)
            self._last = prompt
            if prompt in GUIDANCE:
                self._guide(prompt, now)
            else:
                self._speak(prompt, now)
            self._put()

    def press(self, press: Press) -> None:
        """A button was pressed."""
        with self._lock:
            self._touched_at = self._clock.monotonic()
            if press is Press.LANGUAGE:
                self._language = next_language(self._language)
                self._put()
            elif press is Press.LOUDER:
                self._step = min(self._step + 1, len(STEPS_DB) - 1)
            if press in (Press.LANGUAGE, Press.LOUDER, Press.HEAR_AGAIN):
                self._repeat()
        if press not in (Press.LANGUAGE, Press.LOUDER):
            self._on_press(press)

    def tick(self) -> None:
        """Time has passed; the window calls this every second."""
        with self._lock:
            self._forget_if_idle(self._clock.monotonic())

    def _guide(self, prompt: Prompt, now: float) -> None:
        """Say what to do: it is always on the screen, but spoken only so often and not too soon."""
        if now - self._guided_at > IDLE_S:
            self._guided.clear()
        # One that comes too soon waits in silence: it is needed, but must not chase the one before.
        pause = max(0.0, self._guided_at + BETWEEN_GUIDANCE_S - now)
        # A hint that still holds comes again in a few seconds, so it need not cut what is being said.
        untimely = prompt in HINTS.values() and (pause > 0 or now < self._silent_from)
        if untimely or self._guided[prompt] >= TIMES_THE_SAME:
            return
        self._guided[prompt] += 1
        self._guided_at = now + pause
        self._speak(prompt, now, pause)

    def _arrive(self, before: Screen | None, screen: Screen) -> None:
        self._last = self._last if self._last is not None and _HOME.get(self._last) is screen else None
        if screen in (Screen.IDLE, Screen.OUT_OF_ORDER):
            if before is not None:
                self._reset()
        elif before in (Screen.IDLE, Screen.OUT_OF_ORDER, None, *RESULTS):
            self._guided.clear()
        if screen is Screen.CARD:
            self._voice.beep(self._step)

    def _reset(self) -> None:
        self._language = None
        self._step = 0
        self._guided.clear()

    def _forget_if_idle(self, now: float) -> None:
        idle = self._showing is not None and self._showing.screen is Screen.IDLE
        chosen = self._language is not None or self._step > 0
        if idle and chosen and now - self._touched_at > IDLE_S:
            self._reset()
            self._put()

    def _repeat(self) -> None:
        here = _FIRST_WORDS.get(self._showing.screen) if self._showing is not None else None
        prompt = self._last or here
        if prompt is not None:
            self._speak(prompt, self._clock.monotonic())

    def _speak(self, prompt: Prompt, now: float, pause: float = 0.0) -> None:
        languages = _UNCHOSEN if self._language is None else (self._language,)
        self._silent_from = now + self._voice.say(prompt, languages, self._step, pause)

    def _put(self) -> None:
        if self._showing is not None:
            self._pane.put(View(self._showing, self._language, self._last))
