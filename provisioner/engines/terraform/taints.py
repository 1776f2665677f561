"""Resources that our own interrupted run left tainted: kept when they turn out to be as they should be, else made again."""

from typing import Any

from provisioner.engines.terraform import changes, command, names
from provisioner.engines.terraform.workspace import Workspace


class Taints:
    """The marks that are lifted for one plan. Changes nothing but Terraform's own mark in the state."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lifted: set[str] = set()
        self._judged = False

    def lift(self) -> None:
        """Take the mark from what we were creating when we were interrupted; once."""
        begun = self._workspace.interrupted()
        if self._judged or not begun:
            return
        self._judged = True
        # what makes nothing itself is tainted by a program that it ran and that did not end well: that must run again
        made = {address for address in begun & self._workspace.read_state().tainted if not names.only_runs(address)}
        for address in sorted(made):
            if self._run(address, undo=True):
                self._lifted.add(address)

    def put_back(self, entries: list[dict[str, Any]]) -> bool:
        """Mark again what is not as it should be; True when the plan must be made anew because of that."""
        wrong = {entry["address"] for entry in entries if changes.action_of(entry) is not None} & self._lifted
        self._lifted -= wrong
        for address in sorted(wrong):
            self._run(address, undo=False)
        return bool(wrong)

    def _run(self, address: str, *, undo: bool) -> bool:
        return self._workspace.run(command.taint(self._workspace.binary, self._workspace.folder, address, undo=undo)).returncode == 0
