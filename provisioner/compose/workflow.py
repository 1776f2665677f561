"""The workflow and the components' units to one graph: which step delivers what, and what comes after what. Pure.

A step's unit comes before what it delivers, and after what the workflow puts before it (decision 11).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from provisioner import references
from provisioner.compose.naming import Names
from provisioner.compose.steps import Bench, unit_name
from provisioner.compose.variants import policies_of
from provisioner.errors import Problem
from provisioner.model import Application, Environment, Flow, Json, Mode, Unit, Workflow, WorkflowStep
from provisioner.step_kinds import ALIKE, REFUSED, StepKind
from provisioner.suggest import suggestion

UNSUPPORTED = ("PRV-1702", "PRV-1703", "PRV-1710")
"""What --ignore-unsupported leaves out."""


@dataclass(frozen=True)
class Kinds:
    """The kinds of steps that there are."""

    find: Callable[[str], StepKind | None]
    names: Callable[[], list[str]]

    def bringing(self) -> dict[str, StepKind]:
        """Type to kind, of those that bring a component of their own."""
        return {name: kind for name in self.names() if (kind := self.find(name)) and kind.brings}


@dataclass(frozen=True)
class Woven:
    """The units that the workflow delivers, its steps, and what it leaves out."""

    units: tuple[Unit, ...]
    steps: tuple[Unit, ...] = ()
    undelivered: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Around:
    """What the workflow is woven into."""

    application: Application
    environment: Environment
    units: Mapping[str, Unit]
    owners: Mapping[str, str]
    """Component to the one whose trait added it."""
    deployed: Mapping[tuple[str, ...], tuple[str, ...]]
    """The policies that a deploy step names to the units that it delivers."""
    names: Names
    kinds: Kinds
    ignore_unsupported: bool = False
    played: Mapping[str, Unit] = field(default_factory=dict)
    """Step to the unit of the playbook that it plays."""


def weave(around: Around) -> Woven:
    """The units with what the workflow says of their order; without a workflow as they are."""
    workflow = around.application.workflow
    if workflow is None:
        return Woven(tuple(around.units.values()))
    weaver = _Weaver(around, workflow)
    if not weaver.usable():
        return Woven(tuple(around.units.values()), problems=tuple(weaver.bench.problems))
    return weaver.woven()


@dataclass
class _Weaver:
    around: Around
    workflow: Workflow
    kinds: dict[str, StepKind] = field(default_factory=dict)
    """Step to its kind; steps that are left out are missing here."""
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    opened_by: dict[str, str] = field(default_factory=dict)
    """Unit or step's unit to the step that opens it."""
    steps: list[Unit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bench = Bench(self.around.names, self.around.units, self.around.names.published(self.around.application.components),
                           lenient=self.around.ignore_unsupported, played=self.around.played)
        if self.workflow.ref and not self.workflow.steps:
            self.bench.unsupported("PRV-1710", f'there is no workflow "{self.workflow.ref}"', self.workflow.where,
                                   f"a document `kind: Workflow` of this name beside the application, or in workflows/{self.workflow.ref}.yaml")
        for step in self.workflow.steps:
            self._read(step, False)

    def usable(self) -> bool:
        """False where nothing is left that delivers, because that was left out as unsupported: then the workflow is left out whole."""
        left_out = any(problem.severity == "warning" and problem.code in UNSUPPORTED for problem in self.bench.problems)
        delivers = any(self.kinds[name].delivers in ("policies", "component") for name in self.kinds)
        return delivers or not left_out

    def woven(self) -> Woven:
        """All of it."""
        for step in self.workflow.steps:
            self._assign(step)
        gone = [name for name, unit in self.around.units.items() if name not in self.opened_by and unit.engine != "existing"]
        self.bench.units = {name: unit for name, unit in self.around.units.items() if name not in gone}
        before: tuple[str, ...] = ()
        for step in self.workflow.steps:
            if step.name in self.kinds:
                self._step(step, before, self.workflow.mode, "")
                before = (*before, unit_name(step.name), *self.members[step.name])
        units = tuple(self._opened(unit) for unit in self.bench.units.values())
        self._undelivered([*units, *self.steps], gone)
        return Woven(units, tuple(self.steps), tuple(gone), tuple(self.bench.problems))

    # ------------------------------------------------------------------ kinds
    def _read(self, step: WorkflowStep, inside: bool) -> None:
        where = step.places.get("type", step.where)
        kind = self.around.kinds.find(step.type)
        if kind is None:
            code, told = ("PRV-1703", f"{step.type} means nothing here: {REFUSED[step.type]}") if step.type in REFUSED else (
                "PRV-1702", f'unknown type of step "{step.type}"')
            hint = "" if step.type in REFUSED else suggestion(step.type, self.around.kinds.names())
            self.bench.unsupported(code, f"{step.name}: {told}", where, hint)
            self.bench.left_out |= {output.name for output in step.outputs}
            return
        if step.type in ALIKE:
            self.bench.problems.append(Problem("PRV-1210", f"{step.name}: {step.type} is read as {kind.name}", where, "", "warning"))
        if inside and kind.delivers == "steps":
            self.bench.problem("PRV-1709", f"{step.name}: a group inside a group", where, "put its steps into the outer one")
        if step.steps and kind.delivers != "steps":
            self.bench.problem("PRV-1709", f"{step.name}: only a step-group has subSteps", step.places.get("subSteps:", where))
        self.kinds[step.name] = kind
        for below in step.steps:
            self._read(below, True)

    # ------------------------------------------------------------------ members
    def _assign(self, step: WorkflowStep) -> tuple[str, ...]:
        """What a step opens, each unit once: what an earlier step delivers is delivered."""
        kind = self.kinds.get(step.name)
        if kind is None:
            return ()
        if kind.delivers == "steps":
            found = tuple(name for below in step.steps if below.name in self.kinds for name in (unit_name(below.name), *self._assign(below)))
        elif kind.delivers:
            wanted = self._by_policies(step) if kind.delivers == "policies" else self._own(step) if kind.brings else self._of_component(step)
            found = tuple(name for name in wanted if name not in self.opened_by)
            if wanted and not found:
                self.bench.problems.append(Problem("PRV-1706", f"{step.name}: it delivers nothing that an earlier step does not", step.where,
                                                   "", "warning"))
        else:
            found = ()
        for name in found:
            self.opened_by.setdefault(name, step.name)
        self.members[step.name] = found
        return found

    def _by_policies(self, step: WorkflowStep) -> list[str]:
        """The units that a deploy step delivers: all components under its policies. An unknown policy is said by whoever reads them."""
        delivered = self.around.deployed.get(policies_of(step), ())
        return [name for name in delivered if name in self.around.units]

    def _own(self, step: WorkflowStep) -> list[str]:
        """The unit of the component that a step brings; none where something about it is wrong, which is said already."""
        return [name for name, unit in self.around.units.items() if unit.component == step.name]

    def _of_component(self, step: WorkflowStep) -> list[str]:
        """The units of one component, with what its traits added; on one target where that is named."""
        component, target = step.properties.get("component"), step.properties.get("target") or step.properties.get("cluster")
        target = self.around.environment.aliases.get(str(target), target) if target else ""
        found = [name for name, unit in self.around.units.items() if self._owner(unit.component) == component
                 and (not target or unit.target in (target, "existing"))]
        if not found and isinstance(component, str):
            known = {unit.component for unit in self.around.units.values()}
            where = step.places.get("properties.component", step.where)
            if component not in known:
                self.bench.problem("PRV-1705", f'{step.name}: there is no component "{component}"', where, suggestion(component, known))
            else:
                self.bench.problem("PRV-1705", f'{step.name}: "{component}" is not on target "{target}"', where)
        return found

    def _owner(self, component: str) -> str:
        while component in self.around.owners:
            component = self.around.owners[component]
        return component

    # ------------------------------------------------------------------ order
    def _step(self, step: WorkflowStep, earlier: tuple[str, ...], mode: Mode, group: str) -> None:
        """The step's unit, and those of its sub-steps."""
        kind, step = self.kinds[step.name], self.bench.without_left_out(step)
        inputs = self.bench.inputs(step)
        needs = [*self._needs(step), *(head for given in inputs.values() for head in _units_in(given))]
        after = list(earlier) if mode == "StepByStep" else []
        if step.condition:
            # judged when all of them have ended, however they ended
            after += [*needs, *(name for other in self.bench.condition(step, self.kinds) for name in self._all_of(other))]
            needs = []
        if group:
            needs.append(unit_name(group))
        gate = kind.delivers != "" and step.properties.get("auto") is False
        parallel = step.properties.get("parallelism")
        flow = Flow(tuple(dict.fromkeys(after)), step.condition, self.members[step.name], gate, inputs,
                    kind.limit if kind.delivers else step.timeout or kind.limit, step.timeout or 0,
                    self.around.environment.yes_within,
                    parallel=parallel if kind.delivers and isinstance(parallel, int) else 0)
        unit = self.bench.unit(step, kind, flow, needs)
        self.steps.append(unit)
        before: tuple[str, ...] = ()
        for below in step.steps if kind.delivers == "steps" else ():
            if below.name in self.kinds:
                self._step(below, before, step.mode or self.workflow.sub_mode, step.name)
                before = (*before, unit_name(below.name), *self.members[below.name])

    def _needs(self, step: WorkflowStep) -> list[str]:
        found: list[str] = []
        for index, name in enumerate(step.depends_on):
            if name in self.kinds:
                found += self._all_of(name)
            else:
                self.bench.problem("PRV-1705", f'{step.name}: dependsOn: there is no step "{name}"',
                                   step.places.get(f"dependsOn.{index}", step.where), suggestion(name, self.kinds))
        return found

    def _all_of(self, step: str) -> tuple[str, ...]:
        return (unit_name(step), *self.members[step])

    def _opened(self, unit: Unit) -> Unit:
        opener = self.opened_by.get(unit.name)
        return replace(unit, needs=(*unit.needs, unit_name(opener))) if opener else unit

    # ------------------------------------------------------------------ what is left out
    def _undelivered(self, units: Iterable[Unit], gone: list[str]) -> None:
        if not gone:
            return
        listed = ", ".join(gone[:6]) + (f" and {len(gone) - 6} more" if len(gone) > 6 else "")
        self.bench.problems.append(Problem(
            "PRV-1706", f"no step of the workflow delivers {listed}", self.workflow.where,
            "it is not delivered, and stays as it is where it is there", "warning"))
        for unit in units:
            lacking = [need for need in unit.needs if need in gone]
            if lacking:
                self.bench.problem("PRV-1705", f"{unit.component} needs {', '.join(lacking)}, which no step of the workflow delivers", unit.where,
                                   f"deliver it in an earlier step, or in the one of {unit.component}")


def _units_in(template: Json) -> list[str]:
    """The units that a template of an input refers to."""
    return [reference.head for _, reference in references.find(template)]

