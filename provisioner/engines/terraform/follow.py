"""Follows an apply by its stream file, whoever started it, and ends the steps of its batch one by one."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from provisioner.engines.terraform import journal, state, stream
from provisioner.engines.terraform.journal import Entry
from provisioner.engines.terraform.progress import Progress
from provisioner.engines.terraform.steps import Steps
from provisioner.engines.terraform.stream import Diagnostic, Hook
from provisioner.engines.terraform.workspace import Workspace

BREATH = 0.1
"""Seconds between two looks at the stream."""

QUIET = ("Resource targeting is in effect", "Applied changes may be incomplete", "Saved plan is stale")
"""What is our own doing and tells nobody anything."""

Alive = Callable[[], bool]


class Follower:
    """One apply that is followed to its end."""

    def __init__(self, workspace: Workspace, steps: Steps, entry: Entry, plain: Callable[[str], str]) -> None:
        self._workspace, self._steps, self._plain = workspace, steps, plain
        self.entry = entry
        self.progress = Progress(entry.operations)
        self.under_way: dict[str, str] = {}
        """Address to action of what was under way when it was interrupted."""
        self._read = 0
        self._interrupted = threading.Event()

    def interrupted(self) -> None:
        """Somebody interrupts the process: what is under way now is left unfinished by us, not refused by the cloud."""
        self.under_way |= self.progress.active
        self._interrupted.set()

    def follow(self, alive: Alive) -> None:
        """Read until the process is gone and its stream is at its end; steps end on the way where the state is a local file."""
        while True:
            living = alive()
            moved = self._take()
            if self._interrupted.is_set():
                self.under_way |= self.progress.active
            if moved or not living:
                self._end_ready()
            if not living:
                return
            if not moved:
                time.sleep(BREATH)

    def _take(self) -> bool:
        """Take in what was written since; events that an earlier follower told are not told again."""
        lines, offset = stream.tail(self._workspace.folder / self.entry.stream, self._read)
        if offset == self._read:
            return False
        new = self._read >= self.entry.offset
        for event in stream.parse(lines):
            self.progress.feed(event)
            if new:
                self._tell(event)
        self._read = offset
        if offset > self.entry.offset:
            self._keep(replace(self.entry, offset=offset))
        return True

    def _tell(self, event: stream.Parsed) -> None:
        if isinstance(event, Hook):
            self._steps.event(event)
        elif isinstance(event, stream.Said):
            self._steps.said(event.address, self._plain(event.text))
        elif isinstance(event, Diagnostic) and not event.summary.startswith(QUIET):
            self._steps.diagnostic(event, self._plain(str(event)))

    def _end_ready(self) -> None:
        if self._workspace.state_file is None:
            return
        ready = [unit for unit in list(self._steps.open) if unit in self.entry.operations and self.progress.complete(unit)]
        if not ready or (now := state.read(self._workspace.state_file)) is None:
            return
        for unit in ready:
            self._steps.done(unit, now, changed=unit in self.entry.changed)
        self._keep(replace(self.entry, ended=tuple(self._steps.ended)))

    def end(self, cut: str, units: dict[str, str]) -> None:
        """The process is gone: end the remaining steps; `units` maps modules to units."""
        now = self._workspace.read_state()
        complete = [unit for unit in list(self._steps.open) if unit in self.entry.operations and (self.progress.well or self.progress.complete(unit))]
        for unit in complete:
            self._steps.done(unit, now, changed=unit in self.entry.changed)
        errors = [replace(error, detail=self._plain(error.detail)) for error in self.progress.errors if error.address not in self.under_way]
        self._steps.after(errors, units, well=self.progress.well, cut="" if self.progress.well else cut)
        self._remember()
        (self._workspace.folder / self.entry.plan_file).unlink(missing_ok=True)
        self._keep(replace(self.entry, ended=tuple(self._steps.ended), over=True))

    def _remember(self) -> None:
        """What we left unfinished is ours to judge later; once all went well there is nothing left to judge."""
        if self.progress.well:
            self._workspace.set_interrupted(frozenset())
            return
        begun = frozenset(address for address, action in {**self.under_way, **self.progress.active}.items() if action == "create")
        if begun:
            self._workspace.set_interrupted(self._workspace.interrupted() | begun)

    def _keep(self, entry: Entry) -> None:
        if entry != self.entry:
            self.entry = entry
            journal.write(self._workspace.folder, entry)
