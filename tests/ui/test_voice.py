import hashlib
import json
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.showing import Prompt
from scripts.render_voice import render
from ui.catalogue import Language, words
from ui.sound import RATE, SilentSound, Utterance
from ui.voice import CLIPS, STEPS_DB, TONES, Earcon, Voice, load_clips

ENTRIES = json.loads((CLIPS / "manifest.json").read_text("utf-8"))["clips"]


class Ear(SilentSound):
    """Keeps samples too."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[NDArray[np.int16]] = []

    def play(self, utterance: Utterance) -> None:
        super().play(utterance)
        self.heard.append(np.frombuffer(utterance.samples, "<i2"))


@pytest.fixture(scope="module")
def ear() -> Ear:
    return Ear()


@pytest.fixture(scope="module")
def voice(ear: Ear) -> Voice:
    return Voice(ear)


def test_every_prompt_has_a_clip_of_the_catalogue_words_in_every_language() -> None:
    expected = {(TONES, earcon.value): "" for earcon in Earcon}
    for language in Language:
        expected |= {(language.value, prompt.value): words(language).prompts[prompt] for prompt in Prompt}
    assert {(entry["lang"], entry["id"]): entry["text"] for entry in ENTRIES} == expected


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry['lang']}/{entry['id']}")
def test_a_clip_fits_the_manifest_and_is_neither_faint_nor_clipped(entry: dict[str, str | float]) -> None:
    lang, name = str(entry["lang"]), str(entry["id"])
    assert hashlib.sha256((CLIPS / lang / f"{name}.wav").read_bytes()).hexdigest() == entry["sha256"]
    samples = load_clips()[lang, name].samples / 32768
    peak = 20 * math.log10(float(np.abs(samples).max()))
    rms = 10 * math.log10(float(np.mean(samples**2)))
    assert len(samples) / RATE == pytest.approx(entry["seconds"], abs=0.001)
    assert [peak, rms] == pytest.approx([entry["peak"], entry["rms"]], abs=0.02)
    assert peak <= -1
    assert -22 <= rms <= -16
    assert (0.1 if lang == TONES else 0.4) <= len(samples) / RATE <= (0.8 if lang == TONES else 4.0)


def test_rendering_again_gives_the_committed_clips() -> None:
    different = []

    def compare(folder: str, name: str, coded: bytes) -> None:
        kept = load_clips()[folder, name].samples.astype(int)
        again = np.frombuffer(coded[44:], "<i2").astype(int)
        # Rounding may differ by one step between machines.
        if kept.shape != again.shape or np.abs(kept - again).max() > 1:
            different.append((folder, name))

    entries = render(compare)
    assert different == []
    assert len(entries) == len(ENTRIES)


def test_a_verdict_is_a_tone_and_then_the_languages_in_their_order(voice: Voice, ear: Ear) -> None:
    voice.say(Prompt.STOP, (Language.CANTONESE, Language.MANDARIN), 0)
    voice.say(Prompt.LOOK, (Language.ENGLISH,), 0)
    voice.beep(0)
    assert list(ear.played)[-3:] == [("tones/stop", "yue/stop", "cmn/stop"), ("en/look",), ("tones/felt",)]


def test_a_step_up_is_six_decibels_and_the_last_step_does_not_clip(voice: Voice, ear: Ear) -> None:
    peaks = []
    for step in range(len(STEPS_DB)):
        voice.say(Prompt.PASS, (Language.MANDARIN,), step)
        peaks.append(20 * math.log10(int(np.abs(ear.heard[-1].astype(int)).max()) / 32768))
    assert np.diff(peaks) == pytest.approx([6.0] * (len(peaks) - 1), abs=0.05)
    assert peaks[-1] <= -1


def test_a_pause_is_silence_before_the_words(voice: Voice, ear: Ear) -> None:
    voice.say(Prompt.LOOK, (Language.MANDARIN,), 2, 1.5)
    late = ear.heard[-1]
    voice.say(Prompt.LOOK, (Language.MANDARIN,), 2)
    assert not late[: int(1.5 * RATE)].any()
    assert np.array_equal(late[round(1.5 * RATE) :], ear.heard[-1])


def test_tones_of_the_verdicts_differ_in_rhythm_and_pitch() -> None:
    rhythms, pitches = set(), set()
    for earcon in (Earcon.PASS, Earcon.HELP, Earcon.STOP):
        samples = load_clips()[TONES, earcon.value].samples.astype(float)
        loud = np.abs(samples).reshape(-1, 1)[: len(samples) // 441 * 441].reshape(-1, 441).max(axis=1) > 1000
        rhythms.add((int(np.sum(np.diff(loud.astype(int)) == 1) + loud[0]), bool(loud.mean() > 0.85)))
        spectrum = np.abs(np.fft.rfft(samples))
        pitch = float(np.fft.rfftfreq(len(samples), 1 / RATE)[spectrum.argmax()])
        assert 500 <= pitch <= 1500
        pitches.add(round(pitch, -1))
    assert len(rhythms) == 3
    assert len(pitches) == 3
