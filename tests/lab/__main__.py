"""The lab by hand: `python -m tests.lab up 3`, then ssh, exec, kill, start … and down. Says what it does on stderr.

    up N [--base | --trixie] [--disk SIZE]   N more hosts; prints the inventory
    status | inventory | sweep | prepare
    exec COMMAND...          run a command inside the lab's network
    ssh HOST COMMAND...      as root
    kill | start | stop | freeze | thaw | cut | mend | fill | free | wipe | rekey | remove HOST
    slow HOST RATE           such as 256kbit; empty ends it
    loss HOST PERCENT        of what it sends; 0 ends it
    down                     take everything away
    --name NAME              another lab than "hand"; labs do not see each other
"""

import argparse
import subprocess
import sys

from tests.lab.lab import Lab, erase, sweep
from tests.lab.place import LabError, runs
from tests.lab.rootfs import prepare

MACHINE = ("kill", "start", "stop", "freeze", "thaw", "cut", "mend", "fill", "free", "wipe", "rekey", "remove")


def main(arguments: list[str]) -> int:
    """Carry out one command; 0 when it worked."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="hand")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in ("prepare", "up"):
        command = commands.add_parser(name)
        command.add_argument("--trixie", action="store_true")
        if name == "up":
            command.add_argument("rest", nargs="*", default=["1"], metavar="N")
            command.add_argument("--base", action="store_true")
            command.add_argument("--disk", default="")
    for name in ("status", "inventory", "sweep", "down", "guard", "exec", "ssh", "slow", "loss", *MACHINE):
        commands.add_parser(name).add_argument("rest", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    try:
        return _do(options, getattr(options, "rest", []))
    except LabError as error:
        sys.stderr.write(f"lab: {error}\n")
        return 1


def _do(options: argparse.Namespace, rest: list[str]) -> int:
    command = options.command
    if command == "guard":
        sys.stdin.buffer.read()
        erase(runs() / rest[0])
    elif command == "prepare":
        prepare(trixie=options.trixie)
    elif command == "sweep":
        sweep()
    elif command == "down":
        erase(runs() / options.name)
    elif command != "up" and not (runs() / options.name / "lab.json").exists():
        raise LabError("no lab is up; first: python -m tests.lab up 1")
    else:
        return _with(Lab.named(options.name), options, rest)
    return 0


def _with(lab: Lab, options: argparse.Namespace, rest: list[str]) -> int:
    command = options.command
    if command == "up":
        lab.hosts(int(rest[0]), base=options.base, trixie=options.trixie, disk=options.disk)
        _show(lab)
    elif command == "inventory":
        _show(lab)
    elif command == "status":
        for machine in lab.machines():
            sys.stdout.write(f"{machine.name} {machine.address} {'up' if machine.running() else 'down'}\n")
    elif command == "exec":
        return subprocess.run(lab.network.inside(*rest), check=False).returncode
    elif command == "ssh":
        done = lab.ssh(rest[0], " ".join(rest[1:]), check=False)
        sys.stdout.write(done.stdout)
        sys.stderr.write(done.stderr)
        return done.returncode
    elif command == "slow":
        lab.machine(rest[0]).slow(*rest[1:])
    elif command == "loss":
        lab.machine(rest[0]).lose(int(rest[1]))
    else:
        getattr(lab.machine(rest[0]), command)()
    return 0


def _show(lab: Lab) -> None:
    sys.stdout.write(lab.inventory(lab.models()).read_text())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
