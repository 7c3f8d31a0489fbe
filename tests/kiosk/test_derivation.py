"""The key derivation of a visit: a key belongs to one number and one table."""

import threading
from functools import partial
from pathlib import Path

from kiosk.clock import SystemClock
from kiosk.core.idnumber import parse_number
from kiosk.derivation import KeyDerivation
from kiosk.store import LayerKind
from kiosk.table.chain import Pepper
from kiosk.table.layered import LayeredTable
from tests.layers import head_of, write_layer
from tests.people import AS_OF, id_number
from tests.stations import until


def table(path: Path, pepper: Pepper) -> LayeredTable:
    base = write_layer(path, {}, head_of(LayerKind.BASE, AS_OF), pepper).open()
    return LayeredTable(1, {LayerKind.BASE: base}, pepper, AS_OF, ())


def test_a_key_derived_for_the_table_before_is_thrown_away(tmp_path: Path) -> None:
    before, after = (table(tmp_path / str(epoch), Pepper(bytes([epoch]) * 32)) for epoch in (1, 2))
    number = parse_number(id_number())
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
    before.close()
    after.close()
