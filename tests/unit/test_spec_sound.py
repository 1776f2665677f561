"""The quick question about a schema never says yes to what the metaschema refuses, and says yes to every definition of ours."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from provisioner.catalog.definitions import DOCUMENTS
from provisioner.spec.sound import KEYWORDS, surely_sound

ROOT = Path(__file__).parents[2]
OWN = [path for folder in ("components", "components/traits") for path in sorted((ROOT / folder).glob("*.yaml"))]
LEAVES: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers(-2, 2) | st.floats(0, 1) | st.sampled_from(["string", "(", "a", ""])
SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(
        st.sampled_from([*KEYWORDS, "x-change", "$ref", "multipleOf"]), below, max_size=3), max_leaves=8)


@given(SCHEMAS)
def test_yes_is_true(schema: Any) -> None:
    if surely_sound(schema):
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("wrong", [
    {"type": "strng"}, {"type": []}, {"type": ["string", "string"]}, {"required": "a"}, {"required": ["a", "a"]}, {"pattern": "("}, {"minLength": -1},
    {"properties": {"a": {"items": 5}}}, {"anyOf": []}, {"enum": "a"}, {"additionalProperties": None}, {"maximum": "5"}, {"minLength": True},
])
def test_a_wrong_one_is_left_to_the_metaschema(wrong: dict[str, Any]) -> None:
    assert not surely_sound(wrong)
    with pytest.raises(SchemaError):
        Draft202012Validator.check_schema(wrong)


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_ours_are_seen_at_once(path: Path) -> None:
    definition = yaml.safe_load(path.read_text())
    assert surely_sound(definition["spec"].get("parameters", {}))
    assert DOCUMENTS["trait" if path.parent.name == "traits" else "component"].surely_fits(definition)
