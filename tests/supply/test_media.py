"""Where supplies are read from: a folder that nobody vouches for, and a web server of the house."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tuf.api.exceptions import DownloadError, DownloadHTTPError

from kiosk.core.errors import ImportRefusedError, Refusal
from kiosk.supply.folder import FolderMedium, StrangeFileError
from kiosk.supply.importer import Importer
from kiosk.supply.mirror import MirrorMedium, open_medium
from tests.supplies import Kiosk, Sticks, make_kiosk


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[FolderMedium]:
    inner = tmp_path / "stick/a b"
    inner.mkdir(parents=True)
    (inner / "file%").write_bytes(b"0123456789")
    (tmp_path / "secret").write_bytes(b"secret")
    with FolderMedium(tmp_path / "stick") as medium:
        yield medium


def read(medium: FolderMedium, path: str, offset: int = 0) -> bytes:
    return b"".join(medium.fetch_from(medium.base + path, offset))


def test_names_are_decoded_as_a_web_server_does(folder: FolderMedium) -> None:
    assert read(folder, "a%20b/file%25") == b"0123456789"
    assert read(folder, "a%20b%2Ffile%25") == b"0123456789"
    with pytest.raises(DownloadHTTPError):
        read(folder, "a b/file")


def test_reading_begins_where_it_is_told(folder: FolderMedium) -> None:
    assert read(folder, "a b/file%25", 7) == b"789"
    assert read(folder, "a b/file%25", 70) == b""


@pytest.mark.parametrize(
    "path",
    ["../secret", "a b/../../secret", "%2e%2e/secret", "..%2Fsecret", "a b/./file%25", "a b//file%25", "", "%00"],
)
def test_no_name_leads_elsewhere(folder: FolderMedium, path: str) -> None:
    with pytest.raises(StrangeFileError):
        read(folder, path)


def test_a_device_is_no_file(folder: FolderMedium, tmp_path: Path) -> None:
    (tmp_path / "stick/zero").symlink_to("/dev/zero")
    with pytest.raises(StrangeFileError):
        read(folder, "zero")
    with pytest.raises(StrangeFileError):
        read(folder, "a b")


def test_another_place_is_not_on_the_medium(folder: FolderMedium) -> None:
    with pytest.raises(DownloadError):
        list(folder.fetch("http://127.0.0.1/"))


def test_what_is_mounted_there_later_is_not_read(folder: FolderMedium, tmp_path: Path) -> None:
    (tmp_path / "stick").rename(tmp_path / "first")
    (tmp_path / "stick/a b").mkdir(parents=True)
    (tmp_path / "stick/a b/file%").write_bytes(b"another")
    assert read(folder, "a b/file%25") == b"0123456789"


class Server(SimpleHTTPRequestHandler):
    """Serves a folder; answers ``cut`` files with half of what it promises."""

    cut = False

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def copyfile(self, source: Any, outputfile: Any) -> None:
        data = source.read()
        outputfile.write(data[: len(data) // 2] if self.cut and self.path.endswith(".layer") else data)


@pytest.fixture
def mirror(published: Sticks) -> Iterator[tuple[str, type[Server]]]:
    handler = type("Handler", (Server,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(published.new)))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


def test_a_mirror_serves_the_same_folders(published: Sticks, tmp_path: Path, mirror: tuple[str, type[Server]]) -> None:
    url, handler = mirror
    kiosk = make_kiosk(tmp_path / "store", published.office)
    handler.cut = True
    with pytest.raises(ImportRefusedError) as refused:
        Importer(kiosk.place, kiosk.clock).run(open_medium(url))
    assert refused.value.refusal is Refusal.INCOMPLETE
    assert list((tmp_path / "store/layers").glob("*.part"))
    handler.cut = False
    Importer(kiosk.place, kiosk.clock).run(open_medium(url))
    kiosk.opens()
    assert kiosk.serial() == 2


def test_a_mirror_that_does_not_answer(served: Kiosk, mirror: tuple[str, type[Server]]) -> None:
    url, _ = mirror
    nobody = url.rpartition(":")[0] + ":1"
    with pytest.raises(ImportRefusedError) as refused:
        Importer(served.place, served.clock).run(MirrorMedium(nobody))
    assert refused.value.refusal is Refusal.INCOMPLETE
    served.opens()


def test_an_empty_mirror(served: Kiosk, mirror: tuple[str, type[Server]]) -> None:
    url, _ = mirror
    with pytest.raises(ImportRefusedError) as refused:
        Importer(served.place, served.clock).run(MirrorMedium(f"{url}/nothing"))
    assert refused.value.refusal is Refusal.NO_SUPPLY
