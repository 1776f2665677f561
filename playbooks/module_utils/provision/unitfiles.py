"""The texts by which systemd knows a program: its unit, a quadlet or a written unit for a container, timers, the companion. Pure."""

from __future__ import annotations

import json
import re

from ansible.module_utils.provision.managing import Container, Program

PODMAN = "/usr/bin/podman"
GRACE = 10
"""Seconds that a container has between the request to end and its end by force."""

UNIT = """{header}
[Unit]
Description={description}
Wants=network-online.target{wants}
After=network-online.target

[Service]
{service}

[Install]
WantedBy=multi-user.target
"""
GUARDS = """NoNewPrivileges=true
ProtectSystem=full
ProtectControlGroups=true
ProtectKernelTunables=true
PrivateTmp=true
"""
TIMER = """{header}
[Unit]
Description={description}, at its times

[Timer]
{calendars}
AccuracySec=1s
Persistent={catch_up}
Unit={unit}

[Install]
WantedBy=timers.target
"""
STARTER = """{header}
[Unit]
Description={description}, the start of a run

[Service]
Type=oneshot
ExecStart={command}
"""
COMPANION = """{header}
[Unit]
Description={description}, whether it still works
BindsTo={name}.service
After={name}.service

[Service]
Type=exec
{surroundings}ExecStart=/usr/bin/python3 -I {script} {probe} {name}.service
Restart=on-failure
RestartSec=5
"""


def word(text: str) -> str:
    """One word of ExecStart, quoted so that systemd hands it on as it is."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if escaped == "" or re.search(r"""[\s"';\\]""", text) else escaped


def _command(words: tuple[str, ...] | list[str]) -> str:
    """ExecStart; the program itself is looked up by systemd and takes no $ or special first character."""
    return " ".join([word(words[0]).replace("$$", "$"), *map(word, words[1:])])


def unit_text(program: Program) -> str:
    """The unit of a program that is no container."""
    course = program.course
    lines = ["Type=oneshot" if course.kind != "service" else "Type=exec"]
    if program.user:
        lines += [f"User={program.user}", f"Group={program.user}"]
    lines += [f"WorkingDirectory={program.folder}", *(f'Environment="{name}={value}"' for name, value in sorted(program.environ.items()))]
    lines += [f"EnvironmentFile={program.env_file}", f"ExecStart={_command(program.command)}"]
    if program.after_start:
        lines.append(f"ExecStartPost={_command(program.after_start)}")
    if program.before_stop:
        # as in Kubernetes: one that fails does not make the stop a failure
        lines.append(f"ExecStop=-{_command(program.before_stop)}")
    lines += ["Restart=on-failure", "RestartSec=1"] if course.kind == "service" else _course(program)
    lines += GUARDS.splitlines() + list(program.binds)
    if program.limits.cpus:
        lines.append(f"CPUQuota={program.limits.cpus * 100:g}%")
    if program.limits.memory:
        lines.append(f"MemoryMax={program.limits.memory}")
    lines += ["AmbientCapabilities=CAP_NET_BIND_SERVICE"] if program.low_port else []
    return _unit(program, lines, _limit(program))


def _unit(program: Program, service: list[str], start_limit: str = "") -> str:
    text = UNIT.format(header=program.header, description=_plain(program.description), service="\n".join(service), wants=_companion(program))
    if start_limit:
        text = text.replace("\n\n[Service]", f"\n{start_limit}\n\n[Service]")
    # what runs to its end is started by provision or a timer, not by the boot
    return text if program.course.kind == "service" else text.partition("\n[Install]")[0]


def _companion(program: Program) -> str:
    return f"\nWants={program.name}.liveness.service" if program.watch.probe else ""


def _plain(text: str) -> str:
    return text.replace("%", "%%")


def _course(program: Program) -> list[str]:
    """What a task or timer says of its end."""
    course = program.course
    lines = [f"TimeoutStartSec={course.seconds}"] if course.seconds else ["TimeoutStartSec=infinity"]
    # a task is tried again by whoever delivers it, who has to know how it ended
    return lines + (["Restart=on-failure", f"RestartSec={GRACE}"] if course.retry and course.kind == "timer" else [])


# ------------------------------------------------------------------ containers
def quadlet_text(program: Program) -> str:
    """The container as podman's quadlet reads it; systemd's unit is made from it at boot and by daemon-reload."""
    container, name = _container(program), _container_name(program)
    lines = [f"ContainerName={name}", f"Image={container.image}"]
    for key, option, value in _settings(program, container):
        simple = key and re.fullmatch(r"[\w./:,=@+-]+", value)
        lines.append(f"{key}={value}" if simple else f"PodmanArgs={word(f'{option}={value}')}")
    # the default differs between distributions
    lines += ["PodmanArgs=--log-driver=journald"] if program.course.kind == "service" else []
    if program.command:
        lines.append(f"Exec={' '.join(map(word, program.command))}")
    text = _unit(program, _long(program, name) if program.course.kind == "service" else _short(program), _limit(program))
    return text.replace("\n[Service]", "\n[Container]\n" + "\n".join(lines) + "\n\n[Service]", 1)


