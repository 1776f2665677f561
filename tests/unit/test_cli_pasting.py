"""Commands that are printed: each one is understood when it is pasted, and asks for the same application at the same place."""

import ast
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from provisioner.cli import entry, pasting
from provisioner.cli.door import Door
from provisioner.cli.pasting import Pasting
from provisioner.console.look import Look
from provisioner.console.result import Ending, asking_again, next_lines
from provisioner.errors import Exit
from provisioner.model import Plan, Purpose
from provisioner.store import Run

SOURCES = Path(entry.__file__).parents[1]


def typed(*arguments: str) -> click.Context:
    """The context of a command line, understood and not carried out."""
    ctx = entry.provision.make_context("provision", list(arguments), resilient_parsing=False)
    while isinstance(ctx.command, click.Group):
        name, command, rest = ctx.command.resolve_command(ctx, [*ctx._protected_args, *ctx.args])
        assert command is not None
        ctx = command.make_context(name, rest, parent=ctx)
    return ctx


def completed(command: str, *arguments: str) -> str:
    """The command as it is printed by this command line."""
    ctx = typed(*arguments)
    return Pasting(ctx.find_root(), pasting.given(ctx))(command)


@pytest.fixture(autouse=True)
def a_door(monkeypatch: pytest.MonkeyPatch) -> None:
    """Options note their values on a door."""
    monkeypatch.setattr(click.Context, "find_object", lambda self, kind: Door())


PLACE = ("sub/app.yaml", "-e", "prod", "--store", "/var/runs.db")
CASES: list[tuple[tuple[str, ...], str, str]] = [
    (("apply", *PLACE), "provision resume 3", "provision resume 3 --file sub/app.yaml -e prod --store /var/runs.db"),
    (("apply", *PLACE), "provision logs 3 --step 'remove x'", "provision logs 3 --step 'remove x' --file sub/app.yaml --store /var/runs.db"),
    (("plan", *PLACE, "--keep", "db"), "provision apply", "provision apply sub/app.yaml -e prod --store /var/runs.db --keep db"),
    (("plan", "--on", "a@b", "--on", "c@d", "--accept-host-keys"), "provision apply", "provision apply --on a@b --on c@d --accept-host-keys"),
    (("apply", "my app.yaml"), "provision status", "provision status 'my app.yaml'"),
    (("apply", "-e", "prod"), "provision plan -e dev", "provision plan -e dev"),
    (("promote", "--from", "dev", "--to", "prod"), "provision plan", "provision plan -e prod"),
    (("apply", "--terraform", "/opt/tofu", "--parallel", "3", "--yes"), "provision doctor", "provision doctor --terraform /opt/tofu"),
    (("secrets", "set", "pin", "--file", "a/app.yaml"), "provision secrets set pin", "provision secrets set pin --file a/app.yaml"),
    (("apply", "-e", "prod"), "provision apply --help", "provision apply --help"),
    (("apply", "-e", "prod"), "provision types", "provision types"),
    (("apply", "-e", "prod"), "make plan", "make plan"),
    (("action", "db", "backup", "--set", "a=b c"), "provision action db backup", "provision action db backup --set 'a=b c'"),
    (("status",), "provision plan", "provision plan"),
]


@pytest.mark.parametrize(("arguments", "command", "expected"), CASES)
def test_a_command_is_completed_with_what_was_given(arguments: tuple[str, ...], command: str, expected: str) -> None:
    assert completed(command, *arguments) == expected
    if expected.startswith("provision") and "--help" not in expected:
        typed(*shlex.split(expected)[1:])


def test_what_a_variable_says_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVISION_ENVIRONMENT", "prod")
    assert completed("provision plan", "apply") == "provision plan"


def ended(purpose: Purpose, failures: tuple[tuple[str, str], ...] = (("db", "no"),)) -> Ending:
    plan = Plan("p", "shop", "prod", "1", (), purpose=purpose, failures=failures)
    return Ending(plan, Run(3, "p", "shop", "prod", "1", "failed", 1, "eve", "", ""), {}, Exit.PARTIAL)


@pytest.mark.parametrize(("purpose", "command"), [
    (Purpose(), "provision apply"), (Purpose("destroy"), "provision destroy"), (Purpose("rollback", 4), "provision rollback --to 4"),
    (Purpose("heal"), "provision drift --fix"),
    (Purpose(imports=(("files@aws", 'aws_s3_bucket.a["x"]', "old"),)), "provision import files 'aws_s3_bucket.a[\"x\"]' old"),
])
def test_what_could_not_be_planned_is_asked_for_again_by_the_same_verb(purpose: Purpose, command: str) -> None:
    ending = ended(purpose)
    assert asking_again(ending.plan) == command
    ctx = typed("apply", "-e", "prod")
    lines = next_lines(ending, Look(complete=Pasting(ctx.find_root(), pasting.given(ctx))))
    assert lines[-1].split(maxsplit=2)[-1] == f"{command} -e prod"


def test_a_run_that_is_looked_at_says_where_it_was() -> None:
    given = Pasting(typed("show", "3").find_root(), {"file": "s/app.yaml"}).about({"file": "s/b.yaml", "environment": "", "on": ("a@b",), "keep": ()})
    assert given("provision apply") == "provision apply s/b.yaml --on a@b"
    assert given.about({"file": "app.yaml", "environment": "prod", "on": ()})("provision resume 3") == "provision resume 3 -e prod"


# ------------------------------------------------------------------ every text in the sources
def text_of(node: ast.AST) -> str:
    """A string of the source; what is filled in is a 1, which is a number, a name and a file."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) if isinstance(part, ast.Constant) else "1" for part in node.values)
    return ""


def texts_in(node: ast.AST) -> Iterator[ast.AST]:
    """The strings below a node; what is part of another string is none of its own."""
    if isinstance(node, (ast.Constant, ast.JoinedStr)):
        yield node
        return
    for child in ast.iter_child_nodes(node):
        yield from texts_in(child)


def printed() -> list[tuple[str, str]]:
    """(place, command) of everything that is given as `next`, or asked to be completed."""
    found = []
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            given: list[ast.AST] = []
            if isinstance(node, ast.keyword) and node.arg == "next":
                given = list(texts_in(node.value))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "command":
                given = list(node.args)
            elif isinstance(node, ast.FunctionDef) and node.name in ("_next", "next_command", "asking_again", "next_lines"):
                given = list(texts_in(node))
            found += [(str(path.relative_to(SOURCES)), text) for one in given
                      if (text := text_of(one)).startswith("provision ") and "…" not in text]
    return found


@pytest.mark.parametrize(("place", "command"), printed())
def test_each_next_command_in_the_sources_is_one(place: str, command: str) -> None:
    words = shlex.split(command)[1:]
    try:
        typed(*words)
    except click.exceptions.Exit:
        assert "--help" in words


def test_texts_are_found() -> None:
    assert len(printed()) > 40
    with pytest.raises(click.UsageError):
        typed("lock", "status")
    with pytest.raises(click.UsageError):
        typed("runs", "shop")


def test_the_table_names_options_that_there_are() -> None:
    commands: dict[str, Any] = {name: entry.provision.get_command(click.Context(entry.provision), name) for name in ("apply", "action")}
    assert set(pasting.CARRIED) <= {param.name for command in commands.values() for param in command.params}


def test_a_variable_names_the_environment_of_diff_as_of_other_verbs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVISION_ENVIRONMENT", "prod")
    assert typed("diff", "41", "42").params["environments"] == ("prod",)
    assert typed("diff", "--env", "staging", "--env", "dev").params["environments"] == ("staging", "dev")
