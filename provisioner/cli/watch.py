"""Watching a run: a tree that is drawn again and again on a terminal, plain lines elsewhere. Fed from worker threads."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.text import Text

from provisioner.cli.door import Door
from provisioner.console.events import QUIET, event_line
from provisioner.console.look import Look, seconds_text
from provisioner.console.progress import Progress
from provisioner.console.tree import counts_text, tree_lines
from provisioner.model import Event, Plan

PlanOf = Callable[[str], Plan | None]


class Watch:
    """A context manager around a run; `listen` takes its events. Whatever happens, the terminal is left as it was."""

    def __init__(self, door: Door, plan_of: PlanOf, show_commands: bool = False) -> None:
        """`plan_of` finds a plan by its id."""
        self._door, self._plan_of, self._show_commands = door, plan_of, show_commands
        self._lock = threading.Lock()
        self._run = 0
        self._live: LiveTree | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    def listen(self, event: Event) -> None:
        """Take one event."""
        with self._lock:
            self._take(event)

    def _take(self, event: Event) -> None:
        if event.kind == "run-started":
            self._run = self._door.run = int(event.data.get("run", 0))
            self._start(event)
        if self._live is not None:
            self._live.take(event)
            if event.kind == "run-ended":
                self._stop()
        elif event.kind not in QUIET:
            self._door.show(event_line(event, self._run, self._door.aside))
        if event.kind == "command" and self._show_commands:
            self._door.show(self._door.aside.line(f"$ {event.message}", "cyan"))

    def _start(self, event: Event) -> None:
        plan = self._plan_of(str(event.data.get("plan", ""))) if self._door.live else None
        if plan is not None:
            self._live = LiveTree(self._door.aside, Progress(plan, event.data.get("done", ())), self._run)
            self._live.start()

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


class LiveTree:
    """The drawn tree. Drawing reads the progress in rich's thread, hence a lock."""

    def __init__(self, look: Look, progress: Progress, run: int) -> None:
        self._look, self._progress, self._run = look, progress, run
        self._lock = threading.Lock()
        self._begun = time.monotonic()
        self._console = Console(stderr=True, no_color=not look.color, highlight=False, emoji=False)
        self._live = Live(self, console=self._console, refresh_per_second=8, transient=True, redirect_stdout=False)

    def start(self) -> None:
        """Begin drawing."""
        self._live.start()

    def stop(self) -> None:
        """End drawing and leave the last state of the tree on the screen, whole."""
        self._live.stop()
        with self._lock:
            lines = tree_lines(self._progress, self._look, time.monotonic(), rows=max(self._console.height - 6, 10))
        self._console.print(Text.from_ansi("\n".join(lines)), no_wrap=True, overflow="crop", soft_wrap=False)

    def take(self, event: Event) -> None:
        """Learn from one event; notes are said above the tree."""
        with self._lock:
            self._progress.take(event, time.monotonic())
        if event.kind == "note" and event.message and not event.step:
            self._live.console.print(Text.from_ansi(self._look.line(f"  {event.message}", "yellow")))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        now = time.monotonic()
        with self._lock:
            lines = [self._look.line(f"Run {self._run}", "title"), *tree_lines(self._progress, self._look, now, rows=max(console.height - 4, 6))]
            foot = f"Elapsed {seconds_text(now - self._begun)} · {counts_text(self._progress)} · Ctrl-C stops after running steps"
        for line in [*lines, self._look.line(foot, "dim")]:
            text = Text.from_ansi(line)
            text.truncate(options.max_width)
            yield from console.render(text, options.update(no_wrap=True, overflow="crop"))
        yield Segment("")
