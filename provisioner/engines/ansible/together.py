"""Several units of the same hosts checked in one run of Ansible, which starts but once. Pure but for the file of that run's playbook.

Only playbooks of the library are played so: they use nothing but their own variables. Who does not come through whole is checked alone.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioner.engines.ansible.inputs import Variables
from provisioner.engines.ansible.outcome import FAILED, PART, Outcome, Task
from provisioner.engines.ansible.stage import TAGS
from provisioner.model import Delivered, Host, Json, Unit

MOST = 5
"""Units of one run: more would leave cores idle where there are many."""


@dataclass(frozen=True)
class Asked:
    """One unit that is to be checked on its hosts, and how it was delivered."""

    unit: Unit
    hosts: tuple[Host, ...]
    before: Delivered | None = None


def groups(asked: Iterable[Asked], library: Path) -> list[list[Asked]]:
    """The units that are checked together; a unit alone where it can't be, in the given order."""
    found: list[list[Asked]] = []
    open_groups: dict[tuple[str, ...], list[Asked]] = {}
    for one in asked:
        key = tuple(f"{host.target}/{host.name}/{host.address}" for host in one.hosts)
        group = open_groups.get(key) if _can(one, library) else None
        if group is None or len(group) == MOST:
            group = []
            found.append(group)
            if _can(one, library):
                open_groups[key] = group
        group.append(one)
    return found


def _can(one: Asked, library: Path) -> bool:
    source = Path(one.unit.source)
    tagged = any(one.unit.inputs.get(name) for name in TAGS.values())
    return bool(one.hosts) and source.is_relative_to(library) and source.is_file() and not tagged


def playbook(units: Sequence[tuple[Unit, Variables]], *, whole: bool) -> str:
    """One playbook of all of them, each behind an empty play that names it; `whole`: with the variables that may lie on no disk."""
    plays: list[dict[str, Json]] = []
    for unit, given in units:
        plays.append({"name": f"{PART}{unit.name}", "hosts": "all", "gather_facts": False})
        plays.append({"import_playbook": unit.source, "vars": {**given.open, **(given.hidden if whole else {})}})
    return json.dumps(plays, indent=2)


def merged(units: Sequence[tuple[Unit, Variables]]) -> Variables:
    """What the run as a whole must know: nothing but which texts are secret."""
    return Variables(secrets=tuple(dict.fromkeys(text for _, given in units for text in given.secrets)))


def come_through(outcome: Outcome, names: Iterable[str], hosts: Sequence[Host]) -> dict[str, Outcome]:
    """The units that were played to their end on every host, each as if it had been played alone."""
    if outcome.stats is None:
        return {}
    parts = {name: tuple(task for task in outcome.tasks if task.part == name) for name in names}
    stats = {"failed": {}, "dark": {}, "processed": {host.name: 1 for host in hosts}}
    return {name: Outcome(tasks, stats) for name, tasks in parts.items() if _whole(tasks, hosts)}


def _whole(tasks: Sequence[Task], hosts: Sequence[Host]) -> bool:
    played = {task.host for task in tasks}
    return all(host.name in played for host in hosts) and not any(task.state in FAILED and not task.ignored for task in tasks)
