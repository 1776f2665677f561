"""Host keys: which file holds a host's key, under which name, and how a new one gets in. Never contacts a host.

Kept keys live in one file for each application and environment, by TARGET/NAME (and the instance, for hosts that are made
and replaced); pinned keys in a file that the environment names, by host name or address.
"""

import base64
import fcntl
import hashlib
import hmac
import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from provisioner.model import Host, Hosts

USERS_OWN = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2", "/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")


@dataclass(frozen=True)
class KeyBook:
    """The known_hosts file that counts for a target. `pinned`: written by people; we add to it only with `accept_new`."""

    path: Path
    pinned: bool
    accept_new: bool


@dataclass(frozen=True)
class Key:
    """A public key as it stands in known_hosts: type and base64."""

    kind: str
    text: str

    @property
    def fingerprint(self) -> str:
        """As ssh prints it."""
        digest = hashlib.sha256(base64.b64decode(self.text)).digest()
        return f"{self.kind} SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def key_book(way: Hosts, state: Path, project: Path) -> KeyBook:
    """The pinned file of the environment, else the kept one under the application's state."""
    if way.known_hosts:
        return KeyBook(project / Path(way.known_hosts).expanduser(), True, way.host_keys == "accept-new")
    return KeyBook(state / "known_hosts", False, way.host_keys == "accept-new")


def alias(host: Host, book: KeyBook) -> str:
    """The name under which the host's key stands in the book (OpenSSH: HostKeyAlias)."""
    if not book.pinned:
        return "/".join(part for part in (host.target, host.name, instance(host)) if part)
    return next((name for name in (host.name, *names_of(host)) if read(book.path, name)), host.name)


def instance(host: Host) -> str:
    """What tells a machine from the one that had its name before; empty on premise."""
    return str(host.vars.get("instance_id") or host.labels.get("instance_id") or "")


def names_of(host: Host) -> tuple[str, ...]:
    """How the user's own known_hosts would name the host."""
    names = (host.address, host.name)
    return tuple(f"[{name}]:{host.port}" for name in names) if host.port != 22 else names


def read(path: Path, name: str) -> list[Key]:
    """The keys that a file has for a name; none when it is missing or unreadable."""
    try:
        lines = path.expanduser().read_text(errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        words = line.split()
        if len(words) >= 3 and line[0] not in "#@" and _is_base64(words[2]) and _named(words[0], name):
            found.append(Key(words[1], words[2]))
    return found


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except ValueError:
        return False


def _named(patterns: str, name: str) -> bool:
    """As OpenSSH: names, patterns with * and ?, patterns that exclude (!), and hashed names."""
    if patterns.startswith("|1|"):
        _, _, salt, digest = patterns.split("|", 3)
        made = hmac.new(base64.b64decode(salt), name.encode(), "sha1").digest()
        return hmac.compare_digest(base64.b64encode(made).decode(), digest)
    matching = [pattern for pattern in patterns.lower().split(",") if fnmatchcase(name.lower(), _glob(pattern.lstrip("!")))]
    return bool(matching) and not any(pattern.startswith("!") for pattern in matching)


def _glob(pattern: str) -> str:
    # brackets are no sets here: [HOST]:PORT
    return pattern.replace("[", "[[]")


def known(host: Host, book: KeyBook) -> list[Key]:
    """The keys that the host may show: out of the book, else those that the user's own known_hosts files have for it."""
    found = read(book.path, alias(host, book))
    if found or book.pinned:
        return found
    if book.accept_new and instance(host):
        # clouds give addresses again: what the user's files know under this one is of a machine that is gone
        return []
    return next((keys for path in USERS_OWN for name in names_of(host) if (keys := read(Path(path), name))), [])


def has_authorities(book: KeyBook) -> bool:
    """True when the book names certificate authorities: only OpenSSH itself can judge such keys."""
    try:
        return "@cert-authority" in book.path.read_text(errors="replace")
    except OSError:
        return False


def keep(host: Host, book: KeyBook, key: Key) -> None:
    """Write a key that was verified or accepted; keys of earlier machines of the same name leave our own file."""
    name = alias(host, book)
    if book.pinned and (not book.accept_new or read(book.path, name)):
        return
    book.path.parent.mkdir(parents=True, exist_ok=True)
    with open(book.path, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        lines = file.read().splitlines()
        line = f"{name} {key.kind} {key.text}"
        stay = lines if book.pinned else [old for old in lines if not _of_other(old, name, f"{host.target}/{host.name}")]
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
