"""Backups of a database on its host: a script that dumps, a timer that calls it, and which files there are. Asks no database itself.

The script is there with or without a timer: the action `backup` runs the same one. It writes DATABASE-TIME.ENDING into the folder (readable by root
only), never a half one under its name, and keeps the newest few of each database. Removal leaves the files: they are what is kept.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.provision import commands, files
from ansible.module_utils.provision.context import Context, check_name
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.work import Work

SCRIPTS = "/var/lib/provision/backup"
UNITS = "/etc/systemd/system"
KEEP = 7
SECONDS = 6 * 3600
"""How long a dump may take."""
STAMP = r"\d{8}T\d{6}Z"

SCRIPT = """#!/bin/sh
{header}
# Prints the path of each file that it has written. TIME is UTC.
set -eu
umask 077
folder='{folder}'
keep={keep}
stamp=$(date -u +%Y%m%dT%H%M%SZ)
for database in {databases}; do
    file="$folder/$database-$stamp.{ending}"
    trap 'rm -f -- "$file.part"' EXIT
    {command} > "$file.part"
    mv -- "$file.part" "$file"
    echo "$file"
    ls -1r -- "$folder/$database"-????????T??????Z.{ending} | tail -n "+$((keep + 1))" | while read -r old; do rm -f -- "$old"; done
done
"""
SERVICE = """{header}
[Unit]
Description=Backup of {name}

[Service]
Type=oneshot
ExecStart={script}
"""
TIMER = """{header}
[Unit]
Description=Backups of {name}

[Timer]
OnCalendar={schedule}
Persistent=true

[Install]
WantedBy=timers.target
"""


@dataclass(frozen=True)
class Dialect:
    """How one kind of database is dumped."""

    ending: str
    command: str
    """Shell command that writes the dump of "$database" to its standard output."""


class Dumps:
    """The backups of one unit."""

    def __init__(self, context: Context, name: str, backup: dict[str, Any], dialect: Dialect) -> None:
        self.context, self.name, self.dialect = context, check_name(name), dialect
        self.schedule = str(backup.get("schedule") or "")
        self.keep = int(backup.get("keep") or KEEP)
        self.folder = _folder(str(backup.get("path") or f"/var/backups/{name}"))
        self.job = f"provision-backup-{context.app}.{context.unit.replace('@', '.')}"
        self.script = f"{SCRIPTS}/{context.app}.{context.unit}"
        self.service, self.timer = f"{UNITS}/{self.job}.service", f"{UNITS}/{self.job}.timer"

    @property
    def paths(self) -> tuple[str, ...]:
        """What belongs to the unit and goes with it; the timer's files only where there is a timer."""
        return (self.script, *((self.service, self.timer) if self.schedule else ()))

    def deliver(self, work: Work, databases: list[str]) -> None:
        """The acts that make script, folder and timer as wanted."""
        header = self.context.header
        work.want_folder(self.folder, 0o700, "root", "root")
        work.want_folder(SCRIPTS, 0o700, "root", "root", shared=True)
        script = SCRIPT.format(header=header, folder=self.folder, keep=self.keep, databases=" ".join(databases), ending=self.dialect.ending,
                               command=self.dialect.command)
        work.want_file(files.Wish(self.script, script.encode(), 0o700, "root", "root"))
        if not self.schedule:
            self._without_timer(work)
            return
        judge_schedule(self.schedule)
        changed = work.want_file(files.Wish(self.service, SERVICE.format(header=header, name=self.name, script=self.script).encode()))
        changed |= work.want_file(files.Wish(self.timer, TIMER.format(header=header, name=self.name, schedule=self.schedule).encode()))
        changed |= work.broken_off
        if changed:
            work.add(f"load {self.job}.timer", lambda: reload_units())
        if changed or not timer_runs(self.job):
            work.add(f"start {self.job}.timer", lambda: start_timer(self.job))

    def _without_timer(self, work: Work) -> None:
        if os.path.exists(self.timer):
            work.add(f"stop {self.job}.timer", lambda: stop_timer(self.job))
            work.want_gone(self.timer)
            work.want_gone(self.service)
            work.add(f"unload {self.job}.timer", lambda: reload_units())

    def remove(self, work: Work) -> None:
        """The acts that take the timer away, before its files go; backups stay."""
        if os.path.exists(self.timer):
            work.add(f"stop {self.job}.timer", lambda: stop_timer(self.job))

    def clean(self) -> None:
        """After the files are gone: folders that are empty."""
        files.remove_if_empty(SCRIPTS)
        files.remove_if_empty(self.folder)

    # ------------------------------------------------------------------ the two actions
    def backup(self, work: Work) -> None:
        """One backup of all databases, now."""
        if not os.path.exists(self.script):
            raise Failed("the backup script of this component is not on the host; deliver the component again: provision apply")
        work.add(f"back up {', '.join(self._databases())} into {self.folder}", lambda: self._back_up(work))

    def _databases(self) -> list[str]:
        found = re.search(rb"^for database in (.*); do$", files.read(self.script) or b"", re.M)
        return found[1].decode().split() if found else []

    def _back_up(self, work: Work) -> None:
        _, output = commands.run([self.script], seconds=SECONDS)
        work.outputs["files"] = output.split()

    def chosen(self, database: str, wanted: str) -> str:
        """Path of the backup that is meant: by name, by path, or the newest of the database. Raises Failed with those that exist."""
        known = self.files_of(database)
        if not wanted and known:
            return known[-1]
        path = os.path.join(self.folder, wanted)
        if wanted and os.path.isfile(path):
            return path
        names = ", ".join(os.path.basename(one) for one in known[-6:]) or f"none of database {database}"
        what = f"there is no backup {wanted}" if wanted else "there is no backup"
        raise Failed(f"{what} in {self.folder}; there is: {names}")

    def files_of(self, database: str) -> list[str]:
        """Paths of the backups of a database, oldest first."""
        names = sorted(os.listdir(self.folder)) if os.path.isdir(self.folder) else []
        pattern = rf"{re.escape(database)}-{STAMP}\.{re.escape(self.dialect.ending)}"
        return [os.path.join(self.folder, name) for name in names if re.fullmatch(pattern, name)]


def _folder(path: str) -> str:
    if not os.path.isabs(path) or "'" in path or os.path.normpath(path) == "/":
        raise Failed(f"'{path}' can't be the folder of backups: an absolute path is wanted")
    return os.path.normpath(path)


def judge_schedule(schedule: str) -> None:
    """Raises Failed when systemd does not understand the time."""
    code, output = commands.run(["systemd-analyze", "calendar", schedule], check=False)
    if code or "\n" in schedule:
        raise Failed(f"backup: '{schedule}' is no time that systemd understands (daily, 02:30, Mon *-*-* 03:00): {commands.tail(output, 1)}")


def timer_runs(job: str) -> bool:
    """True when the timer waits now and will after a boot."""
    return all(commands.run(["systemctl", "--quiet", word, f"{job}.timer"], check=False)[0] == 0 for word in ("is-active", "is-enabled"))


def start_timer(job: str) -> None:
    """Have it wait now and after each boot."""
    commands.run(["systemctl", "--quiet", "enable", f"{job}.timer"])
    commands.run(["systemctl", "restart", f"{job}.timer"])


def stop_timer(job: str) -> None:
    """Stop it for good."""
    commands.run(["systemctl", "--quiet", "disable", "--now", f"{job}.timer"], check=False)


def reload_units() -> None:
    """Have systemd read its files again."""
    commands.run(["systemctl", "daemon-reload"])
