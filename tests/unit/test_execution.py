"""A plan carried out with one made-up engine: journal, delivered rows, failures, crash and going on."""

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.api.running import Runner
from provisioner.engine import BatchRequest, Site
from provisioner.errors import Exit
from provisioner.model import Change, Event, Flow, Host, Origin, Plan, Secret, Step, StepEnded, Target, Unit
from provisioner.runner.adoption import adopt
from provisioner.runner.execution import Execution, Means
from provisioner.runner.journal import Journal
from provisioner.runner.outcome import judge, needs_a_new_plan
from provisioner.runner.rules import Rules
from provisioner.store import Store, StoreError, holder_here


class FakeEngine:
    """Ends each step at once with outputs made from its inputs; `fails` and `dies` name steps."""

    name = "fake"

    def __init__(self, fails=(), dies=(), adopts=(), skips=()):
        self.fails, self.dies, self.adopts, self.skips, self.requests = set(fails), set(dies), set(adopts), set(skips), []

    async def deliver(self, request: BatchRequest, site: Site, report) -> None:
        self.requests.append(request)
        for step in request.steps:
            if step.name in self.dies:
                os._exit(9)
            report(Event("task", step.name, "did it"))
            state = "failed" if step.name in self.fails else "skipped" if step.name in self.skips else "done"
            made = (Host("h1", "10.0.0.1", "dc"),) if step.unit.hosts_output else ()
            report(StepEnded(step.name, state, "no" if state == "failed" else "", {"id": f"id-{step.unit.name}"}, changed=True, hosts=made))

    async def adopt(self, request, site, report):
        for name in self.adopts:
            report(StepEnded(name, "done", outputs={"id": f"id-{name}"}, changed=True))
        return tuple(self.adopts)

    async def cancel(self, hard: bool) -> None:
        return None


def unit(name, *needs, engine="ansible", **more):
    return Unit(name, name.partition("@")[0], "webservice", "dc", engine, needs=needs, **more)


def step(name, *needs, kind="deliver", quiet=False, **more):
    changes = () if quiet else (Change(name, "h", "configure"),)
    return Step(name if kind == "deliver" else f"remove {name}", kind, unit(name, *needs, **more), tuple(needs), changes=changes,
                outputs={"id": "known"} if quiet else None)


class World:
    """A store, a plan and an engine, with the verbs of a run."""

    def __init__(self, folder: Path, *steps: Step, failures=()):
        self.store = Store(folder / "store.db")
        self.plan = Plan("p1", "shop", "prod", "1", tuple(steps), folder=str(folder), failures=tuple(failures))
        self.made, self.forgotten, self.folder = [], [], folder

    def run(self, engine, number=None):
        self.store.plans.get("p1") or self.store.plans.save(self.plan)
        with self.store.lock.held("shop", "prod", holder_here("me")) as lock:
            run = self.store.runs.begin(self.plan, "me", fence=lock.fence) if number is None else self.store.runs.get(number)
            self.events = []
            journal = Journal(self.store, lock, self.plan, run, self.events.append)
            site = Site("shop", "prod", Target("dc"), self.folder, self.folder, self.folder, lambda value: value)
            means = Means({"ansible": engine, "terraform": engine}, lambda target: site, self.made.append, self.forgotten.append)
            if number is not None:
                adopt(self.plan, self.store.runs.steps(number), journal, means)
                run = self.store.runs.reopen(number, fence=lock.fence)
            settled = {name: row.state for name, row in self.store.runs.steps(run.number).items() if row.state == "done"}
            execution = Execution(self.plan, journal, means, settled, run.attempt)
            asyncio.run(execution.run())
            assert journal.broken is None
        return self.store.runs.steps(run.number)

    @property
    def delivered(self):
        return self.store.delivered.all("shop", "prod")


