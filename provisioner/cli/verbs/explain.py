"""explain, help, version: work offline, and where everything else is broken, so they import next to nothing."""

import difflib
import platform

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

from provisioner import codes
from provisioner.cli.crash import own_version
from provisioner.cli.door import Door
from provisioner.cli.options import looks
from provisioner.cli.topics import TOPICS
from provisioner.console.look import Cell, Row, table
from provisioner.errors import Exit, ProvisionError

COMPLETE = "_PROVISION_COMPLETE"
"""The variable by which the script asks us; click answers it before any verb."""
SHELLS = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
HEAD = {"schemaVersion": 1}


@click.command("explain", short_help="Explain an error code or a topic, offline.")
@click.argument("code", required=False, metavar="[CODE|TOPIC]")
@looks()
@click.pass_obj
def explain_command(door: Door, /, code: str | None) -> int:
    """Explain an error code or a topic, offline.

    \b
      provision explain
      provision explain PRV-6001
      provision explain exit-codes
    """
    if code is None:
        _list_codes(door)
    elif code in TOPICS:
        _topic(door, code)
    else:
        _one_code(door, code)
    return Exit.OK


def _list_codes(door: Door) -> None:
    every = codes.every()
    if door.json:
        door.say_json({**HEAD, "kind": "codes", "codes": [{"code": code, "title": title} for code, (title, _) in every.items()]})
        return
    rows: list[Row] = [[Cell(code, "bold"), title] for code, (title, _) in every.items()]
    door.say("\n".join([*table(rows, door.look, indent=""), "", f"Topics: {', '.join(TOPICS)}"]))


def _one_code(door: Door, code: str) -> None:
    found = codes.explain(code)
    if found is None:
        near = difflib.get_close_matches(code.upper(), codes.every(), 1) or difflib.get_close_matches(code, TOPICS, 1)
        raise ProvisionError(f'there is no code or topic "{code}"', code="PRV-6402", exit=Exit.USAGE,
                             hint=f'did you mean "{near[0]}"?' if near else "", next="provision explain")
    title, text = found
    digits = code.upper().removeprefix("PRV").lstrip("-")
    if door.json:
        door.say_json({**HEAD, "kind": "code", "code": f"PRV-{digits}", "title": title, "text": text})
    else:
        door.say(door.look.paint(f"PRV-{digits}  {door.look.words(title)}", "title") + "\n" + door.look.words(text))


def _topic(door: Door, topic: str) -> None:
    if door.json:
        door.say_json({**HEAD, "kind": "topic", "topic": topic, "text": TOPICS[topic]})
    else:
        door.say(door.look.words(TOPICS[topic]))


@click.command("help", short_help="Help on a verb or a topic.")
@click.argument("words", nargs=-1, metavar="[VERB|TOPIC]", shell_complete=lambda ctx, param, word: _known(ctx, word))
@click.pass_context
def help_command(ctx: click.Context, /, words: tuple[str, ...]) -> int:
    """Help on a verb or a topic.

    \b
      provision help apply
      provision help exit-codes
    """
    door = ctx.find_object(Door) or Door()
    if words and words[0] in TOPICS:
        _topic(door, words[0])
        return Exit.OK
    context = ctx.find_root()
    for word in words:
        group = context.command
        command = group.get_command(context, word) if isinstance(group, click.Group) else None
        if command is None:
            raise ProvisionError(f'there is no command or topic "{word}"', code="PRV-6402", exit=Exit.USAGE, hint=f"topics: {', '.join(TOPICS)}")
        context = click.Context(command, info_name=word, parent=context)
    door.say(context.get_help())
    return Exit.OK


def _known(ctx: click.Context, word: str) -> list[str]:
    """Verbs and topics that begin so."""
    root = ctx.find_root()
    verbs = root.command.list_commands(root) if isinstance(root.command, click.Group) else []
    return [name for name in (*verbs, *TOPICS) if name.startswith(word)]


@click.command("version", short_help="Print the version.")
@looks()
@click.pass_obj
def version_command(door: Door, /) -> int:
    """Print the version.

    \b
      provision version
    """
    if door.json:
        door.say_json({**HEAD, "kind": "version", "version": own_version(), "python": platform.python_version()})
    else:
        door.say(f"provision {own_version()}")
    return Exit.OK


@click.command("completion", short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(list(SHELLS)))
@click.pass_context
def completion_command(ctx: click.Context, /, shell: str) -> int:
    """Print the completion script of a shell.

    TAB then knows verbs, options, and the names of components, environments, types and addons.

    \b
      provision completion bash > ~/.local/share/bash-completion/completions/provision
      provision completion zsh > ~/.zfunc/_provision
      provision completion fish > ~/.config/fish/completions/provision.fish
    """
    door = ctx.find_object(Door) or Door()
    made = SHELLS[shell](ctx.find_root().command, {}, "provision", COMPLETE)
    # not `source`: for bash that one starts a bash to ask for its version
    door.say((made.source_template % made.source_vars()).strip())
    return Exit.OK
