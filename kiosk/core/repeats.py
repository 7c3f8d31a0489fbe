"""The repeat memory (V1): the same card again within seconds is answered anew and counted once.

It holds a keyed hash that means nothing after this boot, and whether the card was let in; nothing else.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Tapped:
    """One card of the last seconds. ``until``: monotonic seconds."""

    card: bytes
    until: float
    admitted: bool


@dataclass(frozen=True, slots=True)
class Repeats:
    """The cards of the last seconds."""

    entries: tuple[Tapped, ...] = ()

    def recall(self, card: bytes, now: float) -> Tapped | None:
        """The entry of this card while it lasts."""
        return next((entry for entry in self.entries if entry.card == card and now < entry.until), None)

    def remember(self, card: bytes, now: float, seconds: int, *, admitted: bool) -> "Repeats":
        """Keep the card; its time runs from the first tap, so that tapping on does not stretch it."""
        known = self.recall(card, now)
        entry = Tapped(
            card,
            known.until if known else now + seconds,
            admitted or (known is not None and known.admitted),
        )
        others = (other for other in self.entries if other.card != card and now < other.until)
        return Repeats((*others, entry))
