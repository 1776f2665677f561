"""Units to a Terraform root: references, escapes, pending values, secrets, lines. Pure."""

import json

import pytest

from provisioner.engines.terraform import names
from provisioner.engines.terraform.inputs import Inputs, Scope, literal, traversal, variable
from provisioner.engines.terraform.interface import Interface, Variable
from provisioner.engines.terraform.root import Block, Settings, render
from provisioner.errors import ProvisionError
from provisioner.model import Json, Unit

BACKEND: dict[str, Json] = {"local": {"path": "/state"}}


def unit(component: str, outputs: dict[str, Json] | None = None, **inputs: Json) -> Unit:
    return Unit(f"{component}@t", component, "x", "t", "terraform", "/m", inputs=inputs, outputs=outputs or {}, root="t")


DB = unit("db", {
    "host": "${module.address}", "port": 5432, "password": {"secret": "${module.arn}", "key": "password"}, "open": True,
    "url": "pg://u:${self.password}@${module.address}:${self.port}/x", "pair": ["${module.a}", {"k": "${module.b-c.0.d}"}], "again": "${db@t.host}",
    "other": "${api@dc1.url}"})


def written(value: Json, **scope: object) -> Json:
    return Inputs(Scope({"db@t": DB}, **scope)).configuration(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(("template", "configuration"), [
    ("plain", "plain"),
    (7, 7), (None, None), (True, True), ([1, "a"], [1, "a"]), ({"a": {"b": 2.5}}, {"a": {"b": 2.5}}),
    ("$${x} %{y} $z", "$${x} %%{y} $z"),
    ({"$${k}": 1}, {"$${k}": 1}),
    ("${db@t.host}", "${module.db.address}"),
    ("<${db@t.host}>", "<${module.db.address}>"),
    ("${db@t.port}", "${5432}"), ("p${db@t.port}", "p${5432}"), ("${db@t.open}", "${true}"),
    ("${db@t.pair}", '${[module.db.a, {"k" = module.db.b-c[0].d}]}'),
    ("${db@t.pair.0}", "${module.db.a}"), ("${db@t.pair.1.k}", "${module.db.b-c[0].d}"),
    ("j${db@t.pair}", 'j${jsonencode([module.db.a, {"k" = module.db.b-c[0].d}])}'),
    ("${db@t.again}", "${module.db.address}"),
    ("${db@t.host.x}", "${(module.db.address).x}"),
    ("${db@t.gone|default(d)}", '${"d"}'), ("${db@t.host|default('a$b')}", '${try(module.db.address, "a$b")}'),
    ("${db@t.gone|default([1])}", "${[1]}"),
    ("${db@t.host|urlencode}", '${replace(urlencode(module.db.address), "+", "%20")}'),
    ("<${db@t.host|default(a)|urlencode}>", '<${replace(urlencode(try(module.db.address, "a")), "+", "%20")}>'),
    ("${db@t.pair.0|urlencode|urlencode}", '${replace(urlencode(replace(urlencode(module.db.a), "+", "%20")), "+", "%20")}'),
    ("${db@t.pair|urlencode}", '${replace(urlencode(jsonencode([module.db.a, {"k" = module.db.b-c[0].d}])), "+", "%20")}'),
])
def test_templates_become_terraform(template: Json, configuration: Json) -> None:
    assert written(template) == configuration


def test_what_is_not_known_is_pending() -> None:
    inputs = Inputs(Scope({"db@t": DB}))
    name = names.label("api@dc1")
    assert inputs.configuration("${api@dc1.hosts.0}") == "${jsondecode(terraform_data.pending_%s.output)[0]}" % name
    assert inputs.configuration("${db@t.other}") == "${jsondecode(terraform_data.pending_%s.output)}" % name
    assert inputs.waits == {name: "api@dc1"}


def test_what_is_published_is_filled_in() -> None:
    assert written("${api@dc1.url}", published={"api@dc1": {"url": "http://$${a}"}}) == '${"http://$${a}"}'


def test_a_cloud_secret_is_a_variable_once_it_is_named_and_pending_before() -> None:
    inputs = Inputs(Scope({"db@t": DB}))
    assert "pending_" in str(inputs.configuration("${db@t.url}")) and list(inputs.waits.values()) == ["db@t"]
    reference = "${secret.aws:t/arn:x#password}"
    named = Inputs(Scope({"db@t": DB}, {"db@t": {"password": reference}}))
    assert named.configuration("${db@t.url}") == '${"pg://u:${var.%s}@${module.db.address}:${5432}/x"}' % variable(reference, False)
    assert named.secrets == {variable(reference, False): reference} and not named.waits


def test_a_secret_that_is_encoded_somewhere_is_still_one_variable() -> None:
    inputs = Inputs(Scope({}))
    name = variable("${secret.a/b}", False)
    assert inputs.configuration(["${secret.a/b}", "u:${secret.a/b|urlencode}"]) == [
        "${var.%s}" % name, 'u:${replace(urlencode(var.%s), "+", "%%20")}' % name]
    assert inputs.secrets == {name: "${secret.a/b}"}
    hidden = Inputs(Scope({}, hidden=frozenset({"${secret.a/b}"})))
    assert "urlencode(jsondecode(" in str(hidden.configuration("${secret.a/b|urlencode}"))


def test_a_secret_that_can_not_be_had_is_pending() -> None:
    inputs = Inputs(Scope({}, hidden=frozenset({"${secret.a/b}"})))
    assert "pending_" in str(inputs.configuration("${secret.a/b}")) and list(inputs.waits.values()) == ["secret a/b"]


def test_an_output_that_is_not_there_and_a_circle_are_errors() -> None:
    with pytest.raises(ProvisionError, match="no output 'nope'"):
        written("${db@t.nope}")
    loop = unit("loop", {"a": "${self.b}", "b": "${self.a}"})
    with pytest.raises(ProvisionError, match="circle"):
        Inputs(Scope({"loop@t": loop})).configuration("${loop@t.a}")


def test_literals_and_paths() -> None:
    assert literal("${a} %{b}") == "$${a} %%{b}"
    assert traversal(("a", "0", "*", "b c", 'q"')) == '.a[0][*]["b c"]["q\\""]'
    quotes = unit("q", {"text": 'a"b\\c\n%{d}\b'})
    assert Inputs(Scope({"q@t": quotes})).configuration("${q@t.text}") == '${"a\\"b\\\\c\\n%%{d}\\u0008"}'


def test_hosts_of_a_fleet_are_its_list_of_hosts() -> None:
    fleet = Unit("fleet@t", "fleet", "vm", "t", "terraform", hosts_output="machines", outputs={"all": "${fleet@t._hosts.*.address}"})
    assert Inputs(Scope({"fleet@t": fleet})).configuration("${fleet@t.all}") == "${module.fleet.machines[*].address}"


def test_labels_are_never_shared() -> None:
    assert names.label("api-2") == "api-2"
    found = {names.label(text) for text in ("a.b", "a_b", "a/b", "9a", "m_9a", "ä", "x" * 70, "x" * 71)}
    assert len(found) == 8 and all(name[0].isalpha() for name in found)


@pytest.mark.parametrize(("address", "module"), [
    ("module.db.aws_db_instance.this", "db"), ('module.db["a.b"].x.y', "db"), ("module.db[0].module.in.x.y", "db"),
    ("terraform_data.ready_db", "db"), ("terraform_data.pending_x", ""), ("aws_x.y", ""), ('provider["a"]', ""), ("", "")])
def test_module_of(address: str, module: str) -> None:
    assert names.module_of(address) == module


def blocks() -> list[Block]:
    interface = Interface({"url": Variable("string"), "once": Variable("string", ephemeral=True)}, {"name": False, "secret": True},
                          {"cloud": ("hashicorp/aws", "~> 5.0")})
    user = Unit("api@t", "api", "x", "t", "terraform", inputs={"url": "${db@t.host}", "once": "${secret.p}"}, root="t", explicit_needs=("db@t",))
    return [Block(DB, "../m", Interface(outputs={"address": False})), Block(user, "../n", interface)]


def test_a_whole_root() -> None:
    root = render(blocks(), Settings(BACKEND, "hashicorp/aws", "~> 5.0", {"region": "r", "password": "${secret.q}"}), Scope({"db@t": DB}))
    document = json.loads(root.text)
    assert document["terraform"] == {"backend": BACKEND, "required_providers": {"aws": {"source": "hashicorp/aws", "version": "~> 5.0"}}}
    assert document["provider"]["aws"]["password"] == "${var.%s}" % variable("${secret.q}", False)
    once = variable("${secret.p}", True)
    assert document["module"]["api"] == {"source": "../n", "providers": {"cloud": "aws"}, "url": "${module.db.address}",
                                         "once": "${var.%s}" % once, "depends_on": ["module.db"]}
    assert document["variable"][once] == {"type": "string", "sensitive": True, "ephemeral": True}
    assert document["resource"]["terraform_data"]["ready_api"] == {"input": {"name": "${module.api.name}"}, "depends_on": ["module.api"]}
    lines = root.text.splitlines()
    for name, (first, last) in root.lines.items():
        assert lines[first - 1].strip().startswith(f'"{name.partition("@")[0]}"')
        assert root.unit_at(first) == root.unit_at(last) == name
    assert root.unit_at(1) == "" and root.digest == render(blocks(), Settings(BACKEND, "hashicorp/aws", "~> 5.0", {
        "region": "r", "password": "${secret.q}"}), Scope({"db@t": DB})).digest


def test_a_unit_that_can_not_be_written_is_named_and_the_others_are_written() -> None:
    bad = Block(unit("bad", url="${db@t.nope}"), "../m", Interface())
    root = render([bad, *blocks()], Settings(BACKEND), Scope({"db@t": DB}))
    assert list(root.problems) == ["bad@t"] and set(json.loads(root.text)["module"]) == {"db", "api"}


def test_a_root_of_nothing_keeps_the_providers_that_its_state_needs() -> None:
    root = render([], Settings(BACKEND, kept={"aws": {"source": "hashicorp/aws", "version": "", "config": {"region": "r"}}}), Scope({}))
    assert json.loads(root.text)["provider"] == {"aws": {"region": "r"}} and "module" not in root.text
