"""`preview.json`: what the preview's plan file does, so that it can be applied as it is. Holds addresses and actions only."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from provisioner.engines.terraform.workspace import private

FILE = "preview.json"
PLAN_FILE = "preview.tfplan"


@dataclass(frozen=True)
class Preview:
    """A previewed plan. `whole`: it holds everything that was shown and nothing else."""

    root: str
    whole: bool
    operations: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


def write(folder: Path, preview: Preview) -> None:
    """Keep it beside its plan file."""
    private(folder / FILE, json.dumps(asdict(preview)))


def read(folder: Path) -> Preview | None:
    """The preview of this folder while its plan file is there, or None."""
    try:
        content = json.loads((folder / FILE).read_text())
        operations = {unit: [(address, action) for address, action in entries] for unit, entries in content["operations"].items()}
        return Preview(content["root"], content["whole"], operations) if (folder / PLAN_FILE).is_file() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
