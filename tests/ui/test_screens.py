import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from PyQt6.QtCore import QRectF, QSize
from PyQt6.QtGui import QImage, QPainter

from kiosk.core.errors import Fault, KioskError, Refusal
from kiosk.core.reasons import Line, Reason
from kiosk.core.session import HINTS
from kiosk.showing import Mode, Press, Prompt, Ribbon, Screen, Showing, Tile, UpdateNote
from kiosk.store import ImportState
from tests.ui.screen_cases import (
    LANDSCAPE,
    NOW,
    PORTRAIT,
    SITE,
    SIZES,
    STAFF_LINES,
    HandClock,
    guides,
    passed,
    passes,
    refusals,
    staff,
    tiles,
    views,
)
from ui.catalogue import Language, words
from ui.fonts import can_draw, find_font
from ui.layout import scale_of
from ui.pen import _MEASURES, Inked
from ui.screens import Scene, paint
from ui.theme import BAR_TEXT, LEAST, MIN_CONTRAST, TITLE, contrast
from ui.view import View
from ui.window import render

OTHER_SIZES = (QSize(768, 1366), QSize(1366, 768), QSize(1200, 1920), QSize(1280, 800), QSize(2160, 3840))


PASSED = Showing(Screen.PASS, staff(), tiles=passed(Reason.H1), masked_name="王*明", seconds_left=9)


