import re
from pathlib import Path

import pytest

from kiosk.core.errors import Fault, Refusal
from kiosk.core.lines.person import person_line
from kiosk.core.ports import Liveness
from kiosk.core.reasons import Reason
from kiosk.core.session import HINTS
from kiosk.showing import Prompt, Screen, UpdateNote
from kiosk.store import ImportState
from ui.catalogue import TEXTS, Language, load_words, next_language, words


@pytest.fixture(params=Language)
def language(request: pytest.FixtureRequest) -> Language:
    assert isinstance(request.param, Language)
    return request.param


@pytest.mark.parametrize("name", ["{}.toml", "staff_{}.toml"])
def test_a_text_that_is_missing_or_unknown_is_not_loaded(tmp_path: Path, language: Language, name: str) -> None:
    for file in TEXTS.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert load_words(language, tmp_path) == words(language)
    file = tmp_path / name.format(language.locale)
    lines = file.read_text("utf-8").splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r"\w+ = ", line)]
    for number in keys:
        file.write_text("\n".join(lines[:number] + lines[number + 1 :]), "utf-8")
        with pytest.raises((ValueError, TypeError, KeyError)):
            load_words(language, tmp_path)
    for number in keys:
        file.write_text("\n".join([*lines[:number], 'surplus = "x"', *lines[number:]]), "utf-8")
        with pytest.raises((ValueError, TypeError)):
            load_words(language, tmp_path)


def test_no_text_is_empty_and_each_fault_has_a_staff_text_of_its_own(language: Language) -> None:
    for file in (f"{language.locale}.toml", f"staff_{language.locale}.toml"):
        assert '""' not in (TEXTS / file).read_text("utf-8")
    faults = words(language).staff.faults
    assert len({text.what for text in faults.values()}) == len(Fault)


def test_staff_read_of_every_refusal_what_is_the_matter_and_what_to_do(language: Language) -> None:
    staff = words(language).staff
    told = {staff.update(UpdateNote(ImportState.REFUSED, refusal=refusal)).what for refusal in Refusal}
    assert len(told) == len(Refusal)
    # A cause, and after the comma who does what.
    assert all(re.search(r"\S{2}[，,] ?\S{2}", text) for text in told)
    running = staff.update(UpdateNote(ImportState.RUNNING, 42))
    assert "42%" in running.what
    assert "42%" in running.short
    assert not any("{" in text for text in told)


def _plain(text: str) -> str:
    return re.sub(r"[\s，,。.]", "", text).casefold()


def test_what_is_spoken_stands_on_the_screen(language: Language) -> None:
    said = words(language)
    for screen in Screen:
        if screen is Screen.CARD:
            continue  # nothing is said there
        home = {Screen.IDLE: Prompt.PLACE_CARD, Screen.AGAIN: Prompt.PLACE_AGAIN, Screen.FACE: Prompt.LOOK}
        home[Screen.OTHER_CARD] = Prompt.NOT_AN_ID_CARD
        prompt = home.get(screen) or Prompt(screen.value)
        heading = said.screens[screen]
        spoken = _plain(said.prompts[prompt])
        assert spoken in (_plain(heading.headline), _plain(heading.headline + heading.sub))


def test_a_hint_is_short_and_unlike_every_other_prompt(language: Language) -> None:
    prompts = words(language).prompts
    for prompt in HINTS.values():
        assert len(prompts[prompt]) <= (20 if language is Language.ENGLISH else 12)
    assert len(set(prompts.values())) == len(prompts)


def test_staff_read_what_is_not_known_of_liveness() -> None:
    staff = words(Language.MANDARIN).staff
    told = {
        (Reason.H1, Liveness.LIVE): "人证一致",
        (Reason.H1, Liveness.ABSENT): "人证一致，无活体检测",
        (Reason.H1B, Liveness.ABSENT): "无活体检测，请人工核对",
        (Reason.H2, Liveness.ATTACK): "可能是照片或屏幕，请人工核对",
        (Reason.H2, Liveness.LIVE): "人脸不能确定，请对照证件照：是本人，或不是本人",
    }
    for (reason, liveness), text in told.items():
        assert staff.about(person_line(reason, (liveness,)).leading) == text


def test_the_public_words_of_the_verdicts_are_those_of_the_rules() -> None:
    screens = words(Language.MANDARIN).screens
    assert {screen: (screens[screen].headline, screens[screen].sub) for screen in (Screen.PASS, Screen.HELP)} == {
        Screen.PASS: ("核验通过", "请通行"),
        Screen.HELP: ("请稍候", "工作人员来帮您"),
    }
    assert (screens[Screen.STOP].headline, screens[Screen.STOP].sub) == ("请留步", "工作人员马上来")
    out = screens[Screen.OUT_OF_ORDER]
    assert (out.headline, out.sub) == ("暂停服务", "请找工作人员")


def test_the_language_button_goes_round_all_languages_from_cantonese() -> None:
    first = next_language(None)
    second = next_language(first)
    third = next_language(second)
    assert first is Language.CANTONESE
    assert {first, second, third} == set(Language)
    assert next_language(third) is first
