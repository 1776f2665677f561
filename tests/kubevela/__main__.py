"""The table of KubeVela's documents; with --plan each of them that composes is planned for real, two at a time.

    python -m tests.kubevela [--plan [--anew] [--at-most N] [--only TEXT]]

Real: `provision plan` against hosts of the lab in Ansible's check mode and the simulated AWS with Terraform. What came of each is
kept as it ends, in tests/data/kubevela/planned.json: a second call goes on with those that have no plan yet, --anew with all.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests import kubevela
from tests.kubevela import planning


def main() -> int:
    """1 when a document could not be planned."""
    parser = argparse.ArgumentParser(prog="python -m tests.kubevela", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("--anew", action="store_true")
    parser.add_argument("--at-most", type=int, default=1000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="provision-kubevela-") as place:
        folder = kubevela.project(Path(place))
        if options.plan:
            rows = [found for found in kubevela.composing(folder) if found[0].result != "no" and options.only in found[0].file]
            return planning.plan_all(rows, Path(place) / "plans", anew=options.anew, at_most=options.at_most)
        sys.stdout.write(kubevela.table(folder)[0])
        return 0


if __name__ == "__main__":
    sys.exit(main())
