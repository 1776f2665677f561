"""The tasks of the simulated ECS, as pods of this machine. Where podman, or the image, is not to be had a task is what moto makes of it."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from moto import settings
from moto.ecs.models import EC2ContainerServiceBackend, Task
from moto.logs.models import logs_backends

from provisioner.sandbox.containers import resolver, shown, wanted
from provisioner.sandbox.containers.images import CannotRun, Images
from provisioner.sandbox.containers.pod import Around, Pod, Work
from provisioner.sandbox.containers.relay import Relay
from provisioner.sandbox.containers.words import LABEL, Container, Machine
from provisioner.sandbox.servers import programs
from provisioner.sandbox.servers.authority import TRUST
from provisioner.sandbox.servers.doors import Doors, free_address
from provisioner.sandbox.servers.keeper import Keeper
from provisioner.sandbox.servers.names import Names

Call = Callable[..., Any]
Wrap = Callable[[Any, str, Callable[[Any], Any]], None]
Heard = Callable[["Live"], None]


@dataclass(eq=False)
class Live:
    """A task of moto and the pod that it is."""

    task: Any
    pod: Pod
    heard: Heard
    on_paper: str = ""
    """Why it is on paper only after all."""


class Tasks:
    """All tasks of one simulator that really run."""

    def __init__(self, keeper: Keeper, doors: Doors, folder: Path) -> None:
        self._keeper, self._doors = keeper, doors
        self._folder = folder
        self._live: dict[str, Live] = {}
        self._lock = threading.RLock()

    def install(self, wrap: Wrap) -> None:
        """Put them into moto."""
        wrap(EC2ContainerServiceBackend, "run_task", self.started)
        wrap(EC2ContainerServiceBackend, "stop_task", self.stopped)

    def started(self, stock: Call) -> Call:
        """A task runs, once its images are here."""
        def run_task(backend: EC2ContainerServiceBackend, *positional: Any, **named: Any) -> list[Task]:
            tasks: list[Task] = stock(backend, *positional, **named)
            for task in tasks:
                self.start(backend, task)
            return tasks
        return run_task

    def stopped(self, stock: Call) -> Call:
        """Its programs are asked to end."""
        def stop_task(backend: EC2ContainerServiceBackend, cluster: str, task: str, reason: str) -> Any:
            live = self._live.get(task.rpartition("/")[2])
            if live is None:
                return stock(backend, cluster, task, reason)
            self.stop(live, reason or "Task stopped by user", "UserInitiated")
            return live.task
        return stop_task

    @staticmethod
    def possible() -> bool:
        """Whether this machine has what runs containers."""
        return programs.found("container") is not None

    def start(self, backend: EC2ContainerServiceBackend, task: Any, heard: Heard = lambda live: None) -> Live | None:
        """Run a task of moto; `heard` is called when something about it is another. None where this machine can't."""
        definition = backend.describe_task_definition(task.task_definition_arn)
        if not self.possible() or definition.network_mode != "awsvpc":
            return None
        given: list[dict[str, Any]] = definition.container_definitions
        ports = [int(one["containerPort"]) for container in given for one in container.get("portMappings") or ()]
        address = free_address(*ports)
        if address is None:
            return None
        self._live[task.id] = live = Live(task, Pod(f"provision-{task.id}", address), heard)
        live.pod.moved = lambda: self._told(live)
        shown.begin(task, definition)
        threading.Thread(target=self._run, args=(live, definition), daemon=True).start()
        return live

    def stop(self, live: Live, reason: str, code: str) -> None:
        """Ask the programs of a task to end."""
        if live.task.desired_status != "STOPPED":
            live.task.desired_status, live.task.stop_code, live.task.stopped_reason = "STOPPED", code, reason
            live.pod.stop(reason)

    def end_all(self) -> None:
        """End everything: the simulator ends."""
        pods = [live.pod for live in list(self._live.values())]
        for pod in pods:
            pod.end()
        for pod in pods:
            pod.wait()
        if pods:
            subprocess.run(self._around.machine.inside("rm", "-rf", str(self._base)), stdin=subprocess.DEVNULL, check=False)

    def running(self) -> list[dict[str, str | int]]:
        """Those that run, for people."""
        return [{"name": live.task.group.rpartition(":")[2], "kind": "container", "address": live.pod.address,
                 "port": next((port for part in live.pod.parts for port in part.container.ports), 0), "state": live.pod.state}
                for live in list(self._live.values()) if live.pod.state == "running"]

    # ------------------------------------------------------------------ what they share
    @property
    def _around(self) -> Around:
        with self._lock:
            return self._prepared

    @cached_property
    def _prepared(self) -> Around:
        machine = Machine.here(str(programs.found("container")))
        label = str(self._folder.resolve())
        # of an earlier simulator of this project, killed together with what watched it
        left = subprocess.run(machine.call("ps", "--all", "--quiet", "--filter", f"label={LABEL}={label}"), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False).stdout.split()
        if left:
            subprocess.run(machine.call("rm", "--force", "--time", "0", *left), stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return Around(machine, Images(machine), Relay(), label, ("127.0.0.1", int(settings.moto_server_port())), Names(self._doors).addresses)

    @property
    def _base(self) -> Path:
        with self._lock:
            return self._made

    @cached_property
    def _made(self) -> Path:
        base = self._keeper.base() / "containers"
        base.mkdir()
        base.chmod(0o755)
        self._keeper.trust.authority()
        for name, content in (("trusted.pem", (self._folder / TRUST).read_text()), ("resolv.conf", f"nameserver {resolver.PLACE[0]}\n")):
            (base / name).write_text(content)
            (base / name).chmod(0o644)
        return base

    def _own(self, task: Any) -> Path:
        return self._base / "tasks" / str(task.id)

    def _folders(self, task: Any, definition: Any) -> dict[str, Path]:
        folders = wanted.volumes(definition, self._own(task), self._base / "kept")
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
            with suppress(PermissionError):  # who writes there has made it his own
                folder.chmod(0o777)
        return {**folders, wanted.TRUST: self._base / "trusted.pem", wanted.NAMES: self._base / "resolv.conf"}

    # ------------------------------------------------------------------ one task
    def _run(self, live: Live, definition: Any) -> None:
        task = live.task
        try:
            account, region = task._account_id, task.region_name
            secrets = {name: wanted.value(account, region, name) for name in wanted.secret_names(definition)}
            containers = wanted.containers(definition, task.overrides, task=task.id, around=self._environment(region), secrets=secrets)
            work = Work(containers, self._folders(task, definition), lambda name, line: _tell(task, containers, name, line),
                        last=(("rm", "-rf", str(self._own(task))),))
            live.pod.run(self._around, work)
        except LookupError as error:
            task.stop_code, task.stopped_reason = "TaskFailedToStart", f"ResourceInitializationError: {error}"
            live.pod.state = "stopped"
            self._told(live)
        except (CannotRun, OSError) as error:
            live.on_paper = str(error)
            shown.on_paper(task)
            live.heard(live)
            sys.stderr.write(f"task of {task.group} is on paper only: {error}\n")
            sys.stderr.flush()
        finally:
            self._live.pop(task.id, None)

    def _environment(self, region: str) -> dict[str, str]:
        around = self._around.own
        return {"AWS_EXECUTION_ENV": "AWS_ECS_FARGATE", "AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": f"http://{around[0]}:{around[1]}", "SSL_CERT_FILE": wanted.TRUST}

    def _told(self, live: Live) -> None:
        if not live.on_paper:
            shown.show(live.task, live.pod)
            ports = {port for part in live.pod.parts for port in part.container.ports}
            self._doors.lead(live.pod.address, *(ports if live.pod.state == "running" else ()))
            live.heard(live)


def _tell(task: Any, containers: tuple[Container, ...], name: str, line: str) -> None:
    log = next((one.log for one in containers if one.name == name), None)
    if log:
        backend = logs_backends[task._account_id][task.region_name]
        with suppress(Exception):  # a group that is not there: nobody reads it
            backend.ensure_log_stream(*log)
            backend.put_log_events(*log, [{"timestamp": int(time.time() * 1000), "message": line}])
