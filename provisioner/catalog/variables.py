"""A Terraform `variable` as a parameter: its type, default, description and validations as JSON Schema. Pure.

What JSON Schema can't say is left to Terraform, which checks every variable again when it plans.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner import hcl
from provisioner.hcl import Block, Expression, NotLiteral
from provisioner.model import Json
from provisioner.spec.judging import Shape

Schema = dict[str, Any]
PLAIN: Mapping[str, Schema] = {"string": {"type": "string"}, "number": {"type": "number"}, "bool": {"type": "boolean"}, "any": {},
                               "list": {"type": "array"}, "set": {"type": "array", "uniqueItems": True}, "map": {"type": "object"}}
"""`list` and `map` without an argument are Terraform 0.11's."""
MIRRORED = {">=": "<=", "<=": ">=", ">": "<", "<": ">", "==": "==", "!=": "!="}
NUMBERS = {">=": "minimum", "<=": "maximum", ">": "exclusiveMinimum", "<": "exclusiveMaximum"}
SIZES = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems"), "object": ("minProperties", "maxProperties")}


@dataclass(frozen=True)
class Variable:
    """`schema` is that of its values, with description and default; `default` says whether there is one, also null."""

    name: str
    schema: Schema = field(default_factory=dict)
    required: bool = True
    sensitive: bool = False


def variable(block: Block) -> Variable:
    """The variable of a `variable "NAME" { … }` block."""
    given = block.attributes
    schema = type_schema(given["type"]) if "type" in given else {}
    for validation in block.blocks:
        if validation.kind == "validation" and "condition" in validation.attributes:
            _validate(schema, block.labels[0], validation)
    return _described(block.labels[0], schema, {name: literal(tree) for name, tree in given.items() if name != "type"})


def json_variable(name: str, body: Mapping[str, Json]) -> Variable:
    """The variable of Terraform's JSON syntax; its validations are left to Terraform. Raises Unreadable."""
    return _described(name, type_schema(hcl.expression(str(body["type"]))) if body.get("type") else {}, body)


def _described(name: str, schema: Schema, given: Mapping[str, Json]) -> Variable:
    if text := given.get("description"):
        schema["description"] = " ".join(str(text).split())
    default = given.get("default")
    if default is not None and Shape(schema).accepts(default):
        # one that Terraform would convert first stays the module's own affair, like null: the parameter is optional
        schema["default"] = default
    if sensitive := given.get("sensitive") is True:
        schema["writeOnly"] = True
    return Variable(name, schema, "default" not in given, sensitive)


def literal(tree: Expression | None) -> Json:
    """The value of an expression, None where it has none before Terraform works it out."""
    try:
        return None if tree is None else hcl.value(tree)
    except NotLiteral:
        return None


# ------------------------------------------------------------------ types
def type_schema(tree: Expression) -> Schema:
    """The schema of a type constraint: `list(object({name = string, size = optional(number, 5)}))`. `any` where it is not understood."""
    word = hcl.identifier(tree) or literal(tree)
    if isinstance(word, str):
        return dict(PLAIN.get(word, {}))
    name, arguments = hcl.call(tree)
    return TYPES[name](arguments[0]) if name in TYPES and arguments else {}


def _object(tree: Expression) -> Schema:
    properties: Schema = {}
    required = []
    for key, below in hcl.fields(tree) or ():
        name, arguments = hcl.call(below)
        properties[key] = type_schema(arguments[0] if name == "optional" and arguments else below)
        if name != "optional":
            required.append(key)
        elif len(arguments) > 1 and (default := literal(arguments[1])) is not None:
            properties[key]["default"] = default
    return {"type": "object", "properties": properties, **({"required": required} if required else {}), "additionalProperties": False}


def _tuple(tree: Expression) -> Schema:
    parts = [type_schema(item) for item in hcl.items(tree) or ()]
    return {"type": "array", "prefixItems": parts, "minItems": len(parts), "maxItems": len(parts)}


TYPES: Mapping[str, Callable[[Expression], Schema]] = {
    "list": lambda tree: {"type": "array", "items": type_schema(tree)},
    "set": lambda tree: {"type": "array", "items": type_schema(tree), "uniqueItems": True},
    "map": lambda tree: {"type": "object", "additionalProperties": type_schema(tree)},
    "object": _object,
    "tuple": _tuple,
    "optional": lambda tree: type_schema(tree),
}


# ------------------------------------------------------------------ validations
def _validate(schema: Schema, name: str, validation: Block) -> None:
    """Take over what a condition demands of the variable itself, joined by &&; what it says becomes the message."""
    parts = hcl.operands(validation.attributes["condition"])
    if any(part in ("||", "+", "-", "*", "/", "%") for part in parts):
        return
    message = literal(validation.attributes.get("error_message"))
    for part in _conjuncts(parts):
        rule = _comparison(schema, name, part) if len(part) == 3 else _condition(name, part)
        schema |= rule
        if "pattern" in rule and isinstance(message, str):
            schema["x-says"] = message.strip().rstrip(".")


def _conjuncts(parts: list[Expression | str]) -> list[list[Any]]:
    found: list[list[Any]] = [[]]
    for part in parts:
        if part == "&&":
            found.append([])
        else:
            found[-1].append(part)
    return found


def _condition(name: str, part: list[Any]) -> Schema:
    """`contains([…], var.NAME)`, `can(regex("…", var.NAME))`."""
    function, arguments = hcl.call(part[0]) if len(part) == 1 else ("", [])
    if function == "can" and len(arguments) == 1:
        inner, arguments = hcl.call(arguments[0])
        function = f"can {inner}"
    if len(arguments) != 2 or hcl.variable(arguments[1]) != name:
        return {}
    given = literal(arguments[0])
    if function == "contains" and isinstance(given, list) and given:
        return {"enum": given}
    if function == "can regex" and isinstance(given, str) and _portable(given):
        return {"pattern": given}
    return {}


def _portable(pattern: str) -> bool:
    """RE2 and Python's syntax agree, but for a few groups and classes."""
    return not any(part in pattern for part in ("[[:", "(?i", "(?s", "(?m", "(?U", "(?P<", "\\p", "\\z", "\\C", "\\Q"))


def _comparison(schema: Schema, name: str, part: list[Any]) -> Schema:
    """`var.NAME >= 1`, `length(var.NAME) < 64`, `floor(var.NAME) == var.NAME`, either way round."""
    left, operator, right = part
    if operator in MIRRORED and literal(left) is not None:
        left, operator, right = right, MIRRORED[operator], left
    function, arguments = hcl.call(left)
    bound = literal(right)
    if function in ("floor", "ceil", "abs") and operator == "==" and hcl.variable(right) == name == hcl.variable(arguments[0]):
        return {"type": "integer"} if function != "abs" else {}
    if not isinstance(bound, int | float) or isinstance(bound, bool):
        return {}
    if hcl.variable(left) == name and schema.get("type") in ("number", "integer") and operator in NUMBERS:
        return {NUMBERS[operator]: bound}
    if function == "length" and hcl.variable(arguments[0]) == name and schema.get("type") in SIZES:
        return _size(SIZES[schema["type"]], operator, int(bound))
    return {}


def _size(keys: tuple[str, str], operator: str, bound: int) -> Schema:
    least, most = keys
    return {">=": {least: bound}, ">": {least: bound + 1}, "<=": {most: bound}, "<": {most: bound - 1},
            "==": {least: bound, most: bound}}.get(operator, {least: 1} if operator == "!=" and bound == 0 else {})
