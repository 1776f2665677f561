"""app.yaml to an Application. Finds every problem of the document; knows nothing of types, targets or environments.

A file may hold more than the application: definitions that it uses, and Kubernetes objects, which mean nothing here.
"""

from dataclasses import replace
from pathlib import Path

from provisioner.collector import resting
from provisioner.errors import Invalid, Problem
from provisioner.model import Application, Component, Input, Json, Output, Trait, Workflow
from provisioner.references import RESERVED
from provisioner.spec import oam, policies, yaml
from provisioner.spec.document import SHIFT, Document, Node, Places
from provisioner.spec.judging import Shape
from provisioner.spec.reading import bad_references, head, repeated, sound, text_map, violations
from provisioner.spec.source import read_text, shown
from provisioner.spec.workflow import of_kind_workflow, workflow

VERSION = "app.oam.dev/publishVersion"
OPTIONAL = ("properties", "traits", "dependsOn", "inputs", "outputs", "policies", "workflow")
DEFINITIONS = ("ComponentDefinition", "TraitDefinition")
SHAPE = Shape(oam.APPLICATION)


def read_application(path: Path, name: str = "") -> tuple[Application, list[Problem]]:
    """The application in a file, and warnings. Raises Invalid with all its problems."""
    application, problems = examine_application(path, name)
    if any(problem.severity == "error" for problem in problems):
        raise Invalid(problems)
    return application, problems


@resting()
def examine_application(path: Path, name: str = "") -> tuple[Application, list[Problem]]:
    """What can be read of the application, and all its problems, so that what lies behind them can be looked for too.

    `name` chooses among several in one file. Raises Invalid when nothing can be read: no such file, no YAML, no application,
    or several and none is chosen.
    """
    return of_text(read_text(path), shown(path), str(path.absolute().parent), name)


@resting()
def of_text(text: str, file: str, folder: str, name: str = "") -> tuple[Application, list[Problem]]:
    """The same of a text: `file` is how its places are named, `folder` the project's. Raises Invalid."""
    documents = yaml.parse_all(text, file)
    document = _chosen(documents, name)
    application, problems = of_document(document, folder)
    if len(documents) > 1:
        application, more = _with_policies(replace(application, text=_own_text(documents, document)), documents)
        problems = in_order([*problems, *more, *_skipped(documents)])
    if application.workflow is not None and application.workflow.ref:
        application, more = _with_workflow(application, application.workflow, documents)
        problems = in_order([*problems, *more])
    return application, problems


def names_in(text: str, file: str) -> list[str]:
    """The names of the applications in a text, in their order. Raises Invalid."""
    return [_name(document) for document in yaml.parse_all(text, file) if _kind(document) == "Application"]


def definitions_beside(path: Path) -> list[Document]:
    """The definitions that a file holds beside its application. Raises Invalid."""
    return definitions_in(read_text(path), shown(path))


def definitions_in(text: str, file: str) -> list[Document]:
    """The same of a text. Raises Invalid."""
    if not any(kind in text for kind in DEFINITIONS):
        return []
    return [document for document in yaml.parse_all(text, file) if _kind(document) in DEFINITIONS]


def _chosen(documents: list[Document], name: str) -> Document:
    """The one application that is meant. Raises Invalid."""
    found = [document for document in documents if _kind(document) == "Application"]
    if not found:
        raise Invalid(head(documents[0], "Application", oam.API, oam.OLD_API))
    names = [_name(document) for document in found]
    if not name and len(found) == 1:
        return found[0]
    if name in names:
        return found[names.index(name)]
    # a name that begins with a dash would be taken for an option
    file = documents[0].file if documents[0].file != "-" else "-- -"
    what = f'there is no application "{name}"' if name else f"holds {len(found)} applications, and none is chosen"
    raise Invalid([Problem("PRV-1211", what, found[-1].value_at(()),
                           f"name one after the file: {file}#{names[0]}; there is: {', '.join(names)}")])


def _own_text(documents: list[Document], document: Document) -> str:
    """The lines of one document among several: what its digest is over."""
    first = document.root.at >> SHIFT
    following = (other.root.at >> SHIFT for other in documents if other.root.at >> SHIFT > first)
    return "\n".join(document.lines[first:next(following, None)])


def _with_policies(application: Application, documents: list[Document]) -> tuple[Application, list[Problem]]:
    """The application with the policies that stand beside it as documents of their own."""
    problems: list[Problem] = []
    known = {policy.name for policy in application.policies}
    for document in documents:
        if _kind(document) == "Policy":
            policy, wrong = policies.of_kind_policy(document)
            problems += wrong
            if policy and policy.name in known:
                problems.append(Problem("PRV-1206", f'policy "{policy.name}" is there twice', document.value_at(("metadata", "name"))))
            elif policy:
                known.add(policy.name)
                text = f"{application.text.rstrip()}\n---\n{_own_text(documents, document)}"
                application = replace(application, policies=(*application.policies, policy), text=text)
    return application, problems


