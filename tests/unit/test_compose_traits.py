"""Traits as operations: what each makes of the properties, and OAM's own traits on a component that has all of them."""

from pathlib import Path
from typing import Any

import pytest

from provisioner import spec
from provisioner.catalog import Catalog
from provisioner.compose import compose
from provisioner.compose.bindings import bound
from provisioner.compose.patching import filled, patched
from provisioner.compose.sharing import share
from provisioner.errors import Invalid, Problem
from provisioner.model import Component, Json, Unit
from provisioner.references import Reference, dig

CASES = Path(__file__).parent.parent / "cases"
PARAMETERS: dict[str, Json] = {"on": True, "off": False, "list": ["a", "b"], "map": {"x": 1, "y": 2}, "text": "t", "deep": {"k": "v"}}


def lookup(reference: Reference) -> Json:
    return dig(PARAMETERS, reference.path, reference)


@pytest.mark.parametrize(("properties", "operation", "expected"), [
    ({}, {"merge": {"a": "${p.text}", "b": {"c": "${p.deep.k}"}}}, {"a": "t", "b": {"c": "v"}}),
    ({"a": {"x": 1}}, {"merge": {"a": {"y": 2}}}, {"a": {"x": 1, "y": 2}}),
    ({"a": 1}, {"merge": {"a": "${p.missing|default(null)}", "b": {"c": "${p.missing|default(null)}"}}}, {"a": 1}),
    ({"a": 1, "b": 2}, {"clear": ["a"]}, {"b": 2}),
    ({"a": 1}, {"clear": ["a"], "when": "${p.off}"}, {"a": 1}),
    ({}, {"add": {"a.b": "${p.list}"}}, {"a": {"b": ["a", "b"]}}),
    ({"a": ["z"]}, {"add": {"a": "${p.missing|default([])}"}}, {"a": ["z"]}),
    ({"e": {"x": 0, "z": 3}}, {"add": {"e": "${p.map}"}, "by": "name"},
     {"e": [{"name": "x", "value": 1}, {"name": "z", "value": 3}, {"name": "y", "value": 2}]}),
    ({"e": [{"name": "x", "value": 0, "more": 1}]}, {"add": {"e": [{"name": "x", "value": 9}]}, "by": "name"},
     {"e": [{"name": "x", "value": 9, "more": 1}]}),
    ({"e": {"x": 0, "z": 3}}, {"remove": {"e": ["x"]}, "by": "name"}, {"e": {"z": 3}}),
    ({"e": [{"name": "x"}, {"name": "z"}]}, {"remove": {"e": ["x"]}, "by": "name"}, {"e": [{"name": "z"}]}),
    ({"e": ["a", "c"]}, {"remove": {"e": "${p.list}"}}, {"e": ["c"]}),
    ({"e": "text"}, {"add": {"e": ["x"], "e.deeper": ["y"]}}, {"e": "text"}),
    ({"e": 1}, {"remove": {"e": ["1"], "none": ["x"]}}, {"e": 1}),
])
def test_operations(properties: dict[str, Json], operation: dict[str, Json], expected: Json) -> None:
    assert patched(properties, [operation], lookup) == expected


@pytest.mark.parametrize(("template", "expected"), [
    ({"for": "${p.list}", "do": {"n": "${item}"}}, [{"n": "a"}, {"n": "b"}]),
    ({"for": "${p.map}", "do": "${item.key}=${item.value}"}, ["x=1", "y=2"]),
    ({"for": [{"n": 1}, {}], "if": "${item.n|default(0)}", "do": "${item.n}"}, [1]),
    ({"for": "${p.text}", "do": 1}, []),
    ({"first": ["${p.missing|default(null)}", "", "${p.text}", "never"]}, "t"),
    ({"first": [""]}, None),
    ([["${p.text}"]], [["t"]]),
])
def test_templates(template: Json, expected: Json) -> None:
    assert filled(template, lookup) == expected


@pytest.mark.parametrize(("properties", "own", "beside"), [
    ({"volumes": [{"name": "v", "mountPath": "/own"}]},
     {"volumes": [], "volumeMounts": {"pvc": [{"name": "v", "mountPath": "/own", "claimName": "web-v"}]}},
     {"volumeMounts": {"pvc": [{"name": "v", "mountPath": "/x", "claimName": "web-v"}]}}),
    ({"volumes": [{"name": "v", "mountPath": "/own", "type": "pvc", "claimName": "c"}]}, None,
     {"volumes": [{"name": "v", "mountPath": "/x", "type": "pvc", "claimName": "c"}]}),
    ({"volumeMounts": {"emptyDir": [{"name": "v", "mountPath": "/own"}]}},
     {"volumeMounts": {"emptyDir": [], "pvc": [{"name": "v", "mountPath": "/own", "claimName": "web-v"}]}},
     {"volumeMounts": {"pvc": [{"name": "v", "mountPath": "/x", "claimName": "web-v"}]}}),
    ({"volumeMounts": {"hostPath": [{"name": "v", "mountPath": "/own", "path": "/srv"}]}}, None,
     {"volumeMounts": {"hostPath": [{"name": "v", "mountPath": "/x", "path": "/srv"}]}}),
    ({}, None, {"volumeMounts": {"pvc": [{"name": "v", "mountPath": "/x", "claimName": "web-v"}]}}),
    ({"volumes": "text", "volumeMounts": ["wrong"]}, None, {"volumeMounts": {"pvc": [{"name": "v", "mountPath": "/x", "claimName": "web-v"}]}}),
])
def test_a_volume_is_shared(properties: dict[str, Json], own: Json, beside: Json) -> None:
    owner, found = share(Component("web", "webservice", properties), {}, {"name": "v", "path": "/x"})
    assert (owner.properties, found) == (properties if own is None else own, beside)


