"""One step of the workflow as a unit without a place: its properties, inputs, outputs and condition. Pure; collects problems."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from provisioner import conditions, durations, references
from provisioner.compose.naming import Names
from provisioner.compose.placing import Placed
from provisioner.compose.shape import place_of, put, steps_of
from provisioner.errors import Problem, Where
from provisioner.model import WORKFLOW, Component, Flow, Implementation, Json, Unit, WorkflowStep
from provisioner.spec.checking import Codes, check
from provisioner.spec.document import Steps
from provisioner.spec.judging import Shape
from provisioner.step_kinds import StepKind
from provisioner.suggest import suggestion

CODES = Codes("PRV-1403", "PRV-1404", "PRV-1405", "PRV-1406", "property")
FIELDS = ("phase", "succeeded", "failed", "skipped", "timeout", "failedAfterRetries", "terminate", "message")
"""What `status.NAME` has."""
CONTEXT = ("name", "appName", "environment", "version", "publishVersion")
TERRAFORM_OUTPUTS = ("status", "apply", "outputs")
"""Where KubeVela keeps the outputs of a module: output.status.apply.outputs.NAME.value."""
PARTS = re.compile(r"""\[["']?([^\]"']+)["']?\]""")


def unit_name(step: str) -> str:
    """The name of a step's unit."""
    return f"{step}@{WORKFLOW}"


