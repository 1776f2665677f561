"""Users that log in, their keys and what they may do as root. Never takes from the user by whom we are here what it came in with."""

from __future__ import annotations

import base64
import filecmp
import grp
import os
import pwd
import shutil
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.provision import accounts, commands, files, packages
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.pieces import Pieces

RULES = {"password": "ALL=(ALL:ALL) ALL", "all": "ALL=(ALL:ALL) NOPASSWD: ALL"}
SKELETON = "/etc/skel"


@dataclass(frozen=True)
class Person:
    """One user as it shall be."""

    name: str
    keys: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    sudo: str = "none"
    shell: str = "/bin/bash"

    @staticmethod
    def of(value: dict[str, Any]) -> Person:
        """From the application."""
        return Person(str(value["name"]), tuple(str(key).strip() for key in value.get("keys") or ()),
                      tuple(map(str, value.get("groups") or ())), str(value.get("sudo") or "none"), str(value.get("shell") or "/bin/bash"))


@dataclass
class People:
    """The users of one unit on this host."""

    pieces: Pieces
    wanted: list[Person]
    noted: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What was before us, by user: made (by us), groups (that we added), keys and shell (as they were)."""

    def deliver(self) -> dict[str, dict[str, Any]]:
        """Acts for all of them; what has to be noted."""
        names = [person.name for person in self.wanted]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise Failed(f"the user {twice} is named twice")
        after = {person.name: self._person(person) for person in self.wanted}
        for name in sorted(set(self.noted) - set(after)):
            self.leave(name)
        self._sudo()
        return after

    # ------------------------------------------------------------------ one user
    def _person(self, person: Person) -> dict[str, Any]:
        work, there = self.pieces.work, _entry(person.name)
        noted = dict(self.noted.get(person.name) or {"made": there is None, "groups": [], "keys": None, "shell": there.pw_shell if there else ""})
        work.facts[f"user {person.name}"] = [there is not None, there.pw_shell if there else "", sorted(_groups(person.name))]
        if there is None:
            work.add(f"create user {person.name}", lambda: _make(person))
        elif there.pw_shell != person.shell:
            work.add(f"set shell of {person.name} to {person.shell}", lambda: _run("usermod", "--shell", person.shell, person.name))
        noted["groups"] = self._memberships(person, list(noted["groups"]))
        self._keys(person, noted)
        return noted

    def _memberships(self, person: Person, ours: list[str]) -> list[str]:
        have = _groups(person.name)
        joins = [name for name in person.groups if name not in have]
        leaves = [name for name in ours if name not in person.groups and name in have]
        for name in joins:
            if files.group_id(name) is None and not self.pieces.context.check:
                raise Failed(f"this host has no group '{name}' for the user {person.name}")
            self.pieces.work.add(f"add {person.name} to group {name}", lambda name=name: _run("gpasswd", "-a", person.name, name))  # type: ignore[misc]
        for name in leaves:
            self.pieces.work.add(f"take {person.name} out of group {name}", lambda name=name: _run("gpasswd", "-d", person.name, name))  # type: ignore[misc]
        return sorted({*(name for name in ours if name not in leaves), *joins})

    def _keys(self, person: Person, noted: dict[str, Any]) -> None:
        there = _entry(person.name)
        home = there.pw_dir if there else f"/home/{person.name}"
        path = f"{home}/.ssh/authorized_keys"
        # a link would have us read, and show, a file that its owner can't
        now = None if os.path.islink(path) or os.path.islink(os.path.dirname(path)) else files.read(path)
        if noted["keys"] is None:
            noted["keys"] = base64.b64encode(now).decode() if now is not None else ""
        keys = list(person.keys)
        if person.name == _here():
            # one of these is the key by which we are here, nobody says which: they stay, and new ones are added
            there_now = (now or b"").decode(errors="replace").splitlines()
            keys = [*there_now, *(key for key in keys if key not in there_now)]
        if not keys and now is None:
            return
        group = grp.getgrgid(there.pw_gid).gr_name if there else person.name
        self.pieces.work.want_folder(os.path.dirname(path), 0o700, person.name, group)
        self.pieces.work.want_file(files.Wish(path, "".join(f"{key}\n" for key in keys).encode(), 0o600, person.name, group))

    # ------------------------------------------------------------------ sudo
    def _sudo(self) -> None:
        path = f"/etc/sudoers.d/provision-{self.pieces.context.app}-{self.pieces.name}"
        lines = [f"{person.name} {RULES[person.sudo]}\n" for person in self.wanted if person.sudo in RULES]
        if not lines:
            return
        if not os.path.exists("/usr/sbin/visudo"):
            self.pieces.work.add("install package sudo", lambda: packages.install("sudo"))
        wish = files.Wish(path, "".join([f"{self.pieces.context.header}\n", *lines]).encode(), 0o440)
        if self.pieces.file(wish):
            words, _ = self.pieces.work.acts.pop()
            self.pieces.work.add(words, lambda: _write_rules(wish))

    # ------------------------------------------------------------------ leaving
    def leave(self, name: str) -> None:
        """Acts that take a user away that we made, or give one back as it was."""
        noted, there = self.noted[name], _entry(name)
        self.pieces.work.facts[f"user {name}"] = there is not None
        if there is None:
            return
        if noted.get("made"):
            if name == _here():
                raise Failed(f"{name} is the user by whom provision is on this host: it can't take itself away; log in as another one")
            kept = _is_used(there.pw_dir)
            words = f"remove user {name}" + (f", and keep {there.pw_dir}: there are files of its own in it" if kept else "")
            self.pieces.work.add(words, lambda: _unmake(name, "" if kept else there.pw_dir))
            return
        for group in noted.get("groups", ()):
            self.pieces.work.add(f"take {name} out of group {group}", lambda group=group: _run("gpasswd", "-d", name, group))  # type: ignore[misc]
        if noted.get("shell") and there.pw_shell != noted["shell"]:
            self.pieces.work.add(f"set shell of {name} to {noted['shell']}", lambda: _run("usermod", "--shell", str(noted["shell"]), name))
        self._give_back_keys(name, noted, there)

    def _give_back_keys(self, name: str, noted: dict[str, Any], there: pwd.struct_passwd) -> None:
        path = f"{there.pw_dir}/.ssh/authorized_keys"
        before = base64.b64decode(noted.get("keys") or "")
        if name == _here() or files.read(path) in (None, before):
            return
        if before:
            wish = files.Wish(path, before, 0o600, name)
            self.pieces.work.add(f"put back {path}", lambda: files.write(wish))
        else:
            self.pieces.work.want_gone(path)


def _run(*command: str) -> None:
    commands.run(list(command))


def _make(person: Person) -> None:
    group = ["--gid", person.name] if files.group_id(person.name) is not None else ["--user-group"]
    _run("useradd", "--create-home", *group, "--shell", person.shell, person.name)
    # no password and not locked: a locked account may be refused by sshd
    _run("usermod", "--password", "*", person.name)


def _unmake(name: str, home: str) -> None:
    accounts.remove(name)
    if home:
        shutil.rmtree(home, ignore_errors=True)


def _write_rules(wish: files.Wish) -> None:
    """Rules that sudo itself can't read would end all use of it: they are tried beside first."""
    beside = files.Wish(f"{os.path.dirname(wish.path)}/.{os.path.basename(wish.path)}.new", wish.data, wish.mode)
    files.write(beside)
    try:
        code, output = commands.run(["visudo", "-cqf", beside.path], check=False)
        if code:
            raise Failed(f"sudo refuses the rules: {commands.tail(output, 3)}")
        files.write(wish)
    finally:
        files.remove(beside.path)


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _groups(name: str) -> list[str]:
    return [entry.gr_name for entry in grp.getgrall() if name in entry.gr_mem]


def _here() -> str:
    """The user by whom we are on this host."""
    return os.environ.get("SUDO_USER") or pwd.getpwuid(os.geteuid()).pw_name


def _is_used(home: str) -> bool:
    """True when a home holds more than what it was made with."""
    for base, _, names in os.walk(home):
        for name in names:
            path = os.path.join(base, name)
            model = os.path.join(SKELETON, os.path.relpath(path, home))
            ours = os.path.relpath(path, home) in (".ssh/authorized_keys", ".bash_history", ".cache/motd.legal-displayed")
            if not ours and not (os.path.isfile(model) and os.path.isfile(path) and filecmp.cmp(model, path, shallow=False)):
                return True
    return False
