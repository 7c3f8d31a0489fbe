"""kioskctl keys: this kiosk's own key, whose public half the office enrols."""

from pathlib import Path
from typing import Annotated

import typer

from kiosk.keystore import Bind, KeyStore, PublicHalf, make_keystore, open_keystore, write_new
from scripts.ctl.output import AsJson, answer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="This kiosk's own key.")

Key = Annotated[str, typer.Argument(metavar="KEY", help="credential:PATH, or file:PATH for a demonstration.")]


@app.command()
def make(
    key: Key,
    bind: Annotated[Bind, typer.Option(help="What a credential is bound to; auto takes the TPM if there is one.")] = (
        Bind.AUTO
    ),
    as_json: AsJson = False,
) -> None:
    """Make a new key; it must not exist. Say what its keeping promises."""
    answer(key, _facts(make_keystore(key, bind)), as_json)


@app.command()
def show(key: Key, as_json: AsJson = False) -> None:
    """Open the key as the kiosk does, and say whose it is and what its keeping promises."""
    answer(key, _facts(open_keystore(key)), as_json)


@app.command()
def export(key: Key, out: Annotated[Path, typer.Argument(help="File to write; it must not exist.")]) -> None:
    """Write the public half, which the office enrols: kioskctl office devices add."""
    write_new(out, (PublicHalf.of(open_keystore(key)).model_dump_json() + "\n").encode("ascii"), 0o644)


def _facts(store: KeyStore) -> dict[str, object]:
    return {
        "device_id": store.device_id,
        "public_key": store.public_key.hex(),
        "promise": store.promise.value,
        "in_words": f"This key {store.promise.words}.",
    }
