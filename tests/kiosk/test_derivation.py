"""The key derivation of a visit: a key belongs to one number and one table."""

import threading
from functools import partial
from pathlib import Path

from kiosk.clock import SystemClock
from kiosk.core.idnumber import parse_number
from kiosk.derivation import KeyDerivation
from kiosk.showing import Mode
from kiosk.table.file import open_table
from scripts.demo.deck import PEPPER, TABLE, build_tables, load_deck
from tests.stations import until


def test_a_key_derived_for_the_table_before_is_thrown_away(tmp_path: Path) -> None:
    build_tables(load_deck(), tmp_path)
    before, after = (open_table(tmp_path / name / TABLE, tmp_path / PEPPER, Mode.DEMO) for name in ("old", "fresh"))
    number = parse_number(load_deck().who("green").number)
    assert before.derive_key(number) != after.derive_key(number)
    ready = threading.Event()
    derivation = KeyDerivation(SystemClock(), ready.set)
    derivation.begin(number, before)
    until(ready.is_set)
    derivation.begin(number, after)
    derived = until(partial(derivation.result))
    assert derived is not None
    assert derived[0] == after.derive_key(number)
    derivation.begin(number, after)
    assert derivation.result() is not None  # nothing was begun again
    derivation.forget()
    assert derivation.result() is None
    derivation.close()
