"""The images of containers: those that this machine has, or can pull."""

import base64
import json
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from provisioner.sandbox.containers.words import Machine, full_name, loopback, registry

PULL_SECONDS = 600.0
REACH_SECONDS = 3.0


class CannotRun(Exception):
    """The containers can't be had on this machine."""


class Images:
    """Those that this machine has, or can pull."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._busy = threading.Lock()

    def need(self, image: str, login: str = "") -> None:
        """See that an image is here; one of a tag is asked for anew, as Fargate does. CannotRun where it is not to be had."""
        with self._busy:
            here = self._call("image", "exists", full_name(image)).returncode == 0
            if here and "@" in image:
                return
            told = self._pull(image, login)
            if told and not here:
                raise CannotRun(f"{image}: {told}")

    def _pull(self, image: str, login: str) -> str:
        """Why it can't be pulled; empty once it is."""
        where = registry(image)
        if where is None:
            return "the simulated ECR keeps no layers"
        try:
            socket.create_connection(where, timeout=REACH_SECONDS).close()
            with _authfile(image, login) as logins:
                done = self._call("pull", "--quiet", *(["--tls-verify=false"] if loopback(where[0]) else []), *logins, full_name(image))
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{where[0]} does not answer: {error}"
        return done.stderr.decode(errors="replace").strip()[-500:] if done.returncode else ""

    def _call(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(self._machine.call(*words), stdin=subprocess.DEVNULL, capture_output=True, timeout=PULL_SECONDS, check=False)


@contextmanager
def _authfile(image: str, login: str) -> Iterator[list[str]]:
    """Options that give the login: a command line can be seen by others."""
    if not login:
        yield []
        return
    with tempfile.NamedTemporaryFile("w", prefix="provision-login-", suffix=".json") as file:
        registry_of = full_name(image).partition("/")[0]
        json.dump({"auths": {registry_of: {"auth": base64.b64encode(login.encode()).decode()}}}, file)
        file.flush()
        yield ["--authfile", file.name]
