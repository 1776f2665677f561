"""How a thing of the simulated AWS gets a server: it is being created until that answers.

Where the program is missing, or does not start, nothing is changed: the address leads nowhere. Runs in the simulator's own process only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from provisioner.sandbox.servers.keeper import Keeper, Make, Server
from provisioner.sandbox.servers.recipes import Wanted

Call = Callable[..., Any]
Wrap = Callable[[Any, str, Callable[[Any], Any]], None]


@dataclass(frozen=True)
class Thing:
    """A thing of a service and what it was asked for; `status` names the attribute, `creating` and `ready` its words."""

    key: str
    name: str
    kind: str
    wanted: Wanted
    model: Any
    status: str = "status"
    creating: str = "creating"
    ready: str = "available"


def begin(keeper: Keeper, thing: Thing, make: Make, move: Callable[[str | None], None] = lambda address: None) -> None:
    """Start the server of a thing, if there is one to be had; `move` says where the thing is, None: where it was."""
    def done(ended: Server) -> None:
        if ended.state == "failed":
            move(None)
        if getattr(thing.model, thing.status) == thing.creating:
            setattr(thing.model, thing.status, thing.ready)

    server = keeper.place(thing.key, thing.name, thing.kind, thing.wanted)
    if server is not None:
        setattr(thing.model, thing.status, thing.creating)
        move(server.place.address)
        keeper.start(server, make, done)