def test_outputs_travel_to_dependents_and_everything_is_recorded(tmp_path):
    world = World(tmp_path, step("db@dc"), step("api@dc", "db@dc", inputs={"url": "x-${db@dc.id}"}))
    engine = FakeEngine()
    rows = world.run(engine)
    assert engine.requests[1].steps[0].unit.inputs == {"url": "x-id-db@dc"}
    assert [row.state for row in rows.values()] == ["done", "done"] and judge(rows.values()) == ("succeeded", Exit.OK)
    assert {name: entry.state for name, entry in world.delivered.items()} == {"db@dc": "delivered", "api@dc": "delivered"}
    assert [event.kind for event in world.events] == ["step-started", "task", "step-ended"] * 2


def test_an_engine_may_skip_a_step_of_the_batch_that_it_carries_out(tmp_path):
    """Terraform skips what needs a component that failed in the same apply; both had been started."""
    both = [replace(each, batch="terraform:aws:0") for each in (step("a@aws", engine="terraform"), step("b@aws", "a@aws", engine="terraform"))]
    world = World(tmp_path, *both)
    rows = world.run(FakeEngine(fails={"a@aws"}, skips={"b@aws"}))
    assert [row.state for row in rows.values()] == ["failed", "skipped"]
    assert [row.state for row in world.run(FakeEngine(), number=1).values()] == ["done", "done"]


def test_a_failure_skips_only_dependents_and_leaves_an_intended_row(tmp_path):
    world = World(tmp_path, step("a@dc"), step("b@dc", "a@dc"), step("c@dc"))
    rows = world.run(FakeEngine(fails={"a@dc"}))
    assert [row.state for row in rows.values()] == ["failed", "skipped", "done"]
    assert judge(rows.values()) == ("failed", Exit.PARTIAL)
    assert {name: entry.state for name, entry in world.delivered.items()} == {"a@dc": "intended", "c@dc": "delivered"}


def test_what_could_not_be_planned_fails_without_an_engine_and_was_never_intended(tmp_path):
    world = World(tmp_path, step("a@dc"), step("b@dc"), failures=[("a@dc", "bad variable")])
    engine = FakeEngine()
    rows = world.run(engine)
    assert rows["a@dc"].message == "bad variable" and rows["b@dc"].state == "done" and "a@dc" not in world.delivered
    assert [[s.name for s in request.steps] for request in engine.requests] == [["b@dc"]]


def test_quiet_and_existing_steps_need_no_engine(tmp_path):
    existing = step("cache@existing", engine="existing", outputs={"id": "cache.example"})
    user = step("b@dc", "a@dc", "cache@existing", inputs={"x": "${a@dc.id} ${cache@existing.id}"})
    world = World(tmp_path, existing, step("a@dc", quiet=True), user)
    engine = FakeEngine()
    rows = world.run(engine)
    assert len(engine.requests) == 1 and engine.requests[0].steps[0].unit.inputs == {"x": "known cache.example"}
    assert all(row.state == "done" for row in rows.values())


@pytest.mark.parametrize("quiet", [True, False])
def test_a_value_that_the_plan_knew_and_that_is_another_one_now_stops_what_it_is_given_to(tmp_path, quiet):
    source = replace(step("a@dc"), outputs={"id": "as before"})
    world = World(tmp_path, source, step("b@dc", "a@dc", quiet=quiet, inputs={"x": "${a@dc.id}"}), step("c@dc", "a@dc", quiet=quiet))
    engine = FakeEngine()
    rows = world.run(engine)
    assert (rows["b@dc"].state, rows["b@dc"].stale, rows["c@dc"].state) == ("failed", True, "done")
    assert rows["b@dc"].message.startswith("x: a@dc gave another id than the plan expected")
    assert judge(rows.values()) == ("failed", Exit.STALE)


def test_a_value_that_is_as_the_plan_knew_it_stops_nothing(tmp_path):
    source = replace(step("a@dc"), outputs={"id": "id-a@dc"})
    rows = World(tmp_path, source, step("b@dc", "a@dc", quiet=True, inputs={"x": "${a@dc.id}"})).run(FakeEngine())
    assert [row.state for row in rows.values()] == ["done", "done"]


