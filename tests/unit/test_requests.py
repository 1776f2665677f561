"""What an engine is asked for: steps of one batch with everything filled that is known, all allowed changes, the preview where it is exact."""

from dataclasses import replace
from typing import Any

import pytest

from provisioner.engine import BatchRequest
from provisioner.errors import StepFailed
from provisioner.model import Change, Plan, Step
from provisioner.planner.known import Known
from provisioner.runner.requests import batch_request, filled_step, is_quiet, removed_unit, stored_unit, turns
from tests.unit.planning import World, hosts, names, on, unit


def changed(name: str, action: str = "create") -> tuple[Change, ...]:
    return (Change(name, "it", action),)  # type: ignore[arg-type]


def step(name: str, *needs: str, changes: bool = True, **more: Any) -> Step:
    whole = unit(name, *needs, **more)
    batch = f"terraform:{whole.root}:0" if whole.root else name
    return Step(name, "deliver", whole, needs, batch, changed(name) if changes else (), None if changes else {"id": "known"})


def removal(name: str, batch: str = "") -> Step:
    whole = unit(name)
    batch = batch or (f"terraform:{whole.root}:remove:0" if whole.root else f"remove {name}")
    return Step(f"remove {name}", "remove", whole, (), batch, changed(name, "delete"))


def plan(*steps: Step, failures: tuple[tuple[str, str], ...] = ()) -> Plan:
    return Plan("p", "shop", "prod", "1", steps, failures=failures)


def request(whole: Plan, *chosen: str, known: Known | None = None, attempt: int = 1) -> BatchRequest:
    batch = next(each.batch for each in whole.steps if each.name in chosen)
    return batch_request(whole, batch, chosen, known or Known(), {}, attempt=attempt)


def test_inputs_are_filled_and_secrets_stay() -> None:
    known = Known()
    known.outputs = {"db@aws": {"id": "db-1", "password": "${secret.p}"}}
    found = request(plan(step("api@dc", inputs={"x": "${db@aws.id}:${db@aws.password}:${secret.q}"})), "api@dc", known=known)
    assert found.steps[0].unit.inputs == {"x": "db-1:${secret.p}:${secret.q}"} and found.hosts == {"api@dc": hosts("h1")}
    assert found.root_units == () and not found.as_planned


def test_a_value_that_is_missing_is_named() -> None:
    with pytest.raises(StepFailed) as caught:
        request(plan(step("api@dc", inputs={"x": "${db@aws.id} ${db@aws.id} ${q@aws.url}"})), "api@dc")
    assert caught.value.code == "PRV-4003" and "${db@aws.id}, ${q@aws.url} has no value" in caught.value.message


def test_references_inside_a_root_stay_and_others_are_filled() -> None:
    known = Known()
    known.outputs = {"net@aws": {"id": "net-1"}, "api@dc": {"id": "api-1"}}
    whole = plan(step("net@aws", changes=False), step("api@dc"), step("door@aws", "net@aws", "api@dc"))
    found = request(whole, "door@aws", known=known)
    assert found.steps[0].unit.inputs == {"of": ["${net@aws.id}", "api-1"]}
    assert [each.name for each in found.root_units] == ["net@aws", "door@aws"]


def test_hosts_of_a_fleet_are_those_that_were_made() -> None:
    known = Known()
    api = step("api@dc", host_source=on("fleet@aws", 1))
    for made in (None, ()):
        if made is not None:
            known.made["fleet@aws"] = made
        with pytest.raises(StepFailed, match="fleet@aws made no host for api@dc") as caught:
            filled_step(api, known)
        assert caught.value.code == "PRV-4003"
    known.made["fleet@aws"] = hosts("v1", "v2")
    assert [host.name for host in filled_step(api, known).unit.hosts] == ["v1"]
    assert [host.name for host in stored_unit(api.unit, known).hosts] == ["v1"]


def test_all_changes_of_the_root_are_allowed_and_no_others() -> None:
    whole = plan(step("a@aws"), step("b@aws"), step("c@aws2"), step("d@dc"), removal("e@aws"))
    assert [change.unit for change in request(whole, "a@aws").allowed] == ["a@aws", "b@aws", "e@aws"]
    assert [change.unit for change in request(whole, "d@dc").allowed] == ["d@dc"]


