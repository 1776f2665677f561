"""A made-up world for tests of the planner: one engine that compares what is asked for with what is there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from provisioner.engine import Planned, PlanRequest, Site
from provisioner.model import Change, Delivered, Host, HostSource, Plan, Target, Unit
from provisioner.planner import Looked, PlanInputs, look, make
from provisioner.planner.known import Known

PLACE = Path("/nowhere")


def unit(name: str, *needs: str, engine: str = "", **more: object) -> Unit:
    """`x@aws` is of Terraform in root aws, everything else of Ansible on host h1; input `of` refers to all that it needs."""
    target = name.partition("@")[2]
    engine = engine or ("terraform" if target.startswith("aws") else "ansible")
    given: dict[str, object] = {
        "inputs": {"of": [f"${{{need}.id}}" for need in needs]}, "root": target if engine == "terraform" else "",
        "outputs": {"id": "${module.id}"} if engine == "terraform" else {"id": f"it is {name}"},
        "hosts": hosts("h1") if engine == "ansible" and not more.get("host_source") else (), **more}
    return Unit(name, name.partition("@")[0], "thing", target, engine, needs=needs, **given)  # type: ignore[arg-type]


def hosts(*names: str, target: str = "dc") -> tuple[Host, ...]:
    return tuple(Host(name, f"10.0.0.{index}", target) for index, name in enumerate(names, 1))


def on(source: str, count: int | None = None) -> HostSource:
    return HostSource(source, count)


@dataclass
class World:
    """What is out there, and the engines' view of it. `made` gives the hosts that a unit makes."""

    delivered: dict[str, Delivered] = field(default_factory=dict)
    made: dict[str, tuple[Host, ...]] = field(default_factory=dict)
    raw: dict[str, dict[str, object]] = field(default_factory=dict)
    """Raw outputs of a unit, instead of {"id": "id-NAME"}."""
    answers: dict[str, Planned] = field(default_factory=dict)
    """By unit, instead of the answer of the comparison."""
    asked: list[PlanRequest] = field(default_factory=list)
    name = "made-up"

    def plan(self, request: PlanRequest, site: Site) -> dict[str, Planned]:
        self.asked.append(request)
        found = {wanted.name: self._compare(wanted, request) for wanted in request.units}
        found |= {entry.unit.name: Planned((Change(entry.unit.name, "it", "delete"),)) for entry in request.removed}
        return found | {name: answer for name, answer in self.answers.items() if name in found}

    def _compare(self, wanted: Unit, request: PlanRequest) -> Planned:
        before = self.delivered.get(wanted.name)
        raw = self.raw.get(wanted.name, {"id": f"id-{wanted.name}"})
        if wanted.engine == "ansible" and wanted.name not in request.hosts:
            return Planned(unpreviewed="waits for its hosts")
        if before is None:
            return Planned((Change(wanted.name, "it", "create", after=wanted.inputs),))
        if (before.unit.inputs, before.unit.source_digest) != (wanted.inputs, wanted.source_digest) and not self._native(wanted, request):
            return Planned((Change(wanted.name, "it", "update", before=before.unit.inputs, after=wanted.inputs),), raw)
        return Planned((), raw)

    def _native(self, wanted: Unit, request: PlanRequest) -> bool:
        """Terraform follows references inside its root by itself."""
        inside = {f"${{{other.name}.id}}": f"id-{other.name}" for other in request.units}
        filled = [inside.get(text, text) for text in wanted.inputs.get("of", ())]
        return {**wanted.inputs, "of": filled} == self.delivered[wanted.name].unit.inputs

    def inputs(self, *units: Unit, ident: str = "p1", **more: object) -> PlanInputs:
        engines = {"terraform": self, "ansible": self}
        given: dict[str, object] = {"text": "", "folder": f"/plans/{ident}", "created": ident, **more}
        return PlanInputs(ident, "shop", "prod", "1", units=units, delivered=self.delivered, engines=engines,  # type: ignore[arg-type]
                          site=lambda target: Site("shop", "prod", Target(target), PLACE, PLACE, PLACE, lambda value: value), **given)

    def look(self, *units: Unit, **more: object) -> Looked:
        return look(self.inputs(*units, **more))

    def make(self, *units: Unit, **more: object) -> Plan:
        return make(self.inputs(*units, **more))

    def deliver(self, *units: Unit) -> None:
        """Carry a plan out: afterwards exactly these units are there, filled with real values."""
        known = Known()
        found: dict[str, Delivered] = {}
        for step in self.look(*units).plan.steps:
            if step.kind == "remove":
                continue
            known.made |= {step.unit.name: self.made[step.unit.name]} if step.unit.name in self.made else {}
            filled = known.filled(step.unit)
            there = known.hosts_of(filled) or ()
            known.hosts[filled.name] = there
            outputs = known.publish(filled, self.raw.get(filled.name, {"id": f"id-{filled.name}"}))
            found[filled.name] = Delivered(replace(filled, hosts=there), "delivered", outputs, self.made.get(filled.name, ()))
        self.delivered = found


def names(steps: Iterable[object]) -> list[str]:
    return [step.name for step in steps]  # type: ignore[attr-defined]


def batches(plan: Plan) -> Mapping[str, set[str]]:
    """Which batch needs which."""
    of = {step.name: step.batch or step.name for step in plan.steps}
    found: dict[str, set[str]] = {batch: set() for batch in of.values()}
    for step in plan.steps:
        found[of[step.name]] |= {of[need] for need in step.needs} - {of[step.name]}
    return found


Edit = Callable[[Unit], Unit]
