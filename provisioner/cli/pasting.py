"""Commands that are printed to be pasted: completed with the application, place and tools of the command that prints them."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import click
from click.core import ParameterSource

CARRIED = ("file", "environment", "on", "store", "ignore_unsupported", "terraform", "mirror", "accept_host_keys", "allow_destroy", "keep", "values")
"""Parameters of verbs that mean the same for the next one."""
PLACE = ("file", "environment", "on", "allow_destroy", "keep")
"""Those that a plan knows, too."""


@dataclass(frozen=True)
class Pasting:
    """What was given, and the root of the command line, which knows what each verb takes."""

    root: click.Context | None = None
    given: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, command: str) -> str:
        """`provision VERB …` with what was given, as far as this verb takes it and does not say it already; any other text as it is."""
        target = self._parsed(command)
        if target is None:
            return command
        return " ".join([command, *(word for name, value in self.given.items() for word in _words(target, name, value))])

    def about(self, found: Mapping[str, Any]) -> "Pasting":
        """The same with what is known by now of the application and its place."""
        known = {name: found[name] for name in PLACE if found.get(name) and (name, found[name]) != ("file", "app.yaml")}
        return replace(self, given={**known, **{name: value for name, value in self.given.items() if name not in PLACE or name not in found}})

    def _parsed(self, command: str) -> click.Context | None:
        words = shlex.split(command) if command.startswith("provision ") and self.given else []
        if self.root is None or len(words) < 2 or "--help" in words:
            return None
        ctx, rest = self.root, words[1:]
        while isinstance(ctx.command, click.Group):
            name, *more = rest or [""]
            verb = ctx.command.get_command(ctx, name)
            if verb is None:
                return None
            ctx, rest = verb.make_context(name, more, parent=ctx, resilient_parsing=True), more
        return ctx


def given(ctx: click.Context) -> dict[str, Any]:
    """What the command line itself says of them; what a variable says holds for the next command too."""
    return {name: ctx.params[name] for name in CARRIED
            if ctx.params.get(name) and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}


def _words(target: click.Context, name: str, value: Any) -> Iterator[str]:
    parameter = next((one for one in target.command.params if one.name == name), None)
    if parameter is None or target.get_parameter_source(name) is ParameterSource.COMMANDLINE:
        return
    flag = parameter.opts[0]
    for one in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(parameter, click.Argument):
            yield shlex.quote(str(one))
        else:
            yield flag if one is True else f"{flag} {shlex.quote(str(one))}"
