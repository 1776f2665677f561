"""Order, cycles and phases of plain names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner import graph


def test_order_puts_needs_first_and_keeps_the_given_order_among_equals():
    assert graph.order({"c": ["a"], "b": [], "a": []}) == ["b", "a", "c"]


def test_needs_outside_of_the_mapping_are_ignored():
    assert graph.order({"a": ["elsewhere"]}) == ["a"]


def test_a_cycle_is_a_path_in_which_each_needs_the_next():
    needs = {"a": ["b"], "b": ["c"], "c": ["a"], "d": []}
    with pytest.raises(graph.Cycle) as caught:
        graph.order(needs)
    path = caught.value.path
    assert path[0] == path[-1] and len(path) == 4
    assert all(after in needs[before] for before, after in zip(path, path[1:], strict=False))


def test_dependents_are_transitive():
    assert graph.dependents({"a": [], "b": ["a"], "c": ["b"], "d": []}, ["a"]) == {"b", "c"}


def test_phases_count_the_returns_to_a_group():
    needs = {"net": [], "vm": ["net"], "app": ["vm"], "door": ["app"], "rds": ["net"], "late": ["door", "rds"]}
    crossing = {name: "aws" for name in ("net", "vm", "door", "rds", "late")}
    assert graph.phases(needs, crossing) == {"net": 0, "vm": 0, "app": 0, "rds": 0, "door": 1, "late": 1}


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 25))
    return {str(i): [str(j) for j in range(i) if draw(st.booleans())] for i in range(size)}


@given(graphs())
def test_order_is_a_valid_order(needs):
    found = graph.order(needs)
    assert sorted(found) == sorted(needs)
    assert all(found.index(need) < found.index(name) for name in needs for need in needs[name])


@given(graphs(), st.data())
def test_batches_by_group_and_phase_have_no_cycle(needs, data):
    crossing = {name: data.draw(st.sampled_from(["r1", "r2"])) for name in needs if data.draw(st.booleans())}
    phase = graph.phases(needs, crossing)
    batch = {name: f"{crossing[name]}:{phase[name]}" if name in crossing else name for name in needs}
    between: dict[str, set[str]] = {key: set() for key in batch.values()}
    for name in needs:
        between[batch[name]] |= {batch[need] for need in needs[name]} - {batch[name]}
    graph.order(between)


@given(st.dictionaries(st.integers(0, 12).map(str), st.lists(st.integers(0, 14).map(str), max_size=5), max_size=12))
def test_acyclic_keeps_what_it_can(needs):
    found = graph.acyclic(needs)
    graph.order(found)
    assert list(found) == list(needs)
    inside = {name: [need for need in wanted if need in needs] for name, wanted in needs.items()}
    try:
        graph.order(inside)
    except graph.Cycle:
        assert any(found[name] != inside[name] for name in needs)
    else:
        assert found == inside
