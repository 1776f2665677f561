"""The `command` file of a root's folder: a shell script that runs plain Terraform there as provision did. Pure.

    sh command             terraform plan: shows no change after a run that ended well
    sh command apply …     any other command of Terraform
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from provisioner import providers

RAN = "# ran: "


def script(folder: Path, binary: str, ours: Mapping[str, str], targets: Mapping[str, str], variables: Sequence[str], ran: Sequence[str],
           *, simulated: bool) -> str:
    """The file's text. `ours`: variables that we set for every root; `targets`: those of its target, where "" removes one: what may be a
    credential is only named; `variables`: names of those that hold secrets; `ran`: the command lines that were run here. A simulator's are
    no secrets."""
    lines = ["#!/bin/sh", "# Runs Terraform in this folder as provision did: `sh command` plans, `sh command apply` applies.",
             f"cd {_quoted(folder)} || exit 1"]
    hidden = []
    for name, value in sorted({**targets, **ours}.items()):
        if value == "":
            lines.append(f"unset {name}")
        elif name in ours or simulated or name in providers.NO_SECRETS:
            lines.append(f"export {name}={_quoted(value)}")
        else:
            hidden.append(name)
    lines += [f"# needs {name}, which is not written here" for name in [*hidden, *variables]]
    lines += ["", *(RAN + line for line in ran), "", '[ $# -gt 0 ] || set -- plan', f'exec {_quoted(binary)} "$@"', ""]
    return "\n".join(lines)


def ran_before(text: str) -> list[str]:
    """The command lines that a file of an earlier process of this plan lists."""
    return [line.removeprefix(RAN) for line in text.splitlines() if line.startswith(RAN)]


def _quoted(value: str | Path) -> str:
    return shlex.quote(str(value))
