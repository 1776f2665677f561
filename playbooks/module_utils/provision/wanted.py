"""What is wanted of one service, task or timer, as the application describes it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.provision import podman, releases, schedules
from ansible.module_utils.provision.context import check_name, holds, unknown_names
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.managing import Course
from ansible.module_utils.provision.mounts import Mount
from ansible.module_utils.provision.quantities import Limits

JAVA = (".jar", ".war")


@dataclass(frozen=True)
class Image:
    """A container's image."""

    name: str = ""
    """Its name in a registry, with the registry; empty for one that is only an archive."""
    number: str = ""
    """Its id, of an archive."""
    policy: str = "IfNotPresent"
    login: str = ""

    @property
    def reference(self) -> str:
        """What podman knows it by. By its id another archive under the same name is another image."""
        return self.number or self.name


@dataclass(frozen=True)
class Wanted:
    """The service as the application describes it."""

    name: str
    command: tuple[str, ...]
    """Of a container: the arguments."""
    entry: tuple[str, ...] = ()
    """Of a container: in place of its entry point."""
    image: Image | None = None
    digest: str = ""
    """sha256 of the artefact; empty: no artefact, or not known yet."""
    artifact: dict[str, Any] = field(default_factory=dict)
    """Of the program, or of the image."""
    env: dict[str, Any] = field(default_factory=dict)
    secret_env: frozenset[str] = frozenset()
    config: dict[str, str] = field(default_factory=dict)
    secret_config: frozenset[str] = frozenset()
    mounts: tuple[Mount, ...] = ()
    user: str = ""
    keep: int = 3
    probe: dict[str, Any] = field(default_factory=dict)
    startup: dict[str, Any] = field(default_factory=dict)
    liveness: dict[str, Any] = field(default_factory=dict)
    after_start: tuple[str, ...] = ()
    before_stop: tuple[str, ...] = ()
    ports: tuple[dict[str, Any], ...] = ()
    limits: Limits = field(default_factory=Limits)
    course: Course = field(default_factory=Course)
    names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    annotations: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Where the program's artefact comes from; empty for a container and for a program of the host."""
        return "" if self.image else str(self.artifact.get("source") or "")

    @property
    def java(self) -> bool:
        """True for an artefact that is run by java because nothing else is said."""
        return self.command[:2] == ("java", "-jar")

    @staticmethod
    def of(spec: dict[str, Any], secrets: dict[str, Any], artifact: dict[str, Any], marker: str) -> Wanted:
        """From the module's parameters. Raises Failed."""
        name = check_name(str(spec["name"]))
        env, config = {**(spec.get("env") or {}), **(secrets.get("env") or {})}, {**(spec.get("config") or {}), **(secrets.get("config") or {})}
        contents = secrets.get("files") or {}
        image = _image(spec, secrets, artifact)
        command = [str(part) for part in (spec.get("cmd") or [])], [str(part) for part in (spec.get("args") or [])]
        lifecycle = spec.get("lifecycle") or {}
        known = {**spec, "artifact": artifact.get("source"), "env": env, "config": config, "files": contents, "login": secrets.get("login")}
        return Wanted(
            name=name, command=tuple(command[1]) if image else _command(name, *command, artifact), entry=tuple(command[0]) if image else (),
            image=image, digest="" if image else str(artifact.get("digest") or ""), artifact=artifact, env=env,
            secret_env=frozenset(secrets.get("env") or {}), config={str(k): str(v) for k, v in config.items()},
            secret_config=frozenset(secrets.get("config") or {}),
            mounts=tuple(Mount.of(item, contents.get(item["name"]) or {}) for item in spec.get("mounts") or ()), user=str(spec.get("user") or ""),
            keep=int(spec.get("keep") or 3), probe=spec.get("probe") or {}, startup=spec.get("startup") or {}, liveness=spec.get("liveness") or {},
            after_start=_hook(lifecycle, "postStart"), before_stop=_hook(lifecycle, "preStop"), ports=tuple(spec.get("ports") or ()),
            limits=Limits.of(_without(spec, marker)), course=_course(spec, marker),
            names=tuple(f"{name}:{item['ip']}" for item in spec.get("host_aliases") or () for name in item["hostnames"]),
            labels=_pairs(spec, "labels"), annotations=_pairs(spec, "annotations"), unknown=tuple(unknown_names(known, marker, "service_")))


def _image(spec: dict[str, Any], secrets: dict[str, Any], artifact: dict[str, Any]) -> Image | None:
    name, archived = str(spec.get("image") or ""), "image" in artifact
    if not name and not archived:
        return None
    if artifact.get("source") and not archived:
        raise Failed(f"{spec['name']} has both an `image` and an `artifact`: it is one or the other")
    if spec.get("config"):
        raise Failed(f"{spec['name']}: `config` is for an artifact; with an image mount files: "
                     "volumeMounts: {configMap: [{name, mountPath, data}]}")
    known = podman.named(name, str(spec.get("image_digest") or "")) if name else ""
    return Image(known, str(artifact.get("image") or ""), str(spec.get("pull") or "IfNotPresent"), str(secrets.get("login") or ""))


def _command(name: str, cmd: list[str], args: list[str], artifact: dict[str, Any]) -> tuple[str, ...]:
    """The command line of a program that is no container. Raises Failed."""
    file = str(artifact.get("name") or "")
    if cmd:
        return (*cmd, *args)
    if artifact.get("source") and not releases.is_archive(file):
        return ("java", "-jar", file, *args) if file.lower().endswith(JAVA) else (f"./{file}", *args)
    if artifact.get("source") or not args:
        raise Failed(f"the service {name} has no `cmd`: say which program to start, relative to the artifact")
    return tuple(args)


def _course(spec: dict[str, Any], marker: str) -> Course:
    kind = spec.get("kind") or "service"
    if kind not in ("task", "timer"):
        return Course()
    course = Course(kind, spec.get("restart") == "OnFailure", int(spec.get("retries") or 0), int(spec.get("deadline") or 0))
    if kind == "task" or holds([spec.get("schedule"), spec.get("time_zone")], marker):
        return course
    calendars = schedules.calendars(str(spec["schedule"]), str(spec.get("time_zone") or "UTC"))
    return Course(kind, course.retry, course.retries, course.seconds, tuple(calendars), spec.get("concurrency") or "Allow",
                  bool(spec.get("suspend")), spec.get("starting_deadline") is None)


def _without(spec: dict[str, Any], marker: str) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if not holds(value, marker)}


def _hook(lifecycle: dict[str, Any], name: str) -> tuple[str, ...]:
    return tuple(str(part) for part in (((lifecycle.get(name) or {}).get("exec") or {}).get("command") or ()))


def _pairs(spec: dict[str, Any], name: str) -> tuple[str, ...]:
    return tuple(f"{key}={value}" for key, value in sorted((spec.get(name) or {}).items()))
