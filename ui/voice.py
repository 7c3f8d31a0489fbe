"""The voice: pre-rendered clips put together into one utterance, never a synthesiser at run time.

Every prompt has a clip in every language whose words are those on the screen; a tone goes before a verdict. Names,
numbers, colours and places are never spoken.
"""

import json
import wave
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kiosk.showing import Prompt
from ui.catalogue import Language
from ui.sound import RATE, Sound, Utterance

CLIPS = Path(__file__).parent / "clips"
TONES = "tones"
_BETWEEN_S = 0.25  # of silence between two clips


@unique
class Earcon(StrEnum):
    """Tones that differ in rhythm and in pitch, for who cannot follow the words."""

    FELT = "felt"  # one short beep: the card is felt
    PASS = "pass"
    HELP = "help"  # two equal notes
    STOP = "stop"  # three low notes


EARCONS = {Prompt.PASS: Earcon.PASS, Prompt.HELP: Earcon.HELP, Prompt.STOP: Earcon.STOP}

# Loudness steps in dB: 大声点 goes one up. The last is the clip as it was rendered.
STEPS_DB = (-12.0, -6.0, 0.0)


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip of the manifest."""

    lang: str
    name: str
    samples: NDArray[np.int16]


def _read(path: Path) -> NDArray[np.int16]:
    with wave.open(str(path), "rb") as file:
        shape = (file.getframerate(), file.getsampwidth(), file.getnchannels())
        if shape != (RATE, 2, 1):
            raise ValueError(f"{path.name}: {shape}, expected {RATE} Hz, 16 bit, mono")
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)


def load_clips(folder: Path = CLIPS) -> dict[tuple[str, str], Clip]:
    """Every clip of the manifest by language (or TONES) and name."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    keys = [(entry["lang"], entry["id"]) for entry in manifest["clips"]]
    return {(lang, name): Clip(lang, name, _read(folder / lang / f"{name}.wav")) for lang, name in keys}


class Voice:
    """Puts clips together and hands them to the sound output."""

    def __init__(self, sound: Sound, folder: Path = CLIPS) -> None:
        self._sound = sound
        self._clips = load_clips(folder)

    def say(self, prompt: Prompt, languages: tuple[Language, ...], step: int, pause: float = 0.0) -> float:
        """Speak in each language in turn, at a step of STEPS_DB, after ``pause`` seconds; cuts what is being said.

        The result is how many seconds it takes.
        """
        clips = [self._clips[language.value, prompt.value] for language in languages]
        if prompt in EARCONS:
            clips.insert(0, self._clips[TONES, EARCONS[prompt].value])
        return self._play(clips, step, pause)

    def beep(self, step: int) -> None:
        """Tell by a tone that the card is felt; cuts what is being said."""
        self._play([self._clips[TONES, Earcon.FELT.value]], step, 0.0)

    def _play(self, clips: list[Clip], step: int, pause: float) -> float:
        silence = np.zeros(round(_BETWEEN_S * RATE), np.int16)
        parts = [np.zeros(round(pause * RATE), np.int16)]
        for clip in clips:
            parts += [clip.samples, silence]
        scaled = np.concatenate(parts) * 10 ** (STEPS_DB[step] / 20)
        names = tuple(f"{clip.lang}/{clip.name}" for clip in clips)
        self._sound.play(Utterance(names, np.round(scaled).astype("<i2").tobytes()))
        return len(scaled) / RATE
