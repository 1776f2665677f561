"""KubeVela's definitions for clouds whose providers can't be had here: the root is rendered up to `terraform init`, which names what is missing."""

import json
from pathlib import Path

import pytest

from provisioner import spec
from provisioner.catalog import Catalog
from provisioner.compose import compose
from provisioner.errors import Missing
from provisioner.model import Unit
from tests import kubevela
from tests.integration.terraform_world import World

# alibaba-nas is left out: its module calls another one in a git repository on the Internet
CLOUDS = {
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
def test_the_root_is_rendered(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
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
