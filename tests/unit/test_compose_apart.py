"""Secrets of an environment go to a variable of their own; a service names its places at load balancers, so those come first."""

from pathlib import Path

import pytest

from provisioner.catalog import Catalog
from provisioner.compose import compose
from provisioner.errors import Invalid
from provisioner.model import Application, Component, Environment, Host, Hosts, PlaceRule, Target, Unit

CLOUD = Target("cloud", offers=("aws",), terraform={"provider": "hashicorp/aws", "config": {}})
SITE = Target("site", offers=("hosts",), hosts=Hosts((Host("a", "192.0.2.1", "site"),)))
ROUTES = [{"path": "/", "backends": "${api.hosts}", "port": 80}, {"path": "/old", "backends": "10.0.0.9"}]


def composed(folder: Path, *components: Component, targets: tuple[Target, ...] = (CLOUD,), place: tuple[PlaceRule, ...] = ()) -> dict[str, Unit]:
    application = Application("shop", "1", components)
    return {unit.component: unit for unit in compose(Catalog(folder).context_for(application, Environment("prod", targets, place))).units}


def api(**properties: object) -> Component:
    return Component("api", "webservice", {"image": "shop/api:1", "ports": [{"port": 80}], **properties})  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["map", "list"])
def test_what_leads_to_a_secret_is_given_apart(tmp_path: Path, form: str) -> None:
    env = {"MODE": "live", "HOST": "${db.host}", "URL": "${db.url}", "PIN": "${secret.pin}", "TEXT": "a ${secret.pin} b"}
    given = env if form == "map" else [{"name": name, "value": value} for name, value in env.items()]
    inputs = composed(tmp_path, Component("db", "postgres", {}), api(env=given))["api"].inputs
    assert [list(inputs[variable]) for variable in ("env", "secret_env")] == [["MODE", "HOST"], ["URL", "PIN", "TEXT"]]
    assert inputs["env"]["MODE"] == "live"


def test_a_secret_is_found_through_another_unit(tmp_path: Path) -> None:
    first = Component("first", "webservice", {"artifact": "a.tar", "cmd": ["a"], "ports": [{"port": "${db.password}"}]})
    place = (PlaceRule(("first",), one={"target": "site"}), PlaceRule(("api", "db"), one={"target": "cloud"}))
    units = composed(tmp_path, Component("db", "postgres", {}), first, api(env={"PORT": "${first.port}"}), targets=(CLOUD, SITE), place=place)
    assert units["api"].inputs["secret_env"] == {"PORT": "${first@site.port}"}


def test_a_load_balancer_comes_before_what_it_passes_on_to(tmp_path: Path) -> None:
    units = composed(tmp_path, api(env={"PUBLIC": "${door.url}"}), Component("door", "gateway", {"kind": "balancer", "routes": ROUTES}))
    assert units["api"].needs == ("door@cloud",) and units["door"].needs == ()
    assert units["api"].inputs["attachments"] == ["${door@cloud.attachments.0.0}"]
    assert [[part["to"] for part in route["backends"]] for route in units["door"].inputs["routes"]] == [[[]], ["10.0.0.9"]]


@pytest.mark.parametrize(("kind", "source"), [(None, "load-balancer"), ("auto", "load-balancer"), ("api", "gateway")])
def test_a_gateway_is_a_load_balancer_where_it_must_be_one(tmp_path: Path, kind: str | None, source: str) -> None:
    door = Component("door", "gateway", {"routes": ROUTES, **({"kind": kind} if kind else {})})
    assert Path(composed(tmp_path, api(), door)["door"].source).name == source
    alone = Component("door", "gateway", {"routes": ROUTES[1:]})
    assert Path(composed(tmp_path, api(), alone)["door"].source).name == "gateway"


def test_parts_of_the_requests_are_attached_each(tmp_path: Path) -> None:
    parts = [{"to": "${api.hosts}", "weight": 9}, {"to": ["10.0.0.1"], "weight": 1}]
    units = composed(tmp_path, api(readinessProbe={"tcpSocket": {"port": 80}}), Component("door", "gateway", {"routes": [{"backends": parts}]}))
    assert units["api"].inputs["attachments"] == ["${door@cloud.attachments.0.0}"]
    first, second = units["door"].inputs["routes"][0]["backends"]
    assert first["to"] == [] and first["weight"] == 9 and first["probe"]["tcpSocket"] == {"port": 80} and second["to"] == ["10.0.0.1"]


def test_a_gateway_elsewhere_comes_after_it(tmp_path: Path) -> None:
    place = (PlaceRule(("door",), one={"target": "site"}), PlaceRule(("api",), one={"target": "cloud"}))
    units = composed(tmp_path, api(), Component("door", "gateway", {"routes": ROUTES}), targets=(CLOUD, SITE), place=place)
    assert units["door"].needs == ("api@cloud",) and "attachments" not in units["api"].inputs


def test_a_target_that_refuses_nothing_is_better(tmp_path: Path) -> None:
    program = Component("api", "webservice", {"artifact": "a.tar", "cmd": ["a"]})
    assert composed(tmp_path, program, targets=(CLOUD, SITE))["api"].target == "site"
    with pytest.raises(Invalid, match=r"build the program into one and give `image`"):
        composed(tmp_path, program)
    with pytest.raises(Invalid, match=r"fits more than one target: cloud, site"):
        composed(tmp_path, api(), targets=(CLOUD, SITE))
