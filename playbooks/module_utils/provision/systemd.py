"""Services under systemd: which units a program has, and `systemctl`. Decides nothing about when to restart."""

from __future__ import annotations

import os
import time

from ansible.module_utils.provision import commands, unitfiles
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.files import Wish
from ansible.module_utils.provision.managing import Manager, Program, State

UNITS = "/etc/systemd/system"
QUADLETS = "/etc/containers/systemd"
SHIPPED = ("/usr/lib/systemd/system", "/lib/systemd/system")
FOREVER = 7 * 24 * 3600
LONGEST_PAUSE = 10
"""Seconds between two tries of a task."""
ASKED = "LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,NRestarts,ExecMainStatus,ExecMainCode,Result"

class Systemd(Manager):
    """The systemd of this host."""

    def __init__(self, kind: str = "service") -> None:
        """`kind`: the unit that is enabled and looked after: a service, or the timer of one."""
        self._started = 0.0
        self._kind = kind

    def unit_files(self, program: Program) -> list[Wish]:
        texts = self._program_texts(program)
        if program.course.kind == "timer":
            texts[f"{UNITS}/{program.name}.timer"] = unitfiles.timer_text(program)
            if program.course.overlap != "Forbid":
                texts[f"{UNITS}/{program.name}.start.service"] = unitfiles.starter_text(program)
        if program.watch.probe:
            texts[f"{UNITS}/{program.name}.liveness.service"] = unitfiles.companion_text(program)
        return [Wish(path, text.encode(), 0o644, "root", "root") for path, text in texts.items()]

    @staticmethod
    def _program_texts(program: Program) -> dict[str, str]:
        name = f"{program.name}{program.template}"
        if program.container is None:
            return {f"{UNITS}/{name}.service": unitfiles.unit_text(program)}
        if program.container.quadlet:
            return {f"{QUADLETS}/{name}.container": unitfiles.quadlet_text(program)}
        return {f"{UNITS}/{name}.service": unitfiles.podman_unit_text(program)}

    def unit_name(self, name: str) -> str:
        return f"{name}.{self._kind}"

    def unit_paths(self, name: str) -> list[str]:
        return [f"{UNITS}/{name}.service", f"{QUADLETS}/{name}.container", f"{UNITS}/{name}.timer"]

    def shipped(self, name: str) -> str:
        """Path of a unit of the same name that a package brought, or empty."""
        return next((path for path in (f"{folder}/{name}.service" for folder in SHIPPED) if os.path.exists(path)), "")

    def state(self, name: str) -> State:
        _, output = commands.run(["systemctl", "show", self.unit_name(name), f"--property={ASKED}"])
        values = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
        if values.get("LoadState") in (None, "not-found"):
            return State()
        active, sub = values["ActiveState"], values["SubState"]
        words = f"{active} ({sub})" + (f", exit code {values['ExecMainStatus']}" if values.get("ExecMainStatus", "0") != "0" else "")
        # a unit that a quadlet makes is enabled by its own text
        enabled = values["UnitFileState"].startswith("enabled") or values["UnitFileState"] == "generated"
        return State(known=True, enabled=enabled, running=active in ("active", "activating", "reloading"),
                     settled=active == "active" and sub in ("running", "waiting"), words=words, fresh=values["NeedDaemonReload"] != "yes",
                     restarts=int(values.get("NRestarts") or 0), broken=active in ("failed", "inactive"))

    def load(self, name: str) -> None:
        commands.run(["systemctl", "daemon-reload"])

    def enable(self, name: str) -> None:
        commands.run(["systemctl", "--quiet", "enable", self.unit_name(name)])

    def disable(self, name: str) -> None:
        """No longer start it at boot; it goes on running."""
        commands.run(["systemctl", "--quiet", "disable", self.unit_name(name)], check=False)

    def restart(self, name: str) -> None:
        unit = self.unit_name(name)
        commands.run(["systemctl", "reset-failed", unit], check=False)
        self._started = time.time()
        code, output = commands.run(["systemctl", "restart", unit], check=False)
        if code:
            raise Failed(f"{unit} does not start: {self.state(name).words}\n{self.log(name)}" if self.state(name).known else output)

    def run(self, name: str, tries: int, seconds: int) -> None:
        """Start it and wait for its end, again for as often as it may be tried. Raises Failed with its last lines."""
        unit = f"{name}.service"
        for number in range(tries):
            time.sleep(min(number, LONGEST_PAUSE))
            commands.run(["systemctl", "reset-failed", unit], check=False)
            self._started = time.time()
            code, output = commands.run(["systemctl", "start", unit], check=False, seconds=(seconds or FOREVER) + 60)
            if code == 0:
                return
        words = self.state(name).words if self.state(name).known else output
        times = f" after {tries} tries" if tries > 1 else ""
        raise Failed(f"{name} did not end well{times}: {words}\nits last lines:\n{self.log(name)}")

    def last_run(self, name: str) -> str:
        _, output = commands.run(["systemctl", "show", f"{name}.service", "--property=Result,ExecMainStatus"], check=False)
        values = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
        result = values.get("Result", "success")
        return "" if result == "success" else f"{result}, exit code {values.get('ExecMainStatus', '?')}"

    def reload(self, name: str) -> None:
        """Ask it to read its configuration again, without an interruption."""
        commands.run(["systemctl", "reload", f"{name}.service"])

    def stop(self, name: str) -> None:
        commands.run(["systemctl", "--quiet", "disable", self.unit_name(name)], check=False)
        # with the runs of a timer's program, what starts them, and who watches it
        commands.run(["systemctl", "stop", self.unit_name(name)], check=False)
        commands.run(["systemctl", "stop", f"{name}.*", f"{name}@*.service"], check=False)
        if self.state(name).running:
            raise Failed(f"{self.unit_name(name)} does not stop: it is {self.state(name).words}")

    def forget(self, name: str) -> None:
        commands.run(["systemctl", "daemon-reload"])
        commands.run(["systemctl", "reset-failed", f"{name}.*", f"{name}@*.service"], check=False)

    def log(self, name: str, lines: int = 15) -> str:
        # what a program says, what systemd says of its unit, what a container of that name says
        whose = [f"_SYSTEMD_UNIT={name}.service", "+", f"UNIT={name}.service", "+", f"CONTAINER_NAME={name}"]
        since = [f"--since=@{self._started:.3f}"] if self._started else []
        _, output = commands.run(["journalctl", *whose, "-n", str(lines), "--no-pager", "-q", "-o", "cat", *since], check=False)
        return commands.tail(output, lines)
