"""What publishVersion freezes: a version that was delivered means the same for ever. Pure."""

from collections.abc import Iterable, Mapping

from provisioner.errors import Exit, Refused
from provisioner.model import Application, Json, Unit
from provisioner.planner.sealing import application_seals, reasons

AUTO_UPDATE = "app.oam.dev/autoUpdate"
"""Annotation: what the platform says (definitions, modules, playbooks) may move under one version."""


def refuse_edited(now: Application, then: Application, revision: int) -> None:
    """Raise Refused (PRV-5004) when the document says something else than was delivered under the same version."""
    _refuse(now.version, revision, reasons(application_seals(then), application_seals(now)))


def refuse_moved(now: Application, units: Iterable[Unit], artifacts: Mapping[str, Json], sources: Mapping[str, str], revision: int) -> None:
    """Raise Refused (PRV-5004) when an artefact, module or playbook of it is another one. `artifacts`, `sources`: the revision's, by unit.

    Units that the revision does not have are the environment's business.
    """
    found = []
    for unit in units:
        delivered = artifacts.get(unit.name)
        given = {str(unit.inputs.get(name)): unit.inputs.get(taking) for name, taking in unit.artifacts.items() if unit.inputs.get(name)}
        found += [f"the artefact {name} of {unit.name} was changed" for name, digest in given.items()
                  if digest and isinstance(delivered, dict) and delivered.get(name, digest) != digest]
        what = "module" if unit.engine == "terraform" else "playbook"
        if now.annotations.get(AUTO_UPDATE) != "true" and sources.get(unit.name, unit.source_digest) != unit.source_digest:
            found.append(f"the {what} of {unit.name} was changed (annotation {AUTO_UPDATE}: \"true\" would let it)")
    _refuse(now.version, revision, found)


def _refuse(version: str, revision: int, found: list[str]) -> None:
    if found:
        listed = "".join(f"\n  {reason}" for reason in found)
        raise Refused(f"version {version} was delivered as revision {revision}, and is another one now; nothing was changed:{listed}",
                      code="PRV-5004", exit=Exit.DENIED, hint="give it a new version: metadata.annotations, app.oam.dev/publishVersion",
                      next="provision diff")
