"""The quick question about a schema never says yes to a value that jsonschema refuses."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.spec.checking import Codes, check
from provisioner.spec.fitting import failing, fitting
from provisioner.spec.judging import Shape
from provisioner.spec.oam import APPLICATION

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0, -2.0]) | st.sampled_from(["", "a", "ab", "abc", "${x.y}"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), below, max_size=3), max_leaves=6)
KIND = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
RULE = st.one_of(
    st.builds(lambda kind: {"type": kind}, KIND | st.lists(KIND, min_size=1, max_size=3, unique=True)),
    st.builds(lambda choices: {"enum": choices}, st.lists(VALUES, min_size=1, max_size=3)), st.builds(lambda choice: {"const": choice}, VALUES),
    st.builds(lambda key, size: {key: size}, st.sampled_from(["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"]),
              st.integers(0, 3)),
    st.builds(lambda key, size: {key: size}, st.sampled_from(["minimum", "maximum", "exclusiveMinimum", "multipleOf"]), st.integers(1, 3)),
    st.sampled_from([{"pattern": "^a"}, {"uniqueItems": True}, {"not": {"type": "string"}}, {"required": ["a"]}, {"additionalProperties": False},
                     {"propertyNames": {"pattern": "^a"}}, {"description": "x", "x-change": "replace"}]))
SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    RULE, lambda below: st.one_of(
        st.builds(lambda *rules: {key: value for rule in rules for key, value in rule.items()}, below, below),
        st.builds(lambda part: {"items": part}, below), st.builds(lambda parts: {"anyOf": parts}, st.lists(below, min_size=1, max_size=3)),
        st.builds(lambda parts: {"properties": parts}, st.dictionaries(st.sampled_from(["a", "b"]), below, max_size=2)),
        st.builds(lambda *parts: dict(zip(("if", "then", "else"), parts, strict=True)), below, below, below),
        st.builds(lambda condition, then: {"if": condition, "then": then}, below, below),
        st.builds(lambda part: {"additionalProperties": part}, below)), max_leaves=5)


@given(SCHEMAS, VALUES)
def test_yes_is_true(schema: dict[str, Any], value: Any) -> None:
    if fitting(schema)(value):
        assert jsonschema.Draft202012Validator(schema).is_valid(value)


@given(SCHEMAS, VALUES)
def test_no_is_true(schema: dict[str, Any], value: Any) -> None:
    if failing(schema)(value):
        assert not jsonschema.Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize(("spec", "expected"), [
    ({"components": [{"name": "a", "type": "b", "properties": {"x": 1}, "traits": [{"type": "t"}], "dependsOn": ["c"]}]}, True),
    ({"components": [{"name": "A", "type": "b"}]}, False), ({"components": [{"name": "a", "typ": "b"}]}, False), ({}, False),
])
def test_an_application(spec: dict[str, Any], expected: bool) -> None:
    value = {"apiVersion": "core.oam.dev/v1beta1", "kind": "Application", "metadata": {"name": "a"}, "spec": spec}
    assert fitting(APPLICATION)(value) is expected


@pytest.mark.parametrize(("schema", "fits", "not_yet", "wrong"), [
    ({"format": "cron"}, "*/15 8-18 * JAN,mar mon-fri", "${a.b}", "60 * * * *"), ({"format": "cron"}, "@daily", "${a.b} 1 * * *", "0 0 0 * *"),
    ({"format": "time-zone"}, "America/Argentina/Ushuaia", "${a.b}", "../etc/passwd"), ({"format": "time-zone"}, "UTC", "${a.b}", "Europe"),
    ({"format": "network"}, "fd00::/8", "${a.b}", "10.0.0.0/33"), ({"format": "network"}, "0.0.0.0/0", "10.${a.b}/8", "10.0.0.0"),
    ({"uniqueItems": True}, ["a", "b"], ["${a.b}", "a"], ["a", "a"]), ({"format": "of others"}, "anything", "${a.b}", None),
    ({"x-order": [["low", "high"]]}, {"low": 2, "high": 2}, {"low": "${a.b}", "high": 1}, {"low": "2Gi", "high": "1500M"}),
    ({"x-below": [["a.low", "a.high"]]}, {"a": {"low": 1, "high": 2}}, {"a": {"low": 1}}, {"a": {"low": 2, "high": 2}}),
    ({"x-differ": [["one", "two"]]}, {"one": "x", "two": ""}, {"one": "${a.b}", "two": "${a.b}"}, {"one": "x", "two": "x"}),
    ({"x-apart": [["one", "two"]]}, {"one": ["x"], "two": ["y"]}, {"one": "${a.b}", "two": ["x"]}, {"one": ["x", "y"], "two": ["y"]}),
    ({"x-order": [["count", "addresses"]]}, {"count": 2, "addresses": []}, {"count": "${a.b}", "addresses": ["x"]}, {"count": 2, "addresses": ["x"]}),
    ({"x-equal": [["one", "two"]]}, {"one": 1}, {"one": 1, "two": "${a.b}"}, {"one": 1, "two": 2}),
    ({"x-among": [["users.roles", "role", "roles"]]}, {"role": "a", "roles": ["b"], "users": [{"roles": ["a", "b"]}, {}]},
     {"role": "${a.b}", "users": [{"roles": ["c"]}]}, {"role": "a", "users": [{"roles": ["a", "c"]}]}),
    ({"x-not-among": [["users.name", "user"]]}, {"user": "a", "users": [{"name": "b"}]}, {"user": "${a.b}", "users": [{"name": "${a.b}"}]},
     {"user": "a", "users": [{"name": "b"}, {"name": "a"}]}),
    ({"x-not-among": [["health", "routes.path"]]}, {"health": "/h", "routes": [{"path": "/"}]}, {"health": "${a.b}"},
     {"health": "/h", "routes": [{"path": "/h/"}]}),
    ({"x-most": "2Gi"}, "2048Mi", "${a.b}", "3Gi"), ({"x-most": 16}, "16000m", "${a.b}", 17), ({"x-least": "4Mi"}, "4Mi", "${a.b}", "512"),
    ({"if": {"properties": {"a": {"const": "x"}}}, "then": {"required": ["b"]}}, {"a": "x", "b": 1}, {"a": "${a.b}", "b": 1}, {"a": "x"}),
    ({"x-distinct": [["path"]]}, [{"path": "/"}, {"path": "/a"}], [{"path": "${a.b}"}, {"path": "${a.b}"}], [{"path": "/a"}, {"path": "/a/"}]),
    ({"x-distinct": [["port"]]}, [{"port": 1}, {"port": 2}, {}, {}], [{"port": "${a.b}"}, {"port": "${a.b}"}], [{"port": 1}, {"port": 1}]),
])
def test_formats_and_what_belongs_together(schema: dict[str, Any], fits: Any, not_yet: Any, wrong: Any) -> None:
    """What is a reference is not judged; the quick question and the one that explains agree."""
    shape = Shape(schema)
    for value, good in ((fits, True), (not_yet, True), (wrong, wrong is None)):
        assert (not check(shape, value, Codes("1", "2", "3", "4"), lambda path, key: None, references=True)) is good, value
    assert shape.surely_fits(fits)
