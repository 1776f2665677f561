"""Whether a service, task or timer works: what is seen of it at once, and what is waited for after a start."""

from __future__ import annotations

import os
import time
from typing import Any

from ansible.module_utils.provision import envfile, probes, programs
from ansible.module_utils.provision.context import holds
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.managing import State
from ansible.module_utils.provision.service import Service
from ansible.module_utils.provision.wanted import Wanted

MOST_RESTARTS = 5
"""After which a program that was just delivered has failed; the host goes on to start it."""
SETTLE_SECONDS = 1.5
"""How long a service without a probe has to stay up after its start."""


class Judge:
    """Asks about one unit."""

    def __init__(self, service: Service, wanted: Wanted, user: str) -> None:
        self.service, self.wanted, self.user = service, wanted, user
        self.name = service.manager.unit_name(service.name)

    def now(self, state: State, new: bool) -> str:
        """"healthy", why not, or nothing where there is nothing yet."""
        wanted, before = self.wanted, self.service.before
        if wanted.course.kind == "task":
            return "" if before is None else "its last run did not end well" if before.pending else probes.HEALTHY
        if not state.known:
            return "" if new else f"{self.name} is {state.words}"
        if wanted.course.kind == "timer":
            return self._timer(state)
        if not state.running:
            return f"{self.name} is {state.words}"
        if wanted.probe and not holds(wanted.probe, self.service.context.marker):
            return probes.once(self._from_host(wanted.probe), self._around())
        return probes.HEALTHY if state.settled else f"{self.name} is {state.words}"

    def _timer(self, state: State) -> str:
        if not state.running and not self.wanted.course.suspended:
            return f"{self.name} is {state.words}"
        last = self.service.manager.last_run(self.service.name)
        return f"its last run did not end well: {last}" if last else probes.HEALTHY

    def after_start(self) -> str:
        """Wait until a service is healthy. Raises Failed with its last lines when it does not become so."""
        answer = probes.HEALTHY
        for probe in filter(None, (self.wanted.startup, self.wanted.probe)):
            if answer == probes.HEALTHY:
                answer = probes.until_healthy(self._from_host(probe), self._around(), self._gone)
        if not self.wanted.probe:
            answer = self._settle() if answer == probes.HEALTHY else answer
        if answer != probes.HEALTHY:
            log = self.service.manager.log(self.service.name)
            raise Failed(f"{self.name} was started and is not healthy: {answer}\nits last lines:\n{log}")
        return answer

    def _from_host(self, probe: dict[str, Any]) -> dict[str, Any]:
        return programs.from_host(self.service, self.wanted, probe)

    def _around(self) -> probes.Surroundings:
        folder, user = programs.around(self.service, self.wanted, self.user)
        if self.wanted.image:
            return probes.Surroundings(folder, {}, user)
        env = {name: envfile.as_text(value) for name, value in self.wanted.env.items()}
        place = programs.program_of(self.service, self.wanted, self.user).environ
        return probes.Surroundings(folder, {**({} if user else os.environ), **place, **env}, user)

    def _gone(self) -> str:
        """Why waiting is of no use: it failed for good, or (a program, which waits for nothing by itself) it ends again and again."""
        state = self.service.manager.state(self.service.name)
        again = state.restarts >= MOST_RESTARTS and not self.wanted.image
        return f"{self.name} is {state.words}" + (f", after {state.restarts} restarts" if again else "") if state.broken or again else ""

    def _settle(self) -> str:
        """A program without a probe is healthy when it stays up for a moment."""
        manager, name = self.service.manager, self.service.name
        end = time.monotonic() + SETTLE_SECONDS
        state = manager.state(name)
        while time.monotonic() < end and not state.broken and not state.restarts:
            time.sleep(0.2)
            state = manager.state(name)
        return probes.HEALTHY if state.settled and not state.restarts else f"it ended at once: {state.words}"
