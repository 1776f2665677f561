"""KubeVela's definitions: each shows its parameters; for clouds whose providers can't be had here the root is rendered up to `terraform init`."""

import json
from pathlib import Path

import pytest

from provisioner import spec
from provisioner.catalog import Catalog
from provisioner.catalog.foreign import foreign_name
from provisioner.catalog.remote import source_of
from provisioner.cli import main
from provisioner.compose import compose
from provisioner.errors import Missing
from provisioner.model import Unit
from provisioner.spec import yaml
from tests import kubevela
from tests.git_server import repository
from tests.integration.terraform_world import World

CLOUDS = {
    "alibaba-nas": ("alibaba", "aliyun/alicloud", {"name": "shop"}),
    "tencent-vpc": ("tencentcloud", "tencentcloudstack/tencentcloud", {"vpc_name": "shop"}),
    "baidu-vpc": ("baidu", "baidubce/baiducloud", {"name": "shop"}),
    "azure-database-mariadb": ("azure", "hashicorp/azurerm", {"server_name": "shop"}),
    "terraform-k8s-pod": ("kubernetes", "hashicorp/kubernetes", {"name": "shop", "namespace": "default"}),
}
ENVIRONMENT = """
apiVersion: provision/v1
kind: Environment
metadata: {{name: clouds}}
spec:
  targets:
    - name: t
      terraform: {{offers: {offers}, provider: {provider}, version: "9.9.9", config: {{features: {{}}, region: here}}}}
"""
APPLICATION = """
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {{name: shop}}
spec: {{components: [{{name: it, type: {type}, properties: {properties}}}]}}
"""
NESTED = {"alibaba/vswitch/main.tf": 'variable "zone_id" { type = string }\noutput "VPC_ID" { value = 1 }\noutput "VSWITCH_ID" { value = 2 }\n'}
"""Stands for the module that alibaba-nas calls."""


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A repository in place of all that the definitions name, with a module wherever one of them looks; git's environment that leads there."""
    folder = tmp_path_factory.mktemp("git")
    written = [yaml.read(path).value["spec"]["schematic"]["terraform"] for path in kubevela.DEFINITIONS]
    sources = [source_of(one["configuration"], one.get("path", "")) for one in written if one.get("type") == "remote"]
    assert len(sources) == 87
    modules = {f"{source.folder}/main.tf".lstrip("/"): 'variable "stands_in" { type = number }\n' for source in sources}
    repository(folder / "one.git", NESTED | modules)
    for url in {source.url for source in sources}:
        place = folder / "hub" / url.removeprefix("https://github.com/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(folder / "one.git")
    return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.file://{folder}/hub/.insteadOf", "GIT_CONFIG_VALUE_0": "https://github.com/"}


def unit_of(folder: Path, name: str) -> tuple[Unit, World]:
    """The only unit of an application with the type, and an engine's project with its target."""
    offers, provider, properties = CLOUDS[name]
    kubevela.project(folder)
    (folder / "environment.yaml").write_text(ENVIRONMENT.format(offers=offers, provider=provider))
    (folder / "app.yaml").write_text(APPLICATION.format(type=name, properties=json.dumps(properties)))
    environment = spec.read_environment(folder / "environment.yaml", {})
    application, problems = spec.examine_application(folder / "app.yaml")
    (unit,) = compose(Catalog(folder, fetch=False).context_for(application, environment, {}, problems)).units
    (folder / "mirror").mkdir()
    (folder / "cli.tfrc").write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{folder}/mirror"\n  }}\n}}\n')
    return unit, World(folder, target=environment.targets[0], environ={"TF_CLI_CONFIG_FILE": str(folder / "cli.tfrc")})


@pytest.mark.parametrize("name", CLOUDS)
def test_the_root_is_rendered(tmp_path: Path, name: str, stand_in: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in stand_in.items():
        monkeypatch.setenv(key, value)
    unit, world = unit_of(tmp_path, name)
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "cli.tfrc"))
    _, provider, properties = CLOUDS[name]
    with pytest.raises(Missing, match=f"{provider} was not found"):
        world.plan(unit)
    root = json.loads((world.root / "main.tf.json").read_text())
    assert root["terraform"]["required_providers"] == {provider.rpartition("/")[2]: {"source": provider, "version": "9.9.9"}}
    assert root["provider"] == {provider.rpartition("/")[2]: {"features": {}, "region": "here"}}
    (module,) = root["module"].values()
    assert properties.items() <= module.items()


def test_each_definition_shows_its_parameters(tmp_path: Path, elsewhere: None, stand_in: dict[str, str], monkeypatch: pytest.MonkeyPatch,
                                              capsys: pytest.CaptureFixture[str]) -> None:
    """`provision types NAME` of all of them: what they fetch are stand-ins, each at the address and in the folder that its definition names."""
    monkeypatch.chdir(kubevela.project(tmp_path / "project"))
    for name, value in stand_in.items():
        monkeypatch.setenv(name, value)
    shown = {}
    for path in kubevela.DEFINITIONS:
        assert main(["types", foreign_name(path), "-o", "json"]) == 0, path.name
        shown[path] = json.loads(capsys.readouterr().out)
    remote = {path for path, told in shown.items() if told["parameters"]["properties"].get("stands_in", {}).get("type") == "number"}
    assert len(remote) == 87
    for path in shown.keys() - remote:
        assert len(shown[path]["parameters"]["properties"]) > 6, "its own variables beside those of every definition"
