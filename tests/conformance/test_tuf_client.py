"""The attacks of the public tuf-conformance suite, over HTTP and through its command line, against our own client."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
from tuf.api.metadata import Metadata, Root, Targets

from kiosk.store import SupplyName
from scripts.office.repository import POLICY, Repository, codes_role, delegations, make_key
from tests.memory import folder_in_memory

CLIENT = Path(__file__).with_name("tuf_client")
ROLE = codes_role("44")
TARGET = "codes/44/base-1.layer"
NOW = datetime.now(UTC)


class Server(SimpleHTTPRequestHandler):
    """Serves a folder and remembers what was asked for."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


class Bench:
    """An office, a web server with what it published, and a client of it."""

    def __init__(self, folder: Path, url: str, asked: list[str]) -> None:
        self.folder = folder
        self.url = url
        self.asked = asked
        self.served = folder / "served"
        self.metadata = self.served / "metadata"
        self.cache = folder / "cache"
        self.targets = folder / "targets"
        for made in (self.cache, self.targets):
            made.mkdir()
        keys = folder / "keys"
        self.office = Repository.create(folder / "office", keys, SupplyName.PROVINCE, NOW, ["44"])
        self.publish(b"one")
        (folder / "root.json").write_bytes(self.office.root)
        assert self.client("init", folder / "root.json")

    def publish(self, content: bytes, path: str = TARGET, now: datetime = NOW) -> None:
        self.office.publish({ROLE: {path: content}}, now)
        self.office.export(self.served)

    def reopen(self, *keys: str) -> None:
        self.office = Repository(self.folder / "office", [self.folder / name for name in ("keys", *keys)])

    def client(self, *command: object) -> bool:
        arguments = ["--metadata-dir", self.cache, "--metadata-url", f"{self.url}/metadata", *command]
        command = (sys.executable, CLIENT, *arguments)
        done = subprocess.run([*map(str, command)], capture_output=True, timeout=60, check=False)
        assert done.returncode in (0, 1), done.stderr.decode()
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return done.returncode == 0

    def refresh(self) -> bool:
        return self.client("refresh")

    def download(self, name: str = TARGET) -> bool:
        return self.client(
            *("--target-name", name, "--target-base-url", f"{self.url}/targets", "--target-dir", self.targets),
            "download",
        )

    def version(self, role: str) -> int:
        return int(json.loads((self.cache / f"{role}.json").read_bytes())["signed"]["version"])

    def downloaded(self) -> list[bytes]:
        return [path.read_bytes() for path in self.targets.iterdir()]


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    with folder_in_memory(tmp_path) as folder:
        yield folder


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    asked: list[str] = []
    handler = type("Handler", (Server,), {"asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(tmp_path / "served")))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Bench(tmp_path, f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def timestamp(bench: Bench) -> Path:
    return bench.metadata / "timestamp.json"


def changed(path: Path) -> None:
    text = path.read_bytes()
    path.write_bytes(text.replace(b'"version":', b'"version":1', 1))


def test_init_asks_nothing_and_refresh_reads_in_order(bench: Bench) -> None:
    assert bench.asked == []
    assert bench.refresh()
    assert bench.asked == [f"/metadata/{name}.json" for name in ("2.root", "timestamp", "2.snapshot", "1.targets")]
    assert [bench.version(role) for role in ("root", "timestamp", "snapshot", "targets")] == [1, 2, 2, 1]


def test_download_follows_delegations_and_keeps_what_it_has(bench: Bench) -> None:
    assert bench.download()
    assert bench.downloaded() == [b"one"]
    assert any("codes%2F44" in path for path in bench.asked)
    bench.asked.clear()
    assert bench.download()
    assert not [path for path in bench.asked if path.startswith("/targets/")]
    bench.publish(b"another")
    assert bench.download()
    assert bench.downloaded() == [b"another"]


def test_an_unknown_target(bench: Bench) -> None:
    assert not bench.download("codes/44/none")
    assert bench.downloaded() == []


@pytest.mark.parametrize("role", ["?", "#", "/delegated", "../delegated", "50%2F", "a b"])
def test_roles_whose_names_have_to_be_quoted(bench: Bench, role: str) -> None:
    folder = bench.folder / "unusual"
    key = make_key(folder / "keys", "unusual")
    made = delegations({role: key})
    (made.roles or {})[role].paths = ["*"]
    office = Repository(folder, [bench.folder / "keys", folder / "keys"])
    office.begin(Metadata[Root].from_bytes(bench.office.root).signed, Targets(delegations=made), NOW)
    office.publish({role: {"file": b"content"}}, NOW)
    shutil.rmtree(bench.served)
    office.export(bench.served)
    assert bench.download("file")
    assert bench.downloaded() == [b"content"]
    assert f"/metadata/2.{quote(role, '')}.json" in bench.asked
    assert (bench.cache / f"{quote(role, '')}.json").is_file()  # and nowhere else


def test_rollback(bench: Bench) -> None:
    old = shutil.copytree(bench.served, bench.folder / "old")
    bench.publish(b"two")
    assert bench.refresh()
    shutil.rmtree(bench.served)
    shutil.copytree(old, bench.served)
    assert not bench.refresh()
    assert bench.version("timestamp") == 3


def test_freeze(bench: Bench) -> None:
    bench.publish(b"two", now=NOW - timedelta(days=4))
    assert not bench.refresh()


Spoil = Callable[[Bench], Any]
SPOILS: dict[str, Spoil] = {
    "timestamp changed": lambda bench: changed(timestamp(bench)),
    "timestamp cut off": lambda bench: os.truncate(timestamp(bench), 100),
    "timestamp endless": lambda bench: os.truncate(timestamp(bench), 1 << 30),
    "timestamp missing": lambda bench: timestamp(bench).unlink(),
    "snapshot changed": lambda bench: changed(bench.metadata / "2.snapshot.json"),
    "snapshot missing": lambda bench: (bench.metadata / "2.snapshot.json").unlink(),
    "snapshot of before": lambda bench: shutil.copyfile(
        bench.folder / "office/metadata/1.snapshot.json", bench.metadata / "2.snapshot.json"
    ),
    "targets changed": lambda bench: changed(bench.metadata / "1.targets.json"),
    "targets missing": lambda bench: (bench.metadata / "1.targets.json").unlink(),
    "root unsigned": lambda bench: (bench.metadata / "2.root.json").write_bytes(
        bench.office.root.replace(b'"version":1', b'"version":2')
    ),
    "root is rubbish": lambda bench: (bench.metadata / "2.root.json").write_bytes(b"[" * 5000),
}


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
def test_spoilt_metadata(bench: Bench, spoil: Spoil) -> None:
    spoil(bench)
    assert not bench.refresh()


FILES: dict[str, Callable[[Path], Any]] = {
    "changed": lambda path: path.write_bytes(b"two"),
    "longer": lambda path: path.write_bytes(b"one more"),
    "endless": lambda path: os.truncate(path, 1 << 30),
    "shorter": lambda path: path.write_bytes(b"on"),
    "missing": Path.unlink,
}


@pytest.mark.parametrize("spoil", FILES.values(), ids=FILES)
def test_spoilt_targets(bench: Bench, spoil: Callable[[Path], Any]) -> None:
    (file,) = (bench.served / "targets/codes/44").iterdir()
    spoil(file)
    assert not bench.download()
    assert b"one" not in bench.downloaded()
    assert not (bench.targets / "codes%2F44%2Fbase-1.layer").exists()


def test_spoilt_delegated_metadata(bench: Bench) -> None:
    changed(bench.metadata / "2.codes/44.json")
    assert bench.refresh()
    assert not bench.download()


def test_a_role_may_not_sign_for_another(bench: Bench) -> None:
    bench.office.publish({ROLE: {}, POLICY: {TARGET: b"not theirs"}}, NOW)
    bench.office.export(bench.served)
    assert not bench.download()


def test_roots_are_followed_one_by_one(bench: Bench) -> None:
    for generation in range(2, 5):
        folder = bench.folder / f"keys-{generation}"
        keys = {role: [make_key(folder, role)] for role in ("timestamp", "snapshot", "targets")}
        keys["root"] = [make_key(folder, f"root-{number}") for number in (1, 2, 3)]
        bench.reopen(*(f"keys-{number}" for number in range(2, generation + 1)))
        bench.office.rotate_root(NOW, keys)
    bench.office.export(bench.served)
    whole = shutil.copytree(bench.metadata, bench.folder / "whole")
    (bench.metadata / "3.root.json").unlink()
    assert not bench.refresh()  # the timestamp is signed by a key that the second root does not know
    assert bench.version("root") == 2
    shutil.copyfile(whole / "3.root.json", bench.metadata / "3.root.json")
    assert bench.refresh()
    assert bench.version("root") == 4


def test_an_expired_root(bench: Bench) -> None:
    bench.office.rotate_root(NOW - timedelta(days=400), {})
    bench.office.publish({ROLE: {TARGET: b"one"}}, NOW)
    bench.office.export(bench.served)
    assert not bench.refresh()
    bench.office.rotate_root(NOW, {})
    bench.office.export(bench.served)
    assert bench.refresh()


@pytest.mark.skipif(
    importlib.util.find_spec("tuf_conformance") is None, reason="tuf-conformance is in no package registry"
)
def test_the_public_suite() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--pyargs", "tuf_conformance", f"--entrypoint={CLIENT}"],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
