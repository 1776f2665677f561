"""Whether a server on this host answers on its port: once, or until it does. What databases, caches and brokers have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.provision import probes, rules
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.managing import State

TRIES = 60
"""One in a second: a busy host takes that long until a server that was started answers."""


@dataclass(frozen=True)
class Server:
    """`name` as people call it. Asked at the host's address where that is this machine's own."""

    name: str
    address: str
    port: int

    def _probe(self) -> dict[str, Any]:
        host = self.address if rules.is_local(self.address) else "127.0.0.1"
        return {"tcpSocket": {"host": host, "port": self.port}, "failureThreshold": TRIES}

    def once(self) -> str:
        """One try: "healthy", or why not."""
        return probes.once(self._probe(), probes.Surroundings())

    def until(self) -> str:
        """Tries until it answers or they are used up; the last answer."""
        return probes.until_healthy(self._probe(), probes.Surroundings(), lambda: "")

    def health(self, state: State, service: str) -> str:
        """One try, where the service manager says that it runs."""
        return self.once() if state.running else f"{service}.service is {state.words}"

    def judge(self, answer: str, log: Callable[[], str]) -> str:
        """The answer, when it is a good one. Raises Failed with the last lines of the log."""
        if answer != probes.HEALTHY:
            raise Failed(f"{self.name} does not answer: {answer}\nits last lines:\n{log()}")
        return answer
