"""Properties of composing and planning that hold for any application: deterministic, in a valid order, idempotent, no loose reference."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner import graph, references
from provisioner.catalog import Catalog
from provisioner.compose import Composition, compose
from provisioner.errors import Invalid
from provisioner.model import Application, Component, Environment, Host, Hosts, Json, PlaceRule, Plan, Target, Trait, Unit
from provisioner.planner.fingerprint import fingerprint
from tests.unit.planning import World, batches, unit

GRAPHS = 10_000
AT_ONCE = 50
"""Graphs of one example: drawing is what costs."""
SIZE = 6
PLACES = ("aws", "aws2", "dc", "dc")

CLOUD = Target("cloud", {"zone": "cloud"}, ("aws",), terraform={"provider": "hashicorp/aws", "config": {"region": "x"}}, vars={"region": "x"})
OTHER = replace(CLOUD, name="other", labels={"zone": "other"})
DC = Target("dc", {"zone": "dc"}, ("hosts",), Hosts(tuple(Host(f"h{n}", f"192.0.2.{n}", "dc", labels={"os": "debian-12"}) for n in (1, 2, 3))))
ENVIRONMENT = Environment("prod", (CLOUD, OTHER, DC), (
    PlaceRule(types=("bucket",), each={"zone": "cloud"}), PlaceRule(types=("table", "queue"), one={"zone": "cloud"}),
    PlaceRule(types=("topic",), one={"zone": "other"}), PlaceRule(types=("webservice", "cron-task"), one={"zone": "dc"})))
OUTPUTS = {"table": ("name", "arn"), "bucket": ("name",), "queue": ("url", "name"), "topic": ("arn",), "webservice": ("url", "port"), "cron-task": ()}
"""Some of the outputs that the shipped types declare; a test below holds them against the definitions."""
CATALOG = Catalog(Path("/nowhere"))


# ------------------------------------------------------------------ plans of made-up units
def graph_of(bits: int) -> list[Unit]:
    """Some units of two roots and of hosts by the bits of a number: each needs some of those before it. 0 is no unit."""
    size, bits = bits % (SIZE + 1), bits // (SIZE + 1)
    found: list[Unit] = []
    for index in range(size):
        place, bits = PLACES[bits % len(PLACES)], bits // len(PLACES)
        needs = [found[number].name for number in range(index) if bits >> number & 1]
        bits >>= index
        found.append(unit(f"u{index}@{place}", *needs))
    return found


NUMBERS = st.integers(0, (SIZE + 1) * len(PLACES) ** SIZE * 2 ** (SIZE * (SIZE - 1) // 2) - 1)


@settings(max_examples=GRAPHS // AT_ONCE)
@given(st.lists(NUMBERS, min_size=AT_ONCE, max_size=AT_ONCE, unique=True))
def test_a_plan_is_a_valid_order_of_any_graph(numbers: list[int]) -> None:
    for number in numbers:
        units = graph_of(number)
        plan = World().make(*units)
        in_valid_order(plan)
        assert {step.unit.name for step in plan.steps} == {one.name for one in units}


def in_valid_order(plan: Plan) -> None:
    """Every step comes after all that it needs, and batches can be carried out one after the other."""
    done: set[str] = set()
    for step in plan.steps:
        assert done >= set(step.needs), f"{step.name} before {set(step.needs) - done}"
        assert step.name not in done
        done.add(step.name)
        for need in step.unit.needs:
            assert step.kind == "remove" or f"{need}" in {before.unit.name for before in plan.steps if before.name in done}
    graph.order(batches(plan))


@settings(max_examples=40)
@given(NUMBERS, st.randoms(use_true_random=False))
def test_the_plan_of_what_is_delivered_is_empty_and_that_of_its_removal_is_the_reverse(number: int, shuffle: random.Random) -> None:
    units = graph_of(number)
    world = World()
    world.deliver(*units)
    again = world.make(*units)
    assert not [step.name for step in again.steps if step.changes or step.unpreviewed]
    shuffle.shuffle(units)
    assert world.make(*units, ident="other").digest == again.digest
    gone = world.make(destroy=True)
    assert sorted(step.unit.name for step in gone.steps) == sorted(one.name for one in units)
    assert all(step.kind == "remove" for step in gone.steps)
    in_valid_order(gone)
    place = {step.unit.name: number for number, step in enumerate(gone.steps)}
    assert all(place[name] < place[need] for one in units for name in [one.name] for need in one.needs)
    world.deliver()
    assert world.delivered == {} and world.make().steps == ()


# ------------------------------------------------------------------ applications of shipped types
def test_the_outputs_that_are_drawn_are_declared() -> None:
    for name, outputs in OUTPUTS.items():
        definition = CATALOG.component(name)
        assert definition is not None and set(outputs) <= set(definition.outputs), name


@st.composite
def applications(draw: st.DrawFn, wrong: bool = False) -> Application:
    """Components of shipped types that refer to one another; `wrong`: some refer to what there is not."""
    components: list[Component] = []
    for index in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(sorted(OUTPUTS)))
        known = [f"${{{other.name}.{output}}}" for other in components for output in OUTPUTS[other.type]]
        more = ["${c9.name}", f"${{c{index}.name}}", *(f"${{{other.name}.nothing}}" for other in components)] if wrong else []
        told = draw(st.lists(st.sampled_from(known + more), max_size=3)) if known + more else []
        before = draw(st.lists(st.sampled_from([other.name for other in components]), max_size=2, unique=True)) if components else []
        components.append(component(f"c{index}", kind, told, tuple(before)))
    return Application("shop", "1", tuple(draw(st.permutations(components))))


def component(name: str, kind: str, told: list[str], before: tuple[str, ...]) -> Component:
    """A component that is given texts: a service as its environment, a topic as its queues, others must wait for none."""
    texts: dict[str, Json] = {f"V{number}": text for number, text in enumerate(told)}
    port = 9000 + int(name[1:])
    properties: dict[str, dict[str, Json]] = {
        "webservice": {"artifact": "w", "cmd": ["w"], "ports": [{"port": port}], "env": texts},
        "cron-task": {"artifact": "w", "cmd": ["w"], "schedule": "@daily", "env": texts},
        "topic": {"subscriptions": {key.lower(): {"queue": text} for key, text in texts.items()}}}
    traits = (Trait("placement", {"count": 1}),) if kind == "cron-task" else ()
    return Component(name, kind, properties.get(kind, {}), traits=traits, depends_on=before)


def composed(application: Application) -> Composition:
    return compose(CATALOG.context_for(application, ENVIRONMENT))


@settings(max_examples=60)
@given(applications(), st.randoms(use_true_random=False))
def test_composing_is_deterministic(application: Application, shuffle: random.Random) -> None:
    """Twice the same, and the same units whatever the order in which components stand."""
    units = composed(application).units
    assert fingerprint(composed(application).units) == fingerprint(units)
    components = list(application.components)
    shuffle.shuffle(components)
    moved = composed(replace(application, components=tuple(components))).units
    assert {one.name: fingerprint(one) for one in moved} == {one.name: fingerprint(one) for one in units}
    plans = [World().make(*units, ident=ident) for ident in ("one", "two")]
    assert [step.name for step in plans[0].steps] == [step.name for step in plans[1].steps]
    assert plans[0].digest == plans[1].digest


@settings(max_examples=120)
@given(applications(wrong=True))
def test_no_reference_to_an_unknown_output_survives_validation(application: Application) -> None:
    asked = [(one.name, reference) for one in application.components for _, reference in references.find(one.properties)]
    there = {one.name: one.type for one in application.components}
    loose = [(name, reference) for name, reference in asked
             if reference.head not in there or reference.path[0] not in declared(there[reference.head]) or reference.head == name]
    try:
        units = composed(application).units
    except Invalid as error:
        # all that is loose is told at once; what refers to itself is a circle, which may only show when the rest is right
        said = " ".join(problem.message for problem in error.problems)
        missing = [f"{name}: {reference}" for name, reference in loose if reference.head != name and f"{reference.bare}" not in said]
        assert loose and not missing, f"{missing} in {said}"
        return
    assert not loose
    outputs = {one.name: one.outputs for one in units}
    for one in units:
        for reference in unknown_heads(one):
            assert reference.head in outputs and reference.path[0] in outputs[reference.head], f"{one.name}: {reference}"


def declared(kind: str) -> set[str]:
    definition = CATALOG.component(kind)
    assert definition is not None
    return set(definition.outputs)


def unknown_heads(one: Unit) -> Iterator[references.Reference]:
    """The references of a unit that another unit has to answer."""
    return (reference for _, reference in references.find(one.inputs) if "@" in reference.head and not reference.path[0].startswith("_"))
