"""A supply in a folder, for example on a mounted stick that nobody vouches for."""

import os
import stat
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Self
from urllib.parse import unquote

from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient import FetcherInterface

from kiosk.core.errors import ImportRefusedError, Refusal

CHUNK = 1 << 20

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe or a terminal must neither stop us when it is opened nor become ours.
_FILE_FLAGS = _FLAGS | os.O_NONBLOCK | os.O_NOCTTY


class StrangeFileError(DownloadError):
    """Something that is not a plain file in plain folders: a link, a pipe, a device, a name that leads elsewhere."""


class Medium(FetcherInterface):
    """Where supplies are read from: a fetcher of tuf that can also begin in the middle of a file.

    ``base`` is the URL of its top folder, with a slash at the end. Whatever goes wrong is a DownloadError. Used as a
    context it is let go of at the end.
    """

    base: str

    @abstractmethod
    def fetch_from(self, url: str, offset: int) -> Iterator[bytes]:
        """The bytes of a file from ``offset`` on; DownloadHTTPError(404) where there is no such file."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the medium, so that it can be taken out."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fetch(self, url: str) -> Iterator[bytes]:
        return self.fetch_from(url, 0)


class FolderMedium(Medium):
    """Plain files below a folder. No link is followed below it, and nothing but regular files is opened."""

    base = "folder:///"

    def __init__(self, folder: Path) -> None:
        try:
            # One handle for all of the import: what is mounted here later is not read.
            self._root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            detail = f"{folder}: {error.strerror}. Put the stick in, and name the folder where it is mounted."
            raise ImportRefusedError(Refusal.NO_SUPPLY, detail) from None

    def fetch_from(self, url: str, offset: int) -> Iterator[bytes]:
        return _read(self._open(url), url, offset)

    def close(self) -> None:
        if self._root >= 0:
            os.close(self._root)
        self._root = -1

    def _open(self, url: str) -> int:
        if not url.startswith(self.base):
            raise DownloadError(f"{url} is not on this medium")
        # As a web server would: decoded first, then taken apart. So the same folder can be served as a mirror.
        *folders, name = unquote(url.removeprefix(self.base)).split("/")
        for part in (*folders, name):
            if part in ("", ".", "..") or "\0" in part:
                raise StrangeFileError(f"{url} leads out of its folder")
        handle = os.dup(self._root)
        try:
            for part in folders:
                inner = _enter(part, _FLAGS | os.O_DIRECTORY, handle, url)
                os.close(handle)
                handle = inner
            file = _enter(name, _FILE_FLAGS, handle, url)
        finally:
            os.close(handle)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise StrangeFileError(f"{url} is not a plain file")
        return file


def _enter(part: str, flags: int, folder: int, url: str) -> int:
    try:
        return os.open(part, flags, dir_fd=folder)
    except FileNotFoundError:
        raise DownloadHTTPError(f"{url} is missing", 404) from None
    except OSError as error:
        try:
            found = os.stat(part, dir_fd=folder, follow_symlinks=False)
        except OSError:
            raise DownloadError(f"{url}: {error.strerror}") from None
        if stat.S_ISREG(found.st_mode) and not flags & os.O_DIRECTORY:
            raise DownloadError(f"{url}: {error.strerror}") from None
        raise StrangeFileError(f"{url} is not a plain file in plain folders") from None


def _read(file: int, url: str, offset: int) -> Iterator[bytes]:
    with os.fdopen(file, "rb", buffering=0) as content:
        try:
            content.seek(offset)
            while chunk := content.read(CHUNK):
                yield chunk
        except OSError as error:
            raise DownloadError(f"{url}: {error.strerror}") from None
