"""policy: tests of rules. Options and help; what it does is in `work`."""

from pathlib import Path

import click

from provisioner.cli.door import Door
from provisioner.cli.lazy import carry_out
from provisioner.cli.options import looks


@click.group("policy", short_help="Rules in CEL: test FILE.")
def policy_command() -> None:
    """Rules in CEL: test FILE.

    Rules say what must not be delivered. An environment has them under `rules`, an application in a policy of type `rules`.

    \b
      provision policy test rules/organisation.yaml
    """


@policy_command.command("test", short_help="Judge what the tests of a file of rules give.")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@looks()
@click.pass_obj
def test_command(door: Door, /, files: tuple[Path, ...]) -> int:
    """Judge what the tests of a file of rules give.

    Exit code 1 when another rule denies or warns than a test names. A file holds rules and their tests:

    \b
      apiVersion: provision/v1
      kind: Rules
      metadata: {name: organisation}
      spec:
        rules:
          - name: versioned
            deny: unit.type == 'bucket' && unit.inputs.versioned == false
            message: keeps no older versions
        tests:
          - name: a bucket without versions is refused
            given: {unit: {name: a@aws, type: bucket, inputs: {versioned: false}}}
            denies: [versioned]

    \b
      provision policy test rules/organisation.yaml
    """
    return carry_out("policy.test", door, files)
