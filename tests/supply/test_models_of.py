"""Which models a kiosk runs: its settings' own, else those that a supply brought, else those made at set-up."""

from pathlib import Path

from kiosk.settings import (
    DEFAULT_MODELS,
    PRODUCTION_MODELS,
    ModelFiles,
    Settings,
    Sound,
    SoundOutput,
    SupplyPlace,
    Window,
)
from kiosk.showing import Mode
from scripts.office.releases import model_files
from tests.supplies import NOW, Kiosk, Layers, Office
from ui.app import models_of


def settings(kiosk: Kiosk, models: ModelFiles = DEFAULT_MODELS) -> Settings:
    store = kiosk.place.store
    return Settings(
        mode=Mode.FIELD,
        device="kiosk-1",
        venue="East door",
        policy=store / "policy.toml",
        reader="sim:",
        camera="none:",
        journal=store / "journal.sqlite",
        models=models,
        supply=SupplyPlace(store=store, root=store / "root.json", district="44", keys="file:/nowhere/device.key"),
        window=Window(fullscreen=True),
        sound=Sound(output=SoundOutput.SILENT),
    )


def test_models_come_with_a_supply_unless_the_settings_name_others(
    kiosk: Kiosk, office: Office, layers: Layers, tmp_path: Path
) -> None:
    assert models_of(settings(kiosk)) == DEFAULT_MODELS
    kiosk.take(office.stick("one", office.codes(1, layers.base)))
    assert models_of(settings(kiosk)) == DEFAULT_MODELS
    weights = tmp_path / "embed.onnx"
    weights.write_bytes(b"weights of nobody")
    kiosk.take(office.stick("two", office.codes(2, layers.base), models=model_files(1, NOW, "production", [weights])))
    brought = models_of(settings(kiosk))
    assert brought.manifest == PRODUCTION_MODELS
    assert (brought.folder / "embed.onnx").read_bytes() == weights.read_bytes()
    own = ModelFiles(manifest=tmp_path / "own.toml", folder=tmp_path)
    assert models_of(settings(kiosk, own)) == own
