"""A layer that may be signed: written, read back, and only then given its name."""

from pathlib import Path

from kiosk.core.errors import TableError
from kiosk.store import sync_folder
from kiosk.table.chain import Pepper
from scripts.office.encode import EncodedLayer, encode_layer
from scripts.office.facts import LayerHead, Rows
from scripts.office.selfcheck import check_layer


def build_layer(rows: Rows, head: LayerHead, pepper: Pepper, out: Path) -> EncodedLayer:
    """Encode a layer and ask it for every row before it replaces what lies at ``out``. Raises TableError."""
    unchecked = out.with_name(out.name + ".unchecked")
    try:
        done = encode_layer(rows, head, pepper, unchecked)
        checked = check_layer(unchecked, done.root, rows, pepper)
        if (checked.people, checked.pages, checked.colours) != (done.people, done.pages, done.colours):
            raise TableError(None, f"{out} does not read back: other counts. Check disk and memory, then build again.")
        unchecked.replace(out)
        sync_folder(out.parent)
    except OSError as error:
        raise TableError(None, f"{out}: {error.strerror}. Name a file in a folder that can be written.") from None
    finally:
        unchecked.unlink(missing_ok=True)
    return done
