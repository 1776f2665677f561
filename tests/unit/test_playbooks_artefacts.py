"""Artefacts: packed the same way each time on the controller, unpacked whole or not at all on the host."""

import hashlib
import io
import os
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import tests.unit.playbooks  # noqa: F401  isort: skip
from ansible.module_utils.provision import releases
from ansible.module_utils.provision.controller import artefacts, variables
from ansible.module_utils.provision.failures import Failed


def digest(path: Path | str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def folder(place: Path) -> Path:
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "api").write_text("#!/bin/sh\n")
    (place / "bin" / "api").chmod(0o755)
    (place / "data").write_bytes(b"\0\1")
    (place / "link").symlink_to("bin/api")
    (place / "__pycache__").mkdir()
    (place / "__pycache__" / "x.pyc").write_text("changes with every start")
    return place


# ------------------------------------------------------------------ on the controller
def test_a_folder_has_one_digest(tmp_path: Path) -> None:
    one, two = folder(tmp_path / "one" / "app"), folder(tmp_path / "two" / "app")
    os.utime(two / "data", (1, 1))
    (two / "bin").chmod(0o700)
    first, second = artefacts.find("app", "", str(one.parent)), artefacts.find(str(two), "", str(tmp_path))
    assert first.digest == second.digest
    assert first.name == "app.tar.gz"
    path = first.fetch()
    assert digest(path) == first.digest
    assert os.path.getsize(path) == first.size
    with tarfile.open(path) as archive:
        assert archive.getnames() == ["bin", "bin/api", "data", "link"]
    (two / "data").write_bytes(b"\0\2")
    assert artefacts.find(str(two), "", str(tmp_path)).digest != first.digest


def test_a_file_is_sent_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "api.tar.gz").write_bytes(b"x")
    found = artefacts.find("api.tar.gz", digest(tmp_path / "api.tar.gz").upper(), str(tmp_path))
    assert (found.name, found.size, Path(found.fetch()).read_bytes()) == ("api.tar.gz", 1, b"x")


def test_what_was_delivered_once_can_be_delivered_again_when_its_path_holds_another_thing(tmp_path: Path) -> None:
    path = tmp_path / "api.tar.gz"
    path.write_bytes(b"first")
    first = artefacts.find("api.tar.gz", "", str(tmp_path))
    first.fetch()
    path.write_bytes(b"second")
    again = artefacts.find("api.tar.gz", first.digest, str(tmp_path))
    assert (Path(again.fetch()).read_bytes(), again.lacking) == (b"first", "")
    path.unlink()
    assert Path(artefacts.find("api.tar.gz", first.digest, str(tmp_path)).fetch()).read_bytes() == b"first"


def test_a_kept_folder_is_not_packed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = artefacts.find("app", "", str(folder(tmp_path / "app").parent))
    first.fetch()
    monkeypatch.setattr(artefacts, "pack", lambda *given: pytest.fail("packed again"))
    again = artefacts.find("app", first.digest, str(tmp_path))
    assert (again.name, again.digest, again.size) == (first.name, first.digest, first.size)


def test_what_is_not_kept_is_only_good_for_hosts_that_have_it(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("x")
    found = artefacts.find("there", "0" * 64, str(tmp_path))
    assert (found.digest, "is wanted" in found.lacking) == ("0" * 64, True)
    with pytest.raises(Failed, match="is wanted"):
        found.fetch()


@pytest.mark.parametrize(("source", "sha256", "words"), [
    ("missing.tar", "", "is not there"), ("https://x.example/a.tar", "", "no `sha256`"),
])
def test_refused(tmp_path: Path, source: str, sha256: str, words: str) -> None:
    (tmp_path / "there").write_text("x")
    with pytest.raises(Failed, match=words):
        artefacts.find(source, sha256, str(tmp_path))


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A web server on a free loopback port, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if self.path != "/gone.tar" else 404)
            self.end_headers()
            self.wfile.write(b"content")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()
        thread.join()


