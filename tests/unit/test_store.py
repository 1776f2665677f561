"""The store: what goes in comes out, states move only along the tables, and what goes wrong is said in words."""

import multiprocessing
import os
import resource
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.errors import ProvisionError, Where
from provisioner.model import RUN_MOVES, STEP_MOVES, Change, Event, Host, HostSource, Plan, Secret, Step, StepEnded, Unit
from provisioner.store import FenceLost, IllegalMove, NoSuchRun, Store, StoreError, holder_here
from provisioner.store.database import store_url

SPAWN = multiprocessing.get_context("spawn")
KEY = ("shop", "prod")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store.db") as opened:
        yield opened


def unit(name: str, *hosts: str, **more: object) -> Unit:
    return Unit(name, name.partition("@")[0], "postgres", "dc", "ansible", inputs={"a": {"b": [1, "${secret.x}"]}},
                hosts=tuple(Host(host, "10.0.0.1", "dc") for host in hosts), **more)  # type: ignore[arg-type]


def plan(*steps: Step, ident: str = "p1") -> Plan:
    return Plan(ident, *KEY, "1", steps or (Step("db@dc", "deliver", unit("db@dc")), Step("api@dc", "deliver", unit("api@dc"), ("db@dc",))))


def begun(store: Store, ident: str = "p1") -> int:
    store.plans.save(plan(ident=ident))
    return store.runs.begin(store.plans.get(ident), "me").number  # type: ignore[arg-type]


# ------------------------------------------------------------------ plans
def test_a_plan_comes_back_as_it_was(store: Store) -> None:
    rich = Step("db@dc", "deliver", unit("db@dc", "h1", host_source=HostSource("fleet@aws", 2), secrets=(Secret("generated/x", 20),),
                                         where=Where("app.yaml", 3, 5, ((3, "- x"),))), ("a",), "terraform:aws:0",
                (Change("db@dc", "h1", "configure", before={"x": 1}),), {"url": "${secret.x}"})
    saved = replace(plan(rich), failures=(("x", "why"),), missing=("x",), notes=("n",), text="spec: ü\0")
    store.plans.save(saved)
    assert store.plans.get("p1") == saved and store.plans.latest(*KEY) == saved
    assert store.plans.get("other") is None and store.plans.latest("shop", "test") is None


def test_a_plan_is_saved_once(store: Store) -> None:
    store.plans.save(plan())
    with pytest.raises(StoreError) as caught:
        store.plans.save(plan())
    assert caught.value.code == "PRV-6019"


def test_ten_thousand_steps_are_saved_loaded_and_begun(store: Store) -> None:
    many = Plan("p", *KEY, "1", tuple(Step(f"u{number}@dc", "deliver", unit(f"u{number}@dc", "h1")) for number in range(10_000)))
    store.plans.save(many)
    assert store.plans.get("p") == many
    run = store.runs.begin(many, "me")
    assert list(store.runs.steps(run.number)) == [step.name for step in many.steps]


# ------------------------------------------------------------------ runs and steps
def ways(moves: dict[str, tuple[str, ...]], first: str) -> dict[str, list[str]]:
    """The shortest way from the first state to each other one."""
    found: dict[str, list[str]] = {first: []}
    queue = [first]
    while queue:
        state = queue.pop(0)
        for after in moves[state]:
            if after not in found:
                found[after] = [*found[state], after]
                queue.append(after)
    return found


def tries(moves: dict[str, tuple[str, ...]], first: str) -> list[tuple[list[str], str, bool]]:
    return [(way, after, after in moves[state]) for state, way in ways(moves, first).items() for after in moves]


@pytest.mark.parametrize(("way", "after", "allowed"), tries(STEP_MOVES, "waiting"))
def test_steps_move_only_along_the_table(store: Store, way: list[str], after: str, allowed: bool) -> None:
    number = begun(store)
    for state in way:
        store.runs.move_step(number, "db@dc", state)  # type: ignore[arg-type]
    if allowed:
        assert store.runs.move_step(number, "db@dc", after).state == after  # type: ignore[arg-type]
        return
    with pytest.raises(IllegalMove) as caught:
        store.runs.move_step(number, "db@dc", after)  # type: ignore[arg-type]
    assert caught.value.code == "PRV-6002" and store.runs.step(number, "db@dc").state == (way or ["waiting"])[-1]


@pytest.mark.parametrize(("way", "after", "allowed"), tries(RUN_MOVES, "running"))
def test_runs_move_only_along_the_table(store: Store, way: list[str], after: str, allowed: bool) -> None:
    number = begun(store)
    for state in way:
        store.runs.move(number, state)  # type: ignore[arg-type]
    if not allowed:
        with pytest.raises(IllegalMove):
            store.runs.move(number, after)  # type: ignore[arg-type]
        return
    moved = store.runs.move(number, after, 9, "why")  # type: ignore[arg-type]
    assert moved == store.runs.get(number) and (moved.ended == "") == (after == "running")