A, B, QUIET, LATE = step("a@aws"), step("b@aws"), step("q@aws", changes=False), replace(step("l@aws"), batch="terraform:aws:1")


@pytest.mark.parametrize(("whole", "chosen", "attempt", "exact"), [
    (plan(A, B), ("a@aws", "b@aws"), 1, True),
    (plan(A, B, step("c@aws2"), step("d@dc")), ("a@aws", "b@aws"), 1, True),
    (plan(A, QUIET), ("a@aws",), 1, True),
    (plan(A, B), ("a@aws", "b@aws"), 2, False),
    (plan(A, B), ("a@aws",), 1, False),
    (plan(A, LATE), ("a@aws",), 1, False),
    (plan(A, LATE), ("l@aws",), 1, False),
    (plan(A, removal("e@aws")), ("a@aws",), 1, False),
    (plan(A, removal("e@aws2")), ("a@aws",), 1, True),
    (plan(A, B, failures=(("b@aws", "no"),)), ("a@aws", "b@aws"), 1, False),
    (plan(A, step("d@dc"), failures=(("d@dc", "no"),)), ("a@aws",), 1, True),
])
def test_the_previews_plan_file_is_taken_only_when_it_is_exact(whole: Plan, chosen: tuple[str, ...], attempt: int, exact: bool) -> None:
    assert request(whole, *chosen, attempt=attempt).as_planned is exact


def test_only_the_last_removal_of_a_root_has_no_targets() -> None:
    first, last = removal("a@aws", "terraform:aws:remove:0"), removal("b@aws", "terraform:aws:remove:1")
    whole = plan(A, first, removal("x@aws2", "terraform:aws2:remove:0"), last)
    assert [request(whole, each).last_in_root for each in ("a@aws", "remove a@aws", "remove b@aws", "remove x@aws2")] == [True, False, True, True]


def test_failed_units_are_named_to_the_engine() -> None:
    assert request(plan(A, B, failures=(("b@aws", "no"),)), "a@aws").failures == ("b@aws",)


@pytest.mark.parametrize(("made", "quiet"), [
    (QUIET, True), (A, False), (replace(QUIET, unpreviewed="waits"), False), (replace(QUIET, outputs=None), False), (removal("a@aws"), False),
    (replace(removal("a@aws"), changes=()), False), (step("x@dc", engine="existing"), True), (replace(QUIET, outputs={}), True)])
def test_which_steps_need_no_engine(made: Step, quiet: bool) -> None:
    assert is_quiet(made) is quiet


def test_a_plan_of_the_planner_fits() -> None:
    world = World()
    world.deliver(unit("api@dc", hosts=hosts("h1", "h2")), unit("old@dc"))
    whole = world.make(unit("api@dc"))
    assert names(whole.steps) == ["api@dc", "remove api@dc on h2", "remove old@dc"]
    assert [removed_unit(each) for each in whole.steps[1:]] == [("api@dc", "h2"), ("old@dc", "")]
    found = request(whole, "remove api@dc on h2")
    assert found.hosts == {"api@dc": hosts("h1", "h2")[1:]} and found.steps[0].unit.engine == "ansible"


def test_batches_of_one_root_take_turns_deliveries_first() -> None:
    whole = plan(replace(step("c@aws"), batch="terraform:aws:1"), step("a@aws"), step("b@aws"), step("api@dc"),
                 removal("old@aws", "terraform:aws:remove:10"), removal("older@aws", "terraform:aws:remove:9"))
    assert turns(whole) == {"a@aws": (), "b@aws": (), "c@aws": ("a@aws", "b@aws"),
                            "remove older@aws": ("c@aws",), "remove old@aws": ("remove older@aws",)}
    assert [request(whole, name).last_in_root for name in ("remove older@aws", "remove old@aws")] == [False, True]


def test_a_unit_for_which_no_engine_was_asked_is_stored_with_the_hosts_that_its_source_made() -> None:
    known = Known()
    known.made["fleet@aws"] = hosts("f1", "f2", target="aws")
    one = unit("api@aws", "fleet@aws", engine="ansible", host_source=on("fleet@aws", 1))
    assert [host.name for host in stored_unit(one, known).hosts] == ["f1"]
    assert stored_unit(unit("web@dc"), known).hosts == hosts("h1")
