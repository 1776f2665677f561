"""One definition's file to a Definition. Finds every problem of the file, and what it and its modules do not agree about."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

from provisioner import references
from provisioner.catalog.definition_shape import API, KINDS, SHAPES
from provisioner.catalog.library import Origin, find
from provisioner.catalog.modules import check_module
from provisioner.compose.asked import declared
from provisioner.compose.rules import with_rule
from provisioner.compose.unfit import ALL, names_in
from provisioner.errors import Invalid, Problem, Where
from provisioner.model import ActionSpec, Addition, Definition, Implementation, Json, OutputSpec
from provisioner.spec.checking import Codes
from provisioner.spec.document import Document, Steps
from provisioner.spec.judging import Shape, fault_of_schema
from provisioner.spec.reading import bad_references, head, violations
from provisioner.spec.relations import AMOUNTS, KEYWORDS
from provisioner.suggest import suggestion

Kind = Literal["component", "trait"]
RULES: dict[str, tuple[str, ...]] = {"replace": (), "grow-only": ("integer", "number"), "upgrade-only": ("string", "integer", "number")}
"""What `x-change` may say, and the types of parameters for which that means something; empty: all."""
DOCUMENTS = {kind: Shape(shape) for kind, shape in SHAPES.items()}
CODES = Codes("PRV-1420", "PRV-1420", "PRV-1420", "PRV-1420")


def of_document(document: Document, path: Path, kind: Kind, origin: Origin, places: tuple[Origin, ...], *, modules: bool = True) -> Definition:
    """The definition that a document holds; `path` is its file, named like it, or where it stands beside an application. Raises Invalid."""
    if wrong := head(document, KINDS[kind], API):
        raise Invalid(wrong)
    problems = violations(document, DOCUMENTS[kind], CODES) + list(bad_references(document, document.root))
    if not problems:
        problems += _named(document, path) if document.alone else []
        problems += _parameters(document)
        problems += _unknown_heads(document)
        problems += [*_implementations(document), *_actions(document), *_ignored(document)]
    definition = None if problems else _definition(document.value, path, kind, origin, places)
    if definition is not None and modules:
        problems += _modules(document, definition)
    if problems or definition is None:
        raise Invalid(sorted(dict.fromkeys(problems), key=lambda problem: (problem.where.line, problem.where.column) if problem.where else (0, 0)))
    return definition


def _modules(document: Document, definition: Definition) -> Iterator[Problem]:
    for index, entry in enumerate(definition.implementations):
        if entry.module:
            yield from check_module(entry, definition.parameters.get("properties", {}), partial(_below, document, index))


def _below(document: Document, index: int, *path: str) -> Where:
    return document.key_at(("spec", "implementations", index, *path))


def _definition(value: dict[str, Any], path: Path, kind: Kind, origin: Origin, places: tuple[Origin, ...]) -> Definition:
    spec = value["spec"]

    def at(source: str) -> str:
        # what the component names is looked for when there is a component
        return source if "${" in source else find(source, origin, places)

    return Definition(
        name=value["metadata"]["name"], kind=kind, version=value["metadata"].get("version", ""), description=spec.get("description", ""),
        provides=spec.get("provides", ""), data=spec.get("data", False), parameters=spec.get("parameters", {}),
        outputs={name: OutputSpec(output.get("type", "string"), output.get("sensitive", False), output.get("value"), output.get("description", ""))
                 for name, output in spec.get("outputs", {}).items()},
        health=spec.get("health", {}), implementations=tuple(_implementation(entry, at) for entry in spec.get("implementations", ())),
        patch=tuple(spec.get("patch", ())), applies_to=tuple(spec.get("appliesTo", ())), example=spec.get("example", ""),
        adds=tuple(Addition(**entry) for entry in spec.get("adds", ())), variables=spec.get("variables", {}),
        ignored=spec.get("ignored", {}),
        refused=spec.get("refused", ""), later=spec.get("later", ""), elsewhere=spec.get("elsewhere", ""), same_as=spec.get("sameAs", ""),
        origin=origin.name, file=str(path))


def _implementation(value: dict[str, Any], at: Callable[[str], str]) -> Implementation:
    terraform, ansible, hosts = value.get("terraform", {}), value.get("ansible", {}), value.get("hosts", {})
    return Implementation(
        needs=value["needs"], when=value.get("when", ""), os=tuple(hosts.get("os", ())), count=hosts.get("count"),
        module=at(terraform.get("module", "")), playbook=at(ansible.get("playbook", "")),
        remove=at(ansible.get("remove", "")), variables=value.get("variables", {}), outputs=value.get("outputs", {}),
        check=value.get("check") or ansible.get("check", "exact"),
        actions={name: _action(action, at) for name, action in value.get("actions", {}).items()},
        claims=value.get("claims", {}), hosts_output=value.get("hostsOutput", ""), files=terraform.get("files", {}),
        artifacts=ansible.get("artifacts", {}), images={**terraform.get("images", {}), **ansible.get("images", {})},
        holds=tuple(terraform.get("holds", ())),
        attach=value.get("attach", {}), attaches=value.get("attaches", {}), secrets=value.get("secrets", {}),
        refused=value.get("refused", {}), open=value.get("open", {}), ignored=value.get("ignored", {}),
        rootless=value.get("rootless", {}), limits=_limits(value.get("limits", {})), others=_limits(value.get("others", {})),
        replaces=tuple(value.get("replaces", ())))


def _limits(value: Mapping[str, Any]) -> dict[str, tuple[dict[str, Json], ...]]:
    return {name: tuple(limit if isinstance(limit, list) else [limit]) for name, limit in value.items()}


def _action(value: Json, at: Callable[[str], str]) -> ActionSpec:
    given: dict[str, Any] = {"playbook": value} if isinstance(value, str) else value
    playbook = at(given["playbook"]) if "playbook" in given else ""
    return ActionSpec(playbook, given.get("description", ""), given.get("parameters", {}), tuple(given.get("outputs", ())), given.get("call", {}))


def _named(document: Document, path: Path) -> Iterator[Problem]:
    name = document.value["metadata"]["name"]
    if name != path.stem:
        yield Problem("PRV-1421", f'the definition of {path.name} is named "{name}"', document.value_at(("metadata", "name")),
                      f"name both {path.stem}, or the file {name}.yaml")


def _parameters(document: Document) -> Iterator[Problem]:
    parameters = document.value["spec"].get("parameters", {})
    if wrong := fault_of_schema(parameters):
        yield Problem("PRV-1422", f"parameters are no JSON Schema: {wrong[0]}", document.value_at(("spec", "parameters", *wrong[1])))
        return
    known = parameters.get("properties", {})
    yield from _rules(document)
    yield from _relations(document, ("spec", "parameters"), parameters)
    for name, schema in known.items():
        for error in Shape(schema).violations(schema["default"]) if isinstance(schema, dict) and "default" in schema else ():
            yield Problem("PRV-1422", f'the default of "{name}" does not fit: {error.message}',
                          document.value_at(("spec", "parameters", "properties", name, "default")))
    for name in parameters.get("required", ()):
        if name not in known:
            yield Problem("PRV-1422", f'required parameter "{name}" is not declared', document.value_at(("spec", "parameters", "required")),
                          suggestion(name, known))


def _rules(document: Document) -> Iterator[Problem]:
    """`x-change` is one of three words, at a parameter whose values can be compared that way."""
    for path, schema in with_rule(document.value["spec"].get("parameters", {})):
        rule, name = schema["x-change"], ".".join(path)
        where = document.value_at(("spec", "parameters", *(step for part in path for step in ("properties", part)), "x-change"))
        if rule not in RULES:
            yield Problem("PRV-1422", f'x-change of "{name}" must be one of {", ".join(RULES)}', where, suggestion(str(rule), RULES))
        elif RULES[rule] and schema.get("type") not in RULES[rule]:
            yield Problem("PRV-1422", f'x-change of "{name}": {rule} needs a parameter of type {" or ".join(RULES[rule])}', where)


def _relations(document: Document, at: Steps, schema: Json) -> Iterator[Problem]:
    """What belongs together (`x-order`, `x-distinct` …) is declared, at every level."""
    if isinstance(schema, list):
        for index, below in enumerate(schema):
            yield from _relations(document, (*at, index), below)
    if not isinstance(schema, dict):
        return
    for keyword in KEYWORDS.keys() & schema.keys() - AMOUNTS:
        shapes = [schema, *schema.get("properties", {}).values()]
        for name in (name for names in schema[keyword] for name in names if not any(declared(shape, name) for shape in shapes)):
            yield Problem("PRV-1422", f'{keyword}: no parameter "{name}"', document.value_at((*at, keyword)),
                          suggestion(name, schema.get("properties", {})))
    for key, below in schema.items():
        yield from _relations(document, (*at, key), below)


def _actions(document: Document) -> Iterator[Problem]:
    for index, entry in enumerate(document.value["spec"].get("implementations", ())):
        for verb, action in entry.get("actions", {}).items():
            if wrong := fault_of_schema(action.get("parameters", {}) if isinstance(action, dict) else {}):
                yield Problem("PRV-1422", f'parameters of action "{verb}" are no JSON Schema: {wrong[0]}',
                              document.value_at(("spec", "implementations", index, "actions", verb, "parameters", *wrong[1])))
            way, needed = ("call", "terraform") if isinstance(action, dict) and "call" in action else ("playbook", "ansible")
            if needed not in entry:
                yield Problem("PRV-1423", f'action "{verb}" is a {way}, and the implementation for "{entry["needs"]}" is not made by {needed}',
                              document.value_at(("spec", "implementations", index)),
                              "playbooks run on the hosts of an implementation with ansible, calls concern what terraform made")


def _implementations(document: Document) -> Iterator[Problem]:
    """Each implementation is made by one tool, and gives every output that the contract does not derive."""
    spec = document.value["spec"]
    derived = {name for name, output in spec.get("outputs", {}).items() if "value" in output}
    for index, entry in enumerate(spec.get("implementations", ())):
        where = document.value_at(("spec", "implementations", index))
        tools = [tool for tool in ("terraform", "ansible") if tool in entry]
        if len(tools) != (0 if entry["needs"] == "existing" else 1):
            yield Problem("PRV-1423", f'implementation for "{entry["needs"]}" needs exactly one of terraform and ansible', where,
                          "only `existing` has none")
            continue
        outputs = entry.get("outputs", {})
        for name in outputs:
            if name not in spec.get("outputs", {}):
                yield Problem("PRV-1424", f'output "{name}" is not declared by the definition',
                              document.key_at(("spec", "implementations", index, "outputs", name)), suggestion(name, spec.get("outputs", {})))
        lacking = [name for name in spec.get("outputs", {}) if name not in outputs and name not in derived]
        if tools and lacking:
            yield Problem("PRV-1424", f'implementation for "{entry["needs"]}" gives no output {", ".join(lacking)}', where)
        yield from _names_in(document, index, entry)


def _ignored(document: Document) -> Iterator[Problem]:
    """The parameters that a trait takes no notice of are declared."""
    spec = document.value["spec"]
    for name in (name for name in spec.get("ignored", {}) if not declared(spec.get("parameters", {}), name)):
        yield Problem("PRV-1425", f'ignored: no parameter "{name}"', document.key_at(("spec", "ignored", name)),
                      suggestion(name, spec.get("parameters", {}).get("properties", {})))


def _names_in(document: Document, index: int, entry: dict[str, Any]) -> Iterator[Problem]:
    """What an implementation names is there: variables in `files`, parameters in `refused`, `ignored` and `replaces`."""
    parameters = document.value["spec"].get("parameters", {})
    for tool, field in (("terraform", "files"), ("terraform", "images"), ("ansible", "artifacts"), ("ansible", "images")):
        named = entry.get(tool, {}).get(field, {})
        for name, taking in named.items():
            if unknown := next((one for one in (name, name if field == "files" else taking) if one not in entry.get("variables", {})), ""):
                yield Problem("PRV-1425", f'{field}: no variable "{unknown}"',
                              document.key_at(("spec", "implementations", index, tool, field, name)),
                              suggestion(unknown, entry.get("variables", {})))
    for field in ("refused", "rootless", "limits", "others", "open", "ignored", "replaces"):
        for name in entry.get(field, {}):
            for lost in (part for part in names_in(name) if not (declared(parameters, part) or (field in ("rootless", "limits") and part == ALL))):
                yield Problem("PRV-1425", f'{field}: no parameter "{lost}"',
                              document.key_at(("spec", "implementations", index, field, *(() if field == "replaces" else (name,)))),
                              suggestion(lost, parameters.get("properties", {})))


def _unknown_heads(document: Document) -> Iterator[Problem]:
    """References to parameters and outputs that the definition does not have, and to optional ones without a default."""
    spec = document.value["spec"]
    parameters = spec.get("parameters", {}).get("properties", {})
    required = spec.get("parameters", {}).get("required", ())
    sources: dict[str, Json] = {"parameters": parameters, "outputs": spec.get("outputs", {})}
    parts: dict[Steps, Json] = {("health",): spec.get("health", {}), ("outputs",): spec.get("outputs", {})}
    parts |= {(field,): spec.get(field, {}) for field in ("patch", "adds", "variables")}
    for index, entry in enumerate(spec.get("implementations", ())):
        parts[("implementations", index)] = {key: entry.get(key, {}) for key in ("variables", "outputs")}
    for prefix, value in parts.items():
        for path, reference in references.find(value):
            if reference.head not in sources or not reference.path or reference.path[0] == "*":
                continue
            where = document.value_at(("spec", *prefix, *path.split(".")))
            name = reference.path[0]
            if name not in sources[reference.head]:
                yield Problem("PRV-1425", f'{reference}: no {reference.head[:-1]} "{name}"', where, suggestion(name, sources[reference.head]))
            elif reference.head == "parameters" and not reference.has_default and name not in required and "default" not in parameters[name]:
                yield Problem("PRV-1425", f'{reference}: "{name}" is optional', where, "give a default: | default('…'), or declare one")
