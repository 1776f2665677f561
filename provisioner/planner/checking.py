"""The questions about units on hosts: one for each target, some of them asked while Terraform is still looking.

A unit whose inputs are known, with the outputs that its needs had when they were delivered, is checked at once. When Terraform says
something else of them, it is asked again.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from provisioner import references
from provisioner.engine import Engine, Planned, PlanRequest, Site
from provisioner.model import Delivered, Host, Unit

TARGETS_AT_ONCE = 8

Question = tuple[Unit, tuple[Host, ...] | None]
"""A unit as it is asked about, and its hosts where they are known."""


@dataclass
class Checks:
    """What was asked of hosts, and what is answered; end it by `close`."""

    engine: Engine
    site: Callable[[str], Site]
    delivered: Mapping[str, Delivered]
    _asked: dict[str, Question] = field(default_factory=dict)
    _answers: dict[str, Future[dict[str, Planned]]] = field(default_factory=dict)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(TARGETS_AT_ONCE, thread_name_prefix="hosts"))

    def ask(self, questions: Iterable[Question]) -> int:
        """Begin to ask about units that were not asked about in this way before; how many those are."""
        new = [(unit, hosts) for unit, hosts in questions if self._asked.get(unit.name) != (unit, hosts)]
        by_target: dict[str, list[Question]] = {}
        for unit, hosts in new:
            by_target.setdefault(unit.target, []).append((unit, hosts))
        for target, asked in by_target.items():
            known = {unit.name: hosts for unit, hosts in asked if hosts is not None}
            request = PlanRequest(target, tuple(unit for unit, _ in asked), (), self.delivered, known)
            answer = self._pool.submit(self.engine.plan, request, self.site(target))
            self._asked |= {unit.name: (unit, hosts) for unit, hosts in asked}
            self._answers |= {unit.name: answer for unit, _ in asked}
        return len(new)

    def answers(self) -> dict[str, Planned]:
        """Wait for all answers that were asked for last. Raises what the engine raises."""
        return {name: answer.result().get(name, Planned()) for name, answer in self._answers.items()}

    def close(self) -> None:
        """Wait for what is still asked."""
        self._pool.shutdown(cancel_futures=True)


def is_expected(unit: Unit) -> bool:
    """True when a unit on listed hosts lacks no value: Terraform's answer is expected to change nothing about it."""
    return unit.host_source is None and all(reference.head == "secret" for _, reference in references.find(unit.inputs))
