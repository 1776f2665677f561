"""The lock per application and environment, with real processes: contention, dead holders, fences, other machines."""

import multiprocessing
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import Exit
from provisioner.process.identity import boot
from provisioner.store import FenceLost, Holder, LockHeld, Store, holder_here
from provisioner.store.database import Database
from provisioner.store.locks import Locks

SPAWN = multiprocessing.get_context("spawn")
KEY = ("shop", "prod")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store.db") as opened:
        yield opened


def elsewhere(**more: Any) -> Holder:
    """A holder of another machine, whose process can't be asked."""
    return replace(holder_here("maya", "release 7"), boot="another-boot/1", host="runner-3", machine="runner-3/5e1f", **more)


def _holds(place: str, line: Any) -> None:
    with Store(place) as store, store.lock.held(*KEY, holder_here("li", "nightly")):
        line.send("held")
        line.poll(None)


class Other:
    """Another process that holds the lock."""

    def __init__(self, place: str) -> None:
        self.line, theirs = SPAWN.Pipe()
        self.process = SPAWN.Process(target=_holds, args=(place, theirs))
        self.process.start()
        theirs.close()
        assert self.line.recv() == "held"

    def end(self) -> None:
        self.line.close()
        self.process.join()

    def kill(self) -> None:
        assert self.process.pid
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()


@pytest.fixture
def other(store: Store) -> Iterator[Other]:
    made = Other(store.place)
    yield made
    made.end()


def test_the_lock_of_a_living_process_is_refused_with_who_since_when_and_why(store: Store, other: Other) -> None:
    with pytest.raises(LockHeld) as caught:
        store.lock.acquire(*KEY, holder_here("me"))
    error = caught.value
    assert (error.code, error.exit) == ("PRV-6001", Exit.LOCKED)
    for part in ("shop in prod", "li since ", "(nightly)", f"process {other.process.pid}"):
        assert part in error.message
    assert "--lock-wait" in error.hint and error.next
    assert store.lock.holder(*KEY) == error.holder
    assert store.lock.acquire("shop", "test", holder_here("me")).fence == 1


def test_a_second_one_waits_and_says_for_whom(store: Store, other: Other) -> None:
    told: list[Holder] = []

    def on_wait(holder: Holder) -> None:
        told.append(holder)
        other.end()

    lock = store.lock.acquire(*KEY, holder_here("me"), wait=60, on_wait=on_wait)
    assert [holder.who for holder in told] == ["li"] and lock.took_over is None and lock.fence == 2


def test_waiting_has_an_end(store: Store, other: Other) -> None:
    told: list[Holder] = []
    with pytest.raises(LockHeld):
        store.lock.acquire(*KEY, holder_here("me"), wait=0.6, on_wait=told.append)
    assert len(told) == 1


def test_the_lock_of_a_killed_process_is_taken_over(store: Store, other: Other) -> None:
    other.kill()
    assert store.lock.holder(*KEY) is None
    lock = store.lock.acquire(*KEY, holder_here("me"))
    assert lock.took_over is not None and (lock.took_over.who, lock.took_over.pid) == ("li", other.process.pid) and lock.fence == 2


def test_a_reused_pid_is_not_the_old_process(store: Store) -> None:
    store.lock.acquire(*KEY, replace(holder_here("old"), start="1"))
    taken = store.lock.acquire(*KEY, holder_here("me"))
    assert taken.took_over is not None and taken.took_over.who == "old"


def _races(place: str, barrier: Any, results: Any) -> None:
    with Store(place) as store:
        barrier.wait()
        for _ in range(10):
            with store.lock.held(*KEY, holder_here("x"), wait=120) as lock:
                results.put(("in", os.getpid(), lock.fence))
                results.put(("out", os.getpid(), lock.fence))


def test_two_processes_are_never_in_at_once_and_the_fence_only_grows(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    barrier, results = SPAWN.Barrier(2), SPAWN.SimpleQueue()
    workers = [SPAWN.Process(target=_races, args=(store.place, barrier, results)) for _ in range(2)]
    for worker in workers:
        worker.start()
    log = [results.get() for _ in range(40)]
    for worker in workers:
        worker.join()
    assert [entry[0] for entry in log] == ["in", "out"] * 20
    assert all(entered[1:] == left[1:] for entered, left in zip(log[::2], log[1::2], strict=True))
    assert [fence for word, _, fence in log if word == "in"] == list(range(1, 21))
    assert len({pid for _, pid, _ in log}) == 2


def test_another_machine_is_believed_until_its_lease_ends(store: Store) -> None:
    store.lock.acquire(*KEY, elsewhere())
    with pytest.raises(LockHeld, match="maya since .*release 7.*on runner-3"):
        store.lock.acquire(*KEY, holder_here("me"))
    short = Locks(Database(store.place), lease=-1.0)
    lock = short.acquire("shop", "test", elsewhere())
    assert short.holder("shop", "test") is None
    taken = store.lock.acquire("shop", "test", holder_here("me"))
    assert taken.took_over == lock.holder and taken.fence == lock.fence + 1
    with pytest.raises(FenceLost):
        short.renew(lock)


def test_a_renewed_lease_is_believed_again(store: Store) -> None:
    lock = Locks(Database(store.place), lease=-1.0).acquire(*KEY, elsewhere())
    store.lock.renew(lock, run=7)
    found = store.lock.holder(*KEY)
    assert found is not None and found.run == 7 and "for run 7" in str(found)
    with pytest.raises(LockHeld) as caught:
        store.lock.acquire(*KEY, holder_here("me"))
    assert caught.value.next == "provision show 7"


def test_this_machine_before_its_last_boot_is_dead(store: Store) -> None:
    here = holder_here("me")
    before = replace(here, boot="earlier-boot/" + boot().partition("/")[2])
    if here.machine:
        store.lock.acquire(*KEY, before)
        assert store.lock.acquire(*KEY, here).took_over is not None
    container = replace(here, boot=boot().partition("/")[0] + "/another-namespace", pid=1)
    store.lock.acquire("shop", "test", container)
    with pytest.raises(LockHeld):
        store.lock.acquire("shop", "test", here)


def test_the_lease_is_renewed_while_the_lock_is_held(store: Store) -> None:
    def end() -> float:
        with closing(sqlite3.connect(store.place)) as database:
            return float(database.execute("SELECT expires FROM locks").fetchone()[0])

    with Locks(Database(store.place), lease=0.4).held(*KEY, elsewhere()):
        first = end()
        for _ in range(600):
            if end() > first:
                break
            threading.Event().wait(0.05)
        assert end() > first
    assert store.lock.holder(*KEY) is None
    assert not [thread for thread in threading.enumerate() if thread.name == "lock-lease"]


def test_a_lock_is_given_back_when_its_block_fails(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), store.lock.held(*KEY, holder_here("me")):
        raise KeyboardInterrupt
    assert store.lock.holder(*KEY) is None
    assert store.lock.acquire(*KEY, holder_here("me")).took_over is None


def test_a_lock_that_was_lost_is_not_given_back(store: Store) -> None:
    lost = store.lock.acquire(*KEY, replace(holder_here("old"), start="1"))
    taken = store.lock.acquire(*KEY, holder_here("me"))
    store.lock.release(lost)
    assert store.lock.holder(*KEY) == taken.holder
    with pytest.raises(FenceLost, match="taken by me"):
        store.lock.renew(lost)
    store.lock.release(taken)
    with pytest.raises(FenceLost, match="released"):
        store.lock.renew(taken)