def test_attempts_are_counted_and_what_was_changed_stays_changed(store: Store) -> None:
    number = begun(store)
    store.runs.move_step(number, "db@dc", "running")
    store.runs.finish_step(number, StepEnded("db@dc", "failed", "no", {"x": 1}, changed=True, failed_hosts={"h1": "down"}, missing=True))
    store.runs.move(number, "failed", 9)
    again = store.runs.reopen(number)
    assert (again.state, again.attempt, again.exit_code, again.ended) == ("running", 2, None, "")
    assert store.runs.step(number, "db@dc").message == ""
    store.runs.move_step(number, "db@dc", "running")
    row = store.runs.finish_step(number, StepEnded("db@dc", "done", outputs={"x": 2}))
    assert row == store.runs.step(number, "db@dc")
    assert (row.attempt, row.changed, row.outputs, row.failed_hosts, row.missing) == (2, True, {"x": 2}, {}, False)


def test_reopening_keeps_what_is_done_and_lets_the_rest_wait(store: Store) -> None:
    number = begun(store)
    store.runs.move_step(number, "db@dc", "running")
    store.runs.finish_step(number, StepEnded("db@dc", "done"))
    store.runs.move_step(number, "api@dc", "running")
    stopped = store.runs.interrupt(number, "Ctrl-C", 130)
    assert (stopped.state, stopped.exit_code) == ("interrupted", 130)
    assert [row.state for row in store.runs.steps(number).values()] == ["done", "interrupted"]
    store.runs.reopen(number)
    assert [row.state for row in store.runs.steps(number).values()] == ["done", "waiting"]


@pytest.mark.parametrize(("end", "unfinished"), [
    (None, True), ("failed", True), ("interrupted", True), ("succeeded", False), ("superseded", False)])
def test_only_the_newest_run_can_be_gone_on_with(store: Store, end: str | None, unfinished: bool) -> None:
    old = begun(store, "p0")
    store.runs.move(old, "superseded")
    number = begun(store)
    if end:
        store.runs.move(number, end)  # type: ignore[arg-type]
    found = store.runs.unfinished(*KEY)
    assert (found is not None and found.number == number) == unfinished
    assert store.runs.unfinished("shop", "test") is None


def test_what_is_not_there_is_said(store: Store) -> None:
    number = begun(store)
    for ask in (lambda: store.runs.move(99, "failed"), lambda: store.runs.step(number, "nothing"), lambda: store.events.append(99, Event("note")),
                lambda: store.runs.move_step(number, "nothing", "running")):
        with pytest.raises(NoSuchRun) as caught:
            ask()
        assert caught.value.code == "PRV-6005" and caught.value.next
    assert store.runs.get(99) is None


def test_runs_are_listed_newest_first_and_named_by_application(store: Store) -> None:
    numbers = [begun(store, f"p{number}") for number in range(3)]
    assert [run.number for run in store.runs.list(*KEY)] == numbers[::-1]
    assert [run.number for run in store.runs.list(*KEY, limit=1)] == numbers[-1:]
    assert store.runs.list("other") == []
    row, = store.applications()
    assert (row.application, row.environment, row.revision, row.units) == (*KEY, 0, 0)
    assert row.last_run is not None and row.last_run.number == numbers[-1]


# ------------------------------------------------------------------ events
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=st.lists(st.text(), min_size=1, max_size=5))
def test_events_keep_their_order_and_any_text(tmp_path: Path, messages: list[str]) -> None:
    with Store(tmp_path / f"{os.urandom(6).hex()}.db") as store:
        number = begun(store)
        for message in messages:
            store.events.append(number, Event("task", "db@dc", message, data={message: message}))
        found = store.events.read(number)
        assert [seq for seq, _ in found] == list(range(1, len(messages) + 1))
        shown = [message.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode() for message in messages]
        assert [event.message for _, event in found] == shown
        assert [event.data for _, event in found] == [{message: message} for message in messages]


def test_events_are_filtered_followed_and_taken_from_the_end(store: Store) -> None:
    number = begun(store)
    assert store.events.append_all(number, [Event("task" if index % 2 else "note", f"s{index}", str(index)) for index in range(1, 7)]) == 6
    assert [event.message for _, event in store.events.read(number, after=4)] == ["5", "6"]
    assert [event.message for _, event in store.events.read(number, kind="task", limit=2)] == ["1", "3"]
    assert [event.message for _, event in store.events.read(number, step="s2")] == ["2"]
    assert [event.message for _, event in store.events.tail(number, 2)] == ["5", "6"]
    assert store.events.append_all(number, []) == 6


