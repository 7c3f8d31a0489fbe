"""Render the kiosk's voice clips and tones from the catalogue: ``python -m scripts.render_voice``.

Speech comes from espeak-ng 1.52 (the library and data inside the wheel espeakng-loader; Debian 12's own 1.51 cannot
speak Mandarin). A run from the first clip to the last gives the same bytes every time; a clip rendered alone may
differ by some samples, as the library keeps a little state between texts. The clips are data and are committed: a
kiosk never synthesises speech. A recording by a person replaces a clip by its file and a manifest entry with source
"human".
"""

import array
import ctypes
import hashlib
import io
import json
import math
import wave
from collections.abc import Callable
from pathlib import Path

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

from kiosk.showing import Prompt
from ui.catalogue import Language, words
from ui.sound import RATE
from ui.voice import CLIPS, TONES, Earcon

Samples = NDArray[np.float64]

PEAK_DBFS = -1.0
RMS_DBFS = -17.0  # no louder than this on average, so that the languages sound alike
EDGE_S = 0.04  # silence kept before and after the words
VOICES = {Language.CANTONESE: b"yue", Language.MANDARIN: b"cmn", Language.ENGLISH: b"en"}
# Words a minute. Synthetic speech is followed best at 150 to 200, and slower helps in an echoing hall.
RATES = {Language.CANTONESE: 150, Language.MANDARIN: 158, Language.ENGLISH: 150}
_SYNCHRONOUS, _PARAMETER_RATE, _UTF8 = 2, 1, 1  # espeak-ng/speak_lib.h

# Frequency in Hz and length in s of each note; 0 Hz is a rest. Old ears hear 500 to 1500 Hz best.
NOTES: dict[Earcon, tuple[tuple[float, float], ...]] = {
    Earcon.FELT: ((988.0, 0.11),),
    Earcon.PASS: ((659.3, 0.16), (0.0, 0.03), (987.8, 0.30)),
    Earcon.HELP: ((784.0, 0.20), (0.0, 0.14), (784.0, 0.20)),
    Earcon.STOP: ((523.3, 0.14), (0.0, 0.09), (523.3, 0.14), (0.0, 0.09), (523.3, 0.14)),
}


class Espeak:
    """The espeak-ng library, speaking into memory."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._heard = array.array("h")
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = kind(self._hear)  # kept: the library calls it for as long as it lives
        rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
        if rate != RATE:
            raise RuntimeError(f"espeak-ng speaks at {rate} Hz, expected {RATE}")
        self._library.espeak_SetSynthCallback(self._callback)

    def _hear(self, wave_data: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int | None) -> int:
        if wave_data and count > 0:
            self._heard.extend(wave_data[:count])
        return 0

    def speak(self, language: Language, text: str) -> Samples:
        """The text as samples between -1 and 1."""
        del self._heard[:]
        if self._library.espeak_SetVoiceByName(VOICES[language]) != 0:
            raise RuntimeError(f"espeak-ng has no voice {VOICES[language]!r}")
        self._library.espeak_SetParameter(_PARAMETER_RATE, RATES[language], 0)
        coded = text.encode() + b"\0"
        if self._library.espeak_Synth(coded, len(coded), 0, 1, 0, _UTF8, None, None) != 0:
            raise RuntimeError(f"espeak-ng did not speak {text!r}")
        return np.array(self._heard, dtype=np.float64) / 32768


def _trim(samples: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(samples) > 0.004)
    edge = np.zeros(int(EDGE_S * RATE))
    return np.concatenate([edge, samples[loud[0] : loud[-1] + 1], edge])


def _level(samples: Samples) -> Samples:
    peak = float(np.abs(samples).max())
    rms = math.sqrt(float(np.mean(samples**2)))
    # A hundredth of a decibel of room, so that rounding to 16 bits cannot pass the limit.
    return samples * min(10 ** ((PEAK_DBFS - 0.01) / 20) / peak, 10 ** (RMS_DBFS / 20) / rms)


def _tone(notes: tuple[tuple[float, float], ...]) -> Samples:
    parts = []
    for hertz, seconds in notes:
        at = np.arange(round(seconds * RATE)) / RATE
        envelope = np.minimum(1, np.minimum(at / 0.008, (seconds - at) / 0.04))
        # A little of the octave makes the note warmer than a bare sine.
        parts.append(envelope * (np.sin(2 * np.pi * hertz * at) + 0.25 * np.sin(4 * np.pi * hertz * at)))
    return np.concatenate(parts)


def wav_bytes(samples: Samples) -> bytes:
    """A WAV file: RATE Hz, 16 bit, mono."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    return file.getvalue()


def _entry(clip: str, lang: str, text: str, samples: Samples, coded: bytes) -> dict[str, str | float]:
    return {
        "id": clip,
        "lang": lang,
        "text": text,
        "source": "synth" if text else "tone",
        "sha256": hashlib.sha256(coded).hexdigest(),
        "seconds": round(len(samples) / RATE, 3),
        "peak": round(20 * math.log10(float(np.abs(samples).max())), 2),
        "rms": round(10 * math.log10(float(np.mean(samples**2))), 2),
    }


def render(keep: Callable[[str, str, bytes], None]) -> list[dict[str, str | float]]:
    """Hand every tone and clip to ``keep(folder, id, wav)``; return the manifest's entries (peak, rms: dBFS)."""
    entries = []
    for earcon, notes in NOTES.items():
        samples = _level(_tone(notes))
        coded = wav_bytes(samples)
        keep(TONES, earcon.value, coded)
        entries.append(_entry(earcon.value, TONES, "", samples, coded))
    espeak = Espeak()
    for language in Language:
        for prompt in Prompt:
            text = words(language).prompts[prompt]
            samples = _level(_trim(espeak.speak(language, text)))
            coded = wav_bytes(samples)
            keep(language.value, prompt.value, coded)
            entries.append(_entry(prompt.value, language.value, text, samples, coded))
    return entries


def main(clips: Path = CLIPS) -> None:
    """Write all clips and their manifest."""

    def keep(folder: str, clip: str, coded: bytes) -> None:
        (clips / folder).mkdir(parents=True, exist_ok=True)
        (clips / folder / f"{clip}.wav").write_bytes(coded)

    entries = render(keep)
    text = json.dumps({"clips": entries}, ensure_ascii=False, indent=1)
    (clips / "manifest.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
