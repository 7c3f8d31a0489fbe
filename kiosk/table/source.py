"""The table that the store's manifest names: opened again whenever the manifest changes."""

from contextlib import ExitStack
from pathlib import Path

from kiosk.core.errors import Fault, TableError
from kiosk.keystore import KeyStore, key_file, open_keystore
from kiosk.showing import Mode
from kiosk.store import MANIFEST, LayerKind, Supply, file_stamp, read_manifest
from kiosk.table.chain import Pepper
from kiosk.table.layer import Layer, open_layer
from kiosk.table.layered import LayeredTable, SiteList
from kiosk.table.risks import read_risks


class TableSource:
    """What the manifest names is what counts; an import replaces it only by what was verified whole (A6).

    ``keys`` is the URL of this kiosk's key (kiosk.keystore).
    """

    def __init__(self, store: Path, keys: str, mode: Mode) -> None:
        self._store = store
        self._keys = keys
        self._mode = mode
        self._stamps: list[tuple[int, ...] | None] | None = None
        self._table: LayeredTable | None = None
        self._error: TableError | None = None

    def poll(self) -> tuple[LayeredTable | None, TableError | None]:
        """The open table and what is wrong; two ``stat`` calls where nothing has changed.

        A table given earlier is closed once manifest or key have changed; asked all the same, it answers UNREADABLE.
        """
        # Taken before opening: a change meanwhile shows at the next poll.
        stamps = [file_stamp(self._store / MANIFEST), file_stamp(key_file(self._keys))]
        if stamps != self._stamps:
            self.close()
            self._stamps = stamps
            try:
                self._table, self._error = open_table(self._store, self._keys, self._mode)
            except TableError as error:
                self._error = error
        return self._table, self._error

    def close(self) -> None:
        """Close what is open; the next poll opens it again."""
        if self._table is not None:
            self._table.close()
        self._table = self._error = self._stamps = None


def open_table(store: Path, keys: str, mode: Mode) -> tuple[LayeredTable, TableError | None]:
    """Open what the manifest of a store names, for this mode; with it the error where only the site's list is unusable.

    ``keys`` is the URL of this kiosk's key (kiosk.keystore).

    Raises TableError with TABLE_MISSING, TABLE_DAMAGED or TABLE_FOREIGN; its detail says what to do.
    """
    manifest = read_manifest(store)
    key = open_keystore(keys)
    province = manifest.province
    if province is None or province.risks is None:
        raise TableError(Fault.TABLE_MISSING, f"{store} holds no province's table. Import a supply that does.")
    risks_as_of, risks = read_risks(_read(store / province.risks))
    with ExitStack() as opened:
        layers, pepper = _open_layers(store, province, key, opened)
        site, error = None, None
        if manifest.site is not None:
            try:
                site = _open_site(store, manifest.site, key, layers, opened)
            except TableError as refused:
                error = TableError(Fault.SITE_LIST, refused.detail)
        table = LayeredTable(province.serial, layers, pepper, risks_as_of, risks, site)
        _check_mode(table, store, mode)
        opened.pop_all()
    return table, error


_Layers = dict[LayerKind, Layer]


def _open_layers(store: Path, supply: Supply, keys: KeyStore, opened: ExitStack) -> tuple[_Layers, Pepper]:
    pepper = keys.open_envelope(_read(store / supply.envelope))
    layers = {}
    for entry in supply.layers:
        layer = open_layer(store / entry.file, bytes.fromhex(entry.root), pepper)
        opened.callback(layer.close)
        layers[entry.kind] = layer
    return layers, pepper


def _open_site(store: Path, supply: Supply, keys: KeyStore, province: _Layers, opened: ExitStack) -> SiteList:
    layers, pepper = _open_layers(store, supply, keys, opened)
    local, base = layers.get(LayerKind.LOCAL), province.get(LayerKind.BASE)
    if local is None or base is None or local.header.salt != base.header.salt:
        raise TableError(Fault.SITE_LIST, "the site's list was made for another year's table. Make and import it anew.")
    return SiteList(local, pepper)


def _check_mode(table: LayeredTable, store: Path, mode: Mode) -> None:
    if table.info.demo and mode is Mode.FIELD:
        detail = f"{store} holds invented people. Import the health office's supply, or set mode to demo or training."
        raise TableError(Fault.TABLE_FOREIGN, detail)
    if not table.info.demo and mode is Mode.DEMO:
        detail = f"{store} holds real people, which the demo must not show. Change mode, or use another store."
        raise TableError(Fault.TABLE_FOREIGN, detail)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise TableError(Fault.TABLE_MISSING, f"{path} is missing. Import the supply again.") from None
    except OSError as error:
        raise TableError(Fault.TABLE_DAMAGED, f"{path}: {error.strerror}. Import the supply again.") from None
