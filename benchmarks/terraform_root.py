"""A Terraform-only application of 10 and 30 modules, three ways, interleaved: provision; the same sequence by hand on the same
root; one root per module, each by hand, in parallel. Each run has a simulated cloud of its own, started before the clock."""

import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.measure import Cost, Row, children_cpu, command, interleaved, median, ratio, together
from provisioner.sandbox import simulator

BY_HAND, CPU_LESS = 1.15, 5.0
"""Goals: at most, at least."""
PROVISION = str(Path(sys.executable).with_name("provision"))

MODULE = {
    "versions.tf": 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", version = "~> 5.100" }\n  }\n}\n',
    "variables.tf": 'variable "name" { type = string }\nvariable "value" { type = string }\n',
    "main.tf": 'resource "aws_ssm_parameter" "this" {\n  name  = "/${var.name}"\n  type  = "String"\n  value = var.value\n}\n',
    "outputs.tf": 'output "name" { value = aws_ssm_parameter.this.name }\n',
}
DEFINITION = """apiVersion: provision/v1
kind: ComponentDefinition
metadata: {name: parameter, version: 1.0.0}
spec:
  description: A parameter of the systems manager.
  parameters:
    properties:
      value: {type: string}
    required: [value]
  outputs:
    name: {type: string}
  implementations:
    - needs: aws
      terraform: {module: modules/parameter}
      variables: {name: "${app.name}-${component.name}", value: "${parameters.value}"}
      outputs: {name: "${module.name}"}
"""


def project(folder: Path, modules: int) -> None:
    """An application of `modules` parameters with a type and a module of its own."""
    (folder / "components").mkdir(parents=True)
    (folder / "components/parameter.yaml").write_text(DEFINITION)
    (folder / "modules/parameter").mkdir(parents=True)
    for name, text in MODULE.items():
        (folder / "modules/parameter" / name).write_text(text)
    components = "".join(f"    - {{name: p{i}, type: parameter, properties: {{value: v{i}}}}}\n" for i in range(modules))
    (folder / "app.yaml").write_text(
        f"apiVersion: core.oam.dev/v1beta1\nkind: Application\nmetadata: {{name: many}}\nspec:\n  components:\n{components}")


def ours(work: Path, modules: int) -> Cost:
    """`provision apply --yes` in a new project."""
    folder = work / "ours"
    project(folder, modules)
    simulator.start(folder)
    try:
        return command([PROVISION, "apply", "--yes"], folder)
    finally:
        simulator.stop(folder)
        keep = next((folder / ".provision").rglob("main.tf.json"))
        (work / "main.tf.json").write_text(keep.read_text())
        (work / "cli.tfrc").write_text(next((folder / ".provision").rglob("*.tfrc")).read_text())
        (work / "sources").exists() or shutil.copytree(folder / ".provision/sources", work / "sources")
        shutil.rmtree(folder)


def environment(work: Path, running: simulator.Simulator) -> dict[str, str]:
    """What provision gives terraform, too."""
    around = simulator.without_empty(os.environ, simulator.environ(running))
    return around | {"TF_CLI_CONFIG_FILE": str(work / "cli.tfrc"), "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", "GOGC": "400"}


def sequence(root: Path, env: dict[str, str]) -> Cost:
    """init, plan -out, show -json, apply of that plan."""
    return together(command(["terraform", "init", "-no-color"], root, env), command(["terraform", "plan", "-out=p", "-no-color"], root, env),
                    command(["terraform", "show", "-json", "p"], root, env), command(["terraform", "apply", "-no-color", "p"], root, env))


def by_hand(work: Path) -> Cost:
    """The same root that provision wrote, with a state of its own."""
    root = work / "hand"
    root.mkdir()
    _write_root(root, json.loads((work / "main.tf.json").read_text()), work)
    running = simulator.start(root)
    try:
        return sequence(root, environment(work, running))
    finally:
        simulator.stop(root)
        shutil.rmtree(root)


def _write_root(root: Path, document: dict[str, object], work: Path) -> None:
    document.get("terraform", {}).pop("backend", None)  # type: ignore[attr-defined]
    for module in document["module"].values():  # type: ignore[attr-defined]
        module["source"] = str(work / "sources" / Path(module["source"]).name)
    (root / "main.tf.json").write_text(json.dumps(document))


def root_each(work: Path) -> Cost:
    """One root for each module, all at once."""
    document = json.loads((work / "main.tf.json").read_text())
    folder = work / "each"
    folder.mkdir()
    running = simulator.start(folder)
    env = environment(work, running)
    roots = []
    for name, module in document["module"].items():
        root = folder / name
        root.mkdir()
        single = {"terraform": document["terraform"], "provider": document["provider"], "module": {name: module}}
        _write_root(root, json.loads(json.dumps(single)), work)
        roots.append(root)
    cpu, begun = children_cpu(), time.monotonic()
    try:
        with ThreadPoolExecutor(4) as pool:
            costs = list(pool.map(lambda root: sequence(root, env), roots))
        return Cost(time.monotonic() - begun, max(sum(cost.cpu for cost in costs), children_cpu() - cpu), max(cost.memory for cost in costs))
    finally:
        simulator.stop(folder)
        shutil.rmtree(folder)


def run(work: Path) -> list[Row]:
    """Both sizes."""
    rows = []
    for modules, rounds in ((10, 5), (30, 3)):
        folder = work / str(modules)
        folder.mkdir()
        found = interleaved(rounds, {"ours": lambda _, f=folder, m=modules: ours(f, m), "hand": lambda _, f=folder: by_hand(f)})  # type: ignore[misc]
        each = root_each(folder)
        against = ratio(found["ours"], found["hand"], lambda cost: cost.wall)
        less = each.cpu / median(found["ours"], lambda cost: cost.cpu)
        rows.append(Row(f"apply of {modules} Terraform modules, against the same sequence by hand on the same root",
                        f"{median(found['ours'], lambda c: c.wall):.1f} s", f"{median(found['hand'], lambda c: c.wall):.1f} s", f"{against:.2f}",
                        f"≤ {BY_HAND}", against <= BY_HAND))
        rows.append(Row(f"CPU of {modules} modules, against one root per module in parallel", f"{median(found['ours'], lambda c: c.cpu):.1f} CPU s",
                        f"{each.cpu:.1f} CPU s", f"{less:.1f} times less", f"≥ {CPU_LESS:.0f} times less", less >= CPU_LESS))
    return rows


def available() -> str:
    """Why this can't be measured here, or empty."""
    return "" if subprocess.run(["which", "terraform"], capture_output=True, check=False).returncode == 0 else "no terraform here"
