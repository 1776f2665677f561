"""Waiting until hosts answer on SSH with the right key, with paramiko. Runs nothing on them; whether the user may log in is
told by Ansible in OpenSSH's words, except on hosts that have just been made: there a refused login is waited for, too."""

import base64
import contextlib
import getpass
import logging
import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from provisioner.hosts import keys
from provisioner.hosts.access import Access, connection

if TYPE_CHECKING:
    # 0.15 s to import: only what waits for hosts pays for it
    import paramiko

logging.getLogger("paramiko").addHandler(logging.NullHandler())

ONE_TRY = 10.0
"""Seconds for one connection, at most."""
HANDSHAKE = 30.0
"""Seconds for one who has answered to agree on keys: a busy host is slow, and is there."""
PAUSE = 0.5
AT_ONCE = 24


@dataclass(frozen=True)
class Reached:
    """How it went with one host. `silent`: nothing answers; `key`: its key is unknown or another one; `login`: a host that was
    made refuses us."""

    host: str
    state: Literal["ready", "silent", "key", "login"]
    reason: str = ""
    hint: str = ""


class _KeyProblem(Exception):
    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class _Silent(Exception):
    """Nobody answers, or not as an SSH server does."""


def reach(accesses: list[Access], limits: dict[str, float], stop: threading.Event, seen: Callable[[Reached], None]) -> list[Reached]:
    """Wait for all hosts at once, each for its limit (seconds, by name); `seen` is called from other threads as they come.

    `limits` of hosts that were just made are to be above ONE_TRY: their login is waited for as well.
    """
    if not accesses:
        return []

    def one(access: Access) -> Reached:
        found = wait(access, limits[access.host.name], stop)
        seen(found)
        return found

    with ThreadPoolExecutor(min(AT_ONCE, len(accesses)), "ssh") as pool:
        return list(pool.map(one, accesses))


def wait(access: Access, limit: float, stop: threading.Event) -> Reached:
    """Try until the host answers, its key is wrong, `limit` seconds have passed or `stop` is set; with a limit of 0 once."""
    until = time.monotonic() + limit
    patient = limit > ONE_TRY
    last = Reached(access.host.name, "silent", "nothing was tried")
    while True:
        left = until - time.monotonic() if limit else ONE_TRY
        last = _try(access, max(1.0, min(ONE_TRY, left)), patient)
        if last.state in ("ready", "key") or time.monotonic() + PAUSE >= until or stop.wait(PAUSE):
            return last


def _try(access: Access, limit: float, patient: bool) -> Reached:
    import paramiko

    name = access.host.name
    try:
        way = connection(access)
        with _socket(way, limit) as sock:
            entered = _shake(access, way, sock, max(limit, HANDSHAKE))
    except _KeyProblem as problem:
        return Reached(name, "key", problem.reason, problem.hint)
    except (_Silent, OSError, EOFError, ValueError, paramiko.SSHException) as error:
        return Reached(name, "silent", _words(access, error), f"is it up, and are address and port right? try: ssh {_target(access)}")
    if not entered and patient:
        return Reached(name, "login", f"{_target(access)} refuses the login", "user and private key must be those of the machine's image")
    return Reached(name, "ready")


def _shake(access: Access, way: dict[str, str], sock: socket.socket, limit: float) -> bool:
    """Exchange keys and judge the host's; True when it also lets us in."""
    import paramiko

    client = paramiko.SSHClient()
    name = keys.alias(access.host, access.book)
    judge = _Judge(access, keys.known(access.host, access.book))
    for key in judge.usable():
        client.get_host_keys().add(name, key.get_name(), key)
    client.set_missing_host_key_policy(judge)  # type: ignore[arg-type]
    files = [path for line in way.get("identityfile", "").splitlines() if os.path.exists(path := os.path.expanduser(line))]
    try:
        client.connect(name, username=way.get("user") or getpass.getuser(), sock=sock, timeout=limit, banner_timeout=limit, auth_timeout=limit,
                       key_filename=files,  # type: ignore[arg-type]  # a list of paths is as good
                       look_for_keys=False, password=access.password or None)
    except paramiko.BadHostKeyException as error:
        raise judge.changed(_key(error.expected_key), _key(error.key)) from error
    except paramiko.SSHException:
        transport = client.get_transport()
        if transport is None or not transport.initial_kex_done:
            raise
        # the key is right; keys in hardware, certificates and Kerberos are OpenSSH's business
        judge.keep(transport)
        return False
    else:
        judge.keep(client.get_transport())
        return True
    finally:
        client.close()


def _key(key: "paramiko.PKey") -> keys.Key:
    return keys.Key(key.get_name(), key.get_base64())


