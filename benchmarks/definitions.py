"""`provision validate` of an application with two types, in a project of 10 definitions and in one of 1,000."""

import sys
from pathlib import Path

from benchmarks.measure import Row, command, interleaved, median

FEW, MANY, ROUNDS = 10, 1_000, 5
GOAL = 0.2
"""Seconds more."""

DEFINITION = """apiVersion: provision/v1
kind: ComponentDefinition
metadata: {name: NAME, version: 1.0.0}
spec:
  description: A thing.
  parameters:
    properties:
      size: {type: integer, minimum: 1, default: 1, description: How large}
      color: {type: string, enum: [red, green, blue], default: red, description: Which colour}
  outputs:
    id: {type: string, description: Its id}
  implementations:
    - needs: aws
      terraform: {module: modules/NAME}
      variables: {size: "${parameters.size}", color: "${parameters.color}"}
      outputs: {id: "${module.id}"}
  example: |
    - {name: it, type: NAME}
"""
MODULE = """variable "size" {
  type = number
}

variable "color" {
  type = string
}

output "id" {
  value = var.color
}
"""
APP = """apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {name: shop}
spec:
  components:
    - {name: one, type: type-1}
    - {name: two, type: type-2, properties: {color: "${one.id}"}}
"""


def project(folder: Path, size: int) -> Path:
    """A project with so many types, each with a module of its own."""
    (folder / "components").mkdir(parents=True)
    for number in range(size):
        (folder / "components" / f"type-{number}.yaml").write_text(DEFINITION.replace("NAME", f"type-{number}"))
        (folder / "modules" / f"type-{number}").mkdir(parents=True)
        (folder / "modules" / f"type-{number}" / "main.tf").write_text(MODULE)
    (folder / "app.yaml").write_text(APP)
    return folder


def run(work: Path) -> list[Row]:
    """CPU and wall seconds, interleaved."""
    program = str(Path(sys.executable).with_name("provision"))
    folders = {name: project(work / name, size) for name, size in (("few", FEW), ("many", MANY))}
    found = interleaved(ROUNDS, {name: lambda _, folder=folder: command([program, "validate"], folder) for name, folder in folders.items()})
    few, many = (median(found[name], lambda cost: cost.wall) for name in ("few", "many"))
    few_cpu, many_cpu = (median(found[name], lambda cost: cost.cpu) for name in ("few", "many"))
    return [Row(f"`provision validate` of two types among {MANY:,} definitions", f"{many:.2f} s ({many_cpu:.2f} s CPU)",
                f"among {FEW}: {few:.2f} s ({few_cpu:.2f} s CPU)", f"{many / few:.2f}", f"at most {GOAL} s more", many_cpu - few_cpu <= GOAL)]
