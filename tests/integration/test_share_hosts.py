"""Folders shared by NFS-Ganesha on real Debian 12 and 13 hosts (the lab's kernel has no NFS): exported, used over the network, changed, taken away.

The others' mounts are planned only: what they need is in no kernel here. The client is libnfs, in user space.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from provisioner.model import Host
from tests import clients
from tests.conftest import LabHosts
from tests.e2e.conftest import Project
from tests.integration.playbooks_world import World, interrupt, unit
from tests.lab import Lab, LabError
from tests.lab.place import alone
from tests.lab.rootfs import install

# tmpfs: Ganesha needs file handles, which the overlay that a lab host lies on does not give
PATH = "/run/shared"
# a disk of its own, as this is on each host: Ganesha 6 takes no tmpfs
FILES = "/var/lib/containers/files"
APPLICATION = f"""
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {{name: shares}}
spec:
  components:
    - {{name: files, type: filesystem, properties: {{path: {FILES}, owner: 1000, group: 1000, mode: "0750"}}}}
"""


@pytest.fixture(scope="module")
def hosts(lab_hosts: LabHosts) -> list[Host]:
    return [*lab_hosts(1, base=True), *lab_hosts(1, trixie=True)]


@pytest.fixture(scope="module")
def world(lab: Lab, tmp_path_factory: pytest.TempPathFactory, hosts: list[Host]) -> World:
    return World(tmp_path_factory.mktemp("share"), lab.inventory(hosts).read_text())


def share(host: Host, **changed: Any) -> dict[str, Any]:
    return {**unit("shared"), "filesystem_name": "shared", "filesystem_path": PATH, "filesystem_owner": 0, "filesystem_group": 0,
            "filesystem_mode": "0755", "filesystem_allow_from": ["10.0.0.0/8"], "filesystem_root_squash": True, "filesystem_server": "ganesha",
            "filesystem_mount_path": "/mnt/shared", "filesystem_options": "nfsvers=4.1,hard", "filesystem_address": host.address, **changed}


READ = '''
import socket, struct, sys
def text(value):
    data = value.encode()
    return struct.pack(">I", len(data)) + data + b"\\0" * (-len(data) % 4)
def ask(host, path):
    """NFS 4.0 by hand: from the root down the path."""
    names = path.strip("/").split("/")
    operations = [struct.pack(">I", 24), *(struct.pack(">I", 15) + text(name) for name in names)]
    compound = text("") + struct.pack(">II", 0, len(operations)) + b"".join(operations)
    who = struct.pack(">I", 0) + text("client") + struct.pack(">III", 0, 0, 0)
    call = struct.pack(">IIIIIIII", 7, 0, 2, 100003, 4, 1, 1, len(who)) + who + struct.pack(">II", 0, 0) + compound
    with socket.create_connection((host, 2049), 300) as server:
        server.sendall(struct.pack(">I", 0x80000000 | len(call)) + call)
        length = struct.unpack(">I", server.recv(4, socket.MSG_WAITALL))[0] & 0x7fffffff
        return struct.unpack(">7I", server.recv(length, socket.MSG_WAITALL)[:28])[6]
print(ask(sys.argv[1], sys.argv[2]))
'''


def status(lab: Lab, host: Host, path: str) -> int:
    """What the server says of a path, over the network: 0 when it is there for us, else the number of NFS's error."""
    done = subprocess.run(lab.network.inside("python3", "-c", READ, host.address, path), capture_output=True, check=True, timeout=600)
    return int(done.stdout)


def test_a_folder_is_exported(world: World, lab: Lab, hosts: list[Host]) -> None:
    host = hosts[0]
    here = World(world.project, lab.inventory([host]).read_text())
    wanted = share(host)
    here.twice("filesystem/site", wanted, host.name)
    here.quiet("filesystem/site", wanted, host.name)
    assert status(lab, host, PATH) == 0
    # a delivery that was broken off after its files were written: the server is told once more
    interrupt(lab, host, "shared@here")
    assert here.play("filesystem/site", wanted).of(host.name)["tasks"] == [f"export {PATH}"]
    here.quiet("filesystem/site", wanted, host.name)
    changed = share(host, filesystem_mode="0775", filesystem_group=100, filesystem_allow_from=["192.0.2.0/24"])
    assert "set mode 0775, owner 0:100 of /run/shared" in here.twice("filesystem/site", changed, host.name)["tasks"]
    assert status(lab, host, PATH) != 0, "only 192.0.2.0/24 may"
    here.quiet("filesystem/site", changed, host.name)
    here.play("filesystem/remove", changed).of(host.name)
    left = lab.ssh(host, "find /etc /srv /run -xdev -name '*provision*' -o -path '*/shared*'; cat /etc/ganesha/ganesha.conf").stdout
    assert "provision" not in left and "shared" not in left
    assert lab.ssh(host, "systemctl is-active nfs-ganesha", check=False).stdout.strip() == "inactive"


