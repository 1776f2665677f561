"""The walk over made-up steps: what starts when, and what a failure skips."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.model import StepEnded
from provisioner.runner.walk import Node, walk


def run(nodes, fail=(), settled=None, limit=10, stop_at=None):
    """Walk with an engine that ends each step at once; returns (states, log of starts and skips)."""
    log: list[tuple] = []

    async def go():
        queue: asyncio.Queue = asyncio.Queue()

        def start(batch, names):
            log.append(("start", batch, names))
            for name in names:
                if name == stop_at:
                    queue.put_nowait(None)
                queue.put_nowait(StepEnded(name, "failed" if name in fail else "done"))

        return await walk(nodes, start, lambda name, need: log.append(("skip", name, need)), queue, settled=settled, limit=limit)

    return asyncio.run(go()), log


def test_a_failure_skips_only_its_dependents_by_name():
    nodes = [Node("a"), Node("b", ("a",)), Node("c", ("b",)), Node("d")]
    states, log = run(nodes, fail={"a"})
    assert states == {"a": "failed", "b": "skipped", "c": "skipped", "d": "done"}
    assert ("skip", "b", "a") in log and ("skip", "c", "b") in log


def test_a_batch_starts_once_and_leaves_out_what_can_not_start():
    nodes = [Node("x"), Node("a", (), "r:1"), Node("b", ("x",), "r:1"), Node("c", ("b",), "r:1")]
    states, log = run(nodes, fail={"x"})
    assert ("start", "r:1", ("a",)) in log
    assert states["b"] == states["c"] == "skipped"


def test_steps_of_an_earlier_attempt_are_not_started_again():
    states, log = run([Node("a"), Node("b", ("a",))], settled={"a": "done"})
    assert log == [("start", "b", ("b",))]
    assert states == {"a": "done", "b": "done"}


def test_a_batch_waits_for_its_turn_however_the_one_before_ends():
    nodes = [Node("x"), Node("b", ("x",), "r:1", after=("a",)), Node("y"), Node("a", ("y",), "r:0")]
    for fail in ((), ("a",)):
        states, log = run(nodes, fail=fail)
        batches = [entry[1] for entry in log if entry[0] == "start"]
        assert batches.index("r:1") > batches.index("r:0") and states["b"] == "done"


def test_a_pool_has_its_own_limit_and_holds_up_nobody_else():
    nodes = [*(Node(name, pool="p") for name in "abc"), Node("d"), Node("e", pool="unknown")]
    running, most = set(), []

    async def go():
        queue: asyncio.Queue = asyncio.Queue()

        def start(batch, names):
            running.add(batch)
            most.append(len(running & set("abc")))
            asyncio.get_running_loop().call_soon(end, batch)

        def end(batch):
            running.discard(batch)
            queue.put_nowait(StepEnded(batch, "done"))

        return await walk(nodes, start, lambda name, need: None, queue, pools={"p": 2}), running

    states, _ = asyncio.run(go())
    assert set(states.values()) == {"done"} and max(most) == 2


def test_stop_starts_nothing_new():
    states, log = run([Node("a"), Node("b", ("a",))], stop_at="a")
    assert states == {"a": "done"} and log == [("start", "a", ("a",))]


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 5), st.data())
def test_each_step_starts_after_its_needs_and_exactly_once(size, limit, data):
    nodes = [Node(str(i), tuple(str(j) for j in range(i) if data.draw(st.booleans()))) for i in range(size)]
    fail = {str(i) for i in range(size) if data.draw(st.integers(0, 9)) == 0}
    states, log = run(nodes, fail=fail, limit=limit)
    started = [name for entry in log if entry[0] == "start" for name in entry[2]]
    assert len(started) == len(set(started)) and set(states) == {node.name for node in nodes}
    for node in nodes:
        if node.name in started:
            assert all(states[need] == "done" for need in node.needs)
        else:
            assert any(states[need] != "done" for need in node.needs)
