"""import: an apply in which a component takes over what is there already."""

from typing import Any

import click

from provisioner.cli.door import Door
from provisioner.cli.work.apply import deliver


def take_over(door: Door, /, name: str, pairs: tuple[str, ...], **chosen: Any) -> int:
    """Take over cloud resources as component `name`."""
    if len(pairs) % 2:
        raise click.UsageError(f"{pairs[-1]} has no id: write ADDRESS ID, as often as needed")
    wanted = list(zip(pairs[::2], pairs[1::2], strict=True))
    return deliver(door, chosen, lambda session: session.importing(name, wanted))
