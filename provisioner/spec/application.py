"""app.yaml to an Application. Finds every problem of the document; knows nothing of types, targets or environments."""

from pathlib import Path

from provisioner.collector import resting
from provisioner.errors import Invalid, Problem
from provisioner.model import Application, Component, Input, Json, Output, Policy, Trait
from provisioner.references import RESERVED
from provisioner.spec import oam, yaml
from provisioner.spec.checking import Shape
from provisioner.spec.document import Document, Node, Places
from provisioner.spec.reading import bad_references, head, repeated, sound, text_map, unsupported, violations
from provisioner.suggest import suggestion

VERSION = "app.oam.dev/publishVersion"
SHAPE = Shape(oam.APPLICATION)
TOPOLOGY = Shape({"type": "object", "properties": {"spec": {"type": "object", "properties": {"policies": {
    "items": {"if": {"properties": {"type": {"const": "topology"}}}, "then": {"properties": {"properties": oam.TOPOLOGY}}}}}}}})


def read_application(path: Path) -> tuple[Application, list[Problem]]:
    """The application in a file, and warnings. Raises Invalid with all its problems."""
    application, problems = examine_application(path)
    if any(problem.severity == "error" for problem in problems):
        raise Invalid(problems)
    return application, problems


@resting()
def examine_application(path: Path) -> tuple[Application, list[Problem]]:
    """What can be read of the application, and all its problems, so that what lies behind them can be looked for too.

    Raises Invalid when nothing can be read: no such file, no YAML, another kind of document.
    """
    document = yaml.read(path)
    return of_document(document, str(path.absolute().parent))


def of_document(document: Document, folder: str) -> tuple[Application, list[Problem]]:
    """The application that a document holds, and its problems in the order of their places. Raises Invalid."""
    if wrong := head(document, "Application", oam.API):
        raise Invalid(wrong)
    problems = violations(document, SHAPE) + violations(document, TOPOLOGY)
    problems += _dead(document)
    components = _items(document, "components")
    problems += repeated(document, ("spec", "components"), "component")
    problems += repeated(document, ("spec", "policies"), "policy")
    _reserved(document, problems)
    _unsupported(document, problems)
    for node in components:
        problems += bad_references(document, node)
    broken = bool(problems)
    metadata = _map(document.value.get("metadata"))
    spec = _map(document.value.get("spec"))
    annotations = text_map(metadata.get("annotations"))
    application = Application(
        name=_text(metadata.get("name")), version=annotations.get(VERSION, ""),
        components=tuple(_components(document, components, broken)), policies=tuple(_policies(document)), workflow=spec.get("workflow"),
        labels=text_map(metadata.get("labels")), annotations=annotations, folder=folder, text=document.text)
    return application, in_order(problems)


def in_order(problems: list[Problem]) -> list[Problem]:
    """Once each, by place."""
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.where.line, problem.where.column) if problem.where else (0, 0))


def _components(document: Document, nodes: list[Node], broken: bool) -> list[Component]:
    found: dict[str, Component] = {}
    for node in nodes:
        if isinstance(node.value, dict) and isinstance(node.value.get("name"), str):
            component = _component(document, node, broken)
            found.setdefault(component.name, component)
    return list(found.values())


def _component(document: Document, node: Node, broken: bool) -> Component:
    value = node.value
    properties = _map(value.get("properties"))
    return Component(
        name=value["name"], type=_text(value.get("type")), properties=sound(properties) if broken else properties,
        traits=tuple(_traits(document, node, broken)) if "traits" in value else (),
        depends_on=tuple(name for name in _list(value.get("dependsOn")) if isinstance(name, str)),
        inputs=tuple(Input(_text(item.get("from")), _text(item.get("parameterKey")), document.where(below.at))
                     for below, item in _maps(node, "inputs")),
        outputs=tuple(Output(_text(item.get("name")), _text(item.get("valueFrom")), document.where(below.at))
                      for below, item in _maps(node, "outputs")),
        stack=_text(value.get("stack")), where=document.where(node.at), places=Places(document, node))


def _traits(document: Document, node: Node, broken: bool) -> list[Trait]:
    found = []
    for below, item in _maps(node, "traits"):
        properties = _map(item.get("properties"))
        if isinstance(item.get("type"), str):
            found.append(Trait(item["type"], sound(properties) if broken else properties, document.where(below.at), Places(document, below)))
    return found


def _policies(document: Document) -> list[Policy]:
    return [Policy(_text(item.value.get("name")), item.value["type"], _map(item.value.get("properties")), document.where(item.at))
            for item in _items(document, "policies") if isinstance(item.value, dict) and isinstance(item.value.get("type"), str)]


def _reserved(document: Document, problems: list[Problem]) -> None:
    for index, node in enumerate(_items(document, "components")):
        name = node.value.get("name") if isinstance(node.value, dict) else None
        if name in RESERVED:
            problems.append(Problem("PRV-1207", f'components[{index}]: a component can\'t be named "{name}"',
                                    document.value_at(("spec", "components", index, "name")),
                                    f"references use it: ${{{name}.…}} is no component"))


def _unsupported(document: Document, problems: list[Problem]) -> None:
    for index, node in enumerate(_items(document, "policies")):
        kind = node.value.get("type") if isinstance(node.value, dict) else None
        if not isinstance(kind, str) or kind == "topology":
            continue
        where = document.value_at(("spec", "policies", index, "type"))
        if kind in oam.POLICIES:
            unsupported(problems, where, f'policies[{index}]: policy "{kind}"')
        else:
            problems.append(Problem("PRV-1209", f'policies[{index}]: unknown policy "{kind}"', where, suggestion(kind, oam.POLICIES)))
    workflow = _map(_map(document.value.get("spec")).get("workflow"))
    if any(workflow.values()):
        unsupported(problems, document.key_at(("spec", "workflow")), "a workflow")


def _dead(document: Document) -> list[Problem]:
    """Fields that OAM documents carry and that have no effect here."""
    found = [("status",)] if "status" in document.value else []
    metadata = _map(document.value.get("metadata"))
    paths: list[tuple[str | int, ...]] = [*found, *(("metadata", field) for field in oam.DEAD_METADATA if field in metadata)]
    for index, node in enumerate(_items(document, "components")):
        if isinstance(node.value, dict):
            paths += [("spec", "components", index, field) for field in oam.DEAD_COMPONENT if field in node.value]
    return [Problem("PRV-1210", f'"{path[-1]}" has no effect here', document.key_at(path), "it can go", "warning") for path in paths]


def _items(document: Document, name: str) -> list[Node]:
    above = document.find(("spec",))
    below = above.below.get(name) if isinstance(above.below, dict) else None
    return below.below if below is not None and isinstance(below.below, list) else []


def _maps(node: Node, name: str) -> list[tuple[Node, dict[str, Json]]]:
    below = node.below.get(name) if isinstance(node.below, dict) else None
    items = below.below if below is not None and isinstance(below.below, list) else []
    return [(item, item.value) for item in items if isinstance(item.value, dict)]


def _map(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
