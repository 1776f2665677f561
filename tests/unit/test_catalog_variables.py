"""Terraform's `variable` blocks as parameters: types, defaults, validations, what is left to Terraform."""

from typing import Any

import pytest

from provisioner import hcl
from provisioner.catalog.modules import Module, Unreadable, module_of


def module(text: str) -> Module:
    return module_of([("main.tf", text)])


def schema(body: str) -> dict[str, Any]:
    return module(f'variable "it" {{\n{body}\n}}\n').variables["it"].schema


OBJECT = """object({
  name = string # who
  size = optional(number, 5)
  tags = optional(map(string), { a = "b, c)" })
  more = optional(bool)
})"""


@pytest.mark.parametrize(("written", "expected"), [
    ("string", {"type": "string"}),
    ('"string"', {"type": "string"}),
    ("number", {"type": "number"}),
    ("bool", {"type": "boolean"}),
    ("any", {}),
    ("list", {"type": "array"}),
    ("list(any)", {"type": "array", "items": {}}),
    ("set(number)", {"type": "array", "items": {"type": "number"}, "uniqueItems": True}),
    ("map(list(string))", {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}),
    ("tuple([string, bool])", {"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}], "minItems": 2, "maxItems": 2}),
    (OBJECT, {
        "type": "object", "required": ["name"], "additionalProperties": False, "properties": {
            "name": {"type": "string"}, "size": {"type": "number", "default": 5}, "more": {"type": "boolean"},
            "tags": {"type": "object", "additionalProperties": {"type": "string"}, "default": {"a": "b, c)"}}}}),
    ("list(object({ port = number }))", {"type": "array", "items": {
        "type": "object", "required": ["port"], "additionalProperties": False, "properties": {"port": {"type": "number"}}}}),
])
def test_types(written: str, expected: dict[str, Any]) -> None:
    assert schema(f"type = {written}") == expected


@pytest.mark.parametrize(("kind", "condition", "expected"), [
    ("string", 'contains(["a", "b"], var.it)', {"enum": ["a", "b"]}),
    ("string", 'can(regex("^[a-z]{2}\\\\.x$", var.it))', {"pattern": "^[a-z]{2}\\.x$", "x-says": "Bad"}),
    ("string", 'can(regex("(?i)^a$", var.it))', {}),
    ("string", "length(var.it) > 2 && length(var.it) <= 8", {"minLength": 3, "maxLength": 8}),
    ("string", "(length(var.it) == 12)", {"minLength": 12, "maxLength": 12}),
    ("list(string)", "length(var.it) != 0", {"minItems": 1}),
    ("number", "var.it >= -1 && 10 > var.it && floor(var.it) == var.it", {"minimum": -1, "exclusiveMaximum": 10, "type": "integer"}),
    ("number", "var.it >= 1 || var.it == -1", {}),
    ("number", "var.it * 2 >= 1", {}),
    ("number", "var.other >= 1", {}),
    ("number", "var.it >= local.least", {}),
    ("list(string)", "alltrue([for one in var.it : length(one) > 3])", {}),
    ("string", 'var.it != "admin"', {}),
])
def test_validations(kind: str, condition: str, expected: dict[str, Any]) -> None:
    plain = schema(f"type = {kind}")
    found = schema(f'type = {kind}\nvalidation {{\n  condition = {condition}\n  error_message = "Bad."\n}}')
    assert {key: value for key, value in found.items() if plain.get(key) != value} == expected


@pytest.mark.parametrize(("body", "expected", "required"), [
    ('type = string\ndefault = "a \\"b\\" $${c}"', {"type": "string", "default": 'a "b" ${c}'}, False),
    ("type = number\ndefault = -1.5", {"type": "number", "default": -1.5}, False),
    ("type = string\ndefault = null", {"type": "string"}, False),
    ("type = string\ndefault = 5", {"type": "string"}, False),
    ("default = {\n  a = [1, true, null]\n}", {"default": {"a": [1, True, None]}}, False),
    ("type = string\ndescription = <<-EOT\n    Two\n    lines.\n  EOT\n", {"type": "string", "description": "Two lines."}, True),
    ("type = string\nsensitive = true\nnullable = false", {"type": "string", "writeOnly": True}, True),
    ("", {}, True),
])
def test_defaults_and_words(body: str, expected: dict[str, Any], required: bool) -> None:
    found = module(f'variable "it" {{\n{body}\n}}\n').variables["it"]
    assert found.schema == expected and found.required is required and found.sensitive is ("writeOnly" in expected)


HCL_OUTPUT = 'output "key" {\n  value = aws_kms_key.it.arn\n  description = "Its ARN"\n  sensitive = true\n}\n'
JSON = """{"variable": [{"names": {"type": "list(string)", "default": ["a"]}}],
 "output": {"all": {"value": 1, "description": "All"}}}"""


def test_outputs_and_json() -> None:
    found = module_of([("main.tf", HCL_OUTPUT), ("more.tf.json", JSON)])
    outputs = {name: (output.description, output.sensitive) for name, output in found.outputs.items()}
    assert outputs == {"key": ("Its ARN", True), "all": ("All", False)}
    assert found.variables["names"].schema == {"type": "array", "items": {"type": "string"}, "default": ["a"]}


@pytest.mark.parametrize("text", ['variable "a" {', "variable = = 2", 'variable "a" {\n  type = \n}'])
def test_no_hcl(text: str) -> None:
    with pytest.raises(Unreadable, match=r"main\.tf: "):
        module(text)


def test_what_has_no_value_yet() -> None:
    with pytest.raises(hcl.NotLiteral):
        hcl.value(hcl.expression('"a-${var.b}"'))
    with pytest.raises(hcl.NotLiteral):
        hcl.value(hcl.expression("local.x"))
