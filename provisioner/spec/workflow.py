"""`spec.workflow` of an Application, or a Workflow document, to a Workflow: positions kept, names unique, durations read. Knows no types of steps."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from provisioner import durations
from provisioner.errors import Problem, Where
from provisioner.model import Json, Mode, StepInput, StepOutput, Workflow, WorkflowStep
from provisioner.spec.document import Document, Node, Places
from provisioner.spec.judging import Shape
from provisioner.spec.oam import WORKFLOW_DOCUMENT
from provisioner.spec.reading import bad_references, sound, violations

PATH = ("spec", "workflow")
DOCUMENT_SHAPE = Shape(WORKFLOW_DOCUMENT)


def workflow(document: Document, problems: list[Problem]) -> Workflow | None:
    """The workflow, or None where there is none; what its shape does not say of what is wrong is added to `problems`."""
    node = _below(document.find(("spec",)), "workflow")
    if node is None or not isinstance(node.value, dict):
        return None
    found = _read(document, node, document.key_at(PATH), problems)
    if found.steps and found.ref:
        problems.append(Problem("PRV-1710", "workflow: it has `ref` and `steps`", document.key_at((*PATH, "ref")), "one of the two"))
    return found if found.steps or found.ref else None


def of_kind_workflow(document: Document) -> tuple[Workflow, list[Problem]]:
    """The workflow of a document `kind: Workflow` (KubeVela keeps steps and mode at its top level), and its problems."""
    problems = violations(document, DOCUMENT_SHAPE)
    return _read(document, document.root, document.value_at(("steps",)), problems), problems


def _read(document: Document, node: Node, where: Where, problems: list[Problem]) -> Workflow:
    broken = any(problem.severity == "error" for problem in problems)
    steps = tuple(_steps(document, _items(node, "steps"), problems, broken))
    problems += _repeated(steps)
    steps = tuple(_once(steps, set()))
    given = node.value.get("mode")
    mode: dict[str, Json] = given if isinstance(given, dict) else {}
    return Workflow(steps, _mode(mode.get("steps")) or "StepByStep", _mode(mode.get("subSteps")) or "DAG", str(node.value.get("ref") or ""), where)


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
        problems += _bad_references(document, node)
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


def _bad_references(document: Document, node: Node) -> Iterator[Problem]:
    """As in components; text in Terraform's own language, where `${…}` is another thing, is none of ours."""
    hcl = document.where(below.at) if (below := _at(node, "properties", "source", "hcl")) else None
    return (problem for problem in bad_references(document, node) if problem.where != hcl)


def _at(node: Node, *path: str) -> Node | None:
    found: Node | None = node
    for name in path:
        found = _below(found, name) if found is not None else None
    return found


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
