"""Kernel settings, packages, time and waiting upgrades of a host."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import Any

from ansible.module_utils.provision import files, packages, system
from ansible.module_utils.provision.blocks import block_of, with_block
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.pieces import Pieces
from ansible.module_utils.provision.systemd import Systemd

ZONES = "/usr/share/zoneinfo"
LOCALTIME = "/etc/localtime"


# ------------------------------------------------------------------ kernel settings
def settings(pieces: Pieces, wanted: dict[str, Any], noted: dict[str, str]) -> dict[str, str]:
    """Acts so that the kernel has these settings, now and after a boot; what they were before us."""
    values = {str(name): " ".join(str(value).split()) for name, value in wanted.items()}
    after = {}
    if values:
        lines = "".join(f"{name} = {value}\n" for name, value in sorted(values.items()))
        pieces.file(files.Wish(f"/etc/sysctl.d/90-provision-{pieces.context.app}-{pieces.name}.conf", f"{pieces.context.header}\n{lines}".encode()))
    for name, value in sorted(values.items()):
        now = _setting(name)
        if now is None:
            raise Failed(f"the kernel of this host has no setting {name}")
        pieces.work.facts[f"sysctl {name}"] = now
        after[name] = noted.get(name, now)
        if now != value:
            pieces.work.add(f"set {name} to {value} (it is {now})", _setting_act(name, value))
    settings_back(pieces, {name: value for name, value in noted.items() if name not in values})
    return after


def settings_back(pieces: Pieces, noted: dict[str, str]) -> None:
    """Acts that give settings back the values that they had before us."""
    for name, value in sorted(noted.items()):
        if _setting(name) not in (None, value):
            pieces.work.add(f"set {name} back to {value}", _setting_act(name, value))


def _path(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_./-]*", name) or ".." in name:
        raise Failed(f"'{name}' can't be the name of a kernel setting")
    # as sysctl does: where a slash stands first, dots are part of names
    slashed = name if "/" in name and ("." not in name or name.index("/") < name.index(".")) else name.translate(str.maketrans("./", "/."))
    return f"/proc/sys/{slashed}"


def _setting(name: str) -> str | None:
    data = files.read(_path(name))
    return None if data is None else " ".join(data.decode().split())


def _setting_act(name: str, value: str) -> Callable[[], None]:
    def act() -> None:
        try:
            with open(_path(name), "w") as file:
                file.write(value)
        except OSError as error:
            raise Failed(f"the kernel refuses it: {error.strerror}") from None
    return act


# ------------------------------------------------------------------ packages
def wanted_packages(pieces: Pieces, present: list[str], absent: list[str]) -> None:
    """Acts so that packages are there, or not."""
    both = sorted(set(present) & set(absent))
    if both:
        raise Failed(f"{both[0]} can't be among both the packages and those that shall be absent")
    for name in present:
        if not _has(pieces, name):
            packages.judge_possible(name)
            pieces.work.add(f"install package {name}", lambda name=name: packages.install(name))  # type: ignore[misc]
    for name in absent:
        if _has(pieces, name):
            pieces.work.add(f"remove package {name}", lambda name=name: packages.remove(name))  # type: ignore[misc]


def _has(pieces: Pieces, name: str) -> bool:
    there = packages.installed(name)
    pieces.work.facts[f"package {name}"] = there
    return there


def upgrade(pieces: Pieces, which: str) -> str:
    """Acts that install what waits (`security`, `all`), and the patch level in words."""
    found = packages.waiting()
    chosen = [one for one in found if which == "all" or (which == "security" and one.security)]
    # other upgrades than those that were shown are none that were agreed to
    pieces.work.facts["upgrades"] = [f"{one.name} {one.version}" for one in chosen]
    if chosen:
        named = ", ".join(f"{one.name} {one.version}" for one in chosen[:8])
        pieces.work.add(f"upgrade {len(chosen)} package{'s' if len(chosen) > 1 else ''}: {named}{', …' if len(chosen) > 8 else ''}",
                        lambda: packages.upgrade(chosen))
    left = [one for one in found if one not in chosen]
    security = sum(one.security for one in left)
    words = f"{len(left)} upgrade{'s wait' if len(left) > 1 else ' waits'}, {security} of them for security" if left else "no upgrade waits"
    return words + ("; a restart of the host is due" if os.path.exists("/run/reboot-required") else "")


# ------------------------------------------------------------------ time
def timezone(pieces: Pieces, wanted: str, noted: str) -> str:
    """Acts so that the host has this time zone; the one that it had before us."""
    now = os.readlink(LOCALTIME) if os.path.islink(LOCALTIME) else ""
    pieces.work.facts["timezone"] = now
    if wanted and not packages.installed("tzdata"):
        pieces.work.add("install package tzdata", lambda: packages.install("tzdata"))
    elif wanted and not os.path.exists(f"{ZONES}/{wanted}"):
        raise Failed(f"this host knows no time zone {wanted}")
    target = f"{ZONES}/{wanted}" if wanted else noted
    if target and os.path.normpath(os.path.join("/etc", now)) != target:
        pieces.work.add(f"set the time zone to {target.removeprefix(f'{ZONES}/')}", lambda: _zone(target))
    return (noted or now or f"{ZONES}/Etc/UTC") if wanted else ""


def _zone(target: str) -> None:
    if not os.path.exists(os.path.normpath(os.path.join("/etc", target))):
        raise Failed(f"this host knows no time zone {target.removeprefix(f'{ZONES}/')}")
    files.link(LOCALTIME, target)
    if os.path.exists("/etc/timezone"):
        files.write(files.Wish("/etc/timezone", f"{target.partition('zoneinfo/')[2]}\n".encode()))


def time_servers(pieces: Pieces, servers: list[str]) -> None:
    """Acts so that these servers are asked for the time: by chrony, which is installed where nothing asks yet."""
    name = f"provision-{pieces.context.app}-{pieces.name}"
    if not servers:
        gone = [path for path in (pieces.before.files if pieces.before else ()) if after_files([path]) and pieces.work.want_gone(path)]
        pieces.work.acts += after_files(gone)
        return
    by_chrony = os.path.exists("/usr/sbin/chronyd") or not os.path.exists("/lib/systemd/systemd-timesyncd")
    if by_chrony and not os.path.exists("/usr/sbin/chronyd"):
        packages.judge_possible("chrony")
        pieces.work.add("install package chrony", lambda: packages.install("chrony"))
    chrony = system.family().chrony
    if by_chrony:
        lines = "".join(f"server {server} iburst\n" for server in servers)
        path, program = f"{chrony.sources}/{name}.sources", chrony.service
    else:
        lines = f"[Time]\nNTP={' '.join(servers)}\n"
        path, program = f"/etc/systemd/timesyncd.conf.d/{name}.conf", "systemd-timesyncd"
    changed = pieces.file(files.Wish(path, f"{pieces.context.header}\n{lines}".encode()))
    if by_chrony and chrony.main and not block_of((files.read(chrony.main) or b"").decode(), name):
        pieces.work.add(f"have {chrony.main} read {chrony.sources}", lambda: _write_main(name, f"sourcedir {chrony.sources}\n"))
        changed = True
    if changed or pieces.work.broken_off:
        pieces.work.add(f"restart {program}.service", _restarting(program))


def _write_main(name: str, line: str) -> None:
    """The line in chrony's own file that names our folder, or without it."""
    main = system.family().chrony.main
    text = (files.read(main) or b"").decode()
    files.write(files.Wish(main, with_block(text, name, line, first=False).encode()))


def _restarting(program: str) -> Callable[[], None]:
    return lambda: Systemd().restart(program)


def after_files(paths: Iterable[str]) -> list[tuple[str, Callable[[], None]]]:
    """Acts that follow when files of time servers are gone."""
    acts: list[tuple[str, Callable[[], None]]] = []
    for path in paths:
        if path.endswith(".sources"):
            chrony, name = system.family().chrony, os.path.basename(path)[:-len(".sources")]
            if chrony.main:
                acts.append((f"write {chrony.main}", lambda name=name: _write_main(name, "")))  # type: ignore[misc]
            acts.append((f"restart {chrony.service}.service", _restarting(chrony.service)))
        elif "/timesyncd.conf.d/" in path:
            acts.append(("restart systemd-timesyncd.service", _restarting("systemd-timesyncd")))
    return acts
