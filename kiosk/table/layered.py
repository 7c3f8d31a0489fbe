"""The layers of one kiosk asked as one table (FORMAT.md, *What layers mean together*)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kiosk.core.errors import Fault, TableError
from kiosk.core.idnumber import IdNumber
from kiosk.core.status import (
    Answer,
    CodeStatement,
    LabTest,
    ListKind,
    PersonStatus,
    RiskEntry,
    TableInfo,
    TestResult,
    Unknown,
)
from kiosk.store import LayerKind
from kiosk.table.chain import Pepper, slow_key
from kiosk.table.layer import Layer


@dataclass(frozen=True, slots=True, repr=False)
class SiteList:
    """A site's own list of people that it admits, and the pepper under which it is asked."""

    layer: Layer
    pepper: Pepper


_NOBODY = PersonStatus((), None, None, None, ())
_BLINDED = 32


class LayeredTable:
    """A verified table (port HealthTable). ``lookup`` belongs to one thread at a time, ``derive_key`` to any.

    A key is the T of the province's pepper followed by that of the site's, where there is one.
    Raises TableError where the province's layers do not belong together.
    """

    def __init__(
        self,
        serial: int,
        layers: Mapping[LayerKind, Layer],
        pepper: Pepper,
        risks_as_of: datetime,
        risks: tuple[RiskEntry, ...],
        site: SiteList | None = None,
    ) -> None:
        _check(layers)
        self._layers = layers
        self._base = layers[LayerKind.BASE]
        self._delta = layers.get(LayerKind.DELTA)
        self._urgent = layers.get(LayerKind.URGENT)
        self._site = site
        self._peppers = [pepper] if site is None else [pepper, site.pepper]
        self._daily = (self._delta or self._base).header.as_of
        whole = self._delta or self._base
        urgent_issuers = self._urgent.meta.issuers if self._urgent else []
        self._info = TableInfo(
            serial=serial,
            # The data are as old as their oldest part; urgent news do not make the rest younger.
            as_of=min(self._daily, risks_as_of),
            built_at=max(layer.header.built_at for layer in layers.values()),
            scope=frozenset(whole.meta.scope),
            issuers=frozenset([*whole.meta.issuers, *urgent_issuers]),
            risks=risks,
            demo=any(layer.meta.demo for layer in layers.values()),
            urgent_as_of=self._urgent.header.as_of if self._urgent else None,
        )

    @property
    def info(self) -> TableInfo:
        return self._info

    @property
    def people(self) -> int:
        """People in the base; a delta adds few."""
        return self._base.header.people

    def derive_key(self, number: IdNumber) -> bytes:
        slow = slow_key(number, self._base.header.salt)
        return b"".join(pepper.blind(slow) for pepper in self._peppers)

    def lookup(self, key: bytes, now: datetime) -> Answer:
        try:
            status = self._status(key)
        except TableError:
            # Never the older layer in its place: what cannot be read may be what matters.
            return Unknown.UNREADABLE
        if status is None:
            return Unknown.NOT_FOUND
        lasting = tuple(entry for entry in status.lists if now <= entry.until)
        return status if len(lasting) == len(status.lists) else replace(status, lists=lasting)

    def close(self) -> None:
        for layer in self._layers.values():
            layer.close()
        if self._site is not None:
            self._site.layer.close()

    def _status(self, key: bytes) -> PersonStatus | None:
        province, site = key[:_BLINDED], key[_BLINDED:]
        found = self._delta.find(province) if self._delta else None
        found = found or self._base.find(province)
        status = found.status if found else None
        if self._urgent and (said := self._urgent.find(province)) and said.status:
            status = self._with_urgent(status or _NOBODY, said.status, self._urgent.header.as_of)
        if self._site and (said := self._site.layer.find(site)) and said.status:
            status = status or _NOBODY
            admitted = (entry for entry in said.status.lists if entry.kind is ListKind.ADMITTED)
            status = replace(status, lists=(*status.lists, *admitted))
        return status

    def _with_urgent(self, status: PersonStatus, urgent: PersonStatus, as_of: datetime) -> PersonStatus:
        said = tuple(replace(code, urgent_at=as_of) for code in urgent.codes)
        newer, older = (said, status.codes) if as_of >= self._daily else (status.codes, said)
        issuers = {code.issuer for code in newer}
        return replace(
            status,
            codes=(*newer, *_others(older, issuers)),
            test=_later(status.test, urgent.test),
            lists=(*status.lists, *urgent.lists),
        )


def _later(known: LabTest | None, urgent: LabTest | None) -> LabTest | None:
    if known is None or urgent is None:
        return urgent or known
    # A negative antigen test answers to nothing that a nucleic acid test is asked for; it must not hide one.
    weaker = urgent.result is TestResult.NEGATIVE and urgent.kind is not known.kind
    return known if weaker or urgent.sampled_at <= known.sampled_at else urgent


def _others(codes: Sequence[CodeStatement], issuers: set[str]) -> tuple[CodeStatement, ...]:
    return tuple(code for code in codes if code.issuer not in issuers)


def _check(layers: Mapping[LayerKind, Layer]) -> None:
    base = layers.get(LayerKind.BASE)
    if base is None:
        raise TableError(Fault.TABLE_MISSING, "no base layer. Import a supply that holds one.")
    delta = layers.get(LayerKind.DELTA)
    if delta is not None and delta.header.base_id != base.header.layer_id:
        raise TableError(Fault.TABLE_FOREIGN, "the delta belongs to another base. Import the supply again.")
    if any(layer.header.salt != base.header.salt for layer in layers.values()):
        raise TableError(Fault.TABLE_FOREIGN, "the layers have different salts. Import the supply again.")
    if any(kind is not layer.header.kind for kind, layer in layers.items()):
        raise TableError(Fault.TABLE_FOREIGN, "a layer is not of its kind. Import the supply again.")