def podman_unit_text(program: Program) -> str:
    """The container as a unit that we write, where podman has no quadlet."""
    container, name, number = _container(program), _container_name(program), "--cidfile=%t/%n.ctr-id"
    long = program.course.kind == "service"
    how = "--cgroups=no-conmon --sdnotify=conmon --log-driver=journald -d" if long else "--cgroups=split --log-driver=passthrough"
    options = [part for _, option, value in _settings(program, container) for part in (option, value)]
    words = " ".join(map(word, [*options, container.image, *program.command]))
    lines = ["Type=notify", "NotifyAccess=all"] if long else []
    lines += ["Environment=PODMAN_SYSTEMD_UNIT=%n", "ExecStartPre=/bin/rm -f %t/%n.ctr-id",
              f"ExecStart={PODMAN} run {number} --replace --rm {how} --name={name} {words}"]
    lines += _long(program, name) if long else _short(program)
    lines += [f"ExecStop={PODMAN} stop --ignore -t {GRACE} {number}", f"ExecStopPost={PODMAN} rm -f --ignore -t {GRACE} {number}"]
    return _unit(program, lines, _limit(program))


def _container(program: Program) -> Container:
    if program.container is None:
        raise ValueError(f"{program.name} has no container")
    return program.container


def _container_name(program: Program) -> str:
    return f"{program.name}-%i" if program.template else program.name


def _settings(program: Program, container: Container) -> list[tuple[str, str, str]]:
    """Key of the quadlet (empty: it has none in every version), option of podman, value."""
    found = [("EnvironmentFile", "--env-file", program.env_file)]
    found += [("", "--pull", "never")]
    found += [("", "--entrypoint", json.dumps(list(container.entry)))] if container.entry else []
    found += [("User", "--user", container.user)] if container.user else []
    found += [("PublishPort", "--publish", value) for value in container.publish]
    found += [("Volume", "--volume", value) for value in container.volumes]
    found += [("Tmpfs", "--tmpfs", value) for value in container.memory_folders]
    found += [("Label", "--label", value) for value in container.labels]
    found += [("Annotation", "--annotation", value) for value in container.annotations]
    found += [("", "--add-host", value) for value in container.names]
    found += [("", "--cpus", f"{program.limits.cpus:g}")] if program.limits.cpus else []
    found += [("", "--memory", f"{program.limits.memory}b")] if program.limits.memory else []
    return found


def _limit(program: Program) -> str:
    """It is started again for as long as it takes: after a power cut what it waits for may come back later than it."""
    return "StartLimitIntervalSec=0" if program.course.kind == "service" else ""


def _long(program: Program, name: str) -> list[str]:
    lines = ["Restart=always", "RestartSec=2", f"TimeoutStopSec={GRACE + 60}"]
    lines += [f"ExecStartPost={_command([PODMAN, 'exec', name, *program.after_start])}"] if program.after_start else []
    lines += [f"ExecStop=-{_command([PODMAN, 'exec', name, *program.before_stop])}"] if program.before_stop else []
    return lines


def _short(program: Program) -> list[str]:
    return ["Type=oneshot", *_course(program)]


# ------------------------------------------------------------------ beside the program
def timer_text(program: Program) -> str:
    """The timer of a program that runs at set times."""
    calendars = "\n".join(f"OnCalendar={line}" for line in program.course.calendars)
    unit = f"{program.name}.service" if program.course.overlap == "Forbid" else f"{program.name}.start.service"
    return TIMER.format(header=program.header, description=_plain(program.description), calendars=calendars, unit=unit,
                        catch_up="true" if program.course.catch_up else "false")


def starter_text(program: Program) -> str:
    """What the timer starts where a run may meet the one before: it ends that one, or starts another beside it."""
    if program.course.overlap == "Replace":
        command = f"/usr/bin/systemctl --no-block restart {program.name}.service"
    else:
        command = f"/bin/sh -c 'exec /usr/bin/systemctl --no-block start {program.name}@$$(date +%%s).service'"
    return STARTER.format(header=program.header, description=_plain(program.description), command=command)


def companion_text(program: Program) -> str:
    """The unit that asks whether the program still works."""
    surroundings = "" if program.container else f"EnvironmentFile={program.env_file}\n" + "".join(
        f'Environment="{name}={value}"\n' for name, value in sorted(program.environ.items()))
    return COMPANION.format(header=program.header, description=_plain(program.description), name=program.name, script=program.watch.script,
                            probe=word(program.watch.probe), surroundings=surroundings)
