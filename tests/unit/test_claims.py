"""What a new unit takes over from a leaving one: that removal goes first, and the plan says so."""

from dataclasses import replace

from provisioner.model import Delivered, Unit
from provisioner.runner.requests import turns
from tests.unit.planning import World, hosts, names, on, unit


def on_port(name: str, *needs: str, port: int = 8080, **more: object) -> Unit:
    return unit(name, *needs, claims=(f"port {port}",), **more)


def test_a_renamed_service_gives_its_port_to_the_new_one() -> None:
    world = World()
    world.deliver(on_port("api@dc"), unit("door@dc", "api@dc"))
    plan = world.make(on_port("api2@dc"), unit("door@dc", "api2@dc"))
    steps = {step.name: step for step in plan.steps}
    assert steps["remove api@dc"].needs == () and steps["api2@dc"].needs == ("remove api@dc",)
    assert plan.notes == ("gap: api is stopped first, its port 8080 on h1 goes to api2@dc",)
    # the same unit on another port, or on another host, waits for the end as ever
    for other in (on_port("api2@dc", port=8081), on_port("api2@dc", hosts=hosts("h0", "h2")[1:])):
        plan = world.make(other, unit("door@dc", "api2@dc"))
        assert not plan.notes and next(step for step in plan.steps if step.name == "remove api@dc").needs == ("door@dc",)


def test_what_needs_the_leaving_one_goes_before_it() -> None:
    world = World()
    world.deliver(on_port("db@dc"), unit("api@dc", "db@dc"), unit("other@dc"))
    plan = world.make(on_port("db2@dc"))
    needs = {step.name: step.needs for step in plan.steps}
    assert needs["remove db@dc"] == ("remove api@dc",) and needs["remove api@dc"] == () and needs["db2@dc"] == ("remove db@dc",)
    assert needs["remove other@dc"] == ("db2@dc",)


def test_a_name_in_a_cloud_is_removed_in_a_batch_before_the_deliveries_of_its_root() -> None:
    world = World()
    files = unit("files@aws", claims=("bucket shop",))
    world.deliver(files, unit("net@aws"), unit("old@aws"))
    plan = world.make(unit("net@aws"), unit("store@aws", claims=("bucket shop",)))
    assert {step.name: step.batch for step in plan.steps} == {
        "net@aws": "terraform:aws:0", "store@aws": "terraform:aws:0", "remove files@aws": "terraform:aws:first:0",
        "remove old@aws": "terraform:aws:remove:0"}
    after = turns(plan)
    assert after["remove files@aws"] == () and after["store@aws"] == ("remove files@aws",)
    assert set(after["remove old@aws"]) == {"net@aws", "store@aws"}


def test_a_unit_that_holds_it_already_takes_nothing() -> None:
    """Both have it, by hand or by a mistake: no reason for a gap."""
    world = World()
    world.deliver(on_port("a@dc"), on_port("b@dc"))
    assert not world.make(on_port("b@dc")).notes


def test_a_host_that_one_leaves_is_taken_by_another() -> None:
    world = World()
    world.deliver(on_port("api@dc", hosts=hosts("h1", "h2")))
    plan = world.make(on_port("api@dc", hosts=hosts("h1")), on_port("web@dc", hosts=hosts("h1", "h2")[1:]))
    assert plan.notes == ("gap: api is stopped first, its port 8080 on h2 goes to web@dc",)
    assert next(step for step in plan.steps if step.name == "web@dc").needs == ("remove api@dc on h2",)


def test_machines_that_are_not_made_yet_hold_nothing() -> None:
    world = World()
    world.deliver(on_port("api@dc"))
    plan = world.make(unit("fleet@aws"), replace(on_port("web@dc", "fleet@aws"), host_source=on("fleet@aws"), hosts=()))
    assert not plan.notes and names(plan.steps)[-1] == "remove api@dc"
    assert isinstance(world.delivered["api@dc"], Delivered)