def test_a_url_is_fetched_once_and_only_when_needed(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    url, asked = server
    sha256 = hashlib.sha256(b"content").hexdigest()
    found = artefacts.find(f"{url}/a/api.tgz?x=1", sha256, str(tmp_path))
    assert (found.name, asked) == ("api.tgz", [])
    assert digest(found.fetch()) == sha256
    assert artefacts.find(f"{url}/a/api.tgz", sha256, str(tmp_path)).fetch() == found.fetch()
    assert len(asked) == 1


@pytest.mark.parametrize(("path", "sha256", "words"), [
    ("/api.tgz", "1" * 64, "is wanted"), ("/gone.tar", hashlib.sha256(b"content").hexdigest(), "404"),
])
def test_a_url_that_gives_something_else(tmp_path: Path, server: tuple[str, list[str]], path: str, sha256: str, words: str) -> None:
    with pytest.raises(Failed, match=words):
        artefacts.find(server[0] + path, sha256, str(tmp_path)).fetch()
    assert [path.name for path in (tmp_path / ".provision/cache/artifacts").iterdir()] == [".lock"]


# ------------------------------------------------------------------ on the host
def tar(path: Path, *entries: tuple[str, object]) -> Path:
    """A tar.gz with these entries: bytes are files, a str is a link, None a folder, an int a special type."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in entries:
            entry = tarfile.TarInfo(name)
            entry.uid, entry.mode = 12345, 0o4777
            if isinstance(content, bytes):
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
                continue
            entry.type = tarfile.SYMTYPE if isinstance(content, str) else tarfile.DIRTYPE if content is None else bytes([content])  # type: ignore[list-item]
            entry.linkname = content if isinstance(content, str) else ""
            archive.addfile(entry)
    return path


def test_a_release_is_readable_and_nobody_elses_to_write(tmp_path: Path) -> None:
    source = tar(tmp_path / "a.tar.gz", ("bin", None), ("bin/api", b"x"), ("now", "bin/api"))
    releases.unpack(str(tmp_path / "home"), str(source), "a.tar.gz", digest(source))
    place = Path(releases.folder(str(tmp_path / "home"), digest(source)))
    assert (place / "bin/api").stat().st_mode & 0o7777 == 0o755
    assert (place / "bin/api").stat().st_uid == os.geteuid()
    assert (place / "now").read_text() == "x"
    assert releases.intact(str(tmp_path / "home"), digest(source))
    assert [path.name for path in place.parent.iterdir() if path.name.startswith(".unpacking")] == []


@pytest.mark.parametrize("damage", ["content", "mode", "gone", "record"])
def test_a_release_changed_by_hand_is_found_and_made_again(tmp_path: Path, damage: str) -> None:
    home, source = str(tmp_path / "home"), tar(tmp_path / "a.tar.gz", ("api", b"x"))
    releases.unpack(home, str(source), "a.tar.gz", digest(source))
    program = Path(releases.folder(home, digest(source))) / "api"
    {"content": lambda: program.write_text("y"), "mode": lambda: program.chmod(0o700), "gone": program.unlink,
     "record": lambda: (program.parents[1] / f".{program.parent.name}.json").write_text("{")}[damage]()
    assert not releases.intact(home, digest(source))
    releases.unpack(home, str(source), "a.tar.gz", digest(source))
    assert releases.intact(home, digest(source))
    assert program.read_text() == "x"


def test_files_that_a_program_adds_do_not_count(tmp_path: Path) -> None:
    home, source = str(tmp_path / "home"), tar(tmp_path / "a.tar.gz", ("api", b"x"))
    releases.unpack(home, str(source), "a.tar.gz", digest(source))
    (Path(releases.folder(home, digest(source))) / "__pycache__").mkdir()
    assert releases.intact(home, digest(source))


@pytest.mark.parametrize("entry", [
    ("../out", b"x"), ("/etc/out", b"x"), ("a/../../out", b"x"), ("link", "/etc/passwd"), ("a/link", "../../out"), ("pipe", 0x36), ("disk", 0x34),
])
def test_nothing_leaves_the_folder_of_a_release(tmp_path: Path, entry: tuple[str, object]) -> None:
    source = tar(tmp_path / "a.tar.gz", entry)
    with pytest.raises(Failed):
        releases.unpack(str(tmp_path / "home"), str(source), "a.tar.gz", digest(source))
    assert os.listdir(tmp_path / "home/releases") == []


@pytest.mark.parametrize(("name", "content", "words"), [("a.tar.gz", b"not a tar", "can't be unpacked"), ("a.zip", b"no", "can't be unpacked")])
def test_what_is_no_archive(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Failed, match=words):
        releases.unpack(str(tmp_path / "home"), str(tmp_path / name), name, digest(tmp_path / name))
    with pytest.raises(Failed, match="not the one that was sent"):
        releases.unpack(str(tmp_path / "home"), str(tmp_path / name), name, "0" * 64)


def test_a_zip_keeps_what_can_be_run(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("bin/api")
        info.external_attr = 0o100755 << 16
        archive.writestr(info, "x")
    releases.unpack(str(tmp_path / "home"), str(tmp_path / "a.zip"), "a.zip", digest(tmp_path / "a.zip"))
    assert os.access(Path(releases.folder(str(tmp_path / "home"), digest(tmp_path / "a.zip"))) / "bin/api", os.X_OK)


def test_a_program_that_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "app.jar").write_bytes(b"PK")
    releases.unpack(str(tmp_path / "home"), str(tmp_path / "app.jar"), "app.jar", digest(tmp_path / "app.jar"))
    assert os.access(Path(releases.folder(str(tmp_path / "home"), digest(tmp_path / "app.jar"))) / "app.jar", os.X_OK)


def test_old_releases_are_listed_newest_first(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    names = []
    for number in range(3):
        source = tar(tmp_path / "a.tar.gz", ("api", str(number).encode()))
        releases.unpack(home, str(source), "a.tar.gz", digest(source))
        names.append(digest(source)[:releases.SHORT])
        os.utime(Path(home) / "releases" / f".{names[-1]}.json", (number, number))
    assert releases.listed(home) == names[::-1]
    releases.prune(home, names[0])
    assert releases.listed(home) == names[:0:-1]
    assert not (Path(home) / "releases" / f".{names[0]}.json").exists()


def test_what_surely_does_not_fit(tmp_path: Path) -> None:
    releases.judge_space(str(tmp_path / "not" / "there"), 1)
    with pytest.raises(Failed, match="no space left"):
        releases.judge_space(str(tmp_path), 1 << 60)


# ------------------------------------------------------------------ variables
def test_secret_variables_are_taken_apart() -> None:
    env = {"A": 1, "A.B": 2, "PIN": "x"}
    assert variables.split(env, ["service_env.PIN", "service_config.a"], "service_env") == ({"A": 1, "A.B": 2}, {"PIN": "x"})
    assert variables.split(env, ["service_env"], "service_env") == ({}, env)
    assert variables.split(env, None, "service_env") == ({}, env)
    assert variables.split({"app.conf": "x"}, ["service_config.app.conf"], "service_config") == ({}, {"app.conf": "x"})


def test_secrets_in_a_list_of_variables() -> None:
    env, secret = variables.by_name([{"name": "A", "value": 1}, {"name": "PIN", "value": "x"}], ["service_env.1.value"], "service_env")
    assert variables.split(env, secret, "service_env") == ({"A": 1}, {"PIN": "x"})


def test_a_secret_that_was_not_given_is_named() -> None:
    given = {"service_env": {"PIN": "x"}, "provision_secret_inputs": ["service_env.PIN", "postgres_password"]}
    assert variables.lacking(given).startswith("postgres_password: ")
    assert variables.lacking({**given, "postgres_password": "x"}) == "" == variables.lacking({})
