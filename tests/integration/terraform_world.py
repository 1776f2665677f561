"""A project with one Terraform target for tests of the engine: asks it as the planner and the runner do, and keeps what it reported."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from provisioner import references
from provisioner.engine import BatchRequest, Planned, PlanRequest, Site
from provisioner.engines.terraform.engine import TerraformEngine
from provisioner.errors import ProvisionError
from provisioner.model import Delivered, Event, Json, Step, StepEnded, Target, Unit

MODULES = Path(__file__).parents[1] / "data" / "modules"
SECRETS = {"pw": "c4nary-value", "other": "0ther-value"}


def unit(component: str, module: str, *needs: str, outputs: dict[str, Json] | None = None, explicit: tuple[str, ...] = (), **inputs: Json) -> Unit:
    """A unit on target `t`, of one of the modules for tests or of a folder."""
    source = str(MODULES / module) if "/" not in module else module
    wanted = tuple(f"{need}@t" for need in (*needs, *explicit))
    return Unit(f"{component}@t", component, module, "t", "terraform", source, inputs=inputs, root="t", needs=wanted,
                explicit_needs=tuple(f"{need}@t" for need in explicit), outputs={"name": "${module.name}"} if outputs is None else outputs)


def reveal(template: Json) -> Json:
    """Secrets of the test; one that ARNs name is made of its name."""
    def look_up(reference: references.Reference) -> Json:
        path = reference.path[0]
        if path.startswith("aws:"):
            return f"of-{path}"
        if path not in SECRETS:
            raise ProvisionError(f"there is no secret {path}")
        return SECRETS[path]

    return references.render(template, look_up)


class World:
    """One project. Each plan has a folder of its own; what is delivered is remembered."""

    def __init__(self, folder: Path, *, target: Target | None = None, environ: Mapping[str, str] | None = None) -> None:
        self.folder, self.target, self.environ = folder, target or Target("t"), environ or {}
        self.engine = TerraformEngine()
        self.delivered: dict[str, Delivered] = {}
        self.plans = 0
        self.events: list[Event] = []
        self.planned: dict[str, Planned] = {}
        self.order: list[str] = []
        """Step names as they ended."""

    @property
    def state_file(self) -> Path:
        return self.folder / ".provision/app/env/terraform/t/terraform.tfstate"

    @property
    def root(self) -> Path:
        """The root's folder of the newest plan."""
        return self.site().work / "terraform" / "t"

    def site(self) -> Site:
        state = self.folder / ".provision/app/env"
        return Site("app", "env", self.target, self.folder, state, state / f"plans/{self.plans}", reveal, self.environ)

    def plan(self, *units: Unit, removed: tuple[str, ...] = ()) -> dict[str, Planned]:
        """Plan anew, as `provision plan` does."""
        self.plans += 1
        gone = tuple(self.delivered[name] for name in removed)
        self.planned = self.engine.plan(PlanRequest("t", units, gone, self.delivered), self.site())
        return self.planned

    def request(self, *units: Unit, root: tuple[Unit, ...] | None = None, rank: str = "0", kind: str = "deliver", **options: Any) -> BatchRequest:
        """What the runner asks for these units, with the changes of the newest plan allowed."""
        names = {one.name for one in units}
        steps = tuple(Step(one.name if kind == "deliver" else f"remove {one.name}", "deliver" if kind == "deliver" else "remove", one,
                           tuple(need for need in one.needs if need in names) if kind == "deliver" else (), f"terraform:t:{rank}",
                           self.planned[one.name].changes, unpreviewed=self.planned[one.name].unpreviewed) for one in units)
        allowed = tuple(change for answer in self.planned.values() for change in answer.changes)
        return BatchRequest(f"terraform:t:{rank}", steps, units if root is None else root, self.delivered, allowed=allowed, **options)

    def deliver(self, request: BatchRequest, meanwhile: Callable[[Event | StepEnded], None] | None = None) -> dict[str, StepEnded]:
        """Carry out; how each step ended. `meanwhile` sees every report."""
        ended: dict[str, StepEnded] = {}
        self.events.clear()
        self.order.clear()

        def report(message: Event | StepEnded) -> None:
            if isinstance(message, StepEnded):
                assert message.step not in ended, "a step ends once"
                ended[message.step] = message
                self.order.append(message.step)
                self._remember(request, message)
            else:
                self.events.append(message)
            if meanwhile is not None:
                meanwhile(message)

        asyncio.run(self.engine.deliver(request, self.site(), report))
        assert ended.keys() == {step.name for step in request.steps}
        return ended

    def adopt(self, request: BatchRequest) -> tuple[tuple[str, ...], dict[str, StepEnded]]:
        """Take over what a dead run left."""
        ended: dict[str, StepEnded] = {}

        def report(message: Event | StepEnded) -> None:
            if isinstance(message, StepEnded):
                ended[message.step] = message
                self._remember(request, message)

        return asyncio.run(self.engine.adopt(request, self.site(), report)), ended

    def _remember(self, request: BatchRequest, message: StepEnded) -> None:
        step = next(step for step in request.steps if step.name == message.step)
        if message.state == "done" and step.kind == "remove":
            self.delivered.pop(step.unit.name, None)
        elif message.state == "done":
            self.delivered[step.unit.name] = Delivered(step.unit, "delivered", message.outputs, message.hosts)

    def apply(self, *units: Unit, **options: Any) -> dict[str, StepEnded]:
        """Plan and deliver in one batch; all must be done."""
        self.plan(*units)
        ended = self.deliver(self.request(*units, **{"as_planned": True, **options}))
        assert {one.state for one in ended.values()} == {"done"}, ended
        return ended

    def state(self) -> dict[str, Any]:
        return {f"{resource.get('module', '')}.{resource['type']}.{resource['name']}": resource["instances"]
                for resource in json.loads(self.state_file.read_text())["resources"]}

    def by_hand(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Terraform in the root's folder as a user does: with the `command` file."""
        variables = {f"TF_VAR_{name}": value for name, value in self._variables().items()}
        return subprocess.run(["/bin/sh", "command", *arguments], cwd=self.root, text=True, capture_output=True, check=False,
                              env={**os.environ, **variables})

    def _variables(self) -> dict[str, str]:
        from provisioner.engines.terraform.inputs import variable

        given = json.loads((self.root / "main.tf.json").read_text()).get("variable", {})
        names = {variable("${secret.%s}" % name, False): value for name, value in SECRETS.items()}
        return {name: names[name] for name in given if name in names}


def change(one: Unit, **inputs: Json) -> Unit:
    """The unit with other inputs."""
    return replace(one, inputs={**one.inputs, **inputs})


def kill_while(world: World, code: str, until: Callable[[], bool]) -> None:
    """Run `code` (with `world` in it) in a process of its own, and kill that one with -9 as soon as `until` holds."""
    script = (f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
              f"from tests.integration.terraform_world import *\nworld = World(Path({str(world.folder)!r})); world.plans = {world.plans - 1}\n{code}")
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        end = time.monotonic() + 600
        while not until():
            assert child.poll() is None, child.communicate()[0]
            assert time.monotonic() < end, "it did not come so far"
            time.sleep(0.05)
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
