"""Starts the child process that plays one playbook, hands on its events, and ends it with all that it has started."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioner.engines.ansible import folder as folders
from provisioner.engines.ansible import processes
from provisioner.engines.ansible.vaulted import Notes, masked
from provisioner.model import Json
from provisioner.secrets.redaction import redact

LINE_LIMIT = 256 * 1024 * 1024
"""Characters of one event: a diff of many files is one line."""
PATIENCE = 8.0
"""Seconds that the child has for ending its own before it is ended hard."""
MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Order:
    """All that the child must know."""

    folder: Path
    project: Path
    arguments: Sequence[str]
    hidden: Mapping[str, Json]
    environ: Mapping[str, str]
    secrets: tuple[str, ...] = ()
    playbook: str = ""
    """The playbook's text in place of its file, where it holds what may lie on no disk."""


class Play:
    """One run of ansible-playbook. `events` is read once, to its end; `end` may be called at any time, from any task."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._runtime = Path(tempfile.mkdtemp(prefix=folders.RUNTIME_PREFIX, dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
        self._process: asyncio.subprocess.Process | None = None
        self._notes = Notes(self._runtime / "vaulted", order.secrets)
        self.ended_by_us = False

    @property
    def runtime(self) -> Path:
        """Folder in memory for sockets and temporary files."""
        return self._runtime

    async def events(self, environ: Mapping[str, str]) -> AsyncGenerator[dict[str, Json], None]:
        """The events of the play, secrets taken out; the last is "ended", "broken", or "gone" when the child died."""
        folders.note_runtime(self._order.folder, self._runtime)
        last = ""
        try:
            process = await self._start(environ)
            assert process.stdout is not None
            async for line in process.stdout:
                event = masked(json.loads(line), self._notes.pattern())
                last = event["kind"]
                yield event
            code = await process.wait()
            if last not in ("ended", "broken"):
                yield {"kind": "gone", "code": code, "message": redact(self._stderr(), self._notes.pattern())}
        finally:
            await self.end()
            shutil.rmtree(self._runtime, ignore_errors=True)

    async def _start(self, environ: Mapping[str, str]) -> asyncio.subprocess.Process:
        order = self._order
        # -P: the project's folder may hold a yaml.py of its own
        command = [sys.executable, "-P", "-m", "provisioner.engines.ansible.child"]
        marked = {**os.environ, **order.environ, **environ, processes.MARK: str(order.folder)}
        with open(self._runtime / "stderr", "wb") as errors:
            self._process = await asyncio.create_subprocess_exec(
                *command, cwd=order.project, env=marked, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=errors,
                start_new_session=True, limit=LINE_LIMIT)
        assert self._process.stdin is not None
        self._process.stdin.write((json.dumps({
            "runtime": str(self._runtime), "arguments": list(order.arguments), "folder": str(order.project),
            "hidden": json.dumps(order.hidden) if order.hidden else "", "playbook": order.playbook,
            "notes": self._notes.begun()}) + "\n").encode())
        with contextlib.suppress(ConnectionError):
            await self._process.stdin.drain()
        return self._process

    async def end(self) -> None:
        """End the play now: the tasks that run on hosts go on to their end there, no other is started."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        self.ended_by_us = True
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError:
            processes.end_below(process.pid)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        finish(self._order.folder, str(self._runtime))

    def _stderr(self) -> str:
        try:
            return (self._runtime / "stderr").read_text(errors="replace")[-4000:]
        except OSError:
            return ""


def finish(folder: Path, runtime: str) -> None:
    """End every process that a play of this step left, and remove its memory folder."""
    processes.end(processes.marked(str(folder), runtime))
    folders.remove_runtime(runtime)
