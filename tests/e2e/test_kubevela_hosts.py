"""Documents of KubeVela's, unchanged, on Debian 12 and 13 hosts: one as containers, a worker and a sidecar with a shared volume; others planned.

Budget: 4 minutes.
"""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from provisioner import model
from provisioner.model import Json
from provisioner.sandbox import simulator
from tests import kubevela
from tests.conftest import LabHosts
from tests.e2e.conftest import ROOT, Project
from tests.integration.images import image
from tests.kubevela import DATA, planning
from tests.lab import Lab

APPLICATION = "kubevela.github.io__docs__end-user__traits__references.md__13.yaml"
DAEMON = """    - name: watch
      type: daemon
      properties: {image: busybox, imageArchive: busybox.tar, cmd: [/bin/sh, -c, "while true; do sleep 1; done"], env: {LEVEL: low}}
"""
APPLETS = {f"bin/{name}": f'#!/bin/sh\nexec /bin/busybox {name} "$@"\n' for name in ("date", "tail")}

PLANNED = (
    "kubevela.github.io__docs__end-user__quick-start-cli.md__1.yaml",
    "kubevela.github.io__docs__end-user__components__cloud-services__terraform__aws-s3.md__1.yaml",
    "kubevela.github.io__docs__end-user__workflow__built-in-workflow-defs.md__21.yaml#delayed-restart-app",
    "kubevela__docs__examples__app-with-volumes__app-task-volumes.yaml",
    "kubevela__docs__examples__workflow__step-group__example.yaml",
    "kubevela__vela-templates__definitions__usage-examples__application-with-statefulset.yaml",
)
"""A gateway, a bucket by KubeVela's own definition, several applications in a file, a task, a workflow, a statefulset. All that compose:
`python -m tests.kubevela --plan`."""


@pytest.fixture(scope="module")
def hosts(lab_hosts: LabHosts) -> list[model.Host]:
    return [*lab_hosts(1), *lab_hosts(1, trixie=True)]


@pytest.fixture(scope="module")
def planned(lab: Lab, hosts: list[model.Host], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Json]]:
    """What comes of a real plan of each."""
    place = tmp_path_factory.mktemp("plans")
    folder = kubevela.project(place / "all")
    running = simulator.start(place)
    try:
        planner = planning.Planner(place, lab, hosts, running.endpoint)
        with ThreadPoolExecutor(planning.AT_ONCE) as pool:
            return dict(zip(PLANNED, pool.map(lambda shown: planner.plan(*kubevela.row_of(folder, shown)), PLANNED), strict=True))
    finally:
        simulator.stop(place)


@pytest.mark.parametrize("shown", PLANNED)
def test_it_is_planned_as_the_table_says(planned: dict[str, dict[str, Json]], shown: str) -> None:
    assert planned[shown] == kubevela.planned_before()[shown]
    assert planned[shown]["units"]


@pytest.fixture(scope="module")
def project(example: Callable[..., Project], lab: Lab, hosts: list[model.Host]) -> Iterator[Project]:
    """The document, delivered. There is no registry of images here: the environment gives an archive."""
    made = example("environments", folder=ROOT / "examples/containers", LAB_KEY=str(lab.key),
                   LAB_SSH_ARGS=lab.ssh_args, LAB_KNOWN_HOSTS=str(lab.known_hosts),
                   PROVISION_ENVIRONMENT="lab", **{f"LAB_ADDRESS_{number}": host.address for number, host in enumerate(hosts, 1)})
    (made.folder / "environments").mkdir()
    text = (made.folder / "lab.yaml").read_text()
    (made.folder / "environments/lab.yaml").write_text(f"{text}  override: [{{types: [worker], properties: {{imageArchive: busybox.tar}}}}]\n")
    shutil.copy(DATA / "applications" / APPLICATION, made.folder / "app.yaml")
    image(made.folder / "busybox.tar", name="docker.io/library/busybox:latest", files=APPLETS)
    made.provision("apply", "--yes")
    yield made
    made.provision("destroy", "--yes", exit=None)


def test_the_sidecar_reads_what_the_worker_writes(project: Project, lab: Lab, hosts: list[model.Host]) -> None:
    for host in hosts:
        assert lab.ssh(host, "podman ps --format '{{.Names}}' | sort").stdout.split() == ["log-gen-worker", "log-gen-worker-count-log"]
        told = lab.ssh(host, "for i in $(seq 900); do podman logs log-gen-worker-count-log 2>&1 | grep -m1 '^0: ' && break; sleep 0.2; done").stdout
        assert told.startswith("0: ")


def test_a_second_plan_is_empty(project: Project) -> None:
    assert project.planned() == {}


def test_a_worker_is_changed_in_place_and_a_daemon_joins_on_every_host(project: Project, lab: Lab, hosts: list[model.Host]) -> None:
    project.edit("sleep 1;", "sleep 2;")
    with (project.folder / "app.yaml").open("a") as file:
        file.write("\n" + DAEMON)
    project.edit("type: worker\n      properties:\n", "type: worker\n      properties:\n        env: [{name: PACE, value: slow}]\n")
    assert project.planned() == {"log-gen-worker@site": "update", "watch@site": "create"}
    project.provision("apply", "--yes")
    assert project.planned() == {}
    project.edit("LEVEL: low", "LEVEL: high")
    assert project.planned() == {"watch@site": "update"}
    project.provision("apply", "--yes")
    for host in hosts:
        said = lab.ssh(host, "podman exec watch sh -c 'echo $LEVEL'; podman exec log-gen-worker sh -c 'echo $PACE'").stdout.split()
        assert said == ["high", "slow"]
    assert project.planned() == {}


def test_nothing_is_left(project: Project, lab: Lab, hosts: list[model.Host]) -> None:
    project.provision("destroy", "--yes")
    for host in hosts:
        left = lab.ssh(host, "podman ps --all --quiet; find /etc/containers/systemd /var/lib/provision/units -type f 2>/dev/null || true").stdout
        assert left == ""