def draw(view: View, size: QSize, family: str | None, site: str = SITE) -> tuple[Scene, NDArray[np.uint8]]:
    image = QImage(size, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    scene = paint(painter, size, view, NOW, site=site, family=family, pressed=None)
    painter.end()
    return scene, pixels(image)


def pixels(image: QImage) -> NDArray[np.uint8]:
    """(height, width, 3) uint8, RGB."""
    bits = image.constBits()
    assert bits is not None
    flat = np.frombuffer(bits.asstring(image.sizeInBytes()), np.uint8)
    four: NDArray[np.uint8] = flat.reshape(image.height(), image.bytesPerLine() // 4, 4)
    return four[:, : image.width(), 2::-1]


def rgb(colour: str) -> NDArray[np.uint8]:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.uint8)


def around(ink: QRectF, scale: float, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The pixels of a frame drawn just outside of some glyphs."""
    left, top = int(ink.left() * scale) - 2, int(ink.top() * scale) - 2
    right, bottom = int(ink.right() * scale) + 2, int(ink.bottom() * scale) + 2
    rows, columns = slice(max(top, 0), bottom), slice(max(left, 0), right)
    edges = (picture[rows, max(left, 0)], picture[rows, min(right, picture.shape[1] - 1)])
    ends = (picture[max(top, 0), columns], picture[min(bottom, picture.shape[0] - 1), columns])
    return np.concatenate([*edges, *ends])


def check_colours(inked: Inked, scale: float, picture: NDArray[np.uint8]) -> None:
    """What was declared is what is on the picture, and its contrast is high enough."""
    assert contrast(inked.fg, inked.bg) >= MIN_CONTRAST, inked.text
    frame = around(inked.ink, scale, picture)
    assert (frame == rgb(inked.bg)).all(axis=1).mean() > 0.5, inked.text
    box = inked.ink
    inside = picture[
        int(box.top() * scale) : int(box.bottom() * scale) + 1, int(box.left() * scale) : int(box.right() * scale) + 1
    ]
    assert (inside == rgb(inked.fg)).all(axis=2).any(), inked.text


def check_places(scene: Scene, size: QSize) -> None:
    scale = scale_of(size)
    canvas = QRectF(0, 0, size.width() / scale, size.height() / scale)
    for inked in scene.inked:
        assert inked.px >= (BAR_TEXT if inked.bar else LEAST), inked.text
        room = inked.slot.adjusted(-1, -1, 1, 1)
        assert room.contains(inked.ink), f"{inked.text!r} leaves its slot"
        assert canvas.contains(inked.slot), inked.text
        if scene.moving is not None:
            assert not scene.moving.area.intersects(inked.ink), f"{inked.text!r} is moved over"
        for button in scene.buttons:
            apart = not button.area.intersects(inked.slot)
            assert apart or button.area.contains(inked.slot), inked.text
    for one, other in combinations(scene.inked, 2):
        if one.slot != other.slot:
            assert not one.slot.intersects(other.slot), f"{one.text!r} and {other.text!r}"


def check_buttons(scene: Scene, size: QSize) -> None:
    high = size.height() / scale_of(size)
    assert len(scene.buttons) <= 3
    for button in scene.buttons:
        assert button.area.height() >= 120
        assert size.width() > size.height() or button.area.top() > high / 4
    for left, right in zip(scene.buttons, scene.buttons[1:], strict=False):
        assert right.area.left() - left.area.right() >= 35.99
    sizes = {inked.px for inked in scene.inked for button in scene.buttons if button.area.contains(inked.slot)}
    assert len(sizes) == (1 if scene.buttons else 0)


@pytest.mark.parametrize("size", SIZES, ids=("portrait", "landscape"))
@pytest.mark.parametrize("language", Language)
def test_every_text_fits_its_place_and_stands_out_from_its_ground(family: str, language: Language, size: QSize) -> None:
    for view in views():
        scene, picture = draw(View(view.showing, language, view.caption), size, family)
        check_places(scene, size)
        check_buttons(scene, size)
        for inked in scene.inked:
            check_colours(inked, scale_of(size), picture)


@pytest.mark.parametrize("size", OTHER_SIZES, ids=lambda size: f"{size.width()}x{size.height()}")
def test_other_panels_of_these_shapes_fit_too(family: str, size: QSize) -> None:
    for view in views():
        if view.showing.staff in STAFF_LINES[2:3] or view.showing.screen is Screen.OUT_OF_ORDER:
            check_places(draw(view, size, family)[0], size)


def test_a_long_site_name_is_cut_and_never_runs_into_the_clock(family: str) -> None:
    for mode in Mode:
        scene, _ = draw(View(Showing(Screen.IDLE, staff(mode))), PORTRAIT, family, site=SITE * 4)
        check_places(scene, PORTRAIT)
        assert "14:32" in [inked.text for inked in scene.inked]


@pytest.mark.parametrize("size", SIZES, ids=("portrait", "landscape"))
def test_verdicts_are_told_apart_without_colours_and_by_weak_eyes(family: str, size: QSize) -> None:
    greys = []
    for screen in (Screen.PASS, Screen.HELP, Screen.STOP):
        view = View(Showing(screen, staff(), tiles=tiles(True, True, True, True)))
        image = render(view, size, HandClock(), site=SITE, family=family)
        grey = image.convertToFormat(QImage.Format.Format_Grayscale8).convertToFormat(QImage.Format.Format_RGB32)
        wide = 0.43 if size is LANDSCAPE else 1.0
        part = pixels(grey)[100 : int(0.4 * size.height()), : int(wide * size.width()), 0].astype(float)
        blocks = part[: part.shape[0] // 26 * 26, : part.shape[1] // 26 * 26]
        greys.append(blocks.reshape(blocks.shape[0] // 26, 26, -1, 26).mean(axis=(1, 3)))
    dark, bright, framed = greys
    # Blurred over 26 pixels: the typical brightness of pass, help and the inside of stop differ, and stop has a frame.
    levels = [float(np.median(grey)) for grey in (dark, bright, framed)]
    assert levels[0] + 60 < levels[1]
    assert levels[1] + 30 < levels[2]
    frame = float(framed[1:-1, 0].mean())
    assert levels[2] - frame > 60


def texts(scene: Scene) -> list[str]:
    return [inked.text for inked in scene.inked]


def allowed_outside_pass(view: View) -> set[str]:
    said, screen = view.words, view.showing.screen
    own = {said.screens[screen].headline, said.screens[screen].sub, said.wait_here, said.tick_tile, said.check_tile}
    return own | set(said.lines.values()) | {view.label(press) for press in view.presses}


@pytest.mark.parametrize("language", [None, *Language])
@pytest.mark.parametrize("size", SIZES, ids=("portrait", "landscape"))
def test_outside_pass_only_done_or_to_be_checked_is_told(family: str, size: QSize, language: Language | None) -> None:
    for showing in refusals():
        view = View(showing, language)
        scene, _ = draw(view, size, family)
        public = {inked.text for inked in scene.inked if not inked.bar}
        assert public <= allowed_outside_pass(view)
        said = Counter(texts(scene))
        done = sum(tile.ok for tile in showing.tiles)
        assert (said[view.words.tick_tile], said[view.words.check_tile]) == (done, 4 - done)


@pytest.mark.parametrize("ok", [(True, True, False, True), (False, False, False, False)])
def test_help_and_stop_have_the_same_tiles(family: str, ok: tuple[bool, ...]) -> None:
    parts = []
    for screen in (Screen.HELP, Screen.STOP):
        scene, picture = draw(View(Showing(screen, staff(), tiles=tiles(*ok))), LANDSCAPE, family)
        parts.append((texts(scene)[3:], picture[120:, 900:]))
    assert parts[0][0] == parts[1][0]
    assert np.array_equal(parts[0][1], parts[1][1])


COLOUR_WORDS = re.compile("[绿綠黄黃红紅]|green|yellow|\\bred\\b|amber", re.IGNORECASE)


@pytest.mark.parametrize("language", Language)
def test_no_colour_word_before_or_besides_pass(family: str, language: Language) -> None:
    for showing in (*guides(), *refusals()):
        for text in texts(draw(View(showing, language), PORTRAIT, family)[0]):
            assert not COLOUR_WORDS.search(text)


def _public_chinese(showings: Iterable[Showing], family: str) -> Iterable[str]:
    for showing in showings:
        view = View(showing)
        for inked in draw(view, PORTRAIT, family)[0].inked:
            if not inked.bar:
                yield inked.text


def test_public_screens_in_chinese_hold_no_codes_and_no_english(family: str) -> None:
    for text in _public_chinese((*guides(), *refusals(), *passes()), family):
        assert not re.search("[A-Za-z]", text), text


def test_pass_greets_by_the_masked_name_and_says_why(family: str) -> None:
    for showing in passes():
        said = texts(draw(View(showing), PORTRAIT, family)[0])
        assert (f"{showing.masked_name} 您好" if showing.masked_name else "您好") in said
        for tile in showing.tiles:
            if tile.reason is not None:
                assert set(words(Language.MANDARIN).tiles[tile.reason]) <= set(said)


def test_no_name_is_remembered_by_what_measures_texts(family: str) -> None:
    def greet(name: str) -> list[int]:
        draw(View(replace(PASSED, masked_name=name)), PORTRAIT, family)
        return [kept.cache_info().currsize for kept in (_MEASURES.lines, _MEASURES.tight, _MEASURES.fit)]

    assert greet("林*范") == greet("何*甲")


@pytest.mark.parametrize("size", SIZES, ids=("portrait", "landscape"))
@pytest.mark.parametrize("language", Language)
def test_a_hint_takes_the_place_of_the_headline_and_is_the_largest_text(
    family: str, language: Language, size: QSize
) -> None:
    said = words(language)
    for prompt in HINTS.values():
        scene, _ = draw(View(Showing(Screen.FACE, staff()), language, prompt), size, family)
        largest = max(scene.inked, key=lambda inked: inked.px)
        assert (largest.text, largest.px > TITLE) == (said.prompts[prompt], True)
        assert said.screens[Screen.FACE].headline not in texts(scene)
        assert said.screens[Screen.FACE].sub in " ".join(texts(scene))


def test_whoever_called_for_help_sees_so_beside_a_hint(family: str) -> None:
    said = words(Language.MANDARIN)
    showing = Showing(Screen.FACE, staff(), ribbon=Ribbon.CALLED)
    shown = texts(draw(View(showing, None, Prompt.COME_CLOSER), PORTRAIT, family)[0])
    assert {said.prompts[Prompt.STAFF_COMING], said.prompts[Prompt.COME_CLOSER]} <= set(shown)


def test_a_name_the_font_cannot_draw_is_left_out(family: str) -> None:
    rare = "\U0002ae29*明"
    assert not can_draw(rare, family)
    showing = Showing(Screen.PASS, staff(), tiles=tuple(Tile(line, True) for line in Line), masked_name=rare)
    said = texts(draw(View(showing), PORTRAIT, family)[0])
    assert "您好" in said
    assert not any("明" in text for text in said)


def test_old_data_is_announced_on_every_screen(family: str) -> None:
    old = staff(hours=30)
    for screen in Screen:
        for size in SIZES:
            said = texts(draw(View(Showing(screen, old, fault=Fault.READER)), size, family)[0])
            assert words(Language.MANDARIN).staff.old.what in said


def test_what_became_of_an_update_is_told_on_every_screen(family: str) -> None:
    told = {
        "正在更新 40%，请勿拔U盘": replace(staff(), update=UpdateNote(ImportState.RUNNING, 40)),
        "更新未完成，请重新导入": replace(staff(), update=UpdateNote(ImportState.UNFINISHED)),
        "未更新：签名不符，请联系卫健部门": replace(
            staff(), update=UpdateNote(ImportState.REFUSED, refusal=Refusal.WRONG_KEY)
        ),
        "紧急名单不是最新，请更新": replace(staff(), urgent_old=True),
        "检查：数据、更新40%、紧急名单": replace(
            staff(hours=30), urgent_old=True, update=UpdateNote(ImportState.RUNNING, 40)
        ),
    }
    for text, line in told.items():
        for screen in Screen:
            for size in SIZES:
                assert text in texts(draw(View(Showing(screen, line, fault=Fault.READER)), size, family)[0])


def test_the_gravest_are_named_where_not_all_can_be(family: str) -> None:
    line = STAFF_LINES[-1]
    for language in Language:
        said = words(language).staff
        for size in SIZES:
            drawn = texts(draw(View(Showing(Screen.IDLE, line), language), size, family)[0])
            warning = next(text for text in drawn if text.startswith(said.check.format(items="")))
            assert warning.endswith("…")
            assert said.old.short + said.separator + said.updates[ImportState.REFUSED].short in warning


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault.stops_service and fault is not Fault.FONT])
def test_each_cause_of_being_closed_tells_staff_what_to_do(family: str, fault: Fault) -> None:
    for size in SIZES:
        scene, _ = draw(View(Showing(Screen.OUT_OF_ORDER, staff(), fault=fault)), size, family)
        said = "".join("".join(texts(scene)).split())
        text = words(Language.MANDARIN).staff.faults[fault]
        assert "".join(text.what.split()) in said
        assert "".join(text.act.split()) in said


def test_unconfirmed_clock_shows_local_time_and_the_one_button(family: str) -> None:
    showing = Showing(Screen.OUT_OF_ORDER, staff(), fault=Fault.CLOCK_UNCONFIRMED, confirm_clock=NOW)
    scene, _ = draw(View(showing), PORTRAIT, family)
    assert "2022-04-20 14:32" in texts(scene)
    assert [button.press for button in scene.buttons] == [Press.CONFIRM_CLOCK]


def test_without_a_chinese_font_there_are_signs_and_one_ascii_line(app: object) -> None:
    for size in SIZES:
        scene, picture = draw(View(Showing(Screen.IDLE, staff())), size, None)
        assert all(text.isascii() for text in texts(scene))
        assert len(texts(scene)) == 1
        assert len(np.unique(picture[::40, ::40].reshape(-1, 3), axis=0)) > 3
    with pytest.raises(KioskError) as caught:
        find_font("No Such Family")
    assert caught.value.fault is Fault.FONT


def test_buttons_are_those_of_their_screen(family: str) -> None:
    entry = [Press.DECLINE_FACE, Press.LANGUAGE, Press.CALL_STAFF]
    looking = [Press.HEAR_AGAIN, Press.DECLINE_FACE, Press.CALL_STAFF]
    result = [Press.HEAR_AGAIN, Press.LOUDER, Press.CALL_STAFF]
    wanted = {Screen.IDLE: entry, Screen.CARD: entry, Screen.FACE: looking, Screen.HELP: result}
    for screen, presses in wanted.items():
        scene, _ = draw(View(Showing(screen, staff())), PORTRAIT, family)
        assert [button.press for button in scene.buttons] == presses
        for button in scene.buttons:
            assert scene.press_at(button.area.center()) is button.press
    assert draw(View(Showing(Screen.IDLE, staff())), PORTRAIT, family)[0].press_at(QRectF(0, 0, 9, 9).center()) is None


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
