"""Services under systemd: the unit's text, and `systemctl`. Decides nothing about when to restart."""

from __future__ import annotations

import os
import re
import time

from ansible.module_utils.provision import commands
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.files import Wish
from ansible.module_utils.provision.managing import Manager, Program, State

UNITS = "/etc/systemd/system"
SHIPPED = ("/usr/lib/systemd/system", "/lib/systemd/system")
ASKED = "LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,NRestarts,ExecMainStatus,ExecMainCode,Result"

UNIT = """{header}
[Unit]
Description={description}
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
{user}WorkingDirectory={folder}
{environ}EnvironmentFile={env_file}
ExecStart={command}
Restart=on-failure
RestartSec=1
NoNewPrivileges=true
ProtectSystem=full
ProtectControlGroups=true
ProtectKernelTunables=true
PrivateTmp=true
{capability}
[Install]
WantedBy=multi-user.target
"""


def word(text: str) -> str:
    """One word of ExecStart, quoted so that systemd hands it on as it is."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if escaped == "" or re.search(r"""[\s"';\\]""", text) else escaped


def unit_text(program: Program) -> str:
    """The unit file."""
    user = f"User={program.user}\nGroup={program.user}\n" if program.user else ""
    environ = "".join(f'Environment="{name}={value}"\n' for name, value in sorted(program.environ.items()))
    capability = "AmbientCapabilities=CAP_NET_BIND_SERVICE\n" if program.low_port else ""
    # the program itself is looked up by systemd and takes no $ or special first character
    command = " ".join([word(program.command[0]).replace("$$", "$"), *map(word, program.command[1:])])
    return UNIT.format(header=program.header, description=program.description.replace("%", "%%"), user=user, folder=program.folder, environ=environ,
                       env_file=program.env_file, command=command, capability=capability)


class Systemd(Manager):
    """The systemd of this host."""

    def __init__(self) -> None:
        self._started = 0.0

    def unit_files(self, program: Program) -> list[Wish]:
        return [Wish(self.unit_path(program.name), unit_text(program).encode(), 0o644, "root", "root")]

    def unit_name(self, name: str) -> str:
        return f"{name}.service"

    def unit_path(self, name: str) -> str:
        """Where the unit file lies."""
        return f"{UNITS}/{name}.service"

    def shipped(self, name: str) -> str:
        """Path of a unit of the same name that a package brought, or empty."""
        return next((path for path in (f"{folder}/{name}.service" for folder in SHIPPED) if os.path.exists(path)), "")

    def state(self, name: str) -> State:
        _, output = commands.run(["systemctl", "show", f"{name}.service", f"--property={ASKED}"])
        values = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
        if values.get("LoadState") in (None, "not-found"):
            return State()
        active, sub = values["ActiveState"], values["SubState"]
        words = f"{active} ({sub})" + (f", exit code {values['ExecMainStatus']}" if values.get("ExecMainStatus", "0") != "0" else "")
        return State(known=True, enabled=values["UnitFileState"].startswith("enabled"), running=active in ("active", "activating", "reloading"),
                     settled=active == "active" and sub == "running", words=words, fresh=values["NeedDaemonReload"] != "yes",
                     restarts=int(values.get("NRestarts") or 0), broken=active in ("failed", "inactive"))

    def load(self, name: str) -> None:
        commands.run(["systemctl", "daemon-reload"])

    def enable(self, name: str) -> None:
        commands.run(["systemctl", "--quiet", "enable", f"{name}.service"])

    def restart(self, name: str) -> None:
        commands.run(["systemctl", "reset-failed", f"{name}.service"], check=False)
        self._started = time.time()
        code, output = commands.run(["systemctl", "restart", f"{name}.service"], check=False)
        if code:
            raise Failed(f"{name}.service does not start: {self.state(name).words}\n{self.log(name)}" if self.state(name).known else output)

    def reload(self, name: str) -> None:
        """Ask it to read its configuration again, without an interruption."""
        commands.run(["systemctl", "reload", f"{name}.service"])

    def stop(self, name: str) -> None:
        commands.run(["systemctl", "--quiet", "disable", f"{name}.service"], check=False)
        if self.state(name).known:
            commands.run(["systemctl", "stop", f"{name}.service"])

    def forget(self, name: str) -> None:
        commands.run(["systemctl", "daemon-reload"])
        commands.run(["systemctl", "reset-failed", f"{name}.service"], check=False)

    def log(self, name: str, lines: int = 15) -> str:
        since = [f"--since=@{self._started:.3f}"] if self._started else []
        _, output = commands.run(["journalctl", "-u", f"{name}.service", "-n", str(lines), "--no-pager", "-q", "-o", "cat", *since], check=False)
        return commands.tail(output, lines)
