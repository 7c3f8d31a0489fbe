"""A kiosk and an office's sticks; what is expensive is made once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.memory import folder_in_memory
from tests.supplies import Kiosk, Layers, Office, Sticks, copied, make_kiosk, make_layers, make_office, policies


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """In memory: every import waits for the disk some thirty times."""
    with folder_in_memory(tmp_path) as folder:
        yield folder


@pytest.fixture(scope="session")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Layers:
    return make_layers(tmp_path_factory.mktemp("layers"))


@pytest.fixture
def office(tmp_path: Path, layers: Layers) -> Office:
    return make_office(tmp_path / "office", layers)


@pytest.fixture
def kiosk(tmp_path: Path, office: Office) -> Kiosk:
    return make_kiosk(tmp_path / "store", office)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, layers: Layers) -> Sticks:
    office = make_office(tmp_path_factory.mktemp("published") / "office", layers)
    old = office.stick("old", office.codes(1, layers.base))
    new = office.stick("new", office.codes(2, layers.base, layers.delta, layers.urgent), policy=policies())
    return Sticks(office, old, new)


@pytest.fixture
def stick(published: Sticks, tmp_path: Path) -> Path:
    """A copy of the newer stick, to be spoilt."""
    return copied(published.new, tmp_path / "stick")


@pytest.fixture
def served(published: Sticks, tmp_path: Path) -> Kiosk:
    """A kiosk that runs on the older stick's supply."""
    kiosk = make_kiosk(tmp_path / "store", published.office)
    kiosk.take(published.old)
    return kiosk
