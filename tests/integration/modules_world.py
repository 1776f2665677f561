"""A root in which Terraform makes modules of ours in the simulated AWS, as the tests of modules share it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import boto3

from provisioner.engines.terraform import configuration
from provisioner.sandbox import simulator

PROJECT = Path(__file__).parents[2]
MODULES = PROJECT / "modules" / "aws"
TAGS = {"provision:application": "shop"}


class Root:
    """A folder in which Terraform runs against the simulator."""

    def __init__(self, folder: Path, endpoint: simulator.Simulator) -> None:
        self.folder = folder
        self.over = simulator.environ(endpoint)
        config = configuration.write(folder / "config" / "terraform.rc", (), os.environ)
        self.environ = configuration.environment(self.over, config)

    def run(self, *arguments: str, good: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(["terraform", *arguments], cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=1800, check=False)
        assert done.returncode in good, f"terraform {' '.join(arguments)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done

    def write(self, blocks: dict[str, dict[str, Any]], **more: Any) -> None:
        """Write the root: block name to {"module": NAME, VARIABLE: VALUE, …}; `more` goes to the top of the document."""
        modules = {name: {"source": os.path.relpath(MODULES / block["module"], self.folder), "tags": TAGS, "name": f"shop-test-{name}"}
                   | {key: value for key, value in block.items() if key != "module"} for name, block in blocks.items()}
        (self.folder / "main.tf.json").write_text(json.dumps({
            "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
            "provider": {"aws": simulator.provider_config()},
            "module": modules, "output": {name: {"value": "${module.%s}" % name} for name in modules}, **more}))

    def plan(self, *options: str) -> dict[str, list[str]]:
        """Address to actions of all that a plan would change."""
        self.run("plan", "-no-color", "-out=plan", *options)
        shown = json.loads(self.run("show", "-json", "plan").stdout)
        return {change["address"]: change["change"]["actions"] for change in shown["resource_changes"]
                if change["change"]["actions"] not in (["no-op"], ["read"])}

    def outputs(self) -> dict[str, Any]:
        return {name: output["value"] for name, output in json.loads(self.run("output", "-json").stdout).items()}

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.over["AWS_ENDPOINT_URL"], region_name=simulator.REGION,
                            aws_access_key_id="test", aws_secret_access_key="test")
