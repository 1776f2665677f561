"""compose: what is decided where documents leave a choice (whole documents: test_compose_cases.py)."""

from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.catalog import Catalog
from provisioner.compose import Context, compose
from provisioner.compose.placing import holds, topology
from provisioner.compose.shape import put, steps_of
from provisioner.compose.variants import variants
from provisioner.errors import Invalid, Problem, Where
from provisioner.model import (
    Application,
    Component,
    Definition,
    Environment,
    Host,
    Hosts,
    Implementation,
    Json,
    OutputSpec,
    PlaceRule,
    Policy,
    Target,
    Trait,
    Unit,
    Workflow,
    WorkflowStep,
)

CLOUD = Target("cloud", {"zone": "cloud"}, ("aws",), terraform={"provider": "hashicorp/aws", "config": {"region": "x"}})
DC = Target("dc", {"zone": "dc"}, ("hosts",), Hosts(tuple(Host(f"h{n}", f"192.0.2.{n}", "dc", labels={"os": f"debian-{n}"}) for n in (11, 12, 13))))


def context(components: list[Component], *targets: Target, place: tuple[PlaceRule, ...] = (), types: dict[str, Definition] | None = None) -> Context:
    """Real types of the library, and those that a test makes up."""
    made = types or {}
    application, environment = Application("shop", "1", tuple(components)), Environment("prod", targets, place)
    known = Catalog(Path("/nowhere")).context_for(application, environment)
    return replace(known, component_of=lambda name: made.get(name) or known.component_of(name))


def units(*args: object, **kwargs: object) -> dict[str, Unit]:
    return {unit.name: unit for unit in compose(context(*args, **kwargs)).units}  # type: ignore[arg-type]


def codes(*args: object, **kwargs: object) -> list[str]:
    with pytest.raises(Invalid) as raised:
        compose(context(*args, **kwargs))  # type: ignore[arg-type]
    return [problem.code for problem in raised.value.problems]


def web(**properties: Json) -> Component:
    return Component("web", "webservice", {"artifact": "w", "cmd": ["w"], **properties})


def on(placed: Component, /, **placement: Json) -> Component:
    return replace(placed, traits=(*placed.traits, Trait("placement", placement)))


def machine(*implementations: Implementation, outputs: dict[str, OutputSpec] | None = None, **parameters: Json) -> Definition:
    return Definition("thing", parameters={"properties": parameters}, implementations=implementations, outputs=outputs or {})


@pytest.mark.parametrize(("when", "expected"), [
    ("${parameters.size} == large", True), ("${parameters.size} == 'small'", False), ("${parameters.size} != small", True),
    ("${parameters.n} == 3", True), ("${parameters.ha} == true", True), ("${parameters.none} == null", True), ("${parameters.a.b} == 1", True),
    ("${parameters.ref} == large", False), ("nonsense", False),
    ("${parameters.size} == large and ${parameters.n} == 3", True), ("${parameters.size} == large and ${parameters.n} != 3", False),
    ("${parameters.size} != small and ${parameters.ha} == true and ${parameters.a.b} == 1", True),
])
def test_when(when: str, expected: bool) -> None:
    assert holds(when, {"size": "large", "n": 3, "ha": True, "a": {"b": 1}, "ref": "${db.size}"}) is expected


def test_the_first_implementation_whose_when_holds() -> None:
    thing = machine(Implementation("aws", when="${parameters.ha} == true", module="/m/ha"), Implementation("aws", module="/m/one"),
                    ha={"type": "boolean", "default": False})
    found = units([Component("a", "thing"), Component("b", "thing", {"ha": True})], CLOUD, types={"thing": thing})
    assert [found["a@cloud"].source, found["b@cloud"].source] == ["/m/one", "/m/ha"]


def test_hosts_of_a_tested_system_come_first_and_the_others_are_taken_too() -> None:
    thing = machine(Implementation("hosts", os=("debian-12", "debian-13"), playbook="/p", count=1))
    assert [host.name for host in units([Component("a", "thing")], DC, types={"thing": thing})["a@dc"].hosts] == ["h12"]
    asked = units([on(Component("a", "thing"), hosts=["h11"])], DC, types={"thing": thing})["a@dc"]
    assert ([host.name for host in asked.hosts], asked.tested) == (["h11"], ("debian-12", "debian-13"))
    assert [host.name for host in units([web()], DC)["web@dc"].hosts] == ["h12", "h13", "h11"]


def test_what_makes_no_difference_is_a_warning() -> None:
    given = web(exposeType="NodePort", ports=[{"port": 80}, {"port": 81, "nodePort": 30081}], imagePullSecrets=[])
    warnings = compose(context([given], DC)).warnings
    assert [(warning.code, warning.severity) for warning in warnings] == [("PRV-1517", "warning")] * 2
    assert [warning.message.partition(":")[2].partition(" makes")[0] for warning in warnings] == [' "exposeType"', ' "ports.1.nodePort"']


