"""The table of verbs and the group that imports a verb's module when it is used, so that `--help` answers at once."""

import importlib
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import click

from provisioner.cli import pasting

VERBS: dict[str, dict[str, tuple[str, str]]] = {
    "Start": {
        "init": ("start", "Make a project: app.yaml, an environment, .gitignore."),
        "sandbox": ("sandbox", "The simulated cloud: up, down, status, break NAME."),
        "doctor": ("doctor", "Check what the application needs, and say the fix."),
        "types": ("catalogue", "List the types, or everything about one TYPE."),
        "schema": ("catalogue", "Print a JSON Schema, for editors and scripts."),
        "explain": ("explain", "Explain an error code or a topic, offline."),
    },
    "Deliver": {
        "validate": ("plan", "Check the documents; asks no tool."),
        "plan": ("plan", "Show what apply would do; changes nothing."),
        "apply": ("apply", "Deliver the application, or carry out a saved plan."),
        "status": ("status", "Health and sync of each component."),
        "diff": ("past", "Compare revisions, environments, or app.yaml with what is delivered."),
        "rollback": ("past", "Go back to an earlier revision."),
        "resume": ("apply", "Go on with a run that failed, was stopped or waits."),
        "cancel": ("apply", "Stop a run, or close one that died."),
        "promote": ("promote", "Deliver what one environment has to the next one."),
        "destroy": ("apply", "Remove the application."),
    },
    "Look": {
        "history": ("past", "List revisions: what was delivered, when, by whom and why."),
        "runs": ("history", "List runs, newest first."),
        "show": ("history", "Show one run with its steps, or one revision."),
        "outputs": ("status", "Print the outputs of delivered components."),
        "logs": ("history", "What happened in a run, as text."),
        "events": ("history", "What happened in a run, as ndjson."),
        "graph": ("status", "Show what needs what: text, mermaid or svg."),
    },
    "Fleet": {
        "drift": ("drift", "Show what was changed behind our back, and heal it."),
        "import": ("import_", "Take over what is there already."),
        "eject": ("eject", "Write plain Terraform and Ansible that run without provision."),
        "restart": ("action", "Start anew what runs of a component, host by host."),
        "action": ("action", "Run an action of a component: backup, restore …"),
    },
    "Control": {
        "secrets": ("secrets", "Secrets: set NAME, list, check."),
        "policy": ("policy", "Rules in CEL: test FILE."),
    },
    "Extend": {
        "def": ("definitions", "Definitions of types: init from a module or playbook, vet."),
        "addon": ("addon", "Types that others wrote: add, list, upgrade, restore, remove."),
    },
    "Utility": {
        "version": ("explain", "Print the version."),
        "help": ("explain", "Help on a verb or a topic."),
        "completion": ("explain", "Print the completion script of a shell."),
    },
}
"""Group to verb to (module in `verbs`, what it does). The module's command says the same; a test compares them."""

EPILOG = """Each option is also a variable: --lock-wait is PROVISION_LOCK_WAIT.
Topics: provision help exit-codes | environment | formats"""


def carry_out(what: str, *arguments: Any, **named: Any) -> int:
    """Call `MODULE.FUNCTION` of `work`, imported only now: help and completion of a verb need nothing of what it does."""
    ctx = click.get_current_context()
    ctx.obj.pasting = pasting.Pasting(ctx.find_root(), pasting.given(ctx))
    module, _, function = what.partition(".")
    code: int = getattr(importlib.import_module(f"provisioner.cli.work.{module}"), function)(*arguments, **named)
    return code


class Verbs(click.Group):
    """The top of the command line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for verbs in VERBS.values() for name in verbs]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for verbs in VERBS.values():
            if cmd_name in verbs:
                module = importlib.import_module(f"provisioner.cli.verbs.{verbs[cmd_name][0]}")
                command: click.Command = getattr(module, f"{cmd_name}_command")
                return command
        return None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion for a verb that does not exist."""
        if args and args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            raise click.UsageError(f'there is no command "{args[0]}"; {near(args[0], self.list_commands(ctx))}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, verbs in VERBS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<10}", about) for name, (_, about) in verbs.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_paragraph()
        for line in EPILOG.splitlines():
            formatter.write_text(line)


def near(wrong: str, choices: Sequence[str]) -> str:
    """`did you mean "apply"?`, or where the list is."""
    found = get_close_matches(wrong, choices, 1, 0.5)
    return f'did you mean "{found[0]}"?' if found else "provision --help lists them"
