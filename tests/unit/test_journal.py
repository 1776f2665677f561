"""The journal of a run: hosts that a unit leaves stay known until they are cleaned, whatever happens in between."""

from pathlib import Path

import pytest

from provisioner.model import Change, Event, Plan, Step, StepEnded
from provisioner.runner.journal import Journal
from provisioner.store import Store, holder_here
from tests.unit.planning import World, hosts, names, unit


def known_hosts(store: Store) -> list[str]:
    return [host.name for host in store.delivered.all("shop", "prod")["api@dc"].unit.hosts]


def test_hosts_that_a_unit_leaves_are_known_until_they_are_cleaned(tmp_path: Path) -> None:
    with Store(tmp_path / "store.db") as store:
        store.delivered.deliver("shop", "prod", unit("api@dc", hosts=hosts("h1", "h2", "h3")), {}, [], 1)
        on_h2, on_h3 = "remove api@dc on h2", "remove api@dc on h3"
        for number, (steps, removes, delivers, left) in enumerate((
            (["api@dc", on_h2, on_h3], 0, True, ["h1", "h2", "h3"]),
            (["api@dc", on_h2, on_h3], 1, False, ["h1", "h3"]),
            (["api@dc", on_h3], 1, True, ["h1"]),
            (["api@dc"], 0, True, ["h1"]),
        )):
            plan = World(delivered=store.delivered.all("shop", "prod")).make(unit("api@dc", hosts=hosts("h1")), ident=f"p{number}")
            assert names(plan.steps) == steps
            _run(store, plan, removes, delivers)
            assert known_hosts(store) == left


def _run(store: Store, plan: Plan, removes: int, delivers: bool) -> None:
    """Begin every step; deliver, or fail to; remove so many; the rest fails."""
    store.plans.save(plan)
    with store.lock.held("shop", "prod", holder_here("me")) as lock:
        run = store.runs.begin(plan, "me", fence=lock.fence)
        journal = Journal(store, lock, plan, run, lambda event: None)
        for step in plan.steps:
            journal.started(step)
            assert journal.delivered == store.delivered.all("shop", "prod")
            done = delivers if step.kind == "deliver" else removes > 0
            removes -= step.kind == "remove"
            journal.ended(StepEnded(step.name, "done" if done else "failed"))
            assert journal.delivered == store.delivered.all("shop", "prod")
        assert journal.broken is None
        store.runs.move(run.number, "failed", fence=lock.fence)


def test_what_is_delivered_is_not_read_again_for_each_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand batches would read ten thousand rows each."""
    with Store(tmp_path / "store.db") as store:
        store.delivered.deliver("shop", "prod", unit("old@dc", hosts=hosts("h1")), {}, [], 1)
        plan = World(delivered=store.delivered.all("shop", "prod")).make(unit("api@dc", hosts=hosts("h1")), ident="p")
        store.plans.save(plan)
        with store.lock.held("shop", "prod", holder_here("me")) as lock:
            journal = Journal(store, lock, plan, store.runs.begin(plan, "me", fence=lock.fence), lambda event: None)
            monkeypatch.delattr(type(store.delivered), "all")
            assert set(journal.delivered) == {"old@dc"}
            for step, there in zip(plan.steps, ({"old@dc", "api@dc"}, {"api@dc"}), strict=True):
                journal.started(step)
                journal.ended(StepEnded(step.name, "done"))
                assert set(journal.delivered) == there


def test_a_store_that_refuses_is_remembered_and_the_engine_goes_on(tmp_path: Path) -> None:
    heard: list[Event] = []
    step = Step("api@dc", "deliver", unit("api@dc"), changes=(Change("api@dc", "h1", "configure"),))
    plan = Plan("p", "shop", "prod", "1", (step,))
    with Store(tmp_path / "store.db") as store:
        store.plans.save(plan)
        lock = store.lock.acquire("shop", "prod", holder_here("me"))
        run = store.runs.begin(plan, "me", fence=lock.fence)
        journal = Journal(store, lock, plan, run, heard.append)
        journal.started(step)
        store.lock.release(lock)
        store.lock.acquire("shop", "prod", holder_here("you"))
        journal.ended(StepEnded("api@dc", "done"))
        assert journal.broken is not None and journal.broken.code == "PRV-6004"
        assert [event.kind for event in heard] == ["step-started", "step-ended"] and all(event.time for event in heard)
        assert store.runs.step(run.number, "api@dc").state == "running"
        assert store.delivered.all("shop", "prod")["api@dc"].state == "intended"
