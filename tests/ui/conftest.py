import os
from collections.abc import Iterator

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before Qt is loaded

import pytest
from PyQt6.QtWidgets import QApplication

from ui.fonts import find_font


@pytest.fixture(scope="session")
def app() -> Iterator[QApplication]:
    application = QApplication([])
    yield application
    application.quit()


@pytest.fixture
def family(app: QApplication) -> str:
    return find_font()
