"""Which units of an apply are through, as its events come in. Pure."""

from collections.abc import Mapping, Sequence

from provisioner.engines.terraform.stream import Diagnostic, Hook, Parsed, Summary

Operations = Mapping[str, Sequence[tuple[str, str]]]
"""Unit to what Terraform will do for it: (address, create | update | delete | read), its `ready_` included."""


class Progress:
    """What has been done of what was planned."""

    def __init__(self, operations: Operations) -> None:
        self._open = {unit: set(entries) for unit, entries in operations.items()}
        self.active: dict[str, str] = {}
        """Address to action of what is under way."""
        self.failed: set[str] = set()
        self.completed = 0
        self.errors: list[Diagnostic] = []
        self.well = False
        """Terraform said itself that the apply is complete."""

    def feed(self, event: Parsed) -> None:
        """Take in one event."""
        if isinstance(event, Diagnostic):
            if event.severity == "error":
                self.errors.append(event)
        elif isinstance(event, Summary):
            self.well = self.well or event.operation in ("apply", "destroy")
        elif isinstance(event, Hook):
            self._hook(event)

    def _hook(self, hook: Hook) -> None:
        if hook.phase == "start":
            self.active[hook.address] = hook.action
        elif hook.phase == "complete":
            self.active.pop(hook.address, None)
            self.completed += 1
            for entries in self._open.values():
                entries.discard((hook.address, hook.action))
        elif hook.phase == "failed":
            self.active.pop(hook.address, None)
            self.failed.add(hook.address)

    def complete(self, unit: str) -> bool:
        """True when everything that was planned for a unit is done."""
        return not self._open.get(unit)