def test_what_the_others_would_do(world: World, lab: Lab, hosts: list[Host]) -> None:
    """Without NFS in the kernel nothing can be mounted here: the plan is looked at, and the kernel's server is configured but not started."""
    told = world.play("filesystem/site", share(hosts[0]), check=True)
    tasks = told.of(hosts[1].name)["tasks"]
    assert tasks[-3:] == ["load mnt-shared.mount", "enable mnt-shared.mount", "mount /mnt/shared"]
    assert f"What={hosts[0].address}:{PATH}" in told.of(hosts[1].name)["files"][0]["after"]
    plan = world.play("filesystem/site", share(hosts[0], filesystem_server="kernel"), check=True).of(hosts[0].name)
    assert plan["files"][0]["after"].endswith(f'"{PATH}" 10.0.0.0/8(rw,sync,no_subtree_check,root_squash)\n')


def test_a_folder_that_no_server_can_give_out_is_refused(world: World, lab: Lab, hosts: list[Host]) -> None:
    here = World(world.project, lab.inventory([hosts[0]]).read_text())
    told = here.play("filesystem/site", share(hosts[0], filesystem_path="/srv/new/shared"), check=True).failure(hosts[0].name)
    assert "the file system of /srv gives no file handles (Operation not supported)" in told


@pytest.fixture(scope="module")
def project(lab: Lab, hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A shared folder on each of the hosts, delivered; nothing says by which server."""
    folder = tmp_path_factory.mktemp("shares")
    reach = {"user": "root", "privateKey": str(lab.key), "sshArgs": lab.ssh_args, "knownHosts": str(lab.known_hosts)}
    targets = [{"name": host.name, "hosts": {**reach, "list": [{"name": host.name, "address": host.address}]}} for host in hosts]
    environment = {"apiVersion": "provision/v1", "kind": "Environment", "metadata": {"name": "lab"}, "spec": {
        "targets": targets, "place": [{"types": ["filesystem"], "each": {}}]}}
    (folder / "app.yaml").write_text(APPLICATION)
    (folder / "environments").mkdir()
    (folder / "environments/lab.yaml").write_text(json.dumps(environment))
    made = Project(folder, {**{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PROVISION_"))}, "NO_COLOR": "1"})
    made.provision("apply", "--yes")
    yield made
    made.provision("destroy", "--yes", "--allow-destroy", "files", exit=None)


def use(lab: Lab, project: Project, host: Host, user: int = 1000) -> None:
    """Files in the folder, over the network, with the outputs alone."""
    with alone("build"):
        install(["libnfs13"])
    clients.nfs_without_kernel(project.json("outputs")["outputs"][f"files@{host.name}"], partial(lab.exec, timeout=1800), user=user)


def test_each_serves_files_over_the_network(lab: Lab, project: Project, hosts: list[Host]) -> None:
    """A container has no NFS server in its kernel, so it is Ganesha's. Whoever may not write is told so."""
    for host in hosts:
        use(lab, project, host)
        with pytest.raises(LabError, match=r"nfs_\w+: .*ACCES"):
            use(lab, project, host, user=0)
        assert lab.ssh(host, "systemctl is-enabled nfs-ganesha; ls " + FILES).stdout.split() == ["enabled"]
    project.provision("plan", "--detailed-exitcode")


def test_it_is_changed_in_place_and_what_is_in_it_stays(lab: Lab, project: Project, hosts: list[Host]) -> None:
    """Root of another machine is nobody, then root. Nothing is opened: the server, started anew, lets nobody for a while."""
    for host in hosts:
        lab.ssh(host, f"echo kept > {FILES}/kept")
        assert status(lab, host, f"{FILES}/kept") != 0
    project.edit('mode: "0750"', 'mode: "0700", rootSquash: false')
    assert project.planned() == {f"files@{host.name}": "update" for host in hosts}
    project.provision("apply", "--yes")
    for host in hosts:
        assert status(lab, host, f"{FILES}/kept") == 0
        assert lab.ssh(host, f"cat {FILES}/kept; stat -c %a {FILES}").stdout.split() == ["kept", "700"]
    project.provision("plan", "--detailed-exitcode")


def test_it_goes_only_when_that_is_allowed_by_name(lab: Lab, project: Project, hosts: list[Host]) -> None:
    assert "--allow-destroy files" in project.provision("destroy", "--yes", exit=5).stderr
    project.provision("destroy", "--yes", "--allow-destroy", "files")
    for host in hosts:
        left = lab.ssh(host, f"ls -d {FILES} /etc/ganesha/provision* /var/lib/provision; systemctl is-active nfs-ganesha", check=False).stdout
        assert left.split() == ["inactive"]