@dataclass
class Bench:
    """What steps are made with, and what is wrong with them."""

    names: Names
    units: Mapping[str, Unit]
    """The components' units."""
    published: dict[str, Json] = field(default_factory=dict)
    """Outputs of steps and components by their names: the templates that stand for them."""
    played: Mapping[str, Unit] = field(default_factory=dict)
    """Step to the unit of the playbook that it plays."""
    left_out: set[str] = field(default_factory=set)
    """Outputs that nothing gives: what would give them is unsupported."""
    lenient: bool = False
    """What is unsupported is a warning."""
    problems: list[Problem] = field(default_factory=list)

    def problem(self, code: str, message: str, where: Where, hint: str = "") -> None:
        self.problems.append(Problem(code, message, where, hint))

    def unsupported(self, code: str, message: str, where: Where, hint: str = "") -> None:
        """Something that is left out, or can't be done."""
        self.problems.append(Problem(code, message, where, hint, "warning" if self.lenient else "error"))

    # ------------------------------------------------------------------ properties
    def properties(self, step: WorkflowStep, kind: StepKind) -> dict[str, Json]:
        """The step's properties with its inputs put in, checked, as a template over units and secrets."""
        component = Component(step.name, step.type, step.properties, where=step.where, places=step.places)
        resolved = _with_secrets(self.names.properties(Placed(component, None, Implementation("existing"))))
        found = self._with_inputs(step, resolved)

        def locate(path: Steps, key: bool) -> Where:
            text = ".".join(map(str, ("properties", *path))) + (":" if key else "")
            return step.places[text] if text in step.places else place_of(component, text.rstrip(":"))

        shape = Shape({"type": "object", "additionalProperties": False, **kind.parameters})
        self.problems += check(shape, found, CODES, locate, label=step.name, references=True)
        return found

    def _with_inputs(self, step: WorkflowStep, found: dict[str, Json]) -> dict[str, Json]:
        for given in step.inputs:
            if not given.parameter_key or given.source not in self.published:
                continue
            try:
                found = put(found, steps_of(given.parameter_key), self.published[given.source])
            except ValueError as error:
                self.problem("PRV-1507", f"{step.name}: parameterKey {given.parameter_key}: {error}", given.where)
        return found

    def inputs(self, step: WorkflowStep) -> dict[str, Json]:
        """What `inputs.NAME` stands for in the condition."""
        for given in step.inputs:
            if given.source not in self.published and given.source not in self.left_out:
                self.problem("PRV-1707", f'{step.name}: no step before it and no component has an output named "{given.source}"', given.where,
                             suggestion(given.source, self.published))
        return {given.source: self.published[given.source] for given in step.inputs if given.source in self.published}

    # ------------------------------------------------------------------ outputs
    def outputs(self, step: WorkflowStep, kind: StepKind, members: Iterable[str]) -> dict[str, Json]:
        """The outputs of the step's unit. Those of a step that delivers are outputs of what it delivers."""
        found: dict[str, Json] = {}
        for output in step.outputs:
            path = path_of(output.value_from)
            if kind.delivers:
                template = self._of_members(step, path, members)
            else:
                template = "${module.%s}" % ".".join(path) if path and (path[0] in kind.gives or kind.plays) else None
            if template is None:
                self.left_out.add(output.name)
                gives = kind.gives if not kind.delivers else sorted({name for member in members if member in self.units
                                                                     for name in self.units[member].outputs})
                tell = self.unsupported if "status" in path or "$returns" in output.value_from else self.problem
                tell("PRV-1708", f'{step.name}: {kind.name} gives no "{output.value_from}"', output.where,
                             f"there is: {', '.join(gives)}" if gives else "it gives nothing")
            elif kind.delivers:
                self.published[output.name] = template
            else:
                found[output.name] = template
                self.published[output.name] = "${%s.%s}" % (unit_name(step.name), output.name)
        return found

    def _of_members(self, step: WorkflowStep, path: tuple[str, ...], members: Iterable[str]) -> Json:
        if path[:3] == TERRAFORM_OUTPUTS:
            path = tuple(part for part in path[3:] if part != "value")
        having = [member for member in members if member in self.units and path and path[0] in self.units[member].outputs]
        return "${%s.%s}" % (having[0], ".".join(path)) if len(having) == 1 else None

    # ------------------------------------------------------------------ condition
    def without_left_out(self, step: WorkflowStep) -> WorkflowStep:
        """The step without inputs that nothing gives, and without an `if` that asks for one."""
        gone = [given.source for given in step.inputs if given.source in self.left_out]
        if not gone:
            return step
        condition = step.condition
        if any(f"inputs.{name}" in condition or f'["{name}"]' in condition for name in gone):
            self.unsupported("PRV-1703", f"{step.name}: its `if` asks for {', '.join(gone)}, which is left out", step.places.get("if", step.where),
                             "it is carried out without it")
            condition = ""
        return replace(step, condition=condition, inputs=tuple(given for given in step.inputs if given.source not in self.left_out))

    def condition(self, step: WorkflowStep, known: Mapping[str, object]) -> tuple[str, ...]:
        """The steps that the condition asks for; problems where it can't be judged. `known` are the names of all steps."""
        if not step.condition or step.condition == conditions.ALWAYS:
            return ()
        where = step.places.get("if", step.where)
        sources = [given.source for given in step.inputs]
        try:
            used = conditions.names(step.condition)
            wrong = conditions.unknown(used, {"status": known.keys(), "inputs": sources, "context": CONTEXT})
            for name in wrong:
                self.problem("PRV-1704", f"{step.name}: if: there is no {name}", where, _choices(name, known.keys(), sources))
            for path in used:
                if path[0] == "status" and len(path) > 2 and path[2] not in FIELDS:
                    self.problem("PRV-1704", f"{step.name}: if: a status has no {path[2]}", where, suggestion(path[2], FIELDS))
            if not wrong and not any(path[0] == "inputs" for path in used):
                conditions.check(step.condition, {"status": {name: status_of("done") for name in known}, "inputs": {},
                                                  "context": dict.fromkeys(CONTEXT, "")})
        except conditions.Wrong as error:
            self.problem("PRV-1704", f"{step.name}: if: {error}", where, 'a CEL expression such as status["test"].succeeded, or always')
            return ()
        return tuple(dict.fromkeys(path[1] for path in used if path[0] == "status" and len(path) > 1 and path[1] in known))

    def unit(self, step: WorkflowStep, kind: StepKind, flow: Flow, needs: Iterable[str]) -> Unit:
        """The step's unit."""
        properties = self.properties(step, kind) if not kind.brings else {}
        if kind.collects:
            properties = {**properties, "collected": self._collected(kind, properties)}
        outputs = self.outputs(step, kind, flow.members)
        if kind.brings:
            return self._bringing(step, kind, replace(flow, summary=step.alias or kind.summary(step.properties)), needs, outputs)
        heads = _heads(properties)
        for head in heads:
            component = head.partition("@")[0]
            if len(self.names.copies.get(component, ())) > 1:
                self.problem("PRV-1506", f'{step.name}: "{component}" has several copies, and a step of the workflow has no target',
                             step.where, "refer to a component that has one copy")
        summary = step.alias or kind.summary(step.properties)
        if kind.asks and "duration" not in step.properties:
            summary += f" ({durations.words(flow.yes_within)} at most)"
        return Unit(unit_name(step.name), step.name, kind.name, WORKFLOW, "workflow", inputs=properties, outputs=outputs,
                    needs=tuple(dict.fromkeys([*needs, *heads])), flow=replace(flow, summary=summary), where=step.where)

    def _bringing(self, step: WorkflowStep, kind: StepKind, flow: Flow, needs: Iterable[str], outputs: dict[str, Json]) -> Unit:
        """The unit of a step that brings a component: what its engine carries out, or what opens the component's unit."""
        plain = Unit(unit_name(step.name), step.name, kind.name, WORKFLOW, "workflow", outputs=outputs, needs=tuple(needs), flow=flow,
                     where=step.where)
        if not kind.plays:
            for member in flow.members:
                self.units = {**self.units, member: self._given(step, kind, self.units[member])}
            return plain
        own = self.played.get(step.name)
        if own is None:
            return plain
        own = self._given(step, kind, own)
        return replace(own, name=plain.name, type=kind.name, outputs=outputs, sensitive=(), secrets=(), remove_source="", data=False, claims=(),
                       health={}, needs=tuple(dict.fromkeys([*plain.needs, *own.needs])), flow=flow)

    def _given(self, step: WorkflowStep, kind: StepKind, unit: Unit) -> Unit:
        """The unit with the step's inputs put into its own: `parameterKey: variables.NAME`."""
        brought = kind.brings(step.properties) if kind.brings else None
        for given in step.inputs:
            if brought is None or not given.parameter_key or given.source not in self.published:
                continue
            first, *path = steps_of(given.parameter_key)
            if first != brought.inputs or not path:
                self.problem("PRV-1507", f"{step.name}: parameterKey {given.parameter_key}: only {brought.inputs}.NAME can be given", given.where)
                continue
            value = self.published[given.source]
            unit = replace(unit, inputs=put(unit.inputs, path, value), needs=tuple(dict.fromkeys([*unit.needs, *_heads(value)])))
        return unit

    def _collected(self, kind: StepKind, properties: Mapping[str, Json]) -> dict[str, Json]:
        wanted = properties.get("components")
        return {name: {output: "${%s.%s}" % (name, output) for output in kind.collects if output in unit.outputs and output not in unit.sensitive}
                for name, unit in self.units.items() if not wanted or unit.component in wanted}


