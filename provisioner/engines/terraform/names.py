"""Names of what we write into a root, and which unit an address belongs to. Pure."""

import hashlib
import re

from provisioner.model import Unit

READY = "terraform_data.ready_"
SEALED = "terraform_data.sealed_"
PENDING = "terraform_data.pending_"
MODULE = re.compile(r'module\.([A-Za-z_][A-Za-z0-9_-]*)(?:\["(?:[^"\\]|\\.)*"\]|\[\d+\])?')

ONLY_RUNS = re.compile(r"(\A|\.)(terraform_data|null_resource)\.")


def label(text: str) -> str:
    """A Terraform name for a text: two texts never share one."""
    clean = re.sub(r"[^A-Za-z0-9_-]", "_", text)
    if clean == text and re.match(r"[A-Za-z]", text) and len(text) <= 60:
        return clean
    return f"m_{clean[:48]}_{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def module(unit: Unit) -> str:
    """The name of a unit's module block; a root holds one copy of a component, since it is of one target."""
    return label(unit.component)


def targets(name: str) -> list[str]:
    """What a unit's module name stands for in -target: `ready_` and `sealed_` are not in its module, so they must be named, too."""
    return [f"module.{name}", READY + name, SEALED + name]


def module_of(address: str) -> str:
    """The module name of the unit that an address (of a resource or of our own `ready_` and `sealed_`) belongs to, or empty."""
    for own in (READY, SEALED):
        if address.startswith(own):
            return address.removeprefix(own)
    match = MODULE.match(address)
    return match[1] if match else ""


def is_ours(address: str) -> bool:
    """True for what we add to a root ourselves: never shown and never counted."""
    return address.startswith((READY, SEALED, PENDING))


def only_runs(address: str) -> bool:
    """True for what makes nothing itself: it is unfinished when a program that it runs did not end well, and making it is running that."""
    return bool(ONLY_RUNS.search(address))


def short(address: str) -> str:
    """An address as people read it below its unit: without the unit's own module."""
    return MODULE.sub("", address, count=1).lstrip(".") if address.startswith("module.") else address
