"""provision.lock: written, read back, damaged; and one commit of a repository as a folder."""

import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from provisioner.catalog import git, lock
from provisioner.catalog.lock import AddonPin, Lock, ModulePin
from provisioner.errors import ProvisionError

FULL = Lock({"a": AddonPin("https://example.com/a.git", "1.0.0", "d1", ref="main", commit="c" * 40), "b": AddonPin("../b", "2", "d2", path="x")},
            {"https://example.com/m.git?ref=v1": ModulePin("e" * 40)})


def test_it_reads_what_it_wrote(tmp_path: Path) -> None:
    assert lock.read(tmp_path) == Lock()
    lock.write(tmp_path, FULL)
    assert lock.read(tmp_path) == FULL
    assert [path.name for path in tmp_path.iterdir()] == ["provision.lock"] and (tmp_path / "provision.lock").stat().st_mode & 0o777 == 0o644
    lock.write(tmp_path, Lock())
    assert list(tmp_path.iterdir()) == []


def test_order_does_not_depend_on_history() -> None:
    one = Lock().with_addon("b", FULL.addons["b"]).with_addon("a", FULL.addons["a"])
    assert list(one.addons) == ["a", "b"] and list(one.without_addon("a").addons) == ["b"]
    assert list(Lock().with_module("z", ModulePin("1")).with_module("y", ModulePin("2")).modules) == ["y", "z"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2}',
                                  '{"version": 1, "addons": {"a": {"what": 1}}}',
                                  '{"version": 1, "addons": {"../a": {"source": "", "version": "", "digest": ""}}}',
                                  '{"version": 1, "modules": [1]}'])
def test_a_damaged_one(text: str, tmp_path: Path) -> None:
    (tmp_path / "provision.lock").write_text(text)
    with pytest.raises(ProvisionError) as raised:
        lock.read(tmp_path)
    assert raised.value.code == "PRV-1601" and "provision.lock" in raised.value.message


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    place = tmp_path / "repository"
    place.mkdir()
    run(place, "init", "--quiet", "--initial-branch", "main")
    for number in (1, 2):
        (place / "file").write_text(f"{number}\n")
        run(place, "add", ".")
        run(place, "commit", "--quiet", "-m", str(number))
        run(place, "tag", f"v{number}")
    return place


def run(place: Path, *arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    return subprocess.run(["git", *who, *arguments], cwd=place, check=True, capture_output=True, text=True).stdout.strip()


def test_a_commit_as_a_folder(repository: Path, tmp_path: Path) -> None:
    old, new = run(repository, "rev-parse", "v1"), run(repository, "rev-parse", "v2")
    for ref, commit, text in (("", new, "2\n"), ("v1", old, "1\n"), (old, old, "1\n"), ("main", new, "2\n")):
        into = tmp_path / "deep" / f"got-{ref[:5]}"
        assert git.fetch(repository.as_uri(), ref, into) == commit
        assert (into / "file").read_text() == text and not (into / ".git").exists()
    assert sorted(path.name[:4] for path in (tmp_path / "deep").iterdir()) == ["got-"] * 4, "nothing else is left"


@pytest.fixture
def file_server(tmp_path: Path) -> Iterator[str]:
    """A plain file server on loopback, which knows nothing of git; its address."""
    handler = partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        return


def test_a_plain_file_server_will_do(repository: Path, tmp_path: Path, file_server: str) -> None:
    run(repository, "update-server-info")
    for ref, text in (("", "2\n"), ("v1", "1\n"), (run(repository, "rev-parse", "v1"), "1\n")):
        git.fetch(f"{file_server}/repository/.git", ref, tmp_path / f"got{ref}")
        assert (tmp_path / f"got{ref}" / "file").read_text() == text


@pytest.mark.parametrize(("source", "ref"), [("file:///nowhere/at/all", ""), ("REPOSITORY", "v9"), ("REPOSITORY", "0" * 40), ("--upload-pack=x", "")])
def test_what_git_says(source: str, ref: str, repository: Path, tmp_path: Path) -> None:
    with pytest.raises(ProvisionError) as raised:
        git.fetch(source.replace("REPOSITORY", repository.as_uri()), ref, tmp_path / "into" / "x")
    assert raised.value.code == "PRV-1602" and not list((tmp_path / "into").iterdir())
    assert "fatal: " in raised.value.message, "not the advice that git gives after it"


def test_passwords_in_urls_are_not_told() -> None:
    assert git.without_password("fatal: https://me:pw@example.com/x.git: no") == "fatal: https://example.com/x.git: no"
    assert git.is_url("git@example.com:a/b.git") and git.is_url("file:///a") and not git.is_url("../a") and not git.is_url("/a")