def test_one_port_in_the_older_form() -> None:
    assert units([web(port=8000)], DC)["web@dc"].outputs["port"] == 8000
    assert units([web(port=8000, ports=[{"port": 9000}])], DC)["web@dc"].outputs["port"] == 9000


def test_a_task_runs_on_one_host_and_a_daemon_on_all() -> None:
    found = units([Component("once", "task", {"image": "x"}), Component("all", "daemon", {"image": "x"})], DC)
    assert (len(found["once@dc"].hosts), len(found["all@dc"].hosts)) == (1, 3)


def test_placement_by_labels_and_count() -> None:
    assert [host.name for host in units([on(web(), count=1, labels={"os": "debian-12"})], DC)["web@dc"].hosts] == ["h12"]
    assert codes([on(web(), labels={"os": "beos"})], DC) == ["PRV-1524"]
    assert codes([on(web(), groups=["none"])], DC) == ["PRV-1524"]
    assert codes([web(replicas=4)], DC) == ["PRV-1525"]
    assert codes([web(replicas="${db.port}"), Component("db", "postgres")], DC) == ["PRV-1526"]


def test_replicas_of_a_fleet() -> None:
    fleet = Component("fleet", "vm")
    unit = units([fleet, web(replicas=2)], CLOUD)["web@cloud"]
    assert unit.host_source and (unit.host_source.unit, unit.host_source.count) == ("fleet@cloud", 2)
    assert unit.needs == ("fleet@cloud",)


def test_whose_hosts() -> None:
    fleets = [Component("fleet", "vm"), Component("other", "vm")]
    assert codes([*fleets, web()], CLOUD) == ["PRV-1522"]
    assert codes([*fleets, on(web(), component="flet")], CLOUD) == ["PRV-1521"]
    assert units([*fleets, on(web(), component="other")], CLOUD)["web@cloud"].needs == ("other@cloud",)


def test_what_contains_a_secret_is_sensitive() -> None:
    thing = machine(
        Implementation("aws", module="/m", outputs={
            "a": "${module.a}", "key": {"secret": "${module.arn}", "key": "k"}, "given": "${parameters.pin}"}),
        outputs={"a": OutputSpec(), "key": OutputSpec(sensitive=True), "url": OutputSpec(value="u:${outputs.key}"),
                 "long": OutputSpec(value="${outputs.url}/"),
                 "given": OutputSpec()}, pin={"type": "string"})
    unit = units([Component("t", "thing", {"pin": "${secret.shop/pin}"})], CLOUD, types={"thing": thing})["t@cloud"]
    assert set(unit.sensitive) == {"key", "url", "long", "given"}
    assert unit.outputs["long"] == "u:${self.key}/"


def test_an_output_that_is_derived_from_itself() -> None:
    thing = machine(Implementation("aws", module="/m"), outputs={"a": OutputSpec(value="${outputs.b}"), "b": OutputSpec(value="${outputs.a}")})
    assert codes([Component("t", "thing")], CLOUD, types={"thing": thing}) == ["PRV-1505"]


def test_an_existing_one_needs_a_word_in_its_type() -> None:
    thing = machine(Implementation("aws", module="/m"))
    rule = PlaceRule(("t",), existing={"url": "x"})
    assert codes([Component("t", "thing")], CLOUD, types={"thing": thing}, place=(rule,)) == ["PRV-1511"]


def test_rules_by_application_and_first_match() -> None:
    rules = (PlaceRule(("other/db",), one={"zone": "dc"}), PlaceRule(("shop/db",), one={"zone": "cloud"}), PlaceRule(types=("postgres",), each={}))
    assert list(units([Component("db", "postgres")], CLOUD, DC, place=rules)) == ["db@cloud"]
    assert list(units([Component("db", "postgres")], CLOUD, DC, place=rules[2:])) == ["db@cloud", "db@dc"]


def test_a_gateway_that_is_there_already() -> None:
    gated = replace(web(), traits=(Trait("gateway", {"http": {"/": 8080}}),))
    door = Component("web-gateway", "gateway", {"routes": [{"backends": "http://x"}]})
    assert codes([gated, door], DC) == ["PRV-1413"]
    assert codes([replace(gated, traits=gated.traits * 2)], DC) == ["PRV-1413"]


def test_a_component_that_needs_itself() -> None:
    assert units([web(env={"URL": "${web.url}"})], DC)["web@dc"].needs == (), "its hosts are known, so its own address is"
    assert codes([Component("b", "bucket", {"name": "${b.name}"})], CLOUD) == ["PRV-1504"]
    assert codes([replace(web(), depends_on=("web",))], DC) == ["PRV-1504"]


