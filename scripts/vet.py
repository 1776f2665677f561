"""Vets every definition of the library: schema, module variables and outputs, playbooks, the example composes."""

import sys
import tempfile
from pathlib import Path

from provisioner.catalog import Catalog

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as empty:
        problems = Catalog(Path(empty)).vet()
    sys.stdout.write("".join(f"{problem}\n" for problem in problems))
    sys.exit(1 if any(problem.severity == "error" for problem in problems) else 0)
