"""sandbox: up, down, status, break."""

from pathlib import Path
from typing import Any

from provisioner.cli.door import Door
from provisioner.cli.project import open_project, project_of, settings_of
from provisioner.console.history import moment
from provisioner.console.shapes import head
from provisioner.errors import Exit
from provisioner.sandbox import simulator
from provisioner.sandbox.damage import damage
from provisioner.sandbox.servers import programs

WEBSITE = "website"
"""What has a host name only, and no address."""
NAMED = WEBSITE, "load balancer"
"""What has a host name that is nowhere else."""


def up(door: Door, /, project: str) -> int:
    """Start the simulated cloud of this project."""
    running = simulator.start(Path(project))
    if running.fresh:
        door.tell("[sandbox] the simulated cloud is empty again: the one before had ended")
    _tell(door, running, Path(project))
    return Exit.OK


def status(door: Door, /, project: str) -> int:
    """Whether it runs, and where."""
    _tell(door, simulator.find(Path(project)), Path(project))
    return Exit.OK


def down(door: Door, /, project: str) -> int:
    """End it; what it held is gone."""
    ended = simulator.stop(Path(project))
    if door.json:
        door.say_json({**head("sandbox"), "running": False, "ended": ended})
    else:
        door.say("[sandbox] ended: what the simulated cloud held is gone." if ended else "[sandbox] it was not running.")
    return Exit.OK


def break_one(door: Door, /, name: str, **chosen: Any) -> int:
    """Damage a component behind the tool's back."""
    with open_project(door, {**chosen, "environment": "sandbox"}) as session:
        done = damage(session.delivered, name, simulator.find(Path(project_of(settings_of(chosen)))))
    if door.json:
        door.say_json({**head("damage"), "damaged": done})
    else:
        for sentence in done:
            door.say(door.look.words(f"[sandbox] {sentence}"))
        door.say(door.look.paint("Next: ", "bold") + door.look.command("provision plan"))
    return Exit.OK


def _tell(door: Door, running: simulator.Simulator | None, folder: Path) -> None:
    servers, missing = simulator.servers(running) if running else [], programs.missing()
    if door.json:
        where = {"endpoint": running.endpoint, "pid": running.pid, "started": running.started, "servers": servers} if running else {}
        door.say_json({**head("sandbox"), "running": running is not None, **where, "missingPrograms": [kind.program for kind in missing.values()]})
        return
    if running is None:
        door.say("[sandbox] not running; it starts with the next plan, or: provision sandbox up")
    else:
        door.say(door.look.words(f"[sandbox] running at {running.endpoint} since {moment(running.started)}, process {running.pid}"))
    for server in servers:
        door.say(door.look.words(f"[sandbox] {server['name']}: {server['kind']} at {server['address']}:{server['port']}, {server['state']}"))
    if running and any(server["kind"] in NAMED for server in servers):
        words = f"[sandbox] for programs that ask for host names of the simulated cloud: http_proxy={running.endpoint} no_proxy=127.0.0.1,localhost"
        door.say(door.look.words(words))
    if any(server["kind"] != WEBSITE for server in servers):
        door.say(f"[sandbox] for programs that verify their certificates: SSL_CERT_FILE={simulator.trusted(folder)}")
    for kind in missing.values():
        door.say(f"[sandbox] {kind.service}: addresses lead nowhere, because {kind.program} is not on this machine (Debian: {kind.package})")
