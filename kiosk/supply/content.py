"""What was brought compared with what was signed about it; nothing that contradicts itself is put to use."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from kiosk.core.errors import ImportRefusedError, PolicyError, Refusal, TableError
from kiosk.envelope import SITE, EnvelopeError, read_head
from kiosk.keystore import KeyStore
from kiosk.policies.book import PolicyBook
from kiosk.policies.vectors import check_policy
from kiosk.showing import Mode
from kiosk.store import LayerKind, SupplyName
from kiosk.supply.release import LayerRelease, ReleasedLayer
from kiosk.supply.trust import TrustedSupply, demo_keys
from kiosk.table.chain import Pepper
from kiosk.table.layer import MAGIC, VERSION, Header, Layer, open_layer
from kiosk.table.risks import read_risks

_MAKE_AGAIN = "The office makes the supply again."
_KINDS: Mapping[SupplyName, tuple[frozenset[LayerKind], frozenset[LayerKind]]] = {
    # What has to be there, and what may be there.
    SupplyName.PROVINCE: (
        frozenset({LayerKind.BASE}),
        frozenset({LayerKind.BASE, LayerKind.DELTA, LayerKind.URGENT}),
    ),
    SupplyName.SITE: (frozenset({LayerKind.LOCAL}), frozenset({LayerKind.LOCAL})),
}


def check_keys(supply: TrustedSupply, mode: Mode) -> None:
    """Raises ImportRefusedError(FOREIGN) where anybody could have signed: with the keys of the demo."""
    if mode is not Mode.DEMO and supply.keys & demo_keys():
        detail = "the root of trust is the demo's, whose keys everybody has. A technician pins the office's root.json."
        raise ImportRefusedError(Refusal.FOREIGN, detail)


def check_site(supply: TrustedSupply) -> None:
    """Raises ImportRefusedError(FOREIGN) where a site brings more than its own list."""
    foreign = [path for path in (*supply.own_targets, *supply.delegations) if not path.startswith("site/")]
    if foreign:
        detail = f"the site's supply brings {foreign[0]}. A site may bring its own list and nothing else."
        raise ImportRefusedError(Refusal.FOREIGN, detail)


def check_release(release: LayerRelease, name: SupplyName, district: str, mode: Mode) -> None:
    """Raises ImportRefusedError where a release is for another kiosk, or names layers that do not go together."""
    if name is SupplyName.PROVINCE and release.district != district:
        raise _foreign(f"the release is for district {release.district}, this kiosk is in {district}")
    if mode is Mode.FIELD and release.demo:
        raise _foreign("the supply holds invented people, and this kiosk judges visitors")
    if mode is Mode.DEMO and not release.demo:
        raise _foreign("the supply holds real people, which the demo must not show")
    kinds = [layer.kind for layer in release.layers]
    needed, allowed = _KINDS[name]
    if not needed <= set(kinds) <= allowed or len(set(kinds)) < len(kinds):
        raise _contradicts(f"a supply of the {name} with the layers {', '.join(kinds) or 'none'}")
    if (release.risks is None) == (name is SupplyName.PROVINCE):
        raise _contradicts(f"a supply of the {name} {'without' if release.risks is None else 'with'} risk areas")


def open_pepper(keys: KeyStore, envelope: bytes, release: LayerRelease) -> Pepper:
    """The pepper for this kiosk. Raises ImportRefusedError, with NO_ENVELOPE where its key does not open it."""
    try:
        district = read_head(envelope).district
        pepper = keys.open_envelope(envelope)
    except EnvelopeError as error:
        raise ImportRefusedError(error.refusal, error.detail) from None
    if district != (release.district or SITE) or pepper.key_id.hex() != release.key_id:
        raise _contradicts("the envelope is for another district or holds another key than the release names")
    return pepper


def check_layers(files: Sequence[tuple[ReleasedLayer, Path]], release: LayerRelease, pepper: Pepper) -> None:
    """Open every layer and compare what it says with what was signed. Raises ImportRefusedError."""
    with ExitStack() as opened:
        layers = {}
        for said, file in files:
            layers[said.kind] = layer = _open(said, file, pepper)
            opened.callback(layer.close)
            _check_layer(said, layer, release)
        daily = layers.get(LayerKind.DELTA) or layers.get(LayerKind.BASE) or layers[LayerKind.LOCAL]
        if daily.header.as_of != release.as_of:
            raise _contradicts(f"{daily.header.kind} is of {daily.header.as_of}, the release says {release.as_of}")
        if len({layer.header.salt for layer in layers.values()}) > 1:
            raise _contradicts("the layers have different salts")
        base, delta = layers.get(LayerKind.BASE), layers.get(LayerKind.DELTA)
        if base and delta and delta.header.base_id != base.header.layer_id:
            raise _contradicts("the delta belongs to another base")


def check_same_salt(local: Header, base: Header) -> None:
    """Raises ImportRefusedError(CONTRADICTS) where a site's list was made for another year's table."""
    if local.salt != base.salt:
        detail = "the site's list was made for another year's table. The site makes its list anew."
        raise ImportRefusedError(Refusal.CONTRADICTS, detail)


def check_risks(data: bytes, release: LayerRelease) -> None:
    """Raises ImportRefusedError(CONTRADICTS) where risk areas cannot be read, or are later than the release."""
    try:
        as_of, _ = read_risks(data)
    except TableError as error:
        raise ImportRefusedError(Refusal.CONTRADICTS, error.detail) from None
    if as_of > release.issued_at:
        raise _contradicts(f"the risk areas are of {as_of}, after the release was signed")


def check_policies(files: Mapping[str, bytes]) -> None:
    """Parse policies by their names, run their vectors, compare their days. Raises ImportRefusedError(POLICY_FAILS)."""
    try:
        PolicyBook(check_policy(data, name) for name, data in files.items())
    except PolicyError as error:
        raise ImportRefusedError(Refusal.POLICY_FAILS, error.detail) from None


def _open(said: ReleasedLayer, file: Path, pepper: Pepper) -> Layer:
    try:
        return open_layer(file, bytes.fromhex(said.root), pepper)
    except TableError as error:
        # Its bytes are those that were signed, so this is not the medium's fault.
        refusal = Refusal.NEW_FORMAT if _of_new_format(file) else Refusal.CONTRADICTS
        raise ImportRefusedError(refusal, f"{said.target}: {error.detail} {_MAKE_AGAIN}") from None


def _of_new_format(file: Path) -> bool:
    with file.open("rb") as content:
        head = content.read(len(MAGIC) + 2)
    return head.startswith(MAGIC) and int.from_bytes(head[len(MAGIC) :], "little") != VERSION


def _check_layer(said: ReleasedLayer, layer: Layer, release: LayerRelease) -> None:
    head = layer.header
    for what, found, signed in (
        ("kind", head.kind, said.kind),
        ("people", head.people, said.people),
        ("serial", head.serial, said.serial),
        ("key", head.key_id.hex(), release.key_id),
        ("demo", layer.meta.demo, release.demo),
    ):
        if found != signed:
            raise _contradicts(f"{said.target} has {what} {found}, the release says {signed}")
    if head.built_at > release.issued_at:
        raise _contradicts(f"{said.target} was built at {head.built_at}, after the release was signed")


def _contradicts(what: str) -> ImportRefusedError:
    return ImportRefusedError(Refusal.CONTRADICTS, f"{what}. {_MAKE_AGAIN}")


def _foreign(what: str) -> ImportRefusedError:
    return ImportRefusedError(Refusal.FOREIGN, f"{what}. Bring this kiosk's own stick, or correct its settings.")
