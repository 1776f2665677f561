"""What was delivered before: revisions, and their units as they can be delivered again. Reads the store and the kept sources."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from provisioner.engines.ansible import sources as playbooks
from provisioner.engines.terraform import sources as modules
from provisioner.errors import Exit, ProvisionError
from provisioner.model import Delivered, Environment, Host, Plan, Unit
from provisioner.store import Revision, Store

LOOKED_THROUGH = 1000
"""Revisions among which a version is looked for."""


@dataclass(frozen=True)
class Again:
    """A revision as it can be delivered now; `notes` say what stays as it is."""

    revision: Revision
    units: tuple[Unit, ...]
    notes: tuple[str, ...]


def find(store: Store, application: str, environment: str, number: int) -> tuple[Revision, Plan]:
    """A revision with its plan; 0 is the newest, -1 the one before it. Raises ProvisionError (PRV-6201)."""
    if number > 0:
        revision = store.revisions.get(application, environment, number)
    else:
        newest = store.revisions.list(application, environment, 1 - number)
        revision = newest[-number] if len(newest) > -number else None
    if revision is None:
        there = store.revisions.list(application, environment, 1)
        known = f"the newest is {there[0].number}" if there else "nothing was delivered there yet"
        wanted = f"no revision {number}" if number > 0 else "no earlier revision" if number else "no revision"
        raise ProvisionError(f"{application} has {wanted} in {environment}", code="PRV-6201", exit=Exit.USAGE, hint=known, next="provision history")
    plan = store.plans.get(revision.plan)
    if plan is None:
        raise ProvisionError(f"the plan of revision {revision.number} is not in the store any more", code="PRV-6201", next="provision history")
    return revision, plan


def of_version(store: Store, application: str, environment: str, version: str) -> Revision | None:
    """The newest revision that delivered a version; None for no version."""
    return next((one for one in store.revisions.list(application, environment, LOOKED_THROUGH) if one.version == version), None) if version else None


def units_of(plan: Plan, environment: Environment, state: Path, digest_of: Callable[[str], str]) -> tuple[Unit, ...]:
    """The units of a plan that was carried out and the steps of its workflow, with its own modules and playbooks, on its hosts as they are
    reached now.

    Raises ProvisionError: PRV-6202 when a module or playbook is not kept, PRV-6203 when a unit's hosts have left the environment.
    """
    hosts = {(target.name, host.name): host for target in environment.targets if target.hosts for host in target.hosts.listed}
    return tuple(_again(step.unit, hosts, state, digest_of) for step in plan.steps if step.kind in ("deliver", "workflow"))


def _again(unit: Unit, hosts: Mapping[tuple[str, str], Host], state: Path, digest_of: Callable[[str], str]) -> Unit:
    if unit.hosts and unit.host_source is None:
        there = tuple(hosts[unit.target, host.name] for host in unit.hosts if (unit.target, host.name) in hosts)
        if not there:
            raise ProvisionError(f"{unit.name} was on {', '.join(host.name for host in unit.hosts)}: none of them is in the environment any more",
                                 code="PRV-6203", exit=Exit.INVALID, hint=f"put them back into target {unit.target}, or deliver app.yaml instead")
        unit = replace(unit, hosts=there)
    if not unit.source_digest or digest_of(unit.source) == unit.source_digest:
        return unit
    source = _kept(unit, state)
    if not source:
        what = "module" if unit.engine == "terraform" else "playbook"
        raise ProvisionError(f"the {what} that delivered {unit.name} then is not kept, and {unit.source} is another one now", code="PRV-6202",
                             exit=Exit.INVALID, hint="take that edit back (its repository has the old one), or deliver app.yaml instead")
    return replace(unit, source=source)


def _kept(unit: Unit, state: Path) -> str:
    if unit.engine == "terraform":
        return str(modules.find(unit.source_digest, state.parents[1] / "sources") or "")
    return playbooks.kept(unit, state)


def to_keep(plan: Plan, delivered: Mapping[str, Delivered]) -> list[str]:
    """Units that bear data and that the plan does not know: going back does not take them away."""
    then = {unit.name for unit in plan.units}
    return sorted(name for name, entry in delivered.items() if entry.unit.data and name not in then)
