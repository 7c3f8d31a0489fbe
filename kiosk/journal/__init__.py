"""The journal: what remains of a visit. No name, no number, no picture has a place in it."""

from kiosk.journal.event import InputMode, JournalEvent, Kind, LineEntry, Outcome
from kiosk.journal.store import Journal

__all__ = ["InputMode", "Journal", "JournalEvent", "Kind", "LineEntry", "Outcome"]
