"""The store: what goes in comes out, states move only along the tables, and what goes wrong is said in words."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.errors import Where
from provisioner.model import RUN_MOVES, STEP_MOVES, Change, Event, Host, HostSource, Plan, Secret, Step, StepEnded
from provisioner.store import FenceLost, IllegalMove, NoSuchRun, Revision, Store, StoreError, holder_here
from tests.unit.stored import KEY, begun, plan, unit


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store.db") as opened:
        yield opened


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
    store.plans.save(replace(plan(), folder="elsewhere"))
    again = store.plans.get(plan().id)
    assert again is not None and again.folder == "elsewhere"
    with pytest.raises(StoreError) as caught:
        store.plans.save(replace(plan(), digest="another"))
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


def test_a_run_that_waits_is_found_behind_any_number_of_actions(store: Store) -> None:
    waits = begun(store)
    store.runs.move(waits, "waiting")
    for _ in range(60):
        store.runs.move(store.runs.begin(plan(), "me", info={"action": "backup db"}).number, "succeeded")
    found = store.runs.unfinished(*KEY)
    assert found is not None and found.number == waits


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
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
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
    assert store.delivered.settled(*KEY) == {}
    store.delivered.deliver(*KEY, old, {"url": "${secret.x}"}, [Host("h1", "10.0.0.1", "dc")], 1)
    for attempt in (new, newer):
        store.delivered.intend(*KEY, attempt, 2)
        entry = store.delivered.get(*KEY, "db@dc")
        assert entry is not None and (entry.unit, entry.state, entry.outputs, len(entry.hosts)) == (attempt, "intended", {"url": "${secret.x}"}, 1)
        before = store.delivered.previous(*KEY, "db@dc")
        assert before is not None and (before.unit, before.state) == (old, "delivered")
        assert store.delivered.settled(*KEY) == {"db@dc": old}
    store.delivered.deliver(*KEY, newer, {}, [], 2)
    assert store.delivered.settled(*KEY) == {"db@dc": newer}
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
    what = Revision(0, "p1", 1, "1", "d", "", "x: 1", {"postgres": "1"}, sources={"db@dc": "s"}, artifacts={"web@dc": {"dist/web": "a"}})
    assert [store.revisions.add(*key, what) for key in (KEY, KEY, ("shop", "test"))] == [1, 2, 1]
    newest = store.revisions.latest(*KEY)
    assert newest is not None and newest.number == 2 and store.revisions.get(*KEY, 2) == newest
    assert [revision.number for revision in store.revisions.list(*KEY)] == [2, 1]
    assert store.revisions.get(*KEY, 3) is None and store.revisions.latest("x", "y") is None


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
        lambda: store.delivered.intend(*KEY, unit("db@dc"), 1, fence=first.fence), lambda: store.delivered.forget(*KEY, "db@dc", fence=first.fence),
        lambda: store.delivered.deliver(*KEY, unit("db@dc"), {}, [], 1, fence=first.fence),
        lambda: store.delivered.forget_host(*KEY, "dc/h1", fence=first.fence),
        lambda: store.lock.renew(first),
    ):
        with pytest.raises(FenceLost) as caught:
            act()
        assert caught.value.code == "PRV-6004" and "you" in caught.value.message
    assert store.runs.get(number).state == "running" and store.runs.step(number, "db@dc").state == "waiting"  # type: ignore[union-attr]
    assert store.delivered.all(*KEY) == {}
    store.lock.release(first)
    assert store.lock.holder(*KEY) == second.holder
