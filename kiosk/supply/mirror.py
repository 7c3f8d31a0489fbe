"""A supply on a web server of the house, and the choice between folder and server."""

from collections.abc import Iterator
from pathlib import Path

import urllib3
from tuf.api.exceptions import DownloadError
from tuf.ngclient import Urllib3Fetcher

from kiosk.supply.folder import FolderMedium, Medium


class MirrorMedium(Medium):
    """The same folders as on a stick, served by a plain web server; ``url`` is their top.

    A copy that was cut off is read again from its beginning, and what is there already is skipped.
    """

    def __init__(self, url: str) -> None:
        self.base = url if url.endswith("/") else f"{url}/"
        self._fetcher = Urllib3Fetcher(app_user_agent="one-card-pass-kiosk")

    def fetch_from(self, url: str, offset: int) -> Iterator[bytes]:
        return _skip(self._fetcher.fetch(url), url, offset)

    def close(self) -> None:
        """Nothing to do: no connection outlives its file."""


def open_medium(place: str) -> Medium:
    """A folder, or a URL that begins with http:// or https://. Raises ImportRefusedError."""
    if place.startswith(("http://", "https://")):
        return MirrorMedium(place)
    return FolderMedium(Path(place))


def _skip(chunks: Iterator[bytes], url: str, offset: int) -> Iterator[bytes]:
    try:
        for chunk in chunks:
            skipped = min(offset, len(chunk))
            offset -= skipped
            if skipped < len(chunk):
                yield chunk[skipped:]
    except urllib3.exceptions.HTTPError as error:
        # tuf hands on what urllib3 raises in the middle of a file.
        raise DownloadError(f"{url}: the connection broke ({type(error).__name__})") from None
