"""terraform-module and ansible-playbook: what a component names becomes its definition, and every way in which it can be wrong."""

import subprocess
from pathlib import Path

import pytest

from provisioner.catalog import Catalog
from provisioner.compose import Composition, compose
from provisioner.errors import Invalid
from provisioner.model import Application, Component, Environment, Host, Hosts, Json, Target, Unit

CLOUD = Target("cloud", {}, ("aws",), terraform={"provider": "hashicorp/aws", "config": {"region": "x"}})
DC = Target("dc", {}, ("hosts",), Hosts((Host("h1", "192.0.2.1", "dc"), Host("h2", "192.0.2.2", "dc"))))
MODULE = '''
variable "size" { type = number }
variable "tags" {
  type    = map(string)
  default = {}
}
output "id" { value = terraform_data.this.id }
output "hosts" { value = [] }
output "key" {
  value     = "x"
  sensitive = true
}
resource "terraform_data" "this" { input = var.size }
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a module, a playbook and a role."""
    for path, text in {
        "tf/box/main.tf": MODULE, "books/site.yml": "- hosts: all\n", "books/gone.yml": "- hosts: all\n",
        "roles/motd/tasks/main.yml": "- ansible.builtin.debug:\n", "roles/motd/tasks/absent.yml": "- ansible.builtin.debug:\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def units(project: Path, *components: Component) -> dict[str, Unit]:
    application = Application("shop", "1", components, folder=str(project))
    found = compose(Catalog(project).context_for(application, Environment("prod", (CLOUD, DC))))
    return {unit.component: unit for unit in found.units}


def problems(project: Path, type: str, **properties: Json) -> list[str]:
    with pytest.raises(Invalid) as caught:
        units(project, Component("it", type, properties))
    return [f"{problem.code} {problem.message}" for problem in caught.value.problems]


def test_a_module_of_the_project(project: Path) -> None:
    reader = Component("reader", "ansible-playbook", {"playbook": "books/site.yml", "variables": {"id": "${box.id}", "key": "${box.key}"}})
    found = units(project, Component("box", "terraform-module", {"module": "tf/box", "variables": {"size": 3}, "data": True}), reader)
    box = found["box"]
    assert (box.target, box.engine, box.data, box.source) == ("cloud", "terraform", True, str(project / "tf/box"))
    assert box.inputs == {"size": 3}
    assert set(box.outputs) == {"id", "hosts", "key"} and "key" in box.sensitive
    assert found["reader"].needs == ("box@cloud",)
    assert found["reader"].inputs["id"] == "${box@cloud.id}"


def test_a_module_that_makes_hosts(project: Path) -> None:
    box = Component("box", "terraform-module", {"module": "tf/box", "variables": {"size": 3}, "hostsOutput": "hosts"})
    assert units(project, box)["box"].hosts_output == "hosts"


@pytest.mark.parametrize(("properties", "said"), [
    ({}, 'PRV-1439 it: needs either a `module` or a `configuration`'),
    ({"module": "tf/none"}, "PRV-1430 it: no Terraform module at "),
    ({"module": "${other.path}"}, 'PRV-1439 it: "module" has to be said as it is'),
    ({"module": "tf/box"}, 'PRV-1404 it: property "variables" is missing'),
    ({"module": "tf/box", "variables": {}}, 'PRV-1404 it.variables: property "size" is missing'),
    ({"module": "tf/box", "variables": {"size": 1, "sice": 2}}, 'PRV-1403 it.variables: unknown property "sice"'),
    ({"module": "tf/box", "variables": {"size": "big"}}, "PRV-1405 "),
    ({"module": "tf/box", "variables": {"size": 1}, "hostsOutput": "machines"}, 'PRV-1434 it: the module has no output "machines"'),
])
def test_what_is_wrong_with_a_module(project: Path, properties: dict[str, Json], said: str) -> None:
    found = problems(project, "terraform-module", **properties)
    assert any(problem.startswith(said) for problem in found), found


@pytest.fixture
def repository(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a repository with a module, a playbook and a role, tagged v1."""
    folder = tmp_path_factory.mktemp("git")
    for path, text in {"box/main.tf": MODULE, "books/site.yml": "- hosts: all\n", "roles/motd/tasks/main.yml": "- ansible.builtin.debug:\n"}.items():
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(text)
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x"], ["tag", "v1"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return f"git::file://{folder}"


@pytest.mark.parametrize(("type", "properties"), [
    ("terraform-module", {"module": "//box", "variables": {"size": 1}}), ("ansible-playbook", {"playbook": "//books/site.yml"}),
    ("ansible-playbook", {"role": "//roles/motd"}),
])
def test_what_lies_in_a_repository_is_pinned(project: Path, repository: str, type: str, properties: dict[str, Json]) -> None:
    def of(ref: str) -> Composition:
        given = {name: f"{repository}{value}{ref}" if isinstance(value, str) else value for name, value in properties.items()}
        application = Application("shop", "1", (Component("it", type, given),))
        return compose(Catalog(project).context_for(application, Environment("prod", (CLOUD, DC))))

    pinned = of("?ref=v1")
    source = Path(pinned.units[0].source)
    kept = str(project / ".provision/modules")
    assert str(source).startswith(kept) or kept in source.read_text()
    assert (pinned.warnings, "?ref=v1" in (project / "provision.lock").read_text()) == ((), True)
    assert [warning.code for warning in of("").warnings] == ["PRV-1451"]


def test_a_playbook_that_the_repository_does_not_have(project: Path, repository: str) -> None:
    assert problems(project, "ansible-playbook", playbook=f"{repository}//books/none.yml?ref=v1")[0].startswith("PRV-1430 it: no playbook ")
    assert problems(project, "ansible-playbook", playbook=f"{repository}//none/site.yml?ref=v1")[0].startswith("PRV-1452 ")


def test_a_playbook(project: Path) -> None:
    properties: dict[str, Json] = {"playbook": "books/site.yml", "remove": "books/gone.yml", "variables": {"color": "blue"}, "outputs": ["digest"],
                                   "tags": ["fast"]}
    unit = units(project, Component("it", "ansible-playbook", properties))["it"]
    assert (unit.source, unit.remove_source, unit.check) == (str(project / "books/site.yml"), str(project / "books/gone.yml"), "partial")
    assert unit.inputs == {"color": "blue", "provision_tags": ["fast"]}
    assert unit.outputs == {"digest": "${module.digest}"}
    assert [host.name for host in unit.hosts] == ["h1", "h2"]


def test_a_playbook_that_says_what_it_owns(project: Path) -> None:
    unit = units(project, Component("it", "ansible-playbook", {"playbook": "books/site.yml", "owns": {"paths": ["/srv/it"]}}))["it"]
    assert unit.remove_source.endswith("playbooks/owned/remove.yml")
    assert unit.inputs == {"owned_paths": ["/srv/it"], "owned_units": []}


def test_a_changed_role_is_a_changed_source(project: Path) -> None:
    role = Component("it", "ansible-playbook", {"role": "roles/motd", "remove": "absent"})
    before = units(project, role)["it"]
    assert str(project / "roles/motd") in Path(before.source).read_text()
    assert "tasks_from: absent" in Path(before.remove_source).read_text()
    assert units(project, role)["it"].source == before.source
    (project / "roles/motd/tasks/main.yml").write_text("- ansible.builtin.ping:\n")
    assert units(project, role)["it"].source_digest != before.source_digest


@pytest.mark.parametrize(("properties", "said"), [
    ({}, "PRV-1439 it: needs either a `playbook` or a `role`"),
    ({"playbook": "books/site.yml", "role": "roles/motd"}, "PRV-1439 it: needs either a `playbook` or a `role`"),
    ({"playbook": "books/none.yml"}, "PRV-1430 it: no playbook "),
    ({"playbook": "books/site.yml", "remove": "no.yml"}, "PRV-1430 it: no playbook "),
    ({"role": "roles/none"}, "PRV-1430 it: no role at "),
    ({"role": "roles/motd", "remove": "gone"}, "PRV-1430 it: the role has no tasks/gone.yml"),
    ({"playbook": "books/site.yml", "variables": {"provision_app": "x"}}, "PRV-1439 it: \"provision_app\" is a variable of provision's own"),
    ({"playbook": "books/site.yml", "owns": {"paths": ["/"]}}, "PRV-1406 "),
])
def test_what_is_wrong_with_a_playbook(project: Path, properties: dict[str, Json], said: str) -> None:
    found = problems(project, "ansible-playbook", **properties)
    assert any(problem.startswith(said) for problem in found), found
