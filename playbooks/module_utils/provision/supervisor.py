"""Services under `supervisord`, where there is no systemd or no root. Owns its configuration, and starts and ends it.

It is started away from whoever starts it: own session, clean environment, so the end of a run does not end the services.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
import xmlrpc.client
from typing import Any

from ansible.module_utils.provision import commands, files
from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.managing import Manager, Program, State

LONGEST_SOCKET = 100
KEPT_VARIABLES = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ")
FAULT_NO_NAME, FAULT_ALREADY, FAULT_NOT_RUNNING = 10, 60, 70

CONFIG = """; Written by provision; changes by hand are undone.
[unix_http_server]
file={socket}
chmod=0700
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{socket}
[supervisord]
logfile={home}/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
pidfile={home}/supervisord.pid
childlogdir={home}
umask=022
{user}[include]
files={programs}/*.conf
"""

PROGRAM = """; {header}
[program:{name}]
command={command}
directory={folder}
autostart=true
autorestart=unexpected
startsecs=1
startretries=3
stopwaitsecs=10
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2
{user}"""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _Connection(self._path)


class Supervisor(Manager):
    """The supervisord below the context's folder."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.home = context.path("/var/lib/provision/supervisor")
        self.config = f"{self.home}/supervisord.conf"
        self.socket = _socket_path(self.home)
        self._added: set[str] = set()
        self._read: dict[str, int] = {}

    def unit_files(self, program: Program) -> list[files.Wish]:
        script = self.script(program.name)
        user = f"user={program.user}\n" if program.user else ""
        # supervisord expands the name of a log twice
        text = PROGRAM.format(header=program.header.lstrip("# "), name=program.name, command=_escaped(shlex.quote(script)),
                              folder=_escaped(program.folder), log=_escaped(_escaped(self.log_path(program.name))), user=user)
        return [files.Wish(script, start_script(program).encode(), 0o755), files.Wish(self.unit_path(program.name), text.encode(), 0o644)]

    def unit_name(self, name: str) -> str:
        return name

    def unit_path(self, name: str) -> str:
        """Where the program's section lies."""
        return f"{self.home}/conf.d/{name}.conf"

    def unit_paths(self, name: str) -> list[str]:
        return [self.unit_path(name)]

    def script(self, name: str) -> str:
        """The script that sets the environment and becomes the program; no variable is seen in a list of processes."""
        return f"{self.home}/start/{name}"

    def log_path(self, name: str) -> str:
        """Where the program's output goes."""
        return self.context.path(f"/var/log/provision/{name}.log")

    def awake(self) -> bool:
        try:
            return bool(self._call("getState"))
        except (OSError, Failed, http.client.HTTPException):
            return False

    def folders(self) -> list[str]:
        """The folders it needs before a program's files can be written."""
        return [self.home, f"{self.home}/conf.d", f"{self.home}/start", os.path.dirname(self.log_path("x"))]

    def wake(self) -> None:
        """Start supervisord and wait until it answers; nothing when another unit has done it."""
        if self.awake():
            return
        self._make_socket_folder()
        self.configure()
        environ = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        done = subprocess.run([self.program(), "-c", self.config], env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, start_new_session=True, cwd="/", check=False, timeout=60)
        if done.returncode:
            raise Failed(f"supervisord does not start: {commands.tail(done.stdout.decode(errors='replace'))}")
        for _ in range(600):
            if self.awake():
                return
            time.sleep(0.1)
        raise Failed(f"supervisord does not answer at {self.socket}; its log is {self.home}/supervisord.log")

    def _make_socket_folder(self) -> None:
        folder = os.path.dirname(self.socket)
        if folder != self.home:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            if os.stat(folder).st_uid != os.geteuid():
                raise Failed(f"{folder} belongs to another user; it would be the place of supervisord's socket")

    def configure(self) -> None:
        """Write supervisord's own file when it is not as it should be."""
        user = "user=root\n" if os.geteuid() == 0 else ""
        text = CONFIG.format(socket=_escaped(self.socket), home=_escaped(self.home), user=user,
                             programs=_escaped(_pattern(f"{self.home}/conf.d"))).encode()
        if files.read(self.config) != text:
            files.write(files.Wish(self.config, text, 0o600))

    def program(self) -> str:
        """Path of supervisord: given by the controller, beside our own Python, or on the PATH."""
        beside = os.path.join(os.path.dirname(sys.executable), "supervisord")
        for path in (self.context.supervisord, beside, shutil.which("supervisord") or "", shutil.which("supervisord", path=commands.PATH) or ""):
            if path and os.access(path, os.X_OK):
                return path
        raise Failed("this host has no systemd that we may use, and no `supervisord`; install the package `supervisor` (pip or apt)")

    def state(self, name: str) -> State:
        if not self.awake():
            return State(words="down: supervisord does not run")
        try:
            info = self._call("getProcessInfo", name)
        except Failed:
            return State()
        status = info["statename"]
        words = f"{status.lower()}" + (f", {info['spawnerr'] or info['description']}" if status != "RUNNING" else "")
        return State(known=True, enabled=True, running=status in ("RUNNING", "STARTING", "BACKOFF"), settled=status == "RUNNING", words=words,
                     broken=status in ("FATAL", "EXITED", "STOPPED", "UNKNOWN"))

    def load(self, name: str) -> None:
        """Take up the changed section: the old program is stopped, the new one is added (and started)."""
        added, changed, removed = self._call("reloadConfig")[0]
        for group in [item for item in changed + removed if item == name]:
            self._stop_group(group)
            self._call("removeProcessGroup", group)
        if name in added + changed:
            self._read[name] = self._log_size(name)
            self._call("addProcessGroup", name)
            self._added.add(name)

    def enable(self, name: str) -> None:
        """Nothing: what is in conf.d is started with supervisord."""

    def restart(self, name: str) -> None:
        self._read.setdefault(name, self._log_size(name))
        if name in self._added:
            # adding a program starts it; a second start would only interrupt it
            return self._wait_for_start(name)
        self._stop_group(name)
        try:
            self._call("startProcess", name)
        except Failed:
            raise Failed(f"{name} does not start: {self.state(name).words}\n{self.log(name)}") from None

    def _wait_for_start(self, name: str) -> None:
        for _ in range(600):
            status = self._call("getProcessInfo", name)["statename"]
            if status == "RUNNING":
                return
            if status not in ("STARTING", "BACKOFF"):
                break
            time.sleep(0.1)
        raise Failed(f"{name} does not start: {self.state(name).words}\n{self.log(name)}")

    def stop(self, name: str) -> None:
        if self.awake():
            self._stop_group(name)

    def _stop_group(self, name: str) -> None:
        try:
            self._call("stopProcess", name)
        except Failed as failure:
            if failure.details.get("fault") not in (FAULT_NO_NAME, FAULT_NOT_RUNNING):
                raise

    def signal(self, name: str, signal: str) -> None:
        """Send a signal to the program."""
        self._call("signalProcess", name, signal)

    def forget(self, name: str) -> None:
        """Take it out of supervisord; the last program ends supervisord, and its folder goes."""
        files.remove(self.log_path(name))
        for number in (1, 2):
            files.remove(f"{self.log_path(name)}.{number}")
        left = os.path.isdir(f"{self.home}/conf.d") and os.listdir(f"{self.home}/conf.d")
        if not left:
            self._end()
        elif self.awake():
            self.load(name)

    def _end(self) -> None:
        if self.awake():
            pid = int(self._call("getPID"))
            self._call("shutdown")
            for _ in range(300):
                if _gone(pid):
                    break
                time.sleep(0.1)
        files.remove(self.home)
        if os.path.dirname(self.socket) != self.home:
            files.remove(self.socket)
            files.remove_if_empty(os.path.dirname(self.socket))
        files.remove_if_empty(os.path.dirname(self.log_path("x")))

    def log(self, name: str, lines: int = 15) -> str:
        data = (files.read(self.log_path(name)) or b"")[self._read.get(name, 0):]
        return commands.tail(data[-20_000:].decode(errors="replace"), lines)

    def _log_size(self, name: str) -> int:
        return len(files.read(self.log_path(name)) or b"")

    def _call(self, method: str, *arguments: Any) -> Any:
        proxy = xmlrpc.client.ServerProxy("http://localhost", transport=_Transport(self.socket), allow_none=True)
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            raise Failed(f"supervisord: {fault.faultString}", fault=fault.faultCode) from None


def start_script(program: Program) -> str:
    """A shell script that becomes the program."""
    environ = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(program.environ.items()))
    source = f"set -a\n. {shlex.quote(program.env_file)}\nset +a\n" if program.env_file else ""
    return f"#!/bin/sh\n{program.header}\n{environ}{source}exec {' '.join(map(shlex.quote, program.command))}\n"


def _gone(pid: int) -> bool:
    """True when a process has ended, even when nobody has asked for its exit code yet."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _pattern(path: str) -> str:
    """The path as a pattern that only it fits, without blanks: supervisord takes its list of patterns apart at them."""
    return "".join("[!!-~]" if letter.isspace() else f"[{letter}]" if letter in "*?[" else letter for letter in path)


def _socket_path(home: str) -> str:
    """Beside its configuration; where that is longer than a socket's address may be, a folder of the user's own under /tmp."""
    path = f"{home}/supervisor.sock"
    if len(path.encode()) <= LONGEST_SOCKET:
        return path
    return f"/tmp/provision-{os.geteuid()}/{hashlib.sha256(home.encode()).hexdigest()[:16]}.sock"