def test_what_is_known_already_is_told_once() -> None:
    place = Where("app.yaml", 3, 4)
    known = Problem("PRV-1203", "unknown field", place)
    components = [Component("x", "unknown", where=place), Component("y", "unknown", where=Where("app.yaml", 9, 9))]
    wrong = replace(context(components, CLOUD), problems=(known,))
    with pytest.raises(Invalid) as raised:
        compose(wrong)
    assert [problem.code for problem in raised.value.problems] == ["PRV-1203", "PRV-1401"]


def test_a_warning_stops_nothing() -> None:
    warned = replace(context([Component("b", "bucket")], CLOUD), problems=(Problem("PRV-1210", "no effect", severity="warning"),))
    assert [unit.name for unit in compose(warned).units] == ["b@cloud"]


@pytest.mark.parametrize(("key", "steps"), [
    ("env.DB", ["env", "DB"]), ("properties.env[0].value", ["env", 0, "value"]), ("a[1][2]", ["a", 1, 2]), ("properties.a", ["a"]),
])
def test_paths_of_inputs(key: str, steps: list[str | int]) -> None:
    assert steps_of(key) == steps


def test_put() -> None:
    assert put({"env": [{"name": "A"}]}, ["env", 0, "value"], 1) == {"env": [{"name": "A", "value": 1}]}
    assert put({}, ["env", 0, "name"], "x") == {"env": [{"name": "x"}]}
    with pytest.raises(ValueError, match="no item 3"):
        put({"env": []}, ["env", 3], 1)
    with pytest.raises(ValueError, match="no map"):
        put({"env": "text"}, ["env", "A"], 1)


def test_many_components_stay_linear() -> None:
    """Counted, not timed: each component is checked once, however many there are."""
    def checks(count: int) -> int:
        components = [Component(f"b{n}", "bucket") if n % 2 else Component(f"w{n}", "webservice", {
            "artifact": "w", "cmd": ["w"], "env": {"B": "${b%d.name}" % (n - 1)} if n else {}}) for n in range(count)]
        calls = 0
        known = context(components, CLOUD, DC)

        def counted(subject: Component | Trait, definition: Definition) -> tuple[dict[str, Json], list[Problem]]:
            nonlocal calls
            calls += 1
            return known.check(subject, definition)

        assert len(compose(replace(known, check=counted)).units) == count
        return calls
    assert checks(400) == 2 * checks(200)


def step(of: dict[str, Json]) -> WorkflowStep:
    return WorkflowStep("s", of["type"], of.get("properties", {}), steps=tuple(map(step, of.get("subSteps", ()))))


def policies(*given: dict[str, Json], steps: tuple[dict[str, Json], ...] = ()) -> Application:
    listed = tuple(Policy(f"p{index}", "topology", properties) for index, properties in enumerate(given))
    return Application("app", policies=listed, workflow=Workflow(tuple(map(step, steps))) if steps else None)


@pytest.mark.parametrize(("application", "names"), [
    (policies(), []),
    (policies({"clusters": ["local"]}), ["a"]),
    (policies({"targets": ["a"]}, {"clusterLabelSelector": {"zone": "edge"}}), ["a", "c"]),
    (policies({"targets": ["a"]}, {"targets": ["b", "c"]}, steps=({"type": "deploy", "properties": {"policies": ["p1"]}},)), ["b", "c"]),
    (policies({"targets": ["a"]}, steps=({"type": "suspend"}, {"type": "deploy"})), []),
    (policies({"targets": ["a"]}, {"targets": ["b"]}, steps=({"type": "step-group", "subSteps": [
        {"type": "deploy", "properties": {"policies": ["p1"]}}]},)), ["b"]),
    (policies({"targets": ["a"]}, steps=({"type": "suspend"},)), ["a"]),
])
def test_targets_of_topology_policies(application: Application, names: list[str]) -> None:
    environment = Environment("e", (Target("a"), Target("b"), Target("c", {"zone": "edge"})), aliases={"local": "a"})
    [variant] = variants(application).all
    wanted = topology(variant.application, environment)
    assert [target.name for target in environment.targets if wanted.allows(target)] == names
    assert bool(wanted) == bool(names)


def test_a_health_policy_lies_below_what_probes_say() -> None:
    probe = {"httpGet": {"path": "/"}, "timeoutSeconds": 7}
    listed = (Component("api", "webservice", {"readinessProbe": probe}), Component("job", "worker", {"readinessProbe": {"exec": {}}}),
              Component("x", "y"))
    health = Policy("h", "health", {"probeTimeout": 20, "probeInterval": 30, "components": ["api", "x"]})
    [variant] = variants(Application("app", components=listed, policies=(health,))).all
    found = {component.name: component.properties for component in variant.application.components}
    assert found["api"]["readinessProbe"] == {**probe, "periodSeconds": 30}
    assert found["job"] == listed[1].properties and found["x"] == {}