def test_hosts_that_a_unit_makes_are_those_of_the_next(tmp_path):
    fleet = step("fleet@dc", engine="terraform", hosts_output="hosts")
    from provisioner.model import HostSource
    world = World(tmp_path, fleet, step("api@dc", "fleet@dc", host_source=HostSource("fleet@dc", 1)))
    engine = FakeEngine()
    world.run(engine)
    assert [host.name for host in engine.requests[1].steps[0].unit.hosts] == ["h1"]
    assert [host.name for host in world.delivered["api@dc"].unit.hosts] == ["h1"]


def dies(folder, steps, engine):
    """Run the plan in a process of its own that ends in the middle, without a chance to clean up."""
    pid = os.fork()
    if pid == 0:
        World(folder, *steps).run(engine)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9


@pytest.mark.parametrize(("parallel", "most"), [(1, 1), (2, 2), (0, 3)])
def test_a_deploy_step_delivers_so_many_at_one_time(tmp_path, parallel, most):
    class Counting(FakeEngine):
        running, highest = 0, 0

        async def deliver(self, request, site, report):
            self.running += 1
            self.highest = max(self.highest, self.running)
            for _ in range(5):
                await asyncio.sleep(0)
            await super().deliver(request, site, report)
            self.running -= 1

    members = ("a@dc", "b@dc", "c@dc")
    flow = Flow(members=members, parallel=parallel)
    opening = Step("go@workflow", "workflow", Unit("go@workflow", "go", "deploy", "workflow", "ansible", flow=flow))
    engine = Counting()
    rows = World(tmp_path, opening, *(step(name, "go@workflow") for name in members)).run(engine)
    assert {row.state for row in rows.values()} == {"done"} and engine.highest == most


def test_what_a_step_has_not_begun_in_its_time_fails_and_what_was_begun_ends(tmp_path, monkeypatch):
    """The step of the workflow opens a and b; b comes after a, which takes longer than there is."""
    class Slow(FakeEngine):
        async def deliver(self, request, site, report):
            if request.steps[0].name == "a@dc":
                # the time is over now, however long the machine took to come here
                monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: time.monotonic() + 7200)
                while not seen[0].expired:
                    await asyncio.sleep(0.01)
            await super().deliver(request, site, report)

    flow = Flow(members=("a@dc", "b@dc"), expires=3600)
    opening = Step("go@workflow", "workflow", Unit("go@workflow", "go", "deploy", "workflow", "ansible", flow=flow),
                   changes=(Change("go@workflow", "", "run"),))
    world = World(tmp_path, opening, step("a@dc", "go@workflow"), step("b@dc", "a@dc"), step("c@dc"))
    seen, made = [], Rules.__post_init__
    monkeypatch.setattr(Rules, "__post_init__", lambda self: (seen.append(self), made(self))[1])
    rows = world.run(Slow())
    assert {name: row.state for name, row in rows.items()} == {"go@workflow": "done", "a@dc": "done", "b@dc": "failed", "c@dc": "done"}
    assert rows["b@dc"].message.startswith("timed out after 1h of go@workflow") and "b@dc" not in world.delivered


def test_after_a_crash_finished_steps_are_not_repeated(tmp_path):
    steps = step("a@dc"), step("b@dc", "a@dc", inputs={"x": "${a@dc.id}"}), step("c@dc", "b@dc")
    dies(tmp_path, steps, FakeEngine(dies={"b@dc"}))
    world = World(tmp_path, *steps)
    assert {name: row.state for name, row in world.store.runs.steps(1).items()}["a@dc"] == "done"
    engine = FakeEngine()
    rows = world.run(engine, number=1)
    assert [s.name for request in engine.requests for s in request.steps] == ["b@dc", "c@dc"]
    assert engine.requests[0].steps[0].unit.inputs == {"x": "id-a@dc"}
    assert all(row.state == "done" for row in rows.values()) and rows["b@dc"].attempt == 2


def test_what_went_on_by_itself_is_adopted(tmp_path):
    steps = step("a@dc"), step("b@dc", "a@dc")
    dies(tmp_path, steps, FakeEngine(dies={"a@dc"}))
    world = World(tmp_path, *steps)
    engine = FakeEngine(adopts={"a@dc"})
    rows = world.run(engine, number=1)
    assert [s.name for request in engine.requests for s in request.steps] == ["b@dc"]
    assert rows["a@dc"].attempt == 1 and world.delivered["a@dc"].state == "delivered"


