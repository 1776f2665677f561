"""provision def: drafts from modules, playbooks and roles that pass their own vetting; what vetting finds."""

import json
from pathlib import Path

import pytest

from provisioner.catalog import Catalog, library_folder
from provisioner.catalog.draft import flow, sample
from provisioner.cli import main
from provisioner.cli.work.definitions import name_of
from provisioner.errors import Exit
from provisioner.model import Definition

Captured = pytest.CaptureFixture[str]
MODULE = """terraform {
  required_providers {
    aws    = { source = "hashicorp/aws", version = ">= 5.0" }
    random = { source = "hashicorp/random" }
  }
}

variable "name" { type = string }
variable "tags" { type = map(string) }
variable "domain" {
  description = "Domain that mail comes for."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9.-]+$", var.domain))
    error_message = "Lower case, please."
  }
}
variable "keep_days" {
  type    = number
  default = 30
  validation {
    condition     = var.keep_days >= 1 && floor(var.keep_days) == var.keep_days
    error_message = "One or more."
  }
}
variable "token" {
  type      = string
  default   = null
  sensitive = true
}
variable "boxes" {
  type = list(object({ user = string, quota = optional(number, 5) }))
}

output "server" { value = "mail.${var.domain}" }
output "password" {
  description = "Of the first box"
  value       = "x"
  sensitive   = true
}
"""
SPECS = """argument_specs:
  main:
    short_description: Keeps the clock right.
    options:
      ntp_servers: {type: list, elements: str, required: true, description: Servers to ask}
      ntp_level: {type: str, choices: [low, high], default: low, description: [How, often.]}
      ntp_offset: {type: float}
      ntp_key: {type: str, no_log: true}
      ntp_pools: {type: list, elements: dict, options: {name: {type: str, required: true}, size: {type: int, default: 4}}}
"""
TASKS = """- name: Set
  block:
    - name: Look
      ansible.builtin.command: ntpq -p
    - name: Tell
      ansible.builtin.set_stats:
        data: {ntp_peer: "{{ peer }}"}
"""
PLAYBOOK = """- name: Deliver a motto
  hosts: all
  vars:
    secret: !vault |
      $ANSIBLE_VAULT;1.1;AES256
  roles: [clock]
  tasks:
    - name: What is wanted
      ansible.builtin.validate_argument_spec:
        argument_spec:
          motto: {type: str, required: true, description: Text}
          motto_file: {type: path, default: /etc/motd}
    - ansible.builtin.copy: {content: "{{ motto }}", dest: "{{ motto_file }}"}
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "shop"
    (place / "modules" / "mailbox").mkdir(parents=True)
    (place / "modules" / "mailbox" / "main.tf").write_text(MODULE)
    write(place / "roles" / "clock" / "meta" / "argument_specs.yml", SPECS)
    write(place / "roles" / "clock" / "defaults" / "main.yml", "ntp_offset: 0.5\nntp_key: '{{ lookup }}'\n")
    write(place / "roles" / "clock" / "tasks" / "main.yml", TASKS)
    write(place / "roles" / "sealed" / "defaults" / "main.yml", "$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    write(place / "roles" / "sealed" / "tasks" / "main.yml", TASKS)
    write(place / "play" / "motto" / "site.yml", PLAYBOOK)
    monkeypatch.chdir(place)
    return place


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def component(name: str) -> Definition:
    found = Catalog(Path(), thorough=True).component(name)
    assert found is not None
    return found


def test_a_module_becomes_a_type(capsys: Captured) -> None:
    assert main(["def", "init", "--from-module", "modules/mailbox"]) == Exit.OK
    assert capsys.readouterr().out == ("Made components/mailbox.yaml: 4 parameters, 2 outputs, needs aws\nNext: provision def vet mailbox\n")
    made = component("mailbox")
    assert made.parameters["required"] == ["domain", "boxes"]
    properties = made.parameters["properties"]
    assert properties["domain"] == {"type": "string", "pattern": "^[a-z0-9.-]+$", "x-says": "Lower case, please",
                                    "description": "Domain that mail comes for."}
    assert properties["keep_days"] == {"type": "integer", "minimum": 1, "default": 30, "description": "The module's keep_days"}
    assert properties["token"]["writeOnly"] is True and properties["boxes"]["items"]["properties"]["quota"] == {"type": "number", "default": 5}
    assert {name: output.sensitive for name, output in made.outputs.items()} == {"server": False, "password": True}
    one = made.implementations[0]
    assert (one.needs, one.module) == ("aws", str(Path.cwd() / "modules/mailbox"))
    assert one.variables["name"] == "${app.name}-${environment.name}-${component.name}" and "provision:component" in one.variables["tags"]
    assert one.variables["token"] == "${parameters.token|default(null)}" and one.variables["domain"] == "${parameters.domain}"
    assert one.outputs == {"server": "${module.server}", "password": "${module.password}"}
    assert main(["def", "vet", "mailbox"]) == Exit.OK
    assert capsys.readouterr().out == "Good: 1 definition with modules, playbooks and examples\n"


@pytest.mark.parametrize("name", sorted(path.name for path in (library_folder() / "modules" / "aws").iterdir() if path.is_dir()))
def test_each_module_of_the_library_can_be_drafted(name: str, capsys: Captured) -> None:
    assert main(["def", "init", "--from-module", str(library_folder() / "modules" / "aws" / name), "--name", "drafted"]) == Exit.OK
    assert main(["def", "vet", "drafted", "-o", "json"]) == Exit.OK, capsys.readouterr()


def test_a_role_becomes_a_type_with_a_thin_playbook(capsys: Captured) -> None:
    assert main(["def", "init", "--from-playbook", "roles/clock", "-o", "json"]) == Exit.OK
    told = json.loads(capsys.readouterr().out)
    assert told["files"] == ["components/clock.yaml", "playbooks/clock/site.yml"] and told["problems"] == []
    made = component("clock")
    assert made.description == "Keeps the clock right." and made.parameters["required"] == ["ntp_servers"]
    assert made.parameters["properties"] == {
        "ntp_servers": {"type": "array", "items": {"type": "string"}, "description": "Servers to ask"},
        "ntp_level": {"type": "string", "enum": ["low", "high"], "default": "low", "description": "How often."},
        "ntp_offset": {"type": "number", "default": 0.5, "description": "A variable of the playbook"},
        "ntp_key": {"type": "string", "writeOnly": True, "description": "A variable of the playbook"},
        "ntp_pools": {"type": "array", "description": "A variable of the playbook", "items": {
            "type": "object", "required": ["name"], "additionalProperties": False, "properties": {
                "name": {"type": "string", "description": "A variable of the playbook"},
                "size": {"type": "integer", "default": 4, "description": "A variable of the playbook"}}}}}
    assert list(made.outputs) == ["ntp_peer"] and made.implementations[0].check == "partial"
    assert made.implementations[0].variables["ntp_key"] == "${parameters.ntp_key|default(null)}"
    assert 'name: "{{ playbook_dir }}/../../roles/clock"' in Path("playbooks/clock/site.yml").read_text()
    assert main(["def", "vet", "clock"]) == Exit.OK


def test_a_role_whose_defaults_are_encrypted_becomes_a_type_all_the_same() -> None:
    assert main(["def", "init", "--from-playbook", "roles/sealed"]) == Exit.OK
    assert list(component("sealed").outputs) == ["ntp_peer"]


def test_a_removal_of_a_role_and_of_a_playbook() -> None:
    write(Path("roles/clock/tasks/absent.yml"), "- ansible.builtin.debug:\n")
    write(Path("play/motto/remove.yml"), "- hosts: all\n")
    assert main(["def", "init", "--from-playbook", "roles/clock"]) == main(["def", "init", "--from-playbook", "play/motto/site.yml"]) == Exit.OK
    assert component("clock").implementations[0].remove == str(Path.cwd() / "playbooks/clock/remove.yml")
    assert "tasks_from: absent" in Path("playbooks/clock/remove.yml").read_text()
    assert component("motto").implementations[0].remove == str(Path.cwd() / "play/motto/remove.yml")


def test_what_a_playbook_owns_is_taken_away_by_the_library() -> None:
    owns = ["--owns", "/etc/motto", "--owns", "motto.service"]
    assert main(["def", "init", "--from-playbook", "play/motto/site.yml", *owns]) == Exit.OK
    one = component("motto").implementations[0]
    assert one.remove == str(library_folder() / "playbooks/owned/remove.yml")
    assert (one.variables["owned_paths"], one.variables["owned_units"]) == (["/etc/motto"], ["motto.service"])
    write(Path("play/motto/remove.yml"), "- hosts: all\n")
    assert main(["def", "init", "--from-playbook", "play/motto/site.yml", "--name", "own", *owns]) == Exit.OK
    assert "owned_paths" not in component("own").implementations[0].variables


def test_a_playbook_becomes_a_type_as_it_is() -> None:
    before = Path("play/motto/site.yml").read_text()
    write(Path("play/motto/roles/clock/tasks/main.yml"), TASKS)
    assert main(["def", "init", "--from-playbook", "play/motto/site.yml"]) == Exit.OK
    made = component("motto")
    assert made.description == "Deliver a motto" and made.parameters["required"] == ["motto"]
    assert list(made.parameters["properties"]) == ["motto", "motto_file"] and list(made.outputs) == ["ntp_peer"]
    assert made.implementations[0].playbook == str(Path.cwd() / "play/motto/site.yml") and Path("play/motto/site.yml").read_text() == before


@pytest.mark.parametrize(("arguments", "code", "exit"), [
    (["init"], "PRV-6400", Exit.USAGE),
    (["init", "--from-module", "nowhere"], "PRV-6400", Exit.USAGE),
    (["init", "--from-module", "roles"], "PRV-1431", Exit.INVALID),
    (["init", "--from-module", "bad"], "PRV-1431", Exit.INVALID),
    (["init", "--from-module", "odd"], "PRV-1441", Exit.USAGE),
    (["init", "--from-playbook", "roles"], "PRV-1442  roles is a folder, and no role", Exit.INVALID),
    (["init", "--from-playbook", "play/sealed.yml"], "PRV-1442  play/sealed.yml is empty, or encrypted by ansible-vault", Exit.INVALID),
    (["init", "--from-module", "modules/kept", "--needs", "aws"], "Terraform keeps the name", Exit.INVALID),
    (["init", "--from-playbook", "roles/clock/tasks/main.yml"], "PRV-1442", Exit.INVALID),
    (["vet", "postgrse"], "PRV-6404", Exit.FAILED),
    (["vet", "gone.yaml"], "PRV-1101", Exit.INVALID),
    (["vet", "stray.yaml"], "PRV-1437", Exit.INVALID),
])
def test_what_can_not_be_drafted_or_vetted(arguments: list[str], code: str, exit: Exit, capsys: Captured) -> None:
    write(Path("stray.yaml"), "kind: ComponentDefinition\n")
    write(Path("bad/main.tf"), 'variable "x" {\n  type = \n')
    write(Path("odd/main.tf"), 'variable "x" {}\n')
    write(Path("modules/kept/main.tf"), 'variable "count" {}\n')
    write(Path("play/sealed.yml"), "$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    assert main(["def", *arguments]) == exit
    assert code in capsys.readouterr().err
    assert not Path("components").exists()


def test_nothing_is_overwritten(capsys: Captured) -> None:
    write(Path("playbooks/clock/site.yml"), "mine")
    assert main(["def", "init", "--from-playbook", "roles/clock"]) == Exit.FAILED
    assert "playbooks/clock/site.yml is there already" in capsys.readouterr().err
    assert not Path("components/clock.yaml").exists() and Path("playbooks/clock/site.yml").read_text() == "mine"


def test_vetting_compares_parameters_with_variables(capsys: Captured) -> None:
    assert main(["def", "init", "--from-module", "modules/mailbox"]) == Exit.OK
    path = Path("components/mailbox.yaml")
    text = path.read_text()
    wrong = text.replace("boxes: {type: array, items:", "boxes: {type: object, additionalProperties:")
    path.write_text(wrong.replace("minimum: 1, default: 30", "default: 0"))
    assert main(["def", "vet", "components/mailbox.yaml"]) == Exit.INVALID
    told = capsys.readouterr().err
    assert 'parameter "boxes" is a map, the module\'s variable "boxes" a list' in told
    assert 'parameter "keep_days" may be 0, the module\'s variable "keep_days" refuses that' in told
    assert main(["def", "vet", "-o", "json"]) == Exit.INVALID
    assert {one["code"] for one in json.loads(capsys.readouterr().out)["problems"]} == {"PRV-1436"}


TRAIT = """apiVersion: provision/v1
kind: TraitDefinition
metadata: {name: watch, version: 1.0.0}
spec:
  description: Who looks.
  appliesTo: [webservice, cache]
  parameters: {properties: {level: {type: string, default: low, description: How closely}}}
  variables: {aws: {log_days: 90, eviction: noeviction}}
  patch: [{merge: {env: {LEVEL: "${parameters.level}"}}}]
  example: |
    - {type: watch}