class _Judge:
    """Says of a host's key whether it is the right one; paramiko asks it (as a MissingHostKeyPolicy) about a key that nobody has told us."""

    def __init__(self, access: Access, known: list[keys.Key]) -> None:
        self._access = access
        self._known = known

    def usable(self) -> "list[paramiko.PKey]":
        """The known keys of types that paramiko can read."""
        import paramiko

        found = []
        for key in self._known:
            with contextlib.suppress(paramiko.SSHException, ValueError, paramiko.pkey.UnknownKeyType):
                found.append(paramiko.PKey.from_type_string(key.kind, base64.b64decode(key.text)))
        return found

    @property
    def _for_openssh(self) -> bool:
        return keys.has_authorities(self._access.book) or bool(self._known and not self.usable())

    def missing_host_key(self, client: "paramiko.SSHClient", hostname: str, key: "paramiko.PKey") -> None:
        """Pass when new keys are accepted, or when only OpenSSH can judge; raises _KeyProblem."""
        book = self._access.book
        if book.accept_new or self._for_openssh:
            return
        where = f"put it into {book.path}" if book.pinned else "pin it with knownHosts: FILE, or accept it once with hostKeys: accept-new"
        raise _KeyProblem(f"its host key is not known: {_key(key).fingerprint}", f"compare it with the machine's own; then {where}")

    def changed(self, expected: keys.Key, got: keys.Key) -> _KeyProblem:
        """What to say of a key that is another one."""
        return _KeyProblem(f"its host key has changed: expected {expected.fingerprint}, got {got.fingerprint}",
                           f"if the machine was set up anew: {keys.forget_line(self._access.host, self._access.book)}")

    def keep(self, transport: "paramiko.Transport | None") -> None:
        """Write down the key that was verified or accepted."""
        if transport is not None and not self._for_openssh:
            keys.keep(self._access.host, self._access.book, _key(transport.get_remote_server_key()))


def _target(access: Access) -> str:
    user = f"{access.user}@" if access.user else ""
    return f"{user}{access.host.address}" + (f" -p {access.port}" if access.port != 22 else "")


def _words(access: Access, error: BaseException) -> str:
    place = f"{access.host.address}:{access.port}"
    if isinstance(error, FileNotFoundError) and error.filename == "ssh":
        return "the program ssh is not installed here"
    if isinstance(error, socket.gaierror):
        return f"the name {access.host.address} is not known"
    if isinstance(error, TimeoutError):
        return f"no answer from {place}"
    if isinstance(error, OSError) and error.strerror:
        return f"{place}: {error.strerror}"
    if "SSH protocol banner" in str(error):
        return f"{place} does not answer as an SSH server"
    return f"{place}: {error}" if str(error) else f"{place} closed the connection"


@contextlib.contextmanager
def _socket(way: dict[str, str], limit: float) -> Iterator[socket.socket]:
    command = way.get("proxycommand", "none")
    jump = way.get("proxyjump", "none")
    if jump != "none":
        *before, last = jump.split(",")
        command = "ssh -o BatchMode=yes " + (f"-J {','.join(before)} " if before else "") + f"-W '[%h]:%p' {last}"
    if command == "none":
        with socket.create_connection((way["hostname"], int(way["port"])), limit) as sock:
            yield sock
        return
    with _through(_expand(command, way), limit) as sock:
        yield sock


def _expand(command: str, way: dict[str, str]) -> str:
    tokens = {"%%": "%", "%h": way["hostname"], "%n": way["hostname"], "%p": way["port"], "%r": way.get("user", "")}
    return re.sub("%[%hnpr]", lambda token: tokens[token[0]], command)


@contextlib.contextmanager
def _through(command: str, limit: float) -> Iterator[socket.socket]:
    """A socket whose other end is a command's standard input and output, as OpenSSH's ProxyCommand."""
    ours, theirs = socket.socketpair()
    ours.settimeout(limit)
    # a session of its own: without a terminal nothing in there can ask for a password
    process = subprocess.Popen(["/bin/sh", "-c", f"exec {command}"], stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=subprocess.PIPE,
                               start_new_session=True)
    theirs.close()
    try:
        yield ours
    except _KeyProblem:
        raise
    except Exception as error:
        raise _Silent(_last_line(process) or str(error) or "no answer through the jump host") from error
    finally:
        ours.close()
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


def _last_line(process: "subprocess.Popen[bytes]") -> str:
    process.kill()
    lines = process.stderr.read().decode(errors="replace").strip().splitlines() if process.stderr else []
    return lines[-1] if lines else ""

