"""import: an apply in which a component takes over what is there already."""

from pathlib import Path
from typing import Any

import click

from provisioner.cli.door import Door
from provisioner.cli.work.apply import deliver


def take_over(door: Door, /, name: str, pairs: tuple[str, ...], state: str, **chosen: Any) -> int:
    """Take over cloud resources, or what runs on hosts, as component `name`."""
    if len(pairs) % 2:
        raise click.UsageError(f"{pairs[-1]} has no id: write ADDRESS ID, as often as needed")
    wanted = list(zip(pairs[::2], pairs[1::2], strict=True))
    file = Path(state).absolute() if state else None
    return deliver(door, chosen, lambda session: session.importing(name, wanted, file))
