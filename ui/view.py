"""What the window shows: the station's Showing, in the language and with the caption that the presenter adds."""

from dataclasses import dataclass

from kiosk.core.session import HINTS
from kiosk.showing import Press, Prompt, Screen, Showing
from ui.catalogue import Heading, Language, Words, next_language, words

_ENTRY = (Press.DECLINE_FACE, Press.LANGUAGE, Press.CALL_STAFF)
_LOOKING = (Press.HEAR_AGAIN, Press.DECLINE_FACE, Press.CALL_STAFF)
_RESULT = (Press.HEAR_AGAIN, Press.LOUDER, Press.CALL_STAFF)
_PRESSES = {
    Screen.IDLE: _ENTRY,
    Screen.CARD: _ENTRY,
    Screen.AGAIN: _ENTRY,
    Screen.OTHER_CARD: _ENTRY,
    Screen.FACE: _LOOKING,
    Screen.PASS: _RESULT,
    Screen.HELP: _RESULT,
    Screen.STOP: _RESULT,
    Screen.OUT_OF_ORDER: (Press.CALL_STAFF,),
}

RESULTS = frozenset({Screen.PASS, Screen.HELP, Screen.STOP})


@dataclass(frozen=True, slots=True)
class View:
    """``language``: the one somebody chose, else None. ``caption``: what was said last, where it belongs here."""

    showing: Showing
    language: Language | None = None
    caption: Prompt | None = None

    @property
    def words(self) -> Words:
        """Before anybody chose a language, the screen is in simplified Chinese."""
        return words(self.language or Language.MANDARIN)

    @property
    def heading(self) -> Heading:
        """The two big lines: what was said last takes the place of one of them while the visitor is to look."""
        said = self.words.screens[self.showing.screen]
        if self.showing.screen is not Screen.FACE or self.caption is None:
            return said
        if self.caption in HINTS.values():
            return Heading(self.words.prompts[self.caption], said.sub)
        if self.caption in (Prompt.LOOK_AGAIN, Prompt.FACE_HELP):
            return Heading(said.headline, self.words.prompts[self.caption])
        return said

    @property
    def presses(self) -> tuple[Press, ...]:
        """The buttons of this screen, from left to right."""
        if self.showing.screen is Screen.OUT_OF_ORDER and self.showing.confirm_clock is not None:
            return (Press.CONFIRM_CLOCK,)
        return _PRESSES[self.showing.screen]

    def label(self, press: Press) -> str:
        """The words on a button."""
        if press is Press.LANGUAGE:
            return words(next_language(self.language)).language_name
        return self.words.presses[press]