def status_of(state: str, message: str = "") -> dict[str, Json]:
    """What `status.NAME` stands for, out of the state of a step of the journal."""
    phase = {"done": "succeeded", "failed": "failed", "interrupted": "failed", "skipped": "skipped", "suspended": "suspending"}.get(state, "pending")
    return {"phase": phase, "succeeded": phase == "succeeded", "failed": phase == "failed", "skipped": phase == "skipped",
            "timeout": phase == "failed" and message.startswith("timed out"), "failedAfterRetries": phase == "failed", "terminate": False,
            "message": message}


def path_of(value_from: str) -> tuple[str, ...]:
    """`output.status["ready"][0]` as path: status, ready, 0. Empty for what is no path."""
    parts = PARTS.sub(r".\1", value_from.strip()).split(".")
    if parts[0] in ("output", "outputs") and len(parts) > 1:
        parts = parts[1:]
    return tuple(parts) if all(references.NAME.match(part) for part in parts) else ()


def _with_secrets(value: Json) -> Json:
    """`{secretRef: {name, key}}` as the value of a secret NAME#KEY of the environment."""
    if isinstance(value, dict):
        ref = value.get("secretRef")
        if len(value) == 1 and isinstance(ref, dict) and ref.keys() == {"name", "key"}:
            return {"value": "${secret.%s#%s}" % (ref["name"], ref["key"])}
        return {key: _with_secrets(item) for key, item in value.items()}
    return [_with_secrets(item) for item in value] if isinstance(value, list) else value


def _heads(value: Json) -> list[str]:
    return list(dict.fromkeys(reference.head for _, reference in references.find(value) if "@" in reference.head))


def _choices(name: str, steps: Iterable[str], sources: Iterable[str]) -> str:
    head, _, below = name.partition(".")
    known = {"status": steps, "inputs": sources, "context": CONTEXT}
    return suggestion(below, known[head]) if head in known else "an `if` knows status, inputs and context"
