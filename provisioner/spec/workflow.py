"""`spec.workflow` of an Application to a Workflow: positions kept, names unique, durations read. Knows nothing of types of steps."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from provisioner import durations
from provisioner.errors import Problem
from provisioner.model import Json, Mode, StepInput, StepOutput, Workflow, WorkflowStep
from provisioner.spec.document import Document, Node, Places
from provisioner.spec.reading import bad_references, sound

PATH = ("spec", "workflow")


def workflow(document: Document, problems: list[Problem]) -> Workflow | None:
    """The workflow, or None where there is none; what its shape does not say of what is wrong is added to `problems`."""
    node = _below(document.find(("spec",)), "workflow")
    if node is None or not isinstance(node.value, dict):
        return None
    broken = any(problem.severity == "error" for problem in problems)
    steps = tuple(_steps(document, _items(node, "steps"), problems, broken))
    problems += _repeated(steps)
    steps = tuple(_once(steps, set()))
    given = node.value.get("mode")
    mode: dict[str, Json] = given if isinstance(given, dict) else {}
    ref = node.value.get("ref")
    if not steps and not ref:
        return None
    return Workflow(steps, _mode(mode.get("steps")) or "StepByStep", _mode(mode.get("subSteps")) or "DAG", str(ref or ""), document.key_at(PATH))


def every(steps: Iterable[WorkflowStep]) -> Iterator[WorkflowStep]:
    """All steps, each before its sub-steps."""
    for step in steps:
        yield step
        yield from every(step.steps)


def _steps(document: Document, nodes: Iterable[Node], problems: list[Problem], broken: bool) -> Iterator[WorkflowStep]:
    for node in nodes:
        value = node.value
        if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not isinstance(value.get("type"), str):
            continue
        problems += bad_references(document, node)
        places = Places(document, node)
        properties = value.get("properties")
        given = properties if isinstance(properties, dict) else {}
        meta = value.get("meta")
        condition = value.get("if", "")
        yield WorkflowStep(
            value["name"], value["type"], sound(given) if broken else given,
            str(condition).lower() if isinstance(condition, bool) else str(condition),
            _timeout(value.get("timeout"), value["name"], places, problems),
            tuple(name for name in value.get("dependsOn") or () if isinstance(name, str)),
            tuple(StepInput(str(item.value.get("from", "")), str(item.value.get("parameterKey", "")), document.where(item.at))
                  for item in _items(node, "inputs") if isinstance(item.value, dict)),
            tuple(StepOutput(str(item.value.get("name", "")), str(item.value.get("valueFrom", "")), document.where(item.at))
                  for item in _items(node, "outputs") if isinstance(item.value, dict)),
            tuple(_steps(document, _items(node, "subSteps"), problems, broken)), _mode(value.get("mode")),
            str(meta.get("alias", "")) if isinstance(meta, dict) else "", document.where(node.at), places)


def _timeout(text: Json, name: str, places: Places, problems: list[Problem]) -> float | None:
    if not isinstance(text, str):
        return None
    try:
        return durations.seconds(text)
    except ValueError as error:
        problems.append(Problem("PRV-1701", f"{name}: timeout: {error}", places.get("timeout")))
        return None


def _repeated(steps: Iterable[WorkflowStep]) -> Iterator[Problem]:
    """Sub-steps share the names of steps: `if` and `dependsOn` know them by name alone."""
    first: dict[str, int] = {}
    for step in every(steps):
        place = step.places.get("name", step.where)
        if step.name in first:
            yield Problem("PRV-1206", f'workflow: step "{step.name}" is there twice', place, f"the first one is in line {first[step.name]}")
        else:
            first[step.name] = place.line


def _once(steps: Iterable[WorkflowStep], seen: set[str]) -> Iterator[WorkflowStep]:
    """Steps without those whose name is there already."""
    for step in steps:
        if step.name not in seen:
            seen.add(step.name)
            yield replace(step, steps=tuple(_once(step.steps, seen)))


def _mode(value: Json) -> Mode | None:
    return "DAG" if value == "DAG" else "StepByStep" if value == "StepByStep" else None


def _below(node: Node, name: str) -> Node | None:
    return node.below.get(name) if isinstance(node.below, dict) else None


def _items(node: Node, name: str) -> list[Node]:
    below = _below(node, name)
    return below.below if below is not None and isinstance(below.below, list) else []
