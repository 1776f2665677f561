"""Environments: targets of each kind, what `${env.…}` becomes, and `--on` (bad ones: tests/cases/bad)."""

from pathlib import Path

import pytest

from provisioner import spec
from provisioner.compose.overriding import overridden
from provisioner.errors import Invalid
from provisioner.model import Component, Environment

HEAD = "apiVersion: provision/v1\nkind: Environment\nmetadata: {name: prod}\nspec:\n"


def read(folder: Path, body: str, **env: str) -> Environment:
    path = folder / "environments" / "prod.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEAD + body)
    return spec.read_environment(path, env)


def problems(folder: Path, body: str, **env: str) -> list[str]:
    with pytest.raises(Invalid) as raised:
        read(folder, body, **env)
    return [f"{problem.where.line if problem.where else 0} {problem.code}" for problem in raised.value.problems]


def test_aws(tmp_path: Path) -> None:
    environment = read(tmp_path, """
  targets:
    - name: aws
      labels: {zone: cloud}
      vars: {subnets: [a]}
      aws:
        region: eu-central-1
        assumeRole: {roleArn: "${env.ROLE}", externalId: x}
        accounts: ["123456789012"]
        tags: {team: core}
        endpoint: http://127.0.0.1:4566
        config: {max_retries: 2}
        env: {AWS_PROFILE: p}
        backend: {s3: {bucket: state}}
      hosts: {user: admin, become: true, jump: "bastion"}
""", ROLE="arn:aws:iam::1:role/x")
    [target] = environment.targets
    assert target.offers == ("aws",), "hosts are offered as soon as a component makes some"
    assert target.hosts and target.hosts.user == "admin" and target.hosts.jump == "bastion" and target.hosts.listed == ()
    assert target.vars == {"subnets": ["a"], "endpoint": "http://127.0.0.1:4566"}
    assert target.terraform == {
        "provider": "hashicorp/aws", "version": "~> 5.100",
        "config": {"region": "eu-central-1", "assume_role": [{"role_arn": "arn:aws:iam::1:role/x", "external_id": "x"}],
                   "allowed_account_ids": ["123456789012"], "default_tags": [{"tags": {"team": "core"}}],
                   "s3_use_path_style": True, "skip_metadata_api_check": "true", "max_retries": 2},
        "env": {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_PROFILE": "p"}, "backend": {"s3": {"bucket": "state"}}}
    assert environment.folder == str(tmp_path)


def test_other_providers(tmp_path: Path) -> None:
    environment = read(tmp_path, """
  targets:
    - {name: azure, terraform: {offers: [azure, dns], provider: hashicorp/azurerm, version: ~> 4.0, config: {features: {}}}}
""")
    assert environment.targets[0].offers == ("azure", "dns")
    assert environment.targets[0].terraform == {
        "provider": "hashicorp/azurerm", "version": "~> 4.0", "config": {"features": {}}, "env": {}, "backend": {}}


def test_hosts(tmp_path: Path) -> None:
    environment = read(tmp_path, """
  targets:
    - name: dc
      hosts:
        user: deploy
        become: true
        privateKey: keys/id
        knownHosts: ~/known
        hostKeys: accept-new
        sshWait: 30
        list:
          - {name: a, address: 192.0.2.1, port: "${env.PORT}", labels: {os: debian-12}, groups: [web], vars: {x: 1}}
          - {name: b, user: root, become: false}
    - {name: short, hosts: [{name: c}]}
    - {name: here, hosts: {local: true}}
""", PORT="2222")
    dc, short, here = environment.targets
    assert dc.hosts and short.hosts and here.hosts
    a, b = dc.hosts.listed
    assert (a.address, a.port, a.user, a.become, a.labels, a.groups, a.vars) == (
        "192.0.2.1", 2222, "deploy", True, {"os": "debian-12"}, ("web",), {"x": 1})
    assert (b.address, b.port, b.user, b.become) == ("b", 22, "root", False)
    assert dc.hosts.private_key == str(tmp_path / "keys/id") and dc.hosts.known_hosts == str(Path("~/known").expanduser())
    assert (dc.hosts.host_keys, dc.hosts.ssh_wait, dc.offers) == ("accept-new", 30, ("hosts",))
    assert [host.name for host in short.hosts.listed] == ["c"]
    assert here.hosts.listed[0].connection == "local"


def test_an_environment_variable_is_text_and_never_a_template(tmp_path: Path) -> None:
    environment = read(tmp_path, '  vars: {a: "${env.A}", b: "x-${env.B|default(5)}", c: "${secret.p}", d: "$${env.A}"}\n', A="${db.url}")
    assert environment.vars == {"a": "$${db.url}", "b": "x-5", "c": "${secret.p}", "d": "$${env.A}"}


def test_a_host_address_is_no_option_of_ssh(tmp_path: Path) -> None:
    assert problems(tmp_path, "  targets:\n    - {name: a, hosts: [{name: b, address: -oProxyCommand=x}, {name: c, user: -l}]}\n") == [
        "6 PRV-1205", "6 PRV-1205"]


def test_repeated_hosts_and_two_sources(tmp_path: Path) -> None:
    body = "  targets:\n    - {name: a, hosts: [{name: b}, {name: b}]}\n    - {name: c, hosts: {local: true, list: [{name: d}]}}\n"
    assert problems(tmp_path, body) == ["6 PRV-1206", "7 PRV-1220"]


def test_the_name_is_the_file_name(tmp_path: Path) -> None:
    path = tmp_path / "environments" / "stage.yaml"
    path.parent.mkdir()
    path.write_text(HEAD + "  targets: []\n")
    with pytest.raises(Invalid, match="PRV-1226"):
        spec.read_environment(path, {})
    assert spec.find_environments(tmp_path) == {"stage": path}


@pytest.mark.parametrize(("address", "user", "host", "port", "become"), [
    ("deploy@203.0.113.7", "deploy", "203.0.113.7", 22, True), ("root@a.example:2222", "root", "a.example", 2222, False),
    ("a-b", "", "a-b", 22, True), ("x@[2001:db8::1]:22", "x", "2001:db8::1", 22, True), ("2001:db8::1", "", "2001:db8::1", 22, True),
])
def test_on(address: str, user: str, host: str, port: int, become: bool) -> None:
    environment = spec.on_hosts((address,))
    [target] = environment.targets
    assert environment.name == target.name == "on" and target.hosts
    [found] = target.hosts.listed
    assert (found.user, found.address, found.port, found.become) == (user, host, port, become)


def test_on_two_ports_of_one_address() -> None:
    hosts = spec.on_hosts(("h:2201", "h:2202")).targets[0].hosts
    assert hosts and [host.name for host in hosts.listed] == ["h", "h-2202"]


@pytest.mark.parametrize("address", ["", "-oProxyCommand=x", "-l@h", "a b", "u@", "h:", "h:99999", "u@h:22:22", "h;id", "$(id)", "h\n"])
def test_on_refuses(address: str) -> None:
    with pytest.raises(Invalid, match="PRV-1224"):
        spec.on_hosts((address,))
    with pytest.raises(Invalid, match="twice"):
        spec.on_hosts(("a", "a"))


# ------------------------------------------------------------------ extends
BASE = """apiVersion: provision/v1
kind: Environment
metadata: {name: base}
spec:
  targets: [{name: dc, hosts: [{name: h1}]}, {name: edge, hosts: [{name: e1}]}]
  place: [{types: [worker], one: {target: dc}}]
  vars: {mail: {host: mail.example, port: 25}, level: info}
  defaults: [{types: [worker], properties: {env: {LEVEL: info}}}]
  override: [{types: [worker], properties: {env: {FROM: base}}}]
  policies: [{name: data, type: protect}]
  rules: [{name: r, deny: "false", message: no}]
  secrets: {backend: env, prefix: A_}
  aliases: {local: dc}
"""


def extended(folder: Path, text: str, *, base: str = BASE) -> Environment:
    (folder / "environments").mkdir()
    (folder / "environments/base.yaml").write_text(base)
    (folder / "environments/prod.yaml").write_text(f"apiVersion: provision/v1\nkind: Environment\nmetadata: {{name: prod}}\nspec:\n{text}")
    return spec.read_environment(folder / "environments/prod.yaml", {})


def test_an_environment_extends_another_one(tmp_path: Path) -> None:
    found = extended(tmp_path, """
  extends: base
  targets: [{name: dc, labels: {site: fra}, hosts: [{name: h2}]}, {name: new, hosts: [{name: n1}]}]
  place: [{components: [api], one: {target: edge}}]
  vars: {mail: {port: 587}, level: warn}
  defaults: [{types: [worker], properties: {env: {LEVEL: debug}}}]
  override: [{types: [worker], properties: {env: {FROM: prod}}}]
  policies: [{name: mine, type: garbage-collect, properties: {keepLegacyResource: true}}]
  rules: [{name: own, warn: "true", message: hm}]
  secrets: {prefix: B_}
""")
    assert [(target.name, target.labels, [host.name for host in target.hosts.listed]) for target in found.targets if target.hosts] == [
        ("dc", {"site": "fra"}, ["h2"]), ("edge", {}, ["e1"]), ("new", {}, ["n1"])]
    assert [rule.components or rule.types for rule in found.place] == [("api",), ("worker",)]
    assert found.vars == {"mail": {"host": "mail.example", "port": 587}, "level": "warn"}
    assert (found.name, found.secrets, found.aliases) == ("prod", {"backend": "env", "prefix": "B_"}, {"local": "dc"})
    assert [policy.name for policy in found.policies] == ["data", "mine"] and [rule.name for rule in found.rules] == ["r", "own"]
    worker = overridden(Component("w", "worker", {"env": {"X": "1"}}), "app", found.override)
    assert worker.properties == {"env": {"X": "1", "FROM": "prod", "LEVEL": "debug"}}


@pytest.mark.parametrize(("text", "base", "told"), [
    ("  extends: bas\n", BASE, 'PRV-1229 extends: there is no environment "bas" beside prod.yaml; did you mean "base"?'),
    ("  extends: base\n", BASE.replace("spec:\n", "spec:\n  extends: prod\n"),
     "PRV-1228 environments extend each other in a circle: prod → base → prod"),
    ("  extends: prod\n", BASE, "PRV-1228 environments extend each other in a circle: prod → prod"),
    ("  extends: base\n  place: [{types: [x], one: {target: ege}}]\n", BASE, 'no target "ege"; did you mean "edge"?'),
    ("  extends: base\n", BASE.replace("targets:", "tagets:"), 'base.yaml:5:3: PRV-1203 spec: unknown field "tagets"'),
])
def test_what_can_not_be_extended(tmp_path: Path, text: str, base: str, told: str) -> None:
    with pytest.raises(Invalid) as raised:
        extended(tmp_path, text, base=base)
    assert told.lstrip() in str(raised.value)
