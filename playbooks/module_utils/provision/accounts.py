"""System users and groups of what runs on a host. Makes and removes them, nothing else."""

from __future__ import annotations

import grp
import hashlib
import pwd

from ansible.module_utils.provision import commands, files

LONGEST = 32


def account_name(service: str) -> str:
    """Name of the system user of a service: its own, shortened to what Linux allows."""
    if len(service) <= LONGEST:
        return service if service[0].isalpha() else f"s{service}"[:LONGEST]
    return f"{service[:25]}-{hashlib.sha256(service.encode()).hexdigest()[:6]}"


def exists(name: str) -> bool:
    """True when the host has such a user."""
    return files.user_id(name) is not None


def make(name: str, home: str) -> None:
    """Make a system user that can't log in, with a group of its own name."""
    group = ["--gid", name] if files.group_id(name) is not None else ["--user-group"]
    commands.run(["useradd", "--system", "--no-create-home", *group, "--home-dir", home, "--shell", "/usr/sbin/nologin", name])


def remove(name: str) -> None:
    """Remove a system user; nothing when it is gone already."""
    if exists(name):
        commands.run(["userdel", name])


def make_group(name: str) -> None:
    """Make a system group."""
    commands.run(["groupadd", "--system", name])


def remove_group(name: str) -> None:
    """Remove a group; nothing when it is gone already, or users are still in it."""
    number = files.group_id(name)
    if number is not None and not grp.getgrgid(number).gr_mem and all(user.pw_gid != number for user in pwd.getpwall()):
        commands.run(["groupdel", name])
