"""The no-change apply of examples/quickstart, against what it can't avoid: one bare `terraform plan` of its root."""

import os
import shutil
import sys
from pathlib import Path

import yaml

from benchmarks.measure import Row, command, interleaved, median, ratio
from benchmarks.terraform_root import PROVISION
from provisioner.sandbox import simulator

EXAMPLE = Path(__file__).parents[1] / "examples/quickstart"


def run(work: Path) -> list[Row]:
    """Apply once, then apply again and again."""
    folder = work / "quickstart"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".provision"))
    try:
        first = command([PROVISION, "apply", "--yes"], folder)
        root = next((folder / ".provision").rglob("main.tf.json")).parent
        running = simulator.start(folder)
        env = simulator.without_empty(os.environ, simulator.environ(running)) | {
            "TF_CLI_CONFIG_FILE": str(next((folder / ".provision").rglob("*.tfrc"))), "TF_IN_AUTOMATION": "1", "GOGC": "400"}
        found = interleaved(5, {
            "ours": lambda _: command([PROVISION, "apply", "--yes"], folder),
            "terraform": lambda _: command(["terraform", "plan", "-no-color", "-input=false"], root, env),
        })
    finally:
        command([PROVISION, "destroy", "--yes", *_allow()], folder, ok=(0, 1, 9))
        command([PROVISION, "sandbox", "down"], folder, ok=(0, 1))
    ours, bare = (median(found[name], lambda cost: cost.wall) for name in ("ours", "terraform"))
    return [Row("first apply of the quickstart", f"{first.wall:.1f} s", "", "", "≤ 60 s", first.wall <= 60),
            Row("no-change apply of the quickstart", f"{ours:.1f} s", f"bare terraform plan of its root {bare:.1f} s",
                f"{ratio(found['ours'], found['terraform'], lambda cost: cost.wall):.2f}", "", True)]


def _allow() -> list[str]:
    """All that bears data in the example."""
    components = yaml.safe_load((EXAMPLE / "app.yaml").read_text())["spec"]["components"]
    return [word for component in components if component["type"] in ("bucket", "table") for word in ("--allow-destroy", component["name"])]


if __name__ == "__main__":
    sys.exit("run it with: make bench")
