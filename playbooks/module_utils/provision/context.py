"""Who asks (application, unit), and where on this host things go. Reads nothing but what it is given and who runs it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.provision.failures import Failed

SYSTEMD_RUNS = "/run/systemd/system"


@dataclass(frozen=True)
class Context:
    """The unit, what the plan saw of this host, and the folder below which everything lies (empty: the whole host)."""

    app: str
    environment: str = ""
    unit: str = ""
    component: str = ""
    target: str = ""
    seal: str = ""
    marker: str = ""
    root: str = ""
    address: str = ""
    supervisord: str = ""
    check: bool = False
    restart: bool = False
    """What runs is started anew, though nothing differs."""
    take_over: bool = False
    """It takes the place of what somebody else set up on this host."""
    leave: tuple[str, ...] = ()
    """Files that are left as they are: somebody accepted how they differ."""
    secret_inputs: tuple[str, ...] = ()

    @staticmethod
    def of(values: dict[str, Any], check: bool) -> Context:
        """From the module's parameter `context`."""
        known = {key: value for key, value in values.items() if key in Context.__dataclass_fields__ and value is not None}
        known.update({name: tuple(known.get(name, ())) for name in ("secret_inputs", "leave")})
        if known.get("root"):
            known["root"] = os.path.abspath(os.path.expanduser(str(known["root"])))
        return Context(**dict(known, check=check))

    @property
    def privileged(self) -> bool:
        """True when users can be made and the whole host is ours to change."""
        return os.geteuid() == 0 and not self.root

    @property
    def systemd(self) -> bool:
        """True when services run under systemd."""
        return self.privileged and os.path.isdir(SYSTEMD_RUNS)

    @property
    def below(self) -> str:
        """The folder that stands for `/`; empty for `/` itself."""
        if self.root or os.geteuid() == 0:
            return self.root
        return os.path.expanduser("~/.local/share/provision")

    def path(self, absolute: str) -> str:
        """Where a path of the host lies under our root."""
        normal = os.path.normpath(absolute)
        return self.below + normal if self.below else normal

    @property
    def units(self) -> str:
        """Folder of the manifests."""
        return self.path("/var/lib/provision/units")

    @property
    def header(self) -> str:
        """First line of the files that we write; by it they are known as ours."""
        return f"# Written by provision for {self.unit} of {self.app}; changes by hand are undone by the next apply."


def holds(value: Any, marker: str) -> bool:
    """True when a value is, or has in it, the marker for "not known yet"."""
    if not marker:
        return False
    if isinstance(value, dict):
        return any(holds(key, marker) or holds(item, marker) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return any(holds(item, marker) for item in value)
    return isinstance(value, str) and marker in value


def unknown_names(values: dict[str, Any], marker: str, prefix: str) -> list[str]:
    """Dotted names, as the playbook's variables are called, of the inputs that hold the marker; two levels deep."""
    names = []
    for name, value in sorted(values.items()):
        if isinstance(value, dict):
            names += [f"{prefix}{name}.{key}" for key in sorted(value) if holds(value[key], marker)]
        elif holds(value, marker):
            names.append(prefix + name)
    return names


def check_name(name: str) -> str:
    """A name that is safe as file, unit and user name."""
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name):
        raise Failed(f"'{name}' can't be the name of a service on a host: small letters, digits and dashes, at most 63, no dash at either end")
    return name
