import time
from pathlib import Path

import pytest

from kiosk.core.errors import Fault
from ui.sound import RATE, AplaySound, SilentSound, Sound, Speaker, Utterance

SECOND = Utterance(("cmn/look",), b"\x01\x02" * RATE)


@pytest.fixture
def tape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What aplay sends to its device: ALSA's own file plugin, in place of a sound card."""
    written = tmp_path / "tape.raw"
    config = tmp_path / "asound.conf"
    lines = (
        f'pcm.tape {{ type file  slave.pcm "nowhere"  file "{written}"  format raw }}',
        "pcm.nowhere { type null }",
    )
    config.write_text("\n".join(lines) + "\n")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(config))
    return written


def _check(tape: Path) -> None:
    """The samples, and silence to the end of the device's last period."""
    heard, count = tape.read_bytes(), len(SECOND.samples)
    assert heard[:count] == SECOND.samples
    assert not any(heard[count:])


def _wait_for(sound: AplaySound, tape: Path, least: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if tape.exists() and tape.stat().st_size >= least:
            return
        time.sleep(0.01)
    raise AssertionError(f"nothing played, fault {sound.fault}")


def test_aplay_plays_the_samples(tape: Path) -> None:
    sound = AplaySound("tape")
    sound.play(SECOND)
    _wait_for(sound, tape, len(SECOND.samples))
    _check(tape)
    assert sound.fault is None
    sound.close()


def test_a_new_utterance_cuts_the_old_one_and_nothing_blocks(tape: Path, tmp_path: Path) -> None:
    sound = AplaySound("tape")
    long = Utterance(("cmn/help",), b"\x05\x06" * RATE * 600)
    begun = time.monotonic()
    sound.play(long)
    sound.play(SECOND)
    assert time.monotonic() - begun < 5
    _wait_for(sound, tape, len(SECOND.samples))
    deadline = time.monotonic() + 10
    while sound._child is not None and time.monotonic() < deadline:
        assert sound.fault is None
        time.sleep(0.01)
    _check(tape)
    sound.close()


def test_a_device_that_does_not_open_is_a_fault_and_sound_comes_back(tape: Path) -> None:
    broken = AplaySound("no_such_device")
    outputs: list[Sound] = [broken, SilentSound(), AplaySound("tape")]
    speaker = Speaker(lambda: outputs.pop(0))
    speaker.play(SECOND)
    deadline = time.monotonic() + 10
    while speaker.fault is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert speaker.fault is Fault.SOUND
    assert speaker.look() is Fault.SOUND
    assert speaker.look() is None
    speaker.play(SECOND)
    deadline = time.monotonic() + 10
    while not tape.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert tape.exists()
    speaker.close()


def test_a_kiosk_without_aplay_is_faulty_and_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    sound = AplaySound()
    sound.play(SECOND)
    assert sound.fault is Fault.SOUND
