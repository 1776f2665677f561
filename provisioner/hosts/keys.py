"""Host keys: which file holds a host's key, under which name, and how a new one gets in. Never contacts a host.

Kept keys live in one file for each application and environment, by TARGET/NAME (and the instance, for hosts that are made
and replaced); pinned keys in a file that the environment names, by host name or address.
"""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

import paramiko

from provisioner.model import Host, Hosts

USERS_OWN = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2", "/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")


@dataclass(frozen=True)
class KeyBook:
    """The known_hosts file that counts for a target. `pinned`: written by people, never by us."""

    path: Path
    pinned: bool
    accept_new: bool


def key_book(way: Hosts, state: Path, project: Path) -> KeyBook:
    """The pinned file of the environment, else the kept one under the application's state."""
    if way.known_hosts:
        return KeyBook(project / Path(way.known_hosts).expanduser(), True, way.host_keys == "accept-new")
    return KeyBook(state / "known_hosts", False, way.host_keys == "accept-new")


def alias(host: Host, book: KeyBook) -> str:
    """The name under which the host's key stands in the book (OpenSSH: HostKeyAlias)."""
    if not book.pinned:
        return "/".join(part for part in (host.target, host.name, instance(host)) if part)
    known = read(book.path)
    for name in (host.name, *names_of(host)):
        if known.lookup(name) is not None:
            return name
    return host.name


def instance(host: Host) -> str:
    """What tells a machine from the one that had its name before; empty on premise."""
    for key in ("instance_id", "id"):
        found = host.labels.get(key) or host.vars.get(key)
        if found:
            return str(found)
    return ""


def names_of(host: Host) -> tuple[str, ...]:
    """How the user's own known_hosts would name the host."""
    names = (host.address, host.name)
    return tuple(f"[{name}]:{host.port}" for name in names) if host.port != 22 else names


def read(path: Path) -> paramiko.HostKeys:
    """The keys of a file; a missing or unreadable file has none, a line that is no key is left out."""
    keys = paramiko.HostKeys()
    try:
        lines = path.expanduser().read_text(errors="replace").splitlines()
    except OSError:
        return keys
    for number, line in enumerate(lines, 1):
        try:
            entry = paramiko.hostkeys.HostKeyEntry.from_line(line, number)
        except (paramiko.SSHException, paramiko.hostkeys.InvalidHostKey):
            continue
        if entry is not None and entry.key is not None and not line.startswith("@"):
            for name in entry.hostnames:
                keys.add(name, entry.key.get_name(), entry.key)
    return keys


def known(host: Host, book: KeyBook) -> list[paramiko.PKey]:
    """The keys that the host may show: out of the book, else those that the user's own known_hosts files have for it."""
    found = _keys(read(book.path), alias(host, book))
    if found or book.pinned:
        return found
    for path in USERS_OWN:
        keys = read(Path(path))
        for name in names_of(host):
            if found := _keys(keys, name):
                return found
    return []


def _keys(keys: paramiko.HostKeys, name: str) -> list[paramiko.PKey]:
    entry = keys.lookup(name)
    return [] if entry is None else [entry[kind] for kind in entry]


def has_authorities(book: KeyBook) -> bool:
    """True when the book names certificate authorities: only OpenSSH itself can judge such keys."""
    try:
        return "@cert-authority" in book.path.read_text(errors="replace")
    except OSError:
        return False


def keep(host: Host, book: KeyBook, key: paramiko.PKey) -> None:
    """Write a key that was verified or accepted; keys of earlier machines of the same name leave the file."""
    name, prefix = alias(host, book), f"{host.target}/{host.name}"
    if book.pinned and (not book.accept_new or _keys(read(book.path), name)):
        return
    book.path.parent.mkdir(parents=True, exist_ok=True)
    with open(book.path, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        lines = file.read().splitlines()
        line = f"{name} {key.get_name()} {key.get_base64()}"
        stay = [old for old in lines if not _of_other(old, name, prefix)]
        if line in stay and stay == lines:
            return
        file.truncate(0)
        file.write("".join(old + "\n" for old in [*(old for old in stay if old != line), line]))
        file.flush()
        os.fsync(file.fileno())


def _of_other(line: str, name: str, prefix: str) -> bool:
    first = line.partition(" ")[0]
    return first != name and (first == prefix or first.startswith(prefix + "/"))


def forget_line(host: Host, book: KeyBook) -> str:
    """The command that takes the host's key out of the book."""
    return f"ssh-keygen -R {alias(host, book)} -f {book.path}"
