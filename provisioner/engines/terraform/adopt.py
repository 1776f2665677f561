"""After a crash: follows a Terraform that outlived its parent to its end, or reads what it left. Starts nothing."""

from collections.abc import Iterator

from provisioner import references
from provisioner.engine import BatchRequest, Report, Site
from provisioner.engines.terraform import journal, names
from provisioner.engines.terraform.follow import Follower
from provisioner.engines.terraform.hidden import Hidden
from provisioner.engines.terraform.steps import Steps
from provisioner.engines.terraform.workspace import Workspace
from provisioner.errors import ProvisionError
from provisioner.model import Event
from provisioner.process import identity

CUT = "Terraform ended in the middle of its work"


def adopt(workspace: Workspace, request: BatchRequest, site: Site, report: Report) -> tuple[str, ...]:
    """Names of the steps that had ended, or ended while we watched; each is reported."""
    entry = journal.read(workspace.folder)
    if entry is None or entry.batch != request.batch or entry.over:
        return ()
    steps = Steps(request, site, workspace, report)
    by_unit = {step.unit.name: step.name for step in request.steps}
    living = journal.living(workspace.folder, entry)
    if living is not None:
        report(Event("note", message=f"Terraform of the run that died still works in {workspace.folder} (process {living.pid}): following it"))
    follower = Follower(workspace, steps, entry, Hidden(_secrets(request, site)).plain)
    follower.follow(lambda: living is not None and identity.alive(living))
    units = {names.module(step.unit): step.unit.name for step in request.steps}
    follower.end(CUT, units)
    return tuple(by_unit[unit] for unit in steps.ended if unit in steps.well)


def _secrets(request: BatchRequest, site: Site) -> Iterator[str]:
    """The secrets that this Terraform was given, as far as they can still be had."""
    for step in request.steps:
        for _, reference in references.find(step.unit.inputs):
            if reference.head == "secret":
                try:
                    yield references.as_text(site.reveal(reference.bare))
                except ProvisionError:
                    continue