"""


def test_vetting_tries_a_trait_on_each_type_that_it_applies_to(capsys: Captured) -> None:
    write(Path("components/traits/watch.yaml"), TRAIT)
    assert main(["def", "vet", "watch"]) == Exit.INVALID
    told = capsys.readouterr().err
    assert 'the example of "watch" on cache, aws: PRV-1403 sessions: unknown property "env"' in told
    assert 'trait "watch": module cache of cache has no variable "log_days"' in told
    assert 'trait "watch": module service of webservice has no variable "eviction"' in told and "3 errors" in told


@pytest.mark.parametrize(("value", "text"), [
    ("plain text", "plain text"), ("yes", '"yes"'), ("a: b", '"a: b"'), ("${x}", '"${x}"'), (["a", 1, None, True], "[a, 1, null, true]"),
    ({"a b": {"c:d": "it's"}}, '{a b: {"c:d": "it\'s"}}'), ("", '""'), ("1.5", '"1.5"'), ("a, b", '"a, b"'), ("end ", '"end "'),
])
def test_values_in_one_line(value: object, text: str) -> None:
    assert flow(value) == text


@pytest.mark.parametrize(("schema", "value"), [
    ({"type": "string"}, "example"), ({"type": "integer", "minimum": 5}, 5), ({"enum": ["b", "a"]}, "b"), ({"type": "boolean"}, True),
    ({"type": "string", "pattern": "^[0-9./]+$"}, "1"), ({"type": "array", "minItems": 2, "items": {"type": "string"}}, ["example", "example"]),
    ({"type": "object", "properties": {"a": {"type": "number"}, "b": {}}, "required": ["a"]}, {"a": 1}),
])
def test_samples_fit(schema: dict[str, object], value: object) -> None:
    assert sample(schema) == value


def test_names_of_types() -> None:
    assert [name_of(Path(path)) for path in ("modules/mailbox", "play/motto/site.yml", "roles/clock", ".")] == ["mailbox", "motto", "clock", "shop"]
