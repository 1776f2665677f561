"""Prepares and runs one play of one unit: reaches its hosts, writes the step's folder, starts the child, collects events."""

import asyncio
import os
import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.engine import Site
from provisioner.engines.ansible import folder as folders
from provisioner.engines.ansible import inventory, settings
from provisioner.engines.ansible.inputs import Variables, with_host_secrets
from provisioner.engines.ansible.outcome import Collected, Outcome, Task
from provisioner.engines.ansible.play import Order, Play
from provisioner.errors import Missing
from provisioner.hosts.access import Access
from provisioner.hosts.keys import key_book
from provisioner.hosts.ssh import Reached, reach
from provisioner.model import Host, Hosts, Json

LISTED_WAIT = 10.0
"""Seconds for hosts that should be there."""
ON_SSH = "ssh"
TAGS = {"--tags": "provision_tags", "--skip-tags": "provision_skip_tags"}


@dataclass(frozen=True)
class Stage:
    """One play that is to be run."""

    site: Site
    library: Path
    """The folder with library/, module_utils/ and action_plugins/."""
    folder: Path
    playbook: str
    hosts: tuple[Host, ...]
    variables: Variables
    flags: tuple[str, ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    """Seconds to wait for SSH, by host name; LISTED_WAIT where nothing is said."""
    seals: Mapping[str, str] = field(default_factory=dict)
    inline: str = ""
    """The playbook's text in place of its file."""

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, **self.site.environ}


@dataclass
class Running:
    """Plays and waits that are going on, so that they can be ended from outside."""

    plays: set[Play] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)
    """Set: wait for no host any more."""


def require_tools(hosts: tuple[Host, ...], site: Site) -> None:
    """Raises Missing when ansible-playbook, or ssh for hosts that need it, is not installed."""
    path = site.environ.get("PATH") or os.environ.get("PATH", os.defpath)
    if not Path(sys.executable).with_name("ansible-playbook").exists() and shutil.which("ansible-playbook", path=path) is None:
        raise Missing("ansible-playbook is not installed", code="PRV-7202", hint="pip install ansible-core ansible-runner")
    if any(host.connection == ON_SSH for host in hosts) and shutil.which("ssh", path=path) is None:
        raise Missing("ssh is not installed", code="PRV-7203", hint="install the package openssh-client")


def accesses(stage: Stage) -> dict[str, Access]:
    """How each host on SSH is reached."""
    way = stage.site.target.hosts or Hosts()
    book = key_book(way, stage.site.state, stage.site.project)
    return {host.name: Access(host, way, book) for host in stage.hosts if host.connection == ON_SSH}


async def knock(stage: Stage, running: Running, seen: Callable[[Reached], None]) -> dict[str, Reached]:
    """Wait for the hosts on SSH; those that can't be used, by name."""
    ways = [access for access in accesses(stage).values() if access.variable("ansible_connection") in (None, "ssh", "smart")]
    limits = {access.host.name: stage.limits.get(access.host.name, LISTED_WAIT) for access in ways}
    loop = asyncio.get_running_loop()

    def in_loop(reached: Reached) -> None:
        loop.call_soon_threadsafe(seen, reached)

    # a thread of its own: asyncio's few are for short work
    pool = ThreadPoolExecutor(1, "reach")
    try:
        found = await loop.run_in_executor(pool, reach, ways, limits, running.stop, in_loop)
    except asyncio.CancelledError:
        running.stop.set()
        raise
    finally:
        pool.shutdown(wait=False)
    # let what the threads have said come first
    await asyncio.sleep(0)
    return {reached.host: reached for reached in found if reached.state in ("silent", "key")}


def tag_flags(variables: Variables) -> tuple[str, ...]:
    """Options of ansible-playbook for the tags that a component asks for."""
    asked = ((flag, variables.open.get(name)) for flag, name in TAGS.items())
    return tuple(word for flag, tags in asked if tags for word in (flag, ",".join(map(str, tags))))


def prepare(stage: Stage, variables: Variables, only: tuple[Host, ...]) -> folders.Files:
    """Write the step's folder for a play on `only`."""
    way = stage.site.target.hosts or Hosts()
    users = str(stage.site.project / way.inventory) if inventory.listed_in_file(way, stage.hosts) else ""
    document = inventory.document(accesses(stage), stage.hosts, way, settings.ssh_args(stage.site.project, stage.environ))
    call = folders.Call(
        stage.site.project, stage.playbook, users, (*stage.flags, *tag_flags(variables)),
        settings.settings(stage.library, stage.site.project, stage.environ), tuple(host.name for host in only), tuple(variables.hidden))
    return folders.write(stage.folder, call, document, variables.open)


async def perform(stage: Stage, only: tuple[Host, ...], running: Running, told: Callable[[Task], None],
                  written: Callable[[folders.Files], None]) -> Outcome:
    """Play on `only`, telling each result as it comes. Raises ProvisionError where a host's secret has no value."""
    variables = with_host_secrets(stage.variables, only, stage.site)
    files = prepare(stage, variables, only)
    written(files)
    hidden: dict[str, Json] = {**variables.hidden}
    if stage.seals:
        # not in vars.json: by hand, after the run, the state is another one
        hidden["provision_seals"] = dict(stage.seals)
    order = Order(stage.folder, stage.site.project, files.arguments, hidden, {
        **stage.site.environ, **settings.settings(stage.library, stage.site.project, stage.environ)}, variables.secrets, stage.inline)
    play = Play(order)
    collected = Collected()
    running.plays.add(play)
    try:
        async with aclosing(play.events(settings.of_our_runs(play.runtime, stage.site.project, stage.environ))) as events:
            async for event in events:
                task = collected.add(event)
                if task is not None:
                    told(task)
    finally:
        running.plays.discard(play)
    return collected.outcome()
