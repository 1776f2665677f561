"""What the tests of the Ansible engine share: a project with one unit, real plays of it, and the secret that must not be found."""

import asyncio
import gzip
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from provisioner import references
from provisioner.engine import BatchRequest, Planned, PlanRequest, Site
from provisioner.engines.ansible.engine import AnsibleEngine
from provisioner.errors import ProvisionError
from provisioner.model import Change, Delivered, Event, Host, Hosts, Json, Step, StepEnded, Target, Unit

DATA = Path(__file__).parents[1] / "data"
PLAYBOOKS = DATA / "playbooks"
CANARY = "canary-7f3e\"x{{ 1 + 1 }}\\n"


def reveal(template: Json) -> Json:
    """Every secret of these tests has the same value; generated ones have none yet."""
    def value(reference: references.Reference) -> Json:
        if reference.path[0].startswith("generated/"):
            raise ProvisionError(f"{reference} has no value", code="PRV-7601")
        return CANARY

    return references.render(template, value)


@dataclass
class Told:
    """Everything that a delivery reported."""

    events: list[Event | StepEnded] = field(default_factory=list)

    def __call__(self, event: Event | StepEnded) -> None:
        self.events.append(event)

    @property
    def ended(self) -> StepEnded:
        found = [event for event in self.events if isinstance(event, StepEnded)]
        assert len(found) == 1, found
        return found[0]

    def kinds(self, kind: str) -> list[Event]:
        return [event for event in self.events if isinstance(event, Event) and event.kind == kind]


@dataclass
class World:
    """One project folder with the target that its units go to."""

    project: Path
    target: Target
    engine: AnsibleEngine = field(default_factory=lambda: AnsibleEngine(DATA))

    @classmethod
    def on(cls, project: Path, hosts: tuple[Host, ...], **way: object) -> "World":
        return cls(project, Target("lab", offers=("hosts",), hosts=Hosts(listed=hosts, **way)))  # type: ignore[arg-type]

    @property
    def state(self) -> Path:
        return self.project / ".provision" / "shop" / "prod"

    def site(self, plan: str = "plan-1") -> Site:
        return Site("shop", "prod", self.target, self.project, self.state, self.state / plan, reveal)

    def note(self, hosts: tuple[Host, ...], **inputs: Json) -> Unit:
        """A unit of the small module that follows the protocol."""
        given = {"note_path": "/tmp/note", "note_text": "hello", "note_secret": "${secret.pin}", **inputs}
        return Unit("note@lab", "note", "note", "lab", "ansible", str(PLAYBOOKS / "note/site.yml"), "digest",
                    str(PLAYBOOKS / "note/remove.yml"), inputs=given, outputs={"size": "${module.size}"}, hosts=hosts)

    def plan(self, unit: Unit, delivered: Delivered | None = None, plan: str = "plan-1") -> Planned:
        before = {unit.name: delivered} if delivered else {}
        hosts = {unit.name: unit.hosts} if unit.hosts else {}
        return self.engine.plan(PlanRequest(unit.name, (unit,), (), before, hosts), self.site(plan))[unit.name]

    def step(self, unit: Unit, changes: tuple[Change, ...] = (), kind: str = "deliver") -> Step:
        name = unit.name if kind == "deliver" else f"remove {unit.name}"
        return Step(name, kind, unit, changes=changes)  # type: ignore[arg-type]

    def deliver(self, step: Step, plan: str = "plan-1") -> Told:
        told = Told()
        asyncio.run(self.engine.deliver(BatchRequest(step.name, (step,), hosts={step.unit.name: step.unit.hosts}), self.site(plan), told))
        return told

    def apply(self, unit: Unit, plan: str = "plan-1") -> Told:
        """Plan, then deliver what was planned."""
        return self.deliver(self.step(unit, self.plan(unit, plan=plan).changes), plan)


def delivered(unit: Unit) -> Delivered:
    return Delivered(unit, "delivered")


def local_host(name: str = "here", **changes: object) -> Host:
    """This machine."""
    return replace(Host(name, "127.0.0.1", "lab", connection="local"), **changes)  # type: ignore[arg-type]


def found_in(folder: Path, text: str) -> list[str]:
    """Files below `folder` that hold the text, in packed files too."""
    return [str(path) for path in folder.rglob("*") if path.is_file() and any(text.encode() in content for content in _contents(path))]


def _contents(path: Path) -> list[bytes]:
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        return [data, gzip.decompress(data)]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            return [data, *(packed.read(name) for name in packed.namelist())]
    return [data]
