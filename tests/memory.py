"""A folder in memory, for tests in which a program waits for the disk hundreds of times."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_MEMORY = Path("/dev/shm")  # noqa: S108  (a folder of its own is made in it)


@contextmanager
def folder_in_memory(otherwise: Path) -> Iterator[Path]:
    """A new folder in memory; where that cannot be had, ``otherwise``."""
    if not os.access(_MEMORY, os.W_OK):
        yield otherwise
        return
    with TemporaryDirectory(dir=_MEMORY) as folder:
        yield Path(folder)
