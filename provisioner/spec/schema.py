"""JSON Schema of all documents for editors: with the properties of every known component and trait type. Pure."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any, Protocol

from provisioner import step_kinds
from provisioner.model import Definition, Json
from provisioner.spec import environment_shape, oam, policies, rules

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = {"type": "string", "pattern": r"\$\{[^{}]+\}"}


class Definitions(Protocol):
    """What is asked of a catalog."""

    def component_names(self) -> list[str]: ...
    def trait_names(self) -> list[str]: ...
    def component(self, name: str) -> Definition | None: ...
    def trait(self, name: str) -> Definition | None: ...


def schema(catalog: Definitions) -> dict[str, Json]:
    """The schema of Application, Policy, Workflow, Environment and Rules documents (draft 2020-12), told apart by `kind`."""
    components = [found for name in catalog.component_names() if (found := catalog.component(name))]
    traits = [found for name in catalog.trait_names() if (found := catalog.trait(name))]
    application = deepcopy(oam.APPLICATION)
    below = application["properties"]["spec"]["properties"]
    component = below["components"]["items"]
    trait = component["properties"]["traits"]["items"]
    _by_type(component, components)
    _by_type(trait, traits)
    _steps(below["workflow"]["properties"]["steps"]["items"])
    below["policies"]["items"]["allOf"] = [_when("type", kind, {"properties": deepcopy(shape)}) for kind, shape in policies.SCHEMAS.items()]
    flow = deepcopy(oam.WORKFLOW_DOCUMENT)
    _steps(flow["properties"]["steps"]["items"])
    policy = deepcopy(dict(policies.DOCUMENT_SHAPE.schema))
    policy["allOf"] = below["policies"]["items"]["allOf"]
    kinds = {"Application": application, "Policy": policy, "Workflow": flow, "Environment": deepcopy(environment_shape.ENVIRONMENT),
             "Rules": deepcopy(dict(rules.SHAPE.schema))}
    return {
        "$schema": DIALECT, "title": "provision", "type": "object", "required": ["apiVersion", "kind"],
        "properties": {"kind": {"enum": list(kinds)}},
        "$defs": kinds,
        "allOf": [_when("kind", kind, {}, {"$ref": f"#/$defs/{kind}"}) for kind in kinds],
    }


def _steps(step: dict[str, Any]) -> None:
    """Let the type of a workflow step choose its properties, that of sub-steps too."""
    kinds = [kind for name in step_kinds.names() if (kind := step_kinds.find(name))]
    for below in (step, step["properties"]["subSteps"]["items"]):
        below["properties"]["type"] = {"description": below["properties"]["type"]["description"], "anyOf": [
            {"const": kind.name, "description": kind.description} for kind in kinds] + [{"type": "string"}]}
        below["allOf"] = [_when("type", kind.name, {"properties": referable({
            "type": "object", "additionalProperties": False, **{key: value for key, value in kind.parameters.items() if key != "required"}})})
            for kind in kinds]


def _when(key: str, value: str, properties: dict[str, Any], then: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"if": {"properties": {key: {"const": value}}, "required": [key]}, "then": then or {"properties": properties}}


def _by_type(schema: dict[str, Any], definitions: Iterable[Definition]) -> None:
    """Let `type` choose what `properties` may be."""
    listed = list(definitions)
    schema["properties"]["type"] = {
        "description": schema["properties"]["type"]["description"],
        "oneOf": [{"const": definition.name, "description": definition.description} for definition in listed]}
    schema["allOf"] = [
        _when("type", definition.name, {"properties": referable(parameters_of(definition))},
              {"properties": {"properties": referable(parameters_of(definition))},
               **({"required": ["properties"]} if definition.parameters.get("required") else {})})
        for definition in listed]


def parameters_of(definition: Definition) -> dict[str, Any]:
    """The JSON Schema of a definition's properties, closed."""
    return {"type": "object", "additionalProperties": False, **definition.parameters}


def referable(schema: Json) -> Json:
    """The schema with a reference allowed wherever a value is of another type than text, or text of a certain form."""
    if isinstance(schema, list):
        return [referable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Json] = {}
    for key, value in schema.items():
        if key in ("properties", "patternProperties", "$defs") and isinstance(value, dict):
            found[key] = {name: _or_reference(referable(item)) if key != "$defs" else referable(item) for name, item in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            found[key] = _or_reference(referable(value))
        elif key in ("anyOf", "oneOf", "allOf", "then", "else"):
            found[key] = referable(value)
        else:
            found[key] = deepcopy(value)
    return found


def _or_reference(schema: Json) -> Json:
    """`anyOf` the schema or a reference; what only describes stays outside, where editors look for it."""
    if not isinstance(schema, dict):
        return schema
    said = {key: schema[key] for key in ("description", "default", "title", "examples") if key in schema}
    rule = {key: value for key, value in schema.items() if key not in said}
    if not rule or rule == {"type": "string"}:
        return schema
    return {**said, "anyOf": [rule, REFERENCE]}