def test_removal_forgets_the_unit_and_its_passwords(tmp_path):
    world = World(tmp_path, step("a@dc", secrets=(Secret("generated/a", 20),)))
    world.run(FakeEngine())
    assert [secret.path for secret in world.made] == ["generated/a"]
    world.plan = Plan("p2", "shop", "prod", "1", (step("a@dc", kind="remove", secrets=(Secret("generated/a", 20),)),), folder=str(tmp_path))
    world.store.plans.save(world.plan)
    with world.store.lock.held("shop", "prod", holder_here("me")) as lock:
        run = world.store.runs.begin(world.plan, "me", fence=lock.fence)
        journal = Journal(world.store, lock, world.plan, run, lambda event: None)
        site = Site("shop", "prod", Target("dc"), tmp_path, tmp_path, tmp_path, lambda value: value)
        means = Means({"ansible": FakeEngine()}, lambda target: site, world.made.append, world.forgotten.append)
        asyncio.run(Execution(world.plan, journal, means, {}, 1).run())
    assert world.delivered == {} and world.forgotten == ["generated/a"]


def test_a_missing_output_fails_its_step_in_words(tmp_path):
    world = World(tmp_path, step("a@dc"), step("b@dc", "a@dc", inputs={"x": "${a@dc.nothing}"}))
    rows = world.run(FakeEngine())
    assert rows["b@dc"].state == "failed" and "${a@dc.nothing} has no value" in rows["b@dc"].message


def test_what_could_not_be_planned_is_not_walked_again_and_again(tmp_path):
    world = World(tmp_path, step("a@dc"), step("b@dc", "a@dc"), step("c@dc"), failures=[("a@dc", "bad variable")])
    rows = world.run(FakeEngine(fails={"c@dc"}))
    assert not needs_a_new_plan(world.plan, rows)
    assert needs_a_new_plan(world.plan, rows | {"c@dc": rows["c@dc"].__class__("c@dc", "done")})


@pytest.mark.parametrize(("ends", "expected"), [
    ([{}], Exit.OK),
    ([{"state": "failed"}], Exit.FAILED),
    ([{"state": "failed", "missing": True}], Exit.MISSING),
    ([{"state": "failed", "missing": True}, {"changed": True}], Exit.PARTIAL),
    ([{"state": "failed", "stale": True}, {"changed": True}], Exit.STALE),
    ([{"state": "failed"}, {"state": "skipped"}], Exit.FAILED),
])
def test_exit_codes(ends, expected):
    from provisioner.store import StepRow
    assert judge(StepRow(**{"name": "x", "state": "done", **end}) for end in ends)[1] == expected


@pytest.mark.parametrize(("quiet", "exit"), [(False, Exit.PARTIAL), (True, Exit.FAILED)])
def test_a_store_that_breaks_in_the_middle_is_no_run_that_changed_nothing(tmp_path, monkeypatch, quiet, exit):
    """Exit code 1 says that nothing was changed: a pipeline would try again on another machine."""
    world = World(tmp_path, step("db@dc", quiet=quiet))
    site = Site("shop", "prod", Target("dc"), tmp_path, tmp_path, tmp_path, lambda value: value)
    means = Means({"ansible": FakeEngine()}, lambda target: site, world.made.append, world.forgotten.append)

    def full(*given, **more):
        raise StoreError("the disk is full", code="PRV-6011")

    with world.store.lock.held("shop", "prod", holder_here("me")) as lock:
        runner = Runner(world.store, lock, lambda run, plan: means, lambda event: None, state=tmp_path, reason="",
                        origin_of=lambda plan: Origin("me"))
        monkeypatch.setattr(world.store.runs, "finish_step", full)
        with pytest.raises(StoreError) as raised:
            runner.begin(world.plan)
    assert (raised.value.code, raised.value.exit) == ("PRV-6011", exit)
