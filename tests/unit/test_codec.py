"""The codec: every value of the model survives the way to JSON and back; strange data is an error of ours, never a traceback."""

import json
from dataclasses import dataclass, fields

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner import model
from provisioner.codec import Unreadable, dump, from_json, load, to_json
from provisioner.errors import Where
from provisioner.model import Change, Delivered, Event, FileDiff, Host, HostSource, Plan, Secret, Step, StepEnded, Unit

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=6)
st.register_type_strategy(Where, st.builds(Where, st.text(), st.integers(), st.integers(),
                                           st.lists(st.tuples(st.integers(), st.text()), max_size=2).map(tuple)))


def values(cls: type) -> st.SearchStrategy:
    """Any value of a class of the model; `Any` fields hold JSON."""
    given_fields = {field.name: st.dictionaries(st.text(), json_values, max_size=3) for field in fields(cls)
                    if field.type in ("dict[str, Json]", dict[str, model.Json])}
    return st.builds(cls, **given_fields)


@pytest.mark.parametrize("cls", [Unit, Host, Change, Event, StepEnded, HostSource, Secret, FileDiff, model.Target, model.Hosts])
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_values_survive(cls: type, data: st.DataObject) -> None:
    value = data.draw(values(cls))
    text = dump(value)
    assert text.isascii()
    assert load(cls, text) == value


def unit(name: str) -> Unit:
    return Unit(name, name, "postgres", "dc1", "ansible", inputs={"a": {"b": [1, "${secret.x}"]}},
                hosts=(Host("h1", "10.0.0.1", "dc1", labels={"zone": "a"}),), host_source=HostSource("fleet@aws", 2),
                secrets=(Secret("generated/x", 32),), where=Where("app.yaml", 3, 5, ((3, "- name: x"),)))


def test_plan_keeps_tuples_and_nested_values() -> None:
    change = Change("a", "h1", "configure", before={"x": 1}, files=(FileDiff("/etc/x", None, "y"),))
    plan = Plan("p1", "app", "env", "1", (Step("a", "deliver", unit("a"), ("b",), "", (change,)),), failures=(("c", "why"),))
    again = load(Plan, dump(plan))
    assert again == plan
    assert again.failures == (("c", "why"),)
    assert again.steps[0].unit.where.excerpt == ((3, "- name: x"),)
    assert json.loads(dump(plan))["steps"][0]["unit"]["host_source"]["unit"] == "fleet@aws"


def test_unknown_keys_are_ignored_and_missing_ones_take_their_default() -> None:
    data = to_json(Event("note", message="hello"))
    del data["host"]
    assert from_json(Event, {**data, "invented-later": 1}) == Event("note", message="hello")


@pytest.mark.parametrize(("cls", "data"), [
    (Event, {}),
    (Event, []),
    (Event, {"kind": 3}),
    (Unit, {"name": "a"}),
    (Delivered, {"unit": to_json(unit("a")), "state": "invented"}),
    (Secret, {"path": "x", "length": "long"}),
    (Where, {"file": "x", "excerpt": [[1]]}),
    (StepEnded, {"step": "a", "state": "done", "outputs": 5}),
])
def test_wrong_shapes_are_errors_of_ours(cls: type, data: object) -> None:
    with pytest.raises(Unreadable) as caught:
        from_json(cls, data)
    assert caught.value.code == "PRV-6018"


def test_broken_text_is_an_error_of_ours() -> None:
    with pytest.raises(Unreadable):
        load(Event, "{")


def test_what_is_no_json_is_refused() -> None:
    @dataclass(frozen=True)
    class Odd:
        value: tuple[object, ...] = ()

    with pytest.raises(TypeError):
        to_json(Odd((object(),)))


def test_ten_thousand_units_survive() -> None:
    plan = Plan("p", "a", "e", "", tuple(Step(f"u{i}", "deliver", unit(f"u{i}")) for i in range(10_000)))
    assert load(Plan, dump(plan)) == plan
