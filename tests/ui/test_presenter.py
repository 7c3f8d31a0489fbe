from collections.abc import Callable

import pytest

from kiosk.core.session import HINTS
from kiosk.showing import Press, Prompt, Ribbon, Screen, Showing
from tests.ui.screen_cases import HandClock, staff
from ui.catalogue import Language
from ui.presenter import IDLE_S, Presenter
from ui.view import View
from ui.voice import STEPS_DB

BOTH = (Language.CANTONESE, Language.MANDARIN)


class Booth:
    """A presenter whose pane and voice write down what they are told."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.seconds = 2.0  # that an utterance takes
        self.views: list[View] = []
        self.spoken: list[tuple[Prompt, tuple[Language, ...], int, float]] = []
        self.beeps: list[int] = []
        self.pressed: list[Press] = []
        self.presenter = Presenter(self, self, self.pressed.append, self.clock)

    def put(self, view: View) -> None:
        self.views.append(view)

    def say(self, prompt: Prompt, languages: tuple[Language, ...], step: int, pause: float = 0.0) -> float:
        self.spoken.append((prompt, languages, step, pause))
        return pause + self.seconds

    def beep(self, step: int) -> None:
        self.beeps.append(step)

    def show(self, screen: Screen) -> None:
        self.presenter.show(Showing(screen, staff()))

    def hint_every(self, seconds: float, *prompts: Prompt) -> None:
        for prompt in prompts:
            self.clock.seconds += seconds
            self.presenter.say(prompt)

    @property
    def prompts(self) -> list[Prompt]:
        return [entry[0] for entry in self.spoken]


@pytest.fixture
def booth() -> Booth:
    booth = Booth()
    booth.show(Screen.IDLE)
    return booth


def test_until_somebody_chose_everything_is_said_in_cantonese_and_then_in_mandarin(booth: Booth) -> None:
    booth.presenter.say(Prompt.PLACE_CARD)
    booth.show(Screen.PASS)
    booth.presenter.say(Prompt.PASS)
    assert [entry[1] for entry in booth.spoken] == [BOTH, BOTH]


def test_a_chosen_language_alone_is_spoken_and_shown_to_the_end_of_the_visit(booth: Booth) -> None:
    booth.presenter.press(Press.LANGUAGE)
    assert booth.views[-1].language is Language.CANTONESE
    for screen, prompt in ((Screen.FACE, Prompt.LOOK), (Screen.HELP, Prompt.HELP)):
        booth.show(screen)
        booth.presenter.say(prompt)
        assert booth.spoken[-1][1] == (Language.CANTONESE,)
        assert booth.views[-1].language is Language.CANTONESE
    booth.show(Screen.IDLE)
    assert booth.views[-1].language is None
    booth.presenter.say(Prompt.PLACE_CARD)
    assert booth.spoken[-1][1] == BOTH


def test_language_button_answers_at_once_in_the_new_language(booth: Booth) -> None:
    booth.presenter.press(Press.LANGUAGE)
    booth.presenter.press(Press.LANGUAGE)
    assert [(entry[0], entry[1]) for entry in booth.spoken] == [
        (Prompt.PLACE_CARD, (Language.CANTONESE,)),
        (Prompt.PLACE_CARD, (Language.MANDARIN,)),
    ]


def test_a_choice_on_the_idle_screen_is_forgotten_after_a_while(booth: Booth) -> None:
    booth.presenter.press(Press.LANGUAGE)
    booth.presenter.press(Press.LOUDER)
    booth.clock.seconds += IDLE_S - 1
    booth.presenter.tick()
    assert booth.views[-1].language is Language.CANTONESE
    booth.clock.seconds += 2
    booth.presenter.tick()
    assert booth.views[-1].language is None
    booth.presenter.say(Prompt.PLACE_CARD)
    assert booth.spoken[-1][1:3] == (BOTH, 0)


def test_louder_repeats_one_step_up_as_far_as_it_goes_and_is_reset_when_the_visit_is_over(booth: Booth) -> None:
    booth.show(Screen.HELP)
    booth.presenter.say(Prompt.HELP)
    for _ in range(len(STEPS_DB) + 1):
        booth.presenter.press(Press.LOUDER)
    top = len(STEPS_DB) - 1
    assert [entry[2] for entry in booth.spoken] == [0, *range(1, top + 1), top, top]
    booth.show(Screen.IDLE)
    booth.presenter.say(Prompt.PLACE_CARD)
    assert booth.spoken[-1][2] == 0


def test_presses_reach_the_station_except_those_about_the_voice(booth: Booth) -> None:
    for press in Press:
        booth.presenter.press(press)
    assert booth.pressed == [press for press in Press if press not in (Press.LANGUAGE, Press.LOUDER)]


def test_hear_again_repeats_what_was_said_here_last(booth: Booth) -> None:
    booth.show(Screen.FACE)
    booth.presenter.press(Press.HEAR_AGAIN)
    booth.presenter.say(Prompt.LOOK_AGAIN)
    booth.presenter.press(Press.HEAR_AGAIN)
    booth.show(Screen.STOP)
    booth.presenter.press(Press.HEAR_AGAIN)
    assert booth.prompts == [Prompt.LOOK, Prompt.LOOK_AGAIN, Prompt.LOOK_AGAIN, Prompt.STOP]


def test_the_same_guidance_is_given_twice_and_no_more(booth: Booth) -> None:
    booth.show(Screen.FACE)
    for _ in range(4):
        booth.presenter.say(Prompt.LOOK)
        booth.clock.seconds += 5
    assert booth.prompts == [Prompt.LOOK] * 2
    booth.show(Screen.IDLE)
    booth.show(Screen.FACE)
    booth.presenter.say(Prompt.LOOK)
    assert len(booth.prompts) == 3


def test_people_who_come_later_are_called_to_the_reader_again(booth: Booth) -> None:
    for _ in range(3):
        booth.presenter.say(Prompt.PLACE_CARD)
        booth.clock.seconds += 30
    booth.clock.seconds += IDLE_S
    booth.presenter.say(Prompt.PLACE_CARD)
    assert len(booth.prompts) == 3


def test_guidance_that_comes_too_soon_waits_and_a_verdict_does_not(booth: Booth) -> None:
    booth.presenter.say(Prompt.PLACE_CARD)
    booth.clock.seconds += 1
    booth.show(Screen.FACE)
    booth.presenter.say(Prompt.LOOK)
    booth.clock.seconds += 0.5
    booth.show(Screen.PASS)
    booth.presenter.say(Prompt.PASS)
    assert [entry[3] for entry in booth.spoken] == [0.0, pytest.approx(1.5), 0.0]


def test_a_hint_never_cuts_what_is_being_said(booth: Booth) -> None:
    booth.seconds = 4.0
    booth.show(Screen.FACE)
    booth.presenter.say(Prompt.LOOK)
    booth.hint_every(3, Prompt.COME_CLOSER)
    assert booth.prompts == [Prompt.LOOK]
    booth.hint_every(3, Prompt.COME_CLOSER)
    assert booth.spoken[-1] == (Prompt.COME_CLOSER, BOTH, 0, 0.0)
    booth.hint_every(3, Prompt.HOLD_STILL)
    assert booth.prompts == [Prompt.LOOK, Prompt.COME_CLOSER]
    booth.presenter.press(Press.HEAR_AGAIN)
    booth.hint_every(3, Prompt.HOLD_STILL)
    assert booth.prompts == [Prompt.LOOK, Prompt.COME_CLOSER, Prompt.HOLD_STILL]


def test_short_hints_do_not_chase_each_other(booth: Booth) -> None:
    booth.seconds = 0.5
    booth.show(Screen.FACE)
    booth.hint_every(1, Prompt.COME_CLOSER, Prompt.HOLD_STILL, Prompt.HOLD_STILL, Prompt.HOLD_STILL)
    assert [entry[0::3] for entry in booth.spoken] == [(Prompt.COME_CLOSER, 0.0), (Prompt.HOLD_STILL, 0.0)]


def test_the_newest_hint_is_on_the_screen_though_it_is_not_spoken_any_more(booth: Booth) -> None:
    booth.show(Screen.FACE)
    captions = []
    for prompt in (*[Prompt.COME_CLOSER] * 3, Prompt.HOLD_STILL, Prompt.COME_CLOSER):
        booth.hint_every(3, prompt)
        captions.append(booth.views[-1].caption)
    assert booth.prompts == [Prompt.COME_CLOSER, Prompt.COME_CLOSER, Prompt.HOLD_STILL]
    assert captions == [*[Prompt.COME_CLOSER] * 3, Prompt.HOLD_STILL, Prompt.COME_CLOSER]


@pytest.mark.parametrize("screen", [Screen.PASS, Screen.HELP, Screen.CARD, Screen.IDLE])
def test_a_hint_leaves_with_the_request_to_look(booth: Booth, screen: Screen) -> None:
    for prompt in HINTS.values():
        booth.show(Screen.FACE)
        booth.presenter.say(prompt)
        booth.show(screen)
        assert booth.views[-1].caption is None


def test_the_next_visitor_in_a_queue_is_told_as_often_as_the_first(booth: Booth) -> None:
    for screen in (Screen.PASS, Screen.HELP, Screen.STOP):
        for before in (Screen.CARD, Screen.FACE):
            booth.show(before)
        booth.hint_every(3, *[Prompt.COME_CLOSER] * 3)
        booth.show(screen)
    assert booth.prompts == [Prompt.COME_CLOSER] * 6


def test_a_felt_card_beeps_once(booth: Booth) -> None:
    booth.show(Screen.CARD)
    booth.show(Screen.CARD)
    assert booth.beeps == [0]


@pytest.mark.parametrize("order", ["show first", "say first"])
def test_what_was_said_is_the_caption_until_its_screen_leaves(booth: Booth, order: str) -> None:
    acts: list[Callable[[], None]] = [
        lambda: booth.show(Screen.FACE),
        lambda: booth.presenter.say(Prompt.LOOK),
    ]
    for act in acts if order == "show first" else acts[::-1]:
        act()
    captions = [booth.views[-1].caption]
    booth.presenter.say(Prompt.FACE_HELP)
    captions.append(booth.views[-1].caption)
    booth.presenter.say(Prompt.STAFF_COMING)
    captions.append(booth.views[-1].caption)
    booth.show(Screen.HELP)
    captions.append(booth.views[-1].caption)
    assert captions == [Prompt.LOOK, Prompt.FACE_HELP, Prompt.STAFF_COMING, None]


def test_a_ribbon_sent_for_the_same_idle_screen_keeps_the_language(booth: Booth) -> None:
    booth.presenter.press(Press.LANGUAGE)
    booth.presenter.show(Showing(Screen.IDLE, staff(), ribbon=Ribbon.CALLED))
    assert booth.views[-1].language is Language.CANTONESE
