"""The questions about units on hosts: one for each target, some of them asked while Terraform is still looking.

A unit that seems to be as it was delivered is checked at once, with the outputs that its needs had then. When Terraform says something
else, it is asked again.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

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


def seems_settled(unit: Unit, before: Delivered | None) -> bool:
    """True when nothing that is known by now makes a unit on listed hosts another one than was delivered."""
    return (before is not None and before.state == "delivered" and unit.host_source is None
            and (before.unit.inputs, before.unit.source_digest, before.unit.hosts) == (unit.inputs, unit.source_digest, unit.hosts))
