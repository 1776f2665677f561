"""Modules alone: what they take, whether inputs fit, provider constraints, kept copies; CLI configuration, backends, blame."""

from pathlib import Path

import pytest

from provisioner.codes import terraform as codes
from provisioner.engines.terraform import configuration, interface, sources
from provisioner.engines.terraform.blame import addressed, guilty
from provisioner.engines.terraform.byhand import ran_before, script
from provisioner.engines.terraform.checking import check, conflicts, fits
from provisioner.engines.terraform.dependents import Failure, settle
from provisioner.engines.terraform.hidden import Hidden
from provisioner.engines.terraform.interface import Interface, Variable
from provisioner.engines.terraform.root import Block, Root
from provisioner.engines.terraform.stream import Diagnostic
from provisioner.engines.terraform.workspace import backend_of
from provisioner.errors import ProvisionError
from provisioner.model import Json, Unit
from provisioner.planner.constraints import compatible

MODULE = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.1" }
  }
}
provider "aws" { region = "r" }
variable "a" { type = string }
variable "b" {
  type      = list(object({ x = string, y = optional(number) }))
  default   = []
  sensitive = true
  nullable  = false
}
variable "c" {
  ephemeral = true
  default   = null
}
output "o" { value = 1 }
output "s" {
  value     = 2
  sensitive = true
}
"""


def test_the_interface_of_a_module(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "main.tf").write_text(MODULE)
    (folder / "more.tf.json").write_text('{"variable": {"j": {"type": "number"}}, "output": {"p": {"value": 1}}}')
    cache = tmp_path / "cache.json"
    found = interface.read(folder, cache)
    assert found.variables["a"] == Variable("string", True) and found.variables["j"] == Variable("number", True)
    assert found.variables["b"].type == "list(object({ x = string, y = optional(number) }))"
    assert found.variables["b"].sensitive and not found.variables["b"].nullable
    assert found.variables["c"].ephemeral and not found.variables["c"].required
    assert found.outputs == {"o": False, "s": True, "p": False} and found.providers == {"aws": ("hashicorp/aws", "~> 5.1")} and found.own_providers
    (folder / "main.tf").write_text("broken {")
    assert interface.read(folder, cache) == found, "the kept answer of a copy that never changes"
    cache.write_text("{")
    assert interface.read(folder, cache).problem and cache.read_text() == "{"


@pytest.mark.parametrize(("value", "wanted", "right"), [
    ("a", "string", True), (1, "string", True), (True, "string", True), ([], "string", False), ({}, "string", False),
    (1, "number", True), ("1.5e3", "number", True), ("many", "number", False), (True, "number", False), ("${a@t.b}", "number", True),
    ("$${a}", "number", False), (True, "bool", True), ("true", "bool", True), ("yes", "bool", False), (1, "bool", False),
    (["a"], "list(string)", True), ("a", "list(string)", False), ([["a"]], "list(string)", False), ([1, "x"], "set(number)", False),
    ({"a": 1}, "map(string)", True), ({"a": []}, "map(string)", False), ([], "map(string)", False), ({}, "object({a=string})", True),
    ([], "object({a=string})", False), ([], "tuple([string])", True), ({}, "tuple([string])", False), ({}, "any", True), (None, "number", True)])
def test_fits(value: Json, wanted: str, right: bool) -> None:
    assert fits(value, wanted) is right


def test_check() -> None:
    takes = Interface({"name": Variable("string"), "size": Variable("number", False)})

    def unit(**inputs: Json) -> Unit:
        return Unit("a@t", "a", "x", "t", "terraform", inputs=inputs)

    assert check(unit(name="n", size=None), takes) == ""
    assert "size" in check(unit(name="n", siz=1), takes) and "needs a value" in check(unit(), takes)
    assert "number" in check(unit(name="n", size=[]), takes)
    assert check(unit(whatever=1), Interface(problem="unreadable")) == ""


@pytest.mark.parametrize(("constraints", "right"), [
    (["~> 5.0", ">= 5.100"], True), (["~> 5.0", "~> 4.0"], False), (["~> 5.100", "< 5.100"], False), (["5.1", "5.1.0"], True),
    (["= 5.1", "> 5.1"], False), (["<= 5.1", ">= 5.1"], True), ([">= 1, < 3", "~> 2"], True), (["!= 5.0", "latest", ""], True),
    (["~> 5.1.2", "5.2"], False), (["~> 3", "3.9"], True)])
def test_constraints(constraints: list[str], right: bool) -> None:
    assert compatible(constraints) is right


def test_conflicts_blame_the_later_one_only() -> None:
    units = {"a@t": Interface(required=(("hashicorp/aws", "~> 4.0"),)), "b@t": Interface(required=(("hashicorp/aws", ">= 5.1"),)),
             "c@t": Interface(required=(("hashicorp/random", "1.0"),)), "d@t": Interface(required=(("hashicorp/random", "2.0"),))}
    found = conflicts(("hashicorp/aws", "~> 5.0"), units)
    assert set(found) == {"a@t", "d@t"} and "the target" in found["a@t"] and "c@t" in found["d@t"]
    assert set(conflicts(("", ""), units)) == {"b@t", "d@t"}


def test_what_a_module_and_those_that_it_calls_ask_of_providers(tmp_path: Path) -> None:
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    inner.mkdir()
    outer.mkdir()
    (inner / "main.tf").write_text(
        'terraform {\n  required_providers {\n    n = {\n      source  = "lab.example/notes"\n      version = "~> 1.0"\n    }\n  }\n}\n'
        'provider "n" {\n  folder = "/"\n}\nprovider "aws" {\n  alias  = "west"\n  region = "us-west-1"\n}\n')
    (outer / "main.tf").write_text('terraform {\n  required_providers {\n    aws = ">= 5"\n  }\n}\n'
                                   'provider "aws" {}\nmodule "i" {\n  source = "../inner"\n}\n')
    found = interface.parse(outer)
    assert found.own_providers == ("lab.example/notes", "hashicorp/aws alias") and found.providers == {"aws": ("hashicorp/aws", ">= 5")}
    assert found.required == (("hashicorp/aws", ">= 5"), ("lab.example/notes", "~> 1.0"))
    assert not interface.parse(tmp_path).own_providers


# ---------------------------------------------------------------------- kept copies
def test_copies_are_kept_by_digest_with_the_modules_that_they_call(tmp_path: Path) -> None:
    inner, outer = tmp_path / "modules" / "inner", tmp_path / "modules" / "group" / "outer"
    for folder in (inner, outer):
        folder.mkdir(parents=True)
    (inner / "main.tf").write_text('output "x" { value = 1 }\n')
    (outer / "main.tf").write_text('module "i" {\n  source = "../../inner"\n}\n')
    (outer / "terraform.tfstate").write_text("secret")
    kept = sources.keep(str(outer), "d1", tmp_path / "kept")
    assert (kept / "../../inner/main.tf").resolve().is_file() and kept.is_relative_to(tmp_path / "kept" / "d1")
    assert not list((tmp_path / "kept").rglob("terraform.tfstate"))
    (outer / "main.tf").unlink()
    assert sources.keep(str(outer), "d1", tmp_path / "kept") == kept, "what is kept needs its source no more"
    with pytest.raises(sources.SourceGone):
        sources.keep(str(outer), "d2", tmp_path / "kept")
    with pytest.raises(sources.SourceGone):
        sources.keep(str(tmp_path / "nowhere"), "", tmp_path / "kept")
    assert len(sources.keep(str(inner), "", tmp_path / "kept").name) == 64


# ---------------------------------------------------------------------- configuration
def mirror(folder: Path) -> Path:
    (folder / "registry.terraform.io/hashicorp/aws/5.100.0").mkdir(parents=True)
    return folder


def test_mirrors_are_found_and_what_they_hold_is_not_asked_of_a_registry(tmp_path: Path) -> None:
    home, named = tmp_path / "home", tmp_path / "named"
    mirror(home / "tools" / "mirror")
    mirror(named)
    found = configuration.mirrors((named,), home)
    assert list(found)[0] == named and home / "tools" / "mirror" in found
    text = configuration.render({named: ("registry.terraform.io/hashicorp/aws",)})
    assert f'path    = "{named}"' in text and 'exclude = ["registry.terraform.io/hashicorp/aws"]' in text


def test_the_users_own_configuration_stays_in_force(tmp_path: Path) -> None:
    own, file = tmp_path / "rc", tmp_path / "ours"
    environ = {"TF_CLI_CONFIG_FILE": str(own), "HOME": str(tmp_path)}
    assert configuration.write(file, (), environ) == file, "a file that is not there counts for nothing"
    own.write_text('credentials "x" {\n  token = "t"\n}\n')
    assert configuration.write(file, (), environ) == file and 'token = "t"' in file.read_text() and file.stat().st_mode & 0o77 == 0
    own.write_text("provider_installation {}\n")
    assert configuration.write(file, (), environ) is None


def test_the_environment_of_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TF_CLI_ARGS", "TF_CLI_ARGS_apply", "TF_DATA_DIR", "TF_WORKSPACE", "AWS_PROFILE"):
        monkeypatch.setenv(name, "x")
    found = configuration.environment({"AWS_PROFILE": "", "AWS_CA_BUNDLE": str(tmp_path / "none")}, tmp_path / "rc")
    assert not {"TF_CLI_ARGS", "TF_CLI_ARGS_apply", "TF_DATA_DIR", "TF_WORKSPACE", "AWS_PROFILE", "AWS_CA_BUNDLE"} & found.keys()
    assert found["TF_CLI_CONFIG_FILE"] == str(tmp_path / "rc") and found["TF_INPUT"] == "0"


@pytest.mark.parametrize(("given", "expected"), [
    ({}, {"local": {"path": "/k/terraform.tfstate"}}),
    ({"local": {"path": "x"}}, {"local": {"path": "/k/terraform.tfstate"}}),
    ({"s3": {"bucket": "b"}}, {"s3": {"bucket": "b", "key": "shop/prod/aws/terraform.tfstate"}}),
    ({"s3": {"key": "team/"}}, {"s3": {"key": "team/shop/prod/aws/terraform.tfstate"}}),
    ({"pg": {}}, {"pg": {"schema_name": "shop_prod_aws"}}),
    ({"http": {"address": "http://h/s/"}}, {"http": {"address": "http://h/s/shop/prod/aws"}}),
    ({"other": {"x": 1}}, {"other": {"x": 1}})])
def test_each_root_has_a_state_of_its_own(given: dict[str, Json], expected: dict[str, Json]) -> None:
    assert backend_of(given, Path("/k"), "shop/prod/aws") == expected


@pytest.mark.parametrize("given", [{"s3": {}, "pg": {}}, {"s3": "x"}, {"pg": {"conn_str": "${secret.x}"}}])
def test_backends_that_can_not_be(given: dict[str, Json]) -> None:
    with pytest.raises(ProvisionError, match="backend"):
        backend_of(given, Path("/k"), "p")


# ---------------------------------------------------------------------- blame
def test_whose_error_it_is() -> None:
    units = {name: Unit(f"{name}@t", name, "x", "t", "terraform") for name in ("a", "b", "c")}
    blocks = {f"{name}@t": Block(unit, "../sources/d1", Interface()) for name, unit in units.items()}
    blocks["c@t"] = Block(units["c"], "../sources/d11", Interface(providers={"n": ("x/nope", "")}))
    root = Root("", {}, {}, {"a@t": (3, 6), "b@t": (7, 9)}, {})

    def who(**diagnostic: object) -> dict[str, bool]:
        problem = Diagnostic("error", **{"summary": "S", **diagnostic})  # type: ignore[arg-type]
        return guilty(problem, root, blocks, {name: f"{name}@t" for name in units}, "hashicorp/aws")

    assert who(address="module.b.data.x.y") == {"b@t": True}
    assert who(file="main.tf.json", line=4) == {"a@t": False} and who(file="main.tf.json", line=1) == {}
    assert who(file="../sources/d1/main.tf", line=4) == {"a@t": False, "b@t": False}
    assert who(file="../sources/d11/sub/x.tf") == {"c@t": False} and who(address='provider["x"]') == who() == {}
    kept = "../sources/" + "0f" * 32
    blocks["b@t"] = Block(units["b"], f"{kept}/service", Interface())
    assert who(file=f"{kept}/container/main.tf") == {"b@t": False}, "a module beside it, which it calls"
    missing = "Failed to query available provider packages"
    assert who(summary=missing, detail="versions for provider x/nope: no") == {"c@t": False}
    assert who(summary=missing, detail="versions for provider hashicorp/aws: no") == {}


def test_conditions_are_of_the_resources_that_do_not_meet_them() -> None:
    checks = [{"status": "pass", "instances": [{"address": {"to_display": "module.a.x.y"}, "status": "pass"}]},
              {"status": "fail", "instances": [
                  {"address": {"to_display": f"module.{name}.x.y"}, "problems": [{"message": "too large"}]} for name in "bc"]}, {"status": "unknown"}]
    own, of_text = Diagnostic("error", "S", "too large", address="module.d.x.y"), Diagnostic("error", "S", "no such", file="x.tf")
    found = addressed([Diagnostic("error", "S", "too large", file="x.tf"), own, of_text], checks)
    assert [problem.address for problem in found] == ["module.b.x.y", "module.c.x.y", "module.d.x.y", ""] and found[2:] == [own, of_text]


def test_dependents_share_the_fate() -> None:
    units = {name: Unit(name, name, "x", "t", "terraform", needs=needs) for name, needs in {
        "a": (), "b": ("a",), "c": ("b",), "d": (), "w": (), "v": ("w",)}.items()}
    failures, waiting = {"a": Failure("it broke\nmore")}, {"w": "api@dc1"}
    settle(units, failures, waiting, None)
    assert failures["b"] == Failure("waits for a, which is not there: it broke", waits_for="a")
    assert failures["c"] == Failure("waits for b", waits_for="b") and "d" not in failures and waiting == {"w": "api@dc1", "v": "w"}


def test_secrets_are_taken_out_of_what_terraform_says() -> None:
    hidden = Hidden(["c4nary", "c4nary-long", 'qu"ote', "abc"])
    assert hidden.plain('x c4nary-long y c4nary z qu\\"ote abc') == "x (sensitive) y (sensitive) z (sensitive) abc"


def test_the_script_for_the_hand_names_credentials_and_does_not_write_them(tmp_path: Path) -> None:
    given = {"AWS_SECRET_ACCESS_KEY": "c4nary", "AWS_REGION": "r", "AWS_CA_BUNDLE": ""}
    text = script(tmp_path, "/bin/terraform", {"TF_INPUT": "0"}, given, ["TF_VAR_x"], ["terraform plan"], simulated=False)
    assert "c4nary" not in text and "# needs AWS_SECRET_ACCESS_KEY" in text and "# needs TF_VAR_x" in text and "unset AWS_CA_BUNDLE" in text
    assert ran_before(text) == ["terraform plan"] and "AWS_SECRET_ACCESS_KEY=c4nary" in script(tmp_path, "t", {}, given, [], [], simulated=True)


def test_codes_are_ours() -> None:
    assert all(code.startswith(("PRV-41", "PRV-71")) and title and text for code, (title, text) in codes.CODES.items())
