"""What layers mean together: who wins, who is released, and what the site may say."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.core.errors import Fault, TableError
from kiosk.core.idnumber import IdNumber, check_character, parse_number
from kiosk.core.status import (
    CodeStatement,
    Colour,
    Itinerary,
    LabTest,
    ListEntry,
    ListKind,
    PersonStatus,
    Unknown,
)
from kiosk.core.status import TestKind as Kind
from kiosk.core.status import TestResult as Result
from kiosk.store import LayerKind
from kiosk.table.chain import Pepper
from kiosk.table.layered import LayeredTable, SiteList
from tests.layers import PEPPER, Written, head_of, write_layer

AS_OF = datetime(2022, 4, 20, 0, 0, tzinfo=UTC)
NOW = AS_OF + timedelta(hours=6)
HOUR = timedelta(hours=1)
MARCH = datetime(2022, 3, 1, tzinfo=UTC)
SITE_PEPPER = Pepper(bytes(range(100, 132)))


def number(sequence: int) -> IdNumber:
    first17 = f"44019919520303{sequence:03}"
    return parse_number(first17 + check_character(first17))


WHO = number(1)


def said(colour: Colour, issuer: str = "health office", since: datetime = MARCH) -> CodeStatement:
    return CodeStatement(colour, "" if colour is Colour.GREEN else "reason", issuer, since)


def person(*codes: CodeStatement, **facts: Any) -> PersonStatus:
    known: dict[str, Any] = {
        "test": None,
        "vaccine_doses": 2,
        "itinerary": Itinerary(AS_OF.date(), ()),
        "lists": (),
    } | facts
    return PersonStatus(codes, **known)


GREEN, RED = person(said(Colour.GREEN)), person(said(Colour.RED))

Table = Callable[..., LayeredTable]


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    """Builds a table from what each layer says about people."""
    with ExitStack() as opened:

        def build(
            base: dict[IdNumber, PersonStatus | None],
            *,
            delta: dict[IdNumber, PersonStatus | None] | None = None,
            urgent: dict[IdNumber, PersonStatus | None] | None = None,
            urgent_at: datetime = AS_OF + 2 * HOUR,
            local: dict[IdNumber, PersonStatus | None] | None = None,
            risks_as_of: datetime = AS_OF,
        ) -> LayeredTable:
            first = write_layer(tmp_path / "base", base, head_of(LayerKind.BASE, AS_OF - 24 * HOUR))
            layers = {LayerKind.BASE: first.open()}
            if delta is not None:
                head = head_of(LayerKind.DELTA, AS_OF, base_id=first.encoded.layer_id)
                layers[LayerKind.DELTA] = write_layer(tmp_path / "delta", delta, head).open()
            if urgent is not None:
                head = head_of(LayerKind.URGENT, urgent_at, issuers=frozenset({"health office", "capital"}))
                layers[LayerKind.URGENT] = write_layer(tmp_path / "urgent", urgent, head).open()
            site = None
            if local is not None:
                written = write_layer(tmp_path / "local", local, head_of(LayerKind.LOCAL, AS_OF), SITE_PEPPER)
                site = SiteList(written.open(), SITE_PEPPER)
            result = LayeredTable(5, layers, PEPPER, risks_as_of, (), site)
            opened.callback(result.close)
            return result

        yield build


def found(table: LayeredTable, who: IdNumber = WHO) -> PersonStatus:
    status = table.lookup(table.derive_key(who), NOW)
    assert isinstance(status, PersonStatus)
    return status


def missing(table: LayeredTable, who: IdNumber = WHO) -> bool:
    return table.lookup(table.derive_key(who), NOW) is Unknown.NOT_FOUND


def test_a_delta_replaces_adds_and_removes_people_and_leaves_the_others(table: Table) -> None:
    people = table(
        {WHO: GREEN, number(2): GREEN, number(3): GREEN}, delta={WHO: RED, number(2): None, number(4): GREEN}
    )
    assert found(people) == RED
    assert missing(people, number(2))
    assert found(people, number(3)) == GREEN
    assert found(people, number(4)) == GREEN
    assert missing(people, number(5))


@pytest.mark.parametrize("before", [GREEN, RED])
def test_an_urgent_list_reddens_and_releases_whatever_the_since(table: Table, before: PersonStatus) -> None:
    after = Colour.RED if before is GREEN else Colour.GREEN
    people = table(
        {WHO: before}, urgent={WHO: PersonStatus((said(after, since=MARCH - 9 * HOUR),), None, None, None, ())}
    )
    status = found(people)
    assert [(code.colour, code.urgent_at) for code in status.codes] == [(after, AS_OF + 2 * HOUR)]
    assert (status.vaccine_doses, status.itinerary) == (before.vaccine_doses, before.itinerary)


def test_a_later_delta_outranks_an_older_urgent_list(table: Table) -> None:
    people = table({WHO: RED}, delta={WHO: GREEN}, urgent={WHO: RED, number(2): RED}, urgent_at=AS_OF - HOUR)
    assert [code.colour for code in found(people).codes] == [Colour.GREEN]
    assert [code.colour for code in found(people, number(2)).codes] == [Colour.RED]


def test_authorities_do_not_speak_for_each_other(table: Table) -> None:
    people = table({WHO: GREEN}, urgent={WHO: person(said(Colour.YELLOW, issuer="capital"))})
    assert {code.issuer: code.colour for code in found(people).codes} == {
        "health office": Colour.GREEN,
        "capital": Colour.YELLOW,
    }
    assert people.info.issuers == {"health office", "capital"}


def test_somebody_in_the_urgent_list_alone_has_no_itinerary(table: Table) -> None:
    status = found(table({}, urgent={WHO: RED}))
    assert [code.colour for code in status.codes] == [Colour.RED]
    assert status.itinerary is None
    assert status.vaccine_doses is None


@pytest.mark.parametrize(
    ("hours", "urgent", "kind", "wins"),
    [
        (1, Result.POSITIVE, Kind.NUCLEIC_ACID, True),
        (1, Result.NEGATIVE, Kind.NUCLEIC_ACID, True),
        (-1, Result.POSITIVE, Kind.NUCLEIC_ACID, False),
        (1, Result.POSITIVE, Kind.ANTIGEN, True),
        (1, Result.NEGATIVE, Kind.ANTIGEN, False),
    ],
)
def test_the_later_test_counts_unless_it_says_less(
    table: Table, hours: int, urgent: Result, kind: Kind, wins: bool
) -> None:
    old = LabTest(Result.NEGATIVE, AS_OF - 30 * HOUR, "laboratory")
    new = LabTest(urgent, AS_OF + (hours - 30) * HOUR, "laboratory", kind)
    people = table(
        {WHO: person(said(Colour.GREEN), test=old), number(2): GREEN},
        urgent={who: PersonStatus((), new, None, None, ()) for who in (WHO, number(2))},
    )
    assert found(people).test == (new if wins else old)
    assert found(people, number(2)).test == new


def entry(kind: ListKind, until: datetime = NOW + HOUR) -> ListEntry:
    return ListEntry(kind, "staff", "site", until)


def test_a_site_admits_its_people_and_can_say_nothing_else(table: Table) -> None:
    claims = person(said(Colour.GREEN), lists=(entry(ListKind.ADMITTED), entry(ListKind.BLOCKED)))
    people = table({WHO: RED, number(2): GREEN}, local={WHO: claims, number(3): claims})
    assert found(people).codes == RED.codes
    assert found(people).lists == (entry(ListKind.ADMITTED),)
    assert found(people, number(2)).lists == ()
    assert found(people, number(3)).codes == ()


def test_list_entries_count_up_to_their_end(table: Table) -> None:
    lists = (entry(ListKind.ADMITTED, NOW), entry(ListKind.BLOCKED, NOW - timedelta(seconds=1)))
    assert found(table({WHO: person(lists=lists)})).lists == lists[:1]


def test_what_cannot_be_read_is_unreadable_and_never_the_older_record(table: Table, tmp_path: Path) -> None:
    people = table({WHO: GREEN}, delta={WHO: RED})
    delta = tmp_path / "delta"
    spoilt = bytearray(delta.read_bytes())
    spoilt[4096 + 9] ^= 1
    delta.write_bytes(spoilt)
    assert people.lookup(people.derive_key(WHO), NOW) is Unknown.UNREADABLE


@pytest.mark.parametrize(("risks_age", "age"), [(0, 0), (30, 30)])
def test_the_data_are_as_old_as_their_oldest_part(table: Table, risks_age: int, age: int) -> None:
    people = table({}, delta={}, urgent={}, risks_as_of=AS_OF - risks_age * HOUR)
    assert people.info.as_of == AS_OF - age * HOUR
    assert people.info.urgent_as_of == AS_OF + 2 * HOUR
    assert people.info.built_at == AS_OF + 2 * HOUR


def test_layers_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    def written(name: str, kind: LayerKind, **changes: Any) -> Written:
        return write_layer(tmp_path / name, {WHO: GREEN}, head_of(kind, AS_OF, **changes))

    base = written("base", LayerKind.BASE).open()
    other = written("other", LayerKind.BASE, serial=2)
    stray = written("stray", LayerKind.DELTA, base_id=other.encoded.layer_id).open()
    salted = written("salted", LayerKind.URGENT, salt=bytes(16)).open()
    for layers in (
        {LayerKind.BASE: base, LayerKind.DELTA: stray},
        {LayerKind.BASE: base, LayerKind.URGENT: salted},
        {LayerKind.BASE: stray},
    ):
        with pytest.raises(TableError) as refused:
            LayeredTable(1, layers, PEPPER, AS_OF, ())
        assert refused.value.fault is Fault.TABLE_FOREIGN
    with pytest.raises(TableError) as refused:
        LayeredTable(1, {LayerKind.DELTA: stray}, PEPPER, AS_OF, ())
    assert refused.value.fault is Fault.TABLE_MISSING
