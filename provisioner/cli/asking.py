"""Asking before something is changed: yes or no, or the application's name where it is destroyed. Never without a terminal."""

import contextlib
import sys
import termios
from collections.abc import Callable

from provisioner.cli.door import Door
from provisioner.console.effects import data_losses, effects
from provisioner.console.plan import PlanView, plan_text
from provisioner.errors import Exit, ProvisionError
from provisioner.model import Plan


class Asker:
    """Shows the plan and asks. `refused` tells afterwards why nothing was done, when it was not a person's no."""

    def __init__(self, door: Door, *, yes: bool, destroy: bool = False, view: PlanView | None = None, question: str = "Apply?",
                 known: Callable[[PlanView, Plan], PlanView] = lambda view, plan: view) -> None:
        """`known`: the view with what is known of a plan: how long it will take, what was committed."""
        self._door, self._yes, self._destroy, self._view, self._question = door, yes, destroy, view or PlanView(), question
        self._known = known
        self.refused: ProvisionError | None = None

    def confirm(self, plan: Plan) -> bool:
        """True to go on."""
        door, view = self._door, self._known(self._view, plan)
        if door.json:
            door.show(plan_text(plan, door.aside, view))
        else:
            door.say(plan_text(plan, door.look, view))
        if self._yes:
            return True
        if not sys.stdin.isatty():
            self.refused = ProvisionError("there is no terminal to ask at, so nothing was changed", code="PRV-6401", exit=Exit.USAGE,
                                          hint="--yes goes on without asking")
            return False
        losses = data_losses(effects(plan).all)
        if self._destroy or losses:
            what = f"Data is lost: {', '.join(losses)}. " if losses else ""
            return _ask(door, f"{what}Type {plan.application} to go on: ") == plan.application
        return _ask(door, f"{self._question} [y/N] ").lower() in ("y", "yes")


def _ask(door: Door, question: str) -> str:
    """One line from the terminal; the end of input is an empty answer. What was typed before the question is no answer to it."""
    with contextlib.suppress(termios.error):
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
    sys.stderr.write(door.aside.paint(question, "bold"))
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        sys.stderr.write("\n")
    return answer.strip()
