"""The repeat memory: one card within seconds is one visit."""

import pytest

from kiosk.core.repeats import Repeats, Tapped

FIRST, SECONDS = 100.0, 30


def tapped(*times: float, admitted: bool = False, card: bytes = b"card") -> Repeats:
    memory = Repeats()
    for time in times:
        memory = memory.remember(card, time, SECONDS, admitted=admitted)
    return memory


@pytest.mark.parametrize("taps", [(FIRST,), (FIRST, 110.0), (FIRST, 110.0, 120.0, 129.0)])
def test_tapping_on_does_not_stretch_the_time(taps: tuple[float, ...]) -> None:
    memory = tapped(*taps)
    assert memory.recall(b"card", 129.9) is not None
    assert memory.recall(b"card", 130.0) is None


def test_after_its_time_the_card_starts_anew() -> None:
    assert tapped(FIRST, 131.0).recall(b"card", 160.0) == Tapped(b"card", 161.0, admitted=False)


def test_once_admitted_stays_admitted_within_the_time_and_no_longer() -> None:
    memory = tapped(FIRST, admitted=True).remember(b"card", 110.0, SECONDS, admitted=False)
    kept = memory.recall(b"card", 111.0)
    assert kept is not None
    assert kept.admitted
    later = memory.remember(b"card", 140.0, SECONDS, admitted=False).recall(b"card", 141.0)
    assert later is not None
    assert not later.admitted


def test_a_card_let_in_at_the_second_tap_is_admitted() -> None:
    kept = tapped(FIRST).remember(b"card", 110.0, SECONDS, admitted=True).recall(b"card", 111.0)
    assert kept is not None
    assert kept.admitted


def test_a_card_that_was_never_let_in_is_not_admitted_by_coming_often() -> None:
    kept = tapped(FIRST, 105.0, 110.0).recall(b"card", 111.0)
    assert kept is not None
    assert not kept.admitted


def test_cards_do_not_disturb_each_other() -> None:
    memory = tapped(FIRST).remember(b"other", 115.0, SECONDS, admitted=True)
    first, other = memory.recall(b"card", 120.0), memory.recall(b"other", 120.0)
    assert (first, other) == (Tapped(b"card", 130.0, admitted=False), Tapped(b"other", 145.0, admitted=True))
    assert memory.recall(b"stranger", 120.0) is None


def test_nothing_is_kept_beyond_its_time() -> None:
    memory = Repeats()
    for visitor in range(1000):
        memory = memory.remember(str(visitor).encode(), FIRST + visitor, SECONDS, admitted=True)
    assert len(memory.entries) == SECONDS


def test_the_hash_of_a_card_is_not_shown() -> None:
    assert "card" not in repr(tapped(FIRST, card=b"\xca\xfecard"))