def _with_workflow(application: Application, named: Workflow, documents: list[Document]) -> tuple[Application, list[Problem]]:
    """The application with the workflow that it names: a document in its own file, else in workflows/NAME.yaml; its text then has both."""
    path = Path(application.folder) / "workflows" / f"{named.ref}.yaml"
    beside = documents if any(_is_workflow(one, named.ref) for one in documents) else yaml.read_all(path) if path.is_file() else []
    found = next((one for one in beside if _is_workflow(one, named.ref)), None)
    if found is None:
        # whoever weaves it says so: it may be left out as unsupported
        return application, []
    read, problems = of_kind_workflow(found)
    text = f"{application.text.rstrip()}\n---\n{_own_text(beside, found)}"
    return replace(application, workflow=replace(read, ref=named.ref), text=text), problems


def _is_workflow(document: Document, name: str) -> bool:
    return _kind(document) == "Workflow" and _map(document.value.get("metadata")).get("name") == name


def _skipped(documents: list[Document]) -> list[Problem]:
    """Documents that are neither applications nor policies, workflows or definitions."""
    found = []
    for document in documents:
        kind = _kind(document)
        if kind not in ("Application", "Policy", "Workflow", *DEFINITIONS):
            found.append(Problem("PRV-1213", f"{kind or 'a document without a kind'} is left out: it has no meaning without Kubernetes",
                                 document.value_at(("kind",)), "", "warning"))
    return found


def _kind(document: Document) -> str:
    return _text(_map(document.value).get("kind"))


def _name(document: Document) -> str:
    return _text(_map(document.value.get("metadata")).get("name"))


def of_document(document: Document, folder: str) -> tuple[Application, list[Problem]]:
    """The application that a document holds, and its problems in the order of their places. Raises Invalid."""
    if wrong := head(document, "Application", oam.API, oam.OLD_API):
        raise Invalid(wrong)
    _drop_empty(document)
    problems = violations(document, SHAPE)
    problems += _dead(document)
    components = _items(document, "components")
    problems += repeated(document, ("spec", "components"), "component")
    problems += repeated(document, ("spec", "policies"), "policy")
    _reserved(document, problems)
    found = [policies.read(document, ("spec", "policies", index)) for index in range(len(_items(document, "policies")))]
    problems += [problem for _, wrong in found for problem in wrong]
    for node in components:
        problems += bad_references(document, node)
    flow = workflow(document, problems)
    broken = any(problem.severity == "error" for problem in problems)
    metadata = _map(document.value.get("metadata"))
    annotations = text_map(metadata.get("annotations"))
    application = Application(
        name=_text(metadata.get("name")), version=annotations.get(VERSION, ""),
        components=tuple(_components(document, components, broken)), policies=tuple(policy for policy, _ in found if policy),
        workflow=flow,
        labels=text_map(metadata.get("labels")), annotations=annotations, folder=folder, text=document.text)
    return application, in_order(problems)


def _drop_empty(document: Document) -> None:
    """Take out optional fields without a value (`properties:` and nothing after it): Kubernetes reads them as if they were not there."""
    components = _items(document, "components")
    traits = [below for node in components for below, _ in _maps(node, "traits")]
    for node in [document.find(("spec",)), *components, *traits, *_items(document, "policies")]:
        for name in OPTIONAL:
            if isinstance(node.below, dict) and node.keys is not None and name in node.below and node.value[name] is None:
                del node.below[name], node.keys[name], node.value[name]


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


def _reserved(document: Document, problems: list[Problem]) -> None:
    for index, node in enumerate(_items(document, "components")):
        name = node.value.get("name") if isinstance(node.value, dict) else None
        if isinstance(name, str) and name in RESERVED:
            problems.append(Problem("PRV-1207", f'components[{index}]: a component can\'t be named "{name}"',
                                    document.value_at(("spec", "components", index, "name")),
                                    f"references use it: ${{{name}.…}} is no component"))


def _dead(document: Document) -> list[Problem]:
    """Fields that OAM documents carry and that have no effect here."""
    found = [("status",)] if "status" in document.value else []
    metadata = _map(document.value.get("metadata"))
    paths: list[tuple[str | int, ...]] = [*found, *(("metadata", field) for field in oam.DEAD_METADATA if field in metadata)]
    for index, node in enumerate(_items(document, "components")):
        if isinstance(node.value, dict):
            paths += [("spec", "components", index, field) for field in oam.DEAD_COMPONENT if field in node.value]
    dead = [Problem("PRV-1210", f'"{path[-1]}" has no effect here', document.key_at(path), "it can go", "warning") for path in paths]
    if document.value["apiVersion"] == oam.OLD_API:
        dead.append(Problem("PRV-1210", f"{oam.OLD_API} is read as {oam.API}", document.value_at(("apiVersion",)), "", "warning"))
    return dead


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
