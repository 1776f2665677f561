"""What is promoted: the application as the newest run of another environment delivered it. Reads the store."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from provisioner.errors import ProvisionError
from provisioner.model import Json, Unit
from provisioner.store import Revision, Store
from provisioner.suggest import suggestion


def promoted(store: Store, application: str, origin: str) -> tuple[str, Revision]:
    """The application's name and its newest revision in the environment `origin`; `application` may be empty where there is only one.

    Raises ProvisionError: PRV-6221 where nothing was delivered there, PRV-6222 when its newest run did not succeed.
    """
    rows = [row for row in store.applications() if row.environment == origin and application in ("", row.application)]
    if len(rows) != 1:
        there = sorted({row.environment for row in store.applications() if application in ("", row.application)})
        what = f"several applications are delivered in {origin}" if rows else f"nothing of {application or 'this project'} is delivered in {origin}"
        raise ProvisionError(what, code="PRV-6221", hint="name it after the file: app.yaml#NAME" if rows else suggestion(origin, there),
                             next=f"provision apply -e {origin}")
    name = rows[0].application
    run = next((run for run in store.runs.list(name, origin) if not run.info.get("action")), None)
    revision = store.revisions.latest(name, origin)
    if run is None or revision is None or run.state != "succeeded" or revision.run != run.number:
        how = f"its newest run, {run.number}, {'is at work' if run.state == 'running' else run.state}" if run else "it has no run"
        raise ProvisionError(f"{name} in {origin} is not ready to be promoted: {how}", code="PRV-6222",
                             hint="what is promoted has been delivered there in full", next=f"provision show {run.number if run else ''}".strip())
    return name, revision


def pinned(units: Iterable[Unit], revision: Revision) -> tuple[Unit, ...]:
    """The units with the digests of the artefacts that the revision delivered: whatever lies at their paths by now, these are meant."""
    known = {path: digest for paths in revision.artifacts.values() if isinstance(paths, dict) for path, digest in paths.items() if digest}
    return tuple(replace(unit, inputs={**unit.inputs, **_digests(unit, known)}) if unit.artifacts else unit for unit in units)


def _digests(unit: Unit, known: Mapping[str, Json]) -> dict[str, Json]:
    return {taking: known[str(unit.inputs.get(name))] for name, taking in unit.artifacts.items() if str(unit.inputs.get(name)) in known}
