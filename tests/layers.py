"""Layers made of the core's own values: what a test says of people, written by the office's encoder."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.core.idnumber import IdNumber
from kiosk.core.status import PersonStatus
from kiosk.store import LayerKind
from kiosk.table.chain import Pepper, slow_key
from kiosk.table.layer import Layer, open_layer
from scripts.office.encode import EncodedLayer, encode_layer
from scripts.office.facts import NO_DAY, Dictionaries, HeldRows, LayerHead, Ragged, nothing_known

SALT = bytes(range(16))
PEPPER = Pepper(bytes(range(32)))


@dataclass(frozen=True, slots=True)
class Written:
    """A layer file and what opens it."""

    path: Path
    encoded: EncodedLayer
    pepper: Pepper

    def open(self) -> Layer:
        return open_layer(self.path, self.encoded.root, self.pepper)


def write_layer(
    path: Path, people: Mapping[IdNumber, PersonStatus | None], head: LayerHead, pepper: Pepper = PEPPER
) -> Written:
    """Encode people, None for a tombstone."""
    return Written(path, encode_layer(rows_of(people), head, pepper, path), pepper)


def head_of(kind: LayerKind, as_of: datetime, **changes: Any) -> LayerHead:
    """A head with the province 44 and the salt of all tests."""
    head = LayerHead(
        kind, 1, as_of, as_of, SALT, scope=frozenset({"44"}), issuers=frozenset({"health office"}), demo=False
    )
    return replace(head, **changes)


def rows_of(people: Mapping[IdNumber, PersonStatus | None]) -> HeldRows:
    """Rows of a few people, in columns."""
    statuses = list(people.values())
    known = [status for status in statuses if status is not None]
    words = Dictionaries(
        statements=_words((c.colour, c.reason, c.issuer, _seconds(c.since)) for s in known for c in s.codes),
        tests=_words((s.test.kind, s.test.result, s.test.issuer) for s in known if s.test),
        places=_words((stay.place, stay.area) for s in known if s.itinerary for stay in s.itinerary.stays),
        lists=_words((entry.kind, entry.title, entry.issuer) for s in known for entry in s.lists),
    )
    facts = nothing_known(len(statuses))
    stays, more, lists = [], [], []
    for place, status in enumerate(statuses):
        facts.removed[place] = status is None
        status = status or PersonStatus((), None, None, None, ())
        codes = [
            (words.statements.index((c.colour, c.reason, c.issuer, _seconds(c.since))), _seconds(c.since))
            for c in status.codes
        ]
        if codes:
            facts.statement[place], facts.since[place] = codes[0]
        more.append(codes[1:])
        if status.test:
            facts.test[place] = words.tests.index((status.test.kind, status.test.result, status.test.issuer))
            facts.test_hour[place] = _seconds(status.test.sampled_at) // 3600
        if status.vaccine_doses is not None:
            facts.doses[place] = status.vaccine_doses
        if status.vaccine_month is not None:
            facts.dose_month[place] = 12 * (status.vaccine_month.year - 1970) + status.vaccine_month.month - 1
        facts.itinerary_day[place] = _day(status.itinerary.as_of) if status.itinerary else NO_DAY
        stays.append(
            [(words.places.index((s.place, s.area)), _day(s.last_day)) for s in status.itinerary.stays]
            if status.itinerary
            else []
        )
        lists.append([(words.lists.index((e.kind, e.title, e.issuer)), _seconds(e.until)) for e in status.lists])
    facts = replace(
        facts,
        stays=_ragged(stays, np.int32, np.int32),
        more_statements=_ragged(more, np.int32, np.int64),
        lists=_ragged(lists, np.int32, np.int64),
    )
    keys = [np.frombuffer(slow_key(number, SALT), np.uint8) for number in people]
    return HeldRows(np.stack(keys) if keys else np.zeros((0, 32), np.uint8), facts, words)


def _words(words: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(words))


def _ragged(entries: list[list[tuple[int, int]]], *kinds: Any) -> Ragged:
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in entries])]).astype(np.int64)
    flat = [entry for one in entries for entry in one]
    columns = (np.array([entry[column] for entry in flat], kind) for column, kind in enumerate(kinds))
    return Ragged(offsets, tuple(columns))


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _day(day: date) -> int:
    return (day - date(1970, 1, 1)).days
