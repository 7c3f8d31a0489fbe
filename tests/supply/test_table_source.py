"""The table as the store names it now: what an import brings is served at once, and what is wrong is told."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.core.errors import Fault
from kiosk.core.status import Colour, ListKind, PersonStatus, Unknown
from kiosk.showing import Mode
from kiosk.table.layered import LayeredTable
from kiosk.table.source import TableSource
from tests.supplies import NOW, OTHER, WHO, Kiosk, Layers, Office, make_kiosk


def key_of(office: Office) -> Path:
    return office.folder / "device.key"


@pytest.fixture
def source(kiosk: Kiosk, office: Office) -> Iterator[TableSource]:
    source = TableSource(kiosk.place.store, f"file:{key_of(office)}", Mode.FIELD)
    yield source
    source.close()


def served(source: TableSource) -> LayeredTable:
    table, error = source.poll()
    assert error is None
    assert table is not None
    return table


def colours(table: LayeredTable) -> list[Colour]:
    status = table.lookup(table.derive_key(WHO), NOW)
    assert isinstance(status, PersonStatus)
    return [code.colour for code in status.codes]


def test_without_an_import_there_is_no_table(source: TableSource) -> None:
    table, error = source.poll()
    assert table is None
    assert error is not None
    assert error.fault is Fault.TABLE_MISSING


def test_an_import_is_served_at_once_and_the_table_before_is_let_go(
    source: TableSource, kiosk: Kiosk, office: Office, layers: Layers
) -> None:
    kiosk.take(office.stick("one", office.codes(1, layers.base)))
    before = served(source)
    assert colours(before) == [Colour.GREEN]
    assert source.poll()[0] is before
    key = before.derive_key(WHO)
    kiosk.take(office.stick("two", office.codes(2, layers.base, layers.delta)))
    after = served(source)
    assert colours(after) == [Colour.RED]
    assert after.info.serial == 2
    assert before.lookup(key, NOW) is Unknown.UNREADABLE


def test_a_key_that_goes_and_comes_back_is_noticed(
    source: TableSource, kiosk: Kiosk, office: Office, layers: Layers
) -> None:
    kiosk.take(office.stick("one", office.codes(1, layers.base)))
    served(source)
    away = key_of(office).with_suffix(".away")
    os.replace(key_of(office), away)
    table, error = source.poll()
    assert table is None
    assert error is not None
    assert error.fault is Fault.TABLE_FOREIGN
    os.replace(away, key_of(office))
    assert colours(served(source)) == [Colour.GREEN]


def lists(table: LayeredTable) -> list[ListKind]:
    status = table.lookup(table.derive_key(WHO), NOW)
    assert isinstance(status, PersonStatus)
    return [entry.kind for entry in status.lists]


def test_a_site_list_admits_and_when_it_cannot_be_used_the_province_goes_on(
    source: TableSource, kiosk: Kiosk, office: Office, layers: Layers
) -> None:
    kiosk.take(office.stick("one", office.codes(1, layers.base)))
    kiosk.take(office.site_stick("site", office.site_list(1, layers.local)))
    table = served(source)
    assert lists(table) == [ListKind.ADMITTED]
    assert not isinstance(table.lookup(table.derive_key(OTHER), NOW), Unknown)
    manifest = kiosk.manifest()
    assert manifest is not None
    assert manifest.site is not None
    (kiosk.place.store / manifest.site.layers[0].file).unlink()
    source.close()
    alone, error = source.poll()
    assert alone is not None
    assert error is not None
    assert error.fault is Fault.SITE_LIST
    assert lists(alone) == []
    assert colours(alone) == [Colour.GREEN]


def test_a_site_list_of_another_year_is_told_and_left_out(
    source: TableSource, kiosk: Kiosk, office: Office, layers: Layers
) -> None:
    kiosk.take(office.site_stick("site", office.site_list(1, layers.other_local)))
    kiosk.take(office.stick("one", office.codes(1, layers.base)))
    table, error = source.poll()
    assert table is not None
    assert error is not None
    assert error.fault is Fault.SITE_LIST
    assert lists(table) == []


@pytest.mark.parametrize(("mode", "takes"), [(Mode.FIELD, False), (Mode.TRAINING, True)])
def test_invented_people_are_for_training_and_never_for_the_field(
    tmp_path: Path, office: Office, layers: Layers, mode: Mode, takes: bool
) -> None:
    kiosk = make_kiosk(tmp_path / "training", office, mode=Mode.TRAINING)
    kiosk.take(office.stick("one", office.codes(1, layers.invented, demo=True)))
    source = TableSource(kiosk.place.store, f"file:{key_of(office)}", mode)
    table, error = source.poll()
    assert (table is not None) is takes
    assert takes or (error is not None and error.fault is Fault.TABLE_FOREIGN)
    source.close()


def test_real_people_are_not_shown_in_a_demo(kiosk: Kiosk, office: Office, layers: Layers) -> None:
    kiosk.take(office.stick("one", office.codes(1, layers.base)))
    source = TableSource(kiosk.place.store, f"file:{key_of(office)}", Mode.DEMO)
    _, error = source.poll()
    assert error is not None
    assert error.fault is Fault.TABLE_FOREIGN
