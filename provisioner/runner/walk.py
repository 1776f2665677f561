"""The walk of a graph of steps: a ready queue, not waves. No clock, no I/O; nothing of asyncio but a queue and awaiting it,
so that the same code runs in this process and inside a workflow engine.

A step is started as soon as all it needs is done. Steps of one batch are started together, when everything that they need
outside of their batch is settled; inside a batch the engine keeps the order. A failure skips only its dependents, by name.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from provisioner.model import StepEnded

SETTLED = ("done", "failed", "skipped", "interrupted")


@dataclass(frozen=True)
class Node:
    """What the walk must know of a step."""

    name: str
    needs: tuple[str, ...] = ()
    batch: str = ""
    after: tuple[str, ...] = ()
    """Steps that must have ended before, however they ended: two batches of one Terraform root never run at one time."""
    pool: str = ""
    """Batches of one pool share its limit."""

    @property
    def group(self) -> str:
        return self.batch or self.name


@dataclass
class Walk:
    """The state of one walk: passive, driven by `walk`."""

    nodes: Mapping[str, Node]
    states: dict[str, str] = field(default_factory=dict)
    stopping: bool = False

    refused: Callable[[str], str] = lambda name: ""
    """Why a step that could start is left out, or nothing."""
    pools: Mapping[str, int] = field(default_factory=dict)
    """Pool to the number of its batches that may run at one time."""

    def __post_init__(self) -> None:
        self._batches: dict[str, list[str]] = {}
        self._open: dict[str, set[str]] = {}
        self._waits_on: dict[str, list[str]] = {}
        for node in self.nodes.values():
            self._batches.setdefault(node.group, []).append(node.name)
        for batch, names in self._batches.items():
            members = set(names)
            outside = {other for name in names for other in (*self.nodes[name].needs, *self.nodes[name].after)
                       if other in self.nodes and other not in members}
            self._open[batch] = {need for need in outside if self.states.get(need) not in SETTLED}
            for need in outside:
                self._waits_on.setdefault(need, []).append(batch)
        self._ready = [batch for batch in self._batches if not self._open[batch]]

    def settle(self, name: str, state: str) -> None:
        """Record how a step ended; batches that waited for it may become ready."""
        self.states[name] = state
        for batch in self._waits_on.get(name, ()):
            if name in self._open[batch]:
                self._open[batch].discard(name)
                if not self._open[batch]:
                    self._ready.append(batch)

    def pool_of(self, batch: str) -> str:
        """The pool of a batch: that of its first step; empty where it has none with a limit."""
        pool = self.nodes[self._batches[batch][0]].pool
        return pool if pool in self.pools else ""

    def take(self, running: Iterable[str] = ()) -> tuple[str, tuple[str, ...], list[tuple[str, str]]] | None:
        """The next ready batch: its key, the steps to start, and those to skip with the need that failed. `running`: they fill their pools."""
        busy = Counter(self.pool_of(batch) for batch in running)
        batch = next((batch for batch in self._ready if not (pool := self.pool_of(batch)) or busy[pool] < self.pools[pool]), None)
        if batch is None:
            return None
        self._ready.remove(batch)
        start: list[str] = []
        skip: list[tuple[str, str]] = []
        broken: dict[str, str] = {}
        for name in self._batches[batch]:
            if self.states.get(name) in SETTLED:
                continue
            blame = next((need for need in self.nodes[name].needs
                          if self.states.get(need) in ("failed", "skipped", "interrupted") or need in broken), None)
            if blame is None:
                blame = self.refused(name) or None
            if blame is None:
                start.append(name)
            else:
                broken[name] = blame
                skip.append((name, blame))
        return batch, tuple(start), skip

    def settled(self) -> bool:
        return all(self.states.get(name) in SETTLED for name in self.nodes)


async def walk(
    nodes: Iterable[Node],
    start: Callable[[str, tuple[str, ...]], None],
    skip: Callable[[str, str], None],
    ended: "asyncio.Queue[StepEnded | None]",
    *,
    settled: Mapping[str, str] | None = None,
    refused: Callable[[str], str] = lambda name: "",
    limit: int = 10,
    pools: Mapping[str, int] | None = None,
) -> dict[str, str]:
    """Walk the graph; returns the state of each step.

    `start(batch, steps)` begins a batch and returns at once; each of its steps is answered by one StepEnded in `ended`.
    `skip(step, need)` is told of each step that is not started because of `need`. None in `ended` asks to start nothing new.
    `settled` holds steps that had ended in an earlier attempt. `refused(step)` is asked of each step that could start: why it
    is left out all the same, or nothing. A step that ended as suspended holds up what comes after it, nothing else.
    `limit` is the number of batches that run at one time, `pools` the number of those of one pool.
    """
    state = Walk({node.name: node for node in nodes}, dict(settled or {}), refused=refused, pools=pools or {})
    running: dict[str, set[str]] = {}
    while True:
        while not state.stopping and len(running) < limit and (taken := state.take(running)):
            batch, names, skipped = taken
            for name, need in skipped:
                state.settle(name, "skipped")
                skip(name, need)
            if names:
                running[batch] = set(names)
                start(batch, names)
        if not running:
            return state.states
        message = await ended.get()
        if message is None:
            state.stopping = True
            continue
        if message.state != "suspended":
            state.settle(message.step, message.state)
        for batch in [batch for batch, names in running.items() if message.step in names]:
            running[batch].discard(message.step)
            if not running[batch]:
                del running[batch]
