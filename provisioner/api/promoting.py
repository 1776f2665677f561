"""What is promoted: the application as the newest run of another environment delivered it. Reads the store."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from provisioner.errors import ProvisionError
from provisioner.model import Json, Unit
from provisioner.store import Revision, Store
from provisioner.suggest import suggestion

STATES = {"running": "is at work", "succeeded": "took it away", "waiting": "waits for a yes", "interrupted": "was interrupted"}


def promoted(store: Store, application: str, origin: str, written: Collection[str] = ()) -> tuple[str, Revision]:
    """The application's name and its newest revision in the environment `origin`.

    `application` may be empty where there is only one, or only one of them is `written` in the project's file.

    Raises ProvisionError: PRV-6221 where nothing is delivered there, PRV-6222 when its newest run did not succeed.
    """
    known = [row for row in store.applications() if application in ("", row.application)]
    rows = [row for row in known if row.environment == origin]
    if len(rows) > 1:
        rows = [row for row in rows if row.units] or rows
    if len(rows) > 1:
        rows = [row for row in rows if row.application in written] or rows
    if len(rows) != 1:
        there = sorted({row.environment for row in known})
        what = f"several applications are delivered in {origin}" if rows else f"nothing of {application or 'this project'} is delivered in {origin}"
        raise ProvisionError(what, code="PRV-6221", hint="name it after the file: app.yaml#NAME" if rows else suggestion(origin, there),
                             next=f"provision apply -e {origin}")
    name = rows[0].application
    run = next(iter(store.runs.deliveries(name, origin)), None)
    revision = store.revisions.latest(name, origin)
    if run is None or revision is None or run.state != "succeeded" or revision.run != run.number:
        how = f"its newest run, {run.number}, {STATES.get(run.state, run.state)}" if run else "it has no run"
        raise ProvisionError(f"{name} in {origin} is not ready to be promoted: {how}", code="PRV-6222",
                             hint="what is promoted has been delivered there in full", next=f"provision show {run.number if run else ''}".strip())
    plan = store.plans.get(revision.plan)
    if plan is not None and plan.purpose.kind == "destroy":
        raise ProvisionError(f"{name} is not delivered in {origin} any more: run {run.number} removed it", code="PRV-6221",
                             next=f"provision apply -e {origin}")
    return name, revision


def pinned(units: Iterable[Unit], revision: Revision) -> tuple[Unit, ...]:
    """The units with the digests of artefacts and images that the revision delivered: whatever their names mean by now, these are meant."""
    known = {path: digest for paths in revision.artifacts.values() if isinstance(paths, dict) for path, digest in paths.items() if digest}
    return tuple(replace(unit, inputs={**unit.inputs, **_digests(unit, known)}) if unit.pins else unit for unit in units)


def digests_of(units: Iterable[Unit], before: Mapping[str, Json], told: Mapping[tuple[str, str], Json]) -> dict[str, Json]:
    """Unit to the name of an artefact or image to its digest: as planned, or as its hosts told of (unit, image) in this run, or as `before`.

    Before: the same of the newest revision, for what nothing was done to.
    """
    found: dict[str, Json] = {}
    for unit in units:
        known = before.get(unit.name)
        images = {name: known.get(name) for name in map(str, map(unit.inputs.get, unit.images))} if isinstance(known, dict) else {}
        images |= {name: digest for (teller, name), digest in told.items() if teller == unit.name}
        found[unit.name] = {str(unit.inputs[name]): unit.inputs.get(taking) or images.get(str(unit.inputs[name]))
                            for name, taking in unit.pins.items() if unit.inputs.get(name)}
    return {name: digests for name, digests in found.items() if digests}


def by_name_only(units: Iterable[Unit]) -> list[str]:
    """A sentence for each image that is promoted by its name, because nobody knows which one that was."""
    return [f"{unit.name}: {unit.inputs[name]} is promoted by its name: the digest that was delivered is not known"
            for unit in units for name, taking in unit.images.items()
            if unit.inputs.get(name) and not unit.inputs.get(taking) and "@" not in str(unit.inputs[name])]


def of_other_sources(units: Iterable[Unit], then: Iterable[Unit], origin: str) -> list[str]:
    """A sentence where components are made by other modules or playbooks than those that were delivered there: the spec is promoted, they are not."""
    before: dict[tuple[str, str], set[str]] = {}
    for unit in then:
        before.setdefault((unit.component, unit.engine), set()).add(unit.source_digest)
    other = [unit.name for unit in units if unit.source_digest not in before.get((unit.component, unit.engine), {unit.source_digest})]
    return [f"not as in {origin}: the module or playbook of {', '.join(other)} is another one than was delivered there"] if other else []


def _digests(unit: Unit, known: Mapping[str, Json]) -> dict[str, Json]:
    return {taking: known[str(unit.inputs.get(name))] for name, taking in unit.pins.items() if str(unit.inputs.get(name)) in known}
