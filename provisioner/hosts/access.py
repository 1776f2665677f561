"""One reading of how a host is reached, for paramiko and for Ansible alike: user, port, key, jump, SSH arguments, host key.

What the host's own Ansible variables say comes first, then the target. Asks OpenSSH what its configuration makes of it;
never contacts a host.
"""

import shlex
import subprocess
from dataclasses import dataclass

from provisioner.hosts.keys import KeyBook, alias
from provisioner.model import Host, Hosts, Json

SSH_ARGS = "-C -o ControlMaster=auto -o ControlPersist=60s"
"""Ansible's own default of `ssh_args`."""
ALIVE = ("-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3")
"""A host that freezes in the middle of a task is given up after 15 s."""
KEY_VARS = ("ansible_ssh_private_key_file", "ansible_private_key_file")
PASSWORD_VARS = ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password")


@dataclass(frozen=True)
class Access:
    """A host, its target's way to hosts, and the book that its key stands in."""

    host: Host
    way: Hosts
    book: KeyBook

    def variable(self, *names: str) -> Json:
        """The first of these Ansible variables that the host has."""
        return next((self.host.vars[name] for name in names if self.host.vars.get(name) not in (None, "")), None)

    @property
    def password(self) -> str:
        """The password that its inventory gives for SSH, or empty."""
        return next((self.way.passwords[key] for name in PASSWORD_VARS if (key := f"{self.host.name}/{name}") in self.way.passwords), "")

    @property
    def user(self) -> str:
        return str(self.variable("ansible_user", "ansible_ssh_user") or self.host.user or self.way.user)

    @property
    def port(self) -> int:
        return int(self.variable("ansible_port", "ansible_ssh_port") or self.host.port)

    @property
    def private_key(self) -> str:
        return str(self.variable(*KEY_VARS) or self.way.private_key)


def key_args(access: Access) -> list[str]:
    """OpenSSH arguments that bind the host to its key in the book, and to nothing else."""
    return ["-o", f"HostKeyAlias={alias(access.host, access.book)}", "-o", "StrictHostKeyChecking=yes",
            "-o", f"UserKnownHostsFile={_quoted(str(access.book.path))}", "-o", "GlobalKnownHostsFile=/dev/null",
            "-o", "CheckHostIP=no", "-o", "UpdateHostKeys=no", *ALIVE]


def ssh_args(access: Access, configured: str) -> str:
    """Ansible's `ssh_args`: ours first, since OpenSSH takes the first value of an option, then the user's."""
    return f"{shlex.join(key_args(access))} {access.variable('ansible_ssh_args') or configured or SSH_ARGS}"


def common_args(access: Access) -> str:
    """Ansible's `ssh_common_args`: the host's own or the target's, and the way through the jump host."""
    given = str(access.variable("ansible_ssh_common_args") or access.way.ssh_args)
    jump = shlex.join(["-o", f"ProxyCommand={jump_command(access)}"]) if access.way.jump else ""
    return " ".join(part for part in (jump, given) if part)


def jump_command(access: Access) -> str:
    """The command that leads through the jump host(s) "[USER@]HOST[:PORT],…"; the last one's key must be in the book or
    in the user's own known_hosts."""
    *before, last = access.way.jump.split(",")
    name, _, port = last.rpartition(":") if last.count(":") == 1 else (last, "", "")
    key = access.private_key
    words = ["ssh", "-o", "BatchMode=yes", "-o", f"StrictHostKeyChecking={'accept-new' if access.book.accept_new else 'yes'}",
             "-o", f"UserKnownHostsFile={_quoted(str(access.book.path))} ~/.ssh/known_hosts", *ALIVE,
             *(["-i", key] if key else []), *(["-o", f"ProxyJump={','.join(before)}"] if before else []), *(["-p", port] if port else [])]
    return shlex.join(word.replace("%", "%%") for word in words) + " -W '[%h]:%p' " + shlex.quote(name)


def connection(access: Access) -> dict[str, str]:
    """What OpenSSH makes of all arguments and its own configuration files, by option name in lower case; `identityfile`
    holds paths by line. Raises FileNotFoundError without ssh, ValueError with its words when it refuses the arguments."""
    words = ["ssh", "-G", *key_args(access)]
    if access.port != 22:
        words += ["-o", f"Port={access.port}"]
    if access.private_key:
        words += ["-o", f"IdentityFile={_quoted(access.private_key)}"]
    if access.user:
        words += ["-o", f"User={access.user}"]
    words += shlex.split(common_args(access)) + shlex.split(str(access.variable("ansible_ssh_extra_args") or ""))
    done = subprocess.run([*words, "--", access.host.address], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise ValueError(done.stderr.strip() or f"ssh refuses: {shlex.join(words)}")
    found: dict[str, str] = {}
    for line in done.stdout.splitlines():
        name, _, value = line.partition(" ")
        found[name] = f"{found[name]}\n{value}" if name == "identityfile" and name in found else value
    return found


def _quoted(path: str) -> str:
    return f'"{path}"' if " " in path else path