def test_keys_of_connection_secrets_are_outputs() -> None:
    db = Component("db", "alibaba-rds", {"writeConnectionSecretToRef": {"name": "db-conn"}})

    def variable(name: str, secret: str, key: str) -> dict[str, Any]:
        return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}

    env = [variable("A", "db-conn", "DB_HOST"), variable("DB_USER", "db-conn", ""), variable("C", "other", "x")]
    web = Component("web", "webservice", {"env": env})
    assert bound([db, web])[1].properties["env"] == [
        {"name": "A", "value": "${db.DB_HOST}"}, {"name": "DB_USER", "value": "${db.DB_USER}"}, variable("C", "other", "x")]


def composed(case: str, monkeypatch: pytest.MonkeyPatch, *, ignore: bool = False) -> tuple[dict[str, Unit], tuple[Problem, ...]]:
    monkeypatch.chdir(CASES / case)
    application, problems = spec.examine_application(Path("app.yaml"))
    environment = spec.read_environment(Path("environments/prod.yaml"), {})
    found = compose(Catalog(Path().absolute()).context_for(application, environment, {}, problems, ignore_unsupported=ignore))
    return {unit.name: unit for unit in found.units}, found.warnings


def test_all_of_them_on_one_component(monkeypatch: pytest.MonkeyPatch) -> None:
    units, warnings = composed("good/traits", monkeypatch)
    web = units["web@dc"].inputs
    assert (web["service_cmd"], web["service_args"]) == (["bin/web"], ["--verbose", "--late"])
    assert [(port["port"], port.get("containerPort")) for port in web["service_ports"]] == [(8080, None), (9090, 9090), (19091, 9091), (9092, None)]
    assert (web["service_cpu"], web["service_limit"]) == ("500m", {"memory": "1Gi"})
    assert {kind: [(mount["name"], mount.get("claimName", "")) for mount in mounts] for kind, mounts in web["service_mounts"].items() if mounts} == {
        "pvc": [("log", "web-log"), ("work", "web-work"), ("data", "data")], "emptyDir": [("tmp", "")]}
    assert units["web-shipper@dc"].inputs["service_image"] == "registry.example/web:2"
    assert web["service_rollout"] == {"canary": 1, "batch": "25%", "maxFailed": 0, "batches": []}
    assert [problem.message.partition(" makes")[0] for problem in warnings] == ['trait "storage": "pvc.0.storageClassName"']


def test_what_has_no_meaning_is_a_warning_when_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as raised:
        composed("bad/traits-without-meaning", monkeypatch, ignore=True)
    assert [(problem.code, problem.severity) for problem in raised.value.problems] == [
        ("PRV-1414", "warning"), ("PRV-1414", "warning"), ("PRV-1415", "error"), ("PRV-1411", "warning")]


def test_what_a_trait_takes_no_notice_of_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(
        "apiVersion: core.oam.dev/v1beta1\nkind: Application\nmetadata: {name: shop}\nspec:\n  components:\n"
        "    - {name: web, type: webservice, properties: {image: web}, traits: [{type: expose, properties: {ports: [{port: 80, nodePort: 30080}], "
        "type: LoadBalancer}}]}\n")
    application, problems = spec.examine_application(tmp_path / "app.yaml")
    found = compose(Catalog(tmp_path).context_for(application, spec.on_hosts(["deploy@192.0.2.1"]), {}, problems)).warnings
    assert [(str(one.where).rpartition("app.yaml")[2], one.code, one.message.partition(": ")[2].partition(":")[0]) for one in found] == [
        (":6:144", "PRV-1517", '"type" makes no difference'), (":6:129", "PRV-1517", '"ports.0.nodePort" makes no difference')]


def test_variables_of_a_trait_are_laid_on_those_of_the_implementation(monkeypatch: pytest.MonkeyPatch) -> None:
    units, _ = composed("good/trait-of-the-project", monkeypatch)
    assert units["files@cloud"].inputs["tags"]["provision:component"] == "files"
    assert units["files@cloud"].inputs["tags"]["agent"] == "${ledger@dc.host}"
    assert units["ledger-agent@dc"].inputs == {
        "agent_server": "${report@cloud.name}", "agent_of": "ledger", "agent_port": "${ledger@dc.port}", "agent_here": "one"}


def test_the_trait_of_the_manual(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/kubevela.md").read_text()
    (tmp_path / "components/traits").mkdir(parents=True)
    (tmp_path / "components/traits/agent.yaml").write_text(page.partition("```yaml\n")[2].partition("```")[0])
    (tmp_path / "app.yaml").write_text(
        "apiVersion: core.oam.dev/v1beta1\nkind: Application\nmetadata: {name: shop}\nspec:\n  components:\n"
        "    - {name: web, type: webservice, properties: {image: web}, traits: [{type: agent, properties: {server: hub}}]}\n")
    application, problems = spec.examine_application(tmp_path / "app.yaml")
    environment = spec.on_hosts(["deploy@192.0.2.1"])
    units = {unit.name: unit for unit in compose(Catalog(tmp_path).context_for(application, environment, {}, problems)).units}
    assert units["web-agent@on"].needs == units["web-shipper@on"].needs == ("web@on",)
    assert units["web-agent@on"].inputs["agent_url"] == "${web@on.url}"
    assert (units["web@on"].inputs["service_env"], units["web@on"].inputs["service_ports"][0]["port"]) == ({"AGENT": "hub"}, 9102)