# ------------------------------------------------------------------ delivered
def test_what_is_intended_keeps_what_was_delivered(store: Store) -> None:
    old, new, newer = (unit("db@dc", definition=str(number)) for number in range(3))
    store.delivered.intend(*KEY, old, 1)
    assert store.delivered.get(*KEY, "db@dc").state == "intended" and store.delivered.previous(*KEY, "db@dc") is None  # type: ignore[union-attr]
    store.delivered.deliver(*KEY, old, {"url": "${secret.x}"}, [Host("h1", "10.0.0.1", "dc")], 1)
    for attempt in (new, newer):
        store.delivered.intend(*KEY, attempt, 2)
        entry = store.delivered.get(*KEY, "db@dc")
        assert entry is not None and (entry.unit, entry.state, entry.outputs, len(entry.hosts)) == (attempt, "intended", {"url": "${secret.x}"}, 1)
        before = store.delivered.previous(*KEY, "db@dc")
        assert before is not None and (before.unit, before.state) == (old, "delivered")
    store.delivered.deliver(*KEY, newer, {}, [], 2)
    assert store.delivered.previous(*KEY, "db@dc") is None
    assert store.delivered.all(*KEY) == {"db@dc": store.delivered.get(*KEY, "db@dc")} and store.delivered.all("shop", "test") == {}


def test_a_host_that_was_left_is_forgotten_everywhere(store: Store) -> None:
    store.delivered.deliver(*KEY, unit("db@dc", "h1", "h2"), {}, [], 1)
    for host in ("dc/h1", "dc/h2"):
        store.delivered.host_done(*KEY, "db@dc", host, "d1", 1)
        store.delivered.host_done(*KEY, "db@dc", host, "d2", 2)
    assert [(row.host, row.digest, row.run) for row in store.delivered.hosts_of(*KEY, "db@dc").values()] == [("dc/h1", "d2", 2), ("dc/h2", "d2", 2)]
    store.delivered.forget_host(*KEY, "dc/h1", "db@dc")
    assert list(store.delivered.hosts_of(*KEY, "db@dc")) == ["dc/h2"]
    assert [host.name for host in store.delivered.get(*KEY, "db@dc").unit.hosts] == ["h2"]  # type: ignore[union-attr]
    store.delivered.forget(*KEY, "db@dc")
    assert store.delivered.hosts_of(*KEY, "db@dc") == {} and store.delivered.get(*KEY, "db@dc") is None


def test_a_host_that_is_gone_is_forgotten_by_all_units(store: Store) -> None:
    for name in ("a@dc", "b@dc"):
        store.delivered.deliver(*KEY, unit(name, "h1", "h2"), {}, [], 1)
    store.delivered.forget_host(*KEY, "dc/h1")
    assert {name: [host.name for host in entry.unit.hosts] for name, entry in store.delivered.all(*KEY).items()} == {"a@dc": ["h2"], "b@dc": ["h2"]}


def test_revisions_are_numbered_by_application_and_environment(store: Store) -> None:
    more = {"plan": "p1", "run": 1, "version": "1", "spec": "x: 1", "definitions": {"postgres": "1"}, "digest": "d"}
    assert [store.revisions.add(*key, **more) for key in (KEY, KEY, ("shop", "test"))] == [1, 2, 1]  # type: ignore[arg-type]
    newest = store.revisions.latest(*KEY)
    assert newest is not None and newest.number == 2 and store.revisions.get(*KEY, 2) == newest
    assert [revision.number for revision in store.revisions.list(*KEY)] == [2, 1]
    assert store.revisions.get(*KEY, 3) is None and store.revisions.latest("x", "y") is None


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


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], check=True)
    try:
        with Store(tmp_path / "store.db") as store:
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
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


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


# ------------------------------------------------------------------ fences
def test_a_stale_fence_may_record_nothing(store: Store) -> None:
    first = store.lock.acquire(*KEY, holder_here("me"))
    store.plans.save(plan())
    number = store.runs.begin(plan(), "me", fence=first.fence).number
    store.lock.release(first)
    second = store.lock.acquire(*KEY, holder_here("you"))
    assert second.fence > first.fence
    for act in (
        lambda: store.runs.begin(plan(), "me", fence=first.fence), lambda: store.runs.move(number, "failed", fence=first.fence),
        lambda: store.runs.reopen(number, fence=first.fence), lambda: store.runs.interrupt(number, "x", fence=first.fence),
        lambda: store.runs.move_step(number, "db@dc", "running", fence=first.fence),
        lambda: store.runs.finish_step(number, StepEnded("db@dc", "failed"), fence=first.fence),
        lambda: store.lock.renew(first),
    ):
        with pytest.raises(FenceLost) as caught:
            act()
        assert caught.value.code == "PRV-6004" and "you" in caught.value.message
    assert store.runs.get(number).state == "running" and store.runs.step(number, "db@dc").state == "waiting"  # type: ignore[union-attr]
    store.lock.release(first)
    assert store.lock.holder(*KEY) == second.holder
