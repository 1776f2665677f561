"""The store in trouble: several processes at once, full disks, damaged and foreign files; each is said in words."""

import multiprocessing
import os
import resource
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.errors import ProvisionError
from provisioner.model import Event
from provisioner.store import Store, StoreError
from provisioner.store.database import store_url
from tests.unit.stored import KEY, begun, unit

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store.db") as opened:
        yield opened


# ------------------------------------------------------------------ several writers
def _writes(place: str, name: str, ready: object, results: object) -> None:
    with Store(place) as store:
        ready.wait()  # type: ignore[attr-defined]
        for number in range(40):
            store.events.append(1, Event("task", name, str(number)))
            store.delivered.deliver(*KEY, unit(f"{name}-{number}"), {}, [], 1)
    results.put(name)  # type: ignore[attr-defined]


def test_two_processes_write_at_once(store: Store) -> None:
    begun(store)
    ready, results = SPAWN.Barrier(2), SPAWN.Queue()
    workers = [SPAWN.Process(target=_writes, args=(store.place, name, ready, results)) for name in ("a", "b")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    found = store.events.read(1)
    assert [seq for seq, _ in found] == list(range(1, 81))
    for name in ("a", "b"):
        assert [event.message for _, event in found if event.step == name] == [str(number) for number in range(40)]
    assert len(store.delivered.all(*KEY)) == 80


def _opens(place: str, ready: object, results: object) -> None:
    ready.wait()  # type: ignore[attr-defined]
    try:
        Store(place).close()
        results.put("opened")  # type: ignore[attr-defined]
    except ProvisionError as error:
        results.put(str(error))  # type: ignore[attr-defined]


def test_several_processes_make_one_store(tmp_path: Path) -> None:
    ready, results = SPAWN.Barrier(4), SPAWN.Queue()
    workers = [SPAWN.Process(target=_opens, args=(str(tmp_path / "new.db"), ready, results)) for _ in range(4)]
    for worker in workers:
        worker.start()
    assert [results.get() for _ in workers] == ["opened"] * 4
    for worker in workers:
        worker.join()


# ------------------------------------------------------------------ what goes wrong
def refusal(act: Callable[[], object]) -> StoreError:
    with pytest.raises(StoreError) as caught:
        act()
    return caught.value


def test_the_store_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Store(tmp_path / "deep" / "store.db") as store:
            begun(store)
            assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "deep").iterdir()} == {
                "store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}
    finally:
        os.umask(before)
    assert (tmp_path / "deep").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", [b"this is no database\n" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "store.db"
    place.write_bytes(content)
    error = refusal(lambda: Store(place))
    assert error.code == "PRV-6013" and str(place) in error.message and error.hint
    assert place.read_bytes() == content


def test_a_store_that_is_damaged_later_is_named(tmp_path: Path) -> None:
    place = tmp_path / "store.db"
    with Store(place) as store:
        begun(store)
        for number in range(200):
            store.delivered.deliver(*KEY, unit(f"u{number}@dc"), {}, [], 1)
    whole = bytearray(place.read_bytes())
    whole[4096:] = b"\xaa" * (len(whole) - 4096)
    place.write_bytes(whole)
    assert refusal(lambda: Store(place)).code == "PRV-6013"


def test_tables_of_something_else_are_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "other.db"
    with sqlite3.connect(place) as other:
        other.execute("CREATE TABLE runs (x)")
    other.close()
    error = refusal(lambda: Store(place))
    assert error.code == "PRV-6013" and "runs" in error.message


def test_a_row_of_another_shape_is_said(store: Store) -> None:
    begun(store)
    with sqlite3.connect(store.place) as other:
        other.execute("UPDATE plans SET body = '{\"id\": 5}'")
    other.close()
    with pytest.raises(ProvisionError) as caught:
        store.plans.get("p1")
    assert caught.value.code == "PRV-6018"


def test_a_folder_and_a_missing_mount_are_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path, tmp_path / "file" / "store.db"):
        assert refusal(lambda place=place: Store(place)).code == "PRV-6010"


@pytest.mark.parametrize("location", ["nothing://host/database", "postgresql://", "://"])
def test_what_is_no_address_is_said(location: str) -> None:
    assert refusal(lambda: Store(location)).code in ("PRV-6016", "PRV-6017")


def test_a_server_that_does_not_answer_is_said_without_its_password() -> None:
    error = refusal(lambda: Store("postgresql://me:canary-7731@127.0.0.1:1/shop"))
    assert error.code in ("PRV-6016", "PRV-6017") and "canary" not in f"{error.message} {error.hint} {error.next}"
    assert store_url("postgres://h/d").drivername == "postgresql+psycopg"


def _in_child(act: Callable[[], object]) -> str:
    """What `act` ends with in a process of its own, which may limit or lower itself: a code, or "fine"."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            act()
            answer = "fine"
        except ProvisionError as error:
            answer = error.code
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(writer, answer.encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as answers:
        text = answers.read()
    os.waitpid(pid, 0)
    return text


def test_a_limit_of_the_file_is_said_and_the_transaction_undone(tmp_path: Path) -> None:
    place = tmp_path / "store.db"
    with Store(place) as store:
        begun(store)

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        with Store(place) as store:
            for number in range(200):
                store.delivered.deliver(*KEY, replace(unit(f"u{number}@dc"), inputs={"x": "y" * 20_000}), {}, [], 1)

    assert _in_child(fill) == "PRV-6011"
    with Store(place) as store:
        delivered = store.delivered.all(*KEY)
        assert list(delivered) == sorted(f"u{number}@dc" for number in range(len(delivered)))
        store.delivered.deliver(*KEY, unit("db@dc"), {}, [], 1)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one mebibyte."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], check=True)
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk_is_said_and_nothing_is_lost(small_disk: Path) -> None:
    with Store(small_disk / "store.db") as store:
        begun(store)
        error = None
        for number in range(200):
            try:
                store.delivered.deliver(*KEY, replace(unit(f"u{number}@dc"), inputs={"x": "y" * 20_000}), {}, [], 1)
            except StoreError as caught:
                error = caught
                break
        assert error is not None and error.code == "PRV-6011" and "space" in error.hint
        assert len(store.delivered.all(*KEY)) == number


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_on_a_full_disk_one_can_still_look(small_disk: Path) -> None:
    with Store(small_disk / "store.db") as store:
        begun(store)
    with (small_disk / "rest").open("wb", buffering=0) as rest, suppress(OSError):
        while True:
            rest.write(b"x" * 4096)
    with Store(small_disk / "store.db") as store:
        assert [row.number for row in store.runs.list(*KEY, limit=5)] == [1]
        error = refusal(lambda: begun(store, "p2"))
        assert error.code == "PRV-6011" and "space" in error.hint
    (small_disk / "rest").unlink()
    with Store(small_disk / "store.db") as store:
        assert begun(store, "p2") == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="another user needs root")
@pytest.mark.parametrize(("folder", "file", "code"), [(0o755, 0o644, "PRV-6012"), (0o755, 0o600, "PRV-6010"), (0o700, 0o600, "PRV-6010")])
def test_a_store_of_another_user_is_said(folder: int, file: int, code: str) -> None:

    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        path = Path(place) / "store.db"
        Store(path).close()
        path.chmod(file)
        Path(place).chmod(folder)

        def write() -> None:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            with Store(path) as store:
                begun(store)

        assert _in_child(write) == code
