"""What can go wrong, as one table: the exit code, the cause in words, what to do next, no traceback; mended, the next apply ends with 0.

Budget: 2 minutes.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from provisioner import model
from tests.conftest import LabHosts
from tests.e2e.conftest import ROOT, Project
from tests.lab import Lab

SHOP = ROOT / "tests" / "data" / "shop"
NEEDS_NOWHERE = 'terraform {\n  required_providers {\n    nowhere = { source = "registry.invalid/acme/nowhere" }\n  }\n}\n'
Doing = Callable[[Project], None]


@dataclass(frozen=True)
class Case:
    """One way to fail. `says`: words of the output, case aside: the cause, and what helps."""

    name: str
    exit: int
    says: tuple[str, ...]
    run: tuple[str, ...] = ("apply", "--yes")
    spoil: Doing = field(default=lambda project: None)
    environ: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.name


def change(file: str, before: str, after: str) -> Doing:
    """Put one text into a file in the place of another."""
    def do(project: Project) -> None:
        path = project.folder / file
        assert before in path.read_text()
        path.write_text(path.read_text().replace(before, after))
    return do


def gone(file: str) -> Doing:
    def do(project: Project) -> None:
        (project.folder / file).unlink()
    return do


def prepend(file: str, text: str) -> Doing:
    def do(project: Project) -> None:
        path = project.folder / file
        path.write_text(text + path.read_text())
    return do


BOX, MODULE = "components/box.yaml", "modules/box/main.tf"
CASES = (
    Case("a named terraform that is not there", 12, ("/nonexistent is not there", "install Terraform", "Next: provision doctor"),
         run=("apply", "--yes", "--terraform", "/nonexistent")),
    Case("no terraform on PATH", 12, ("neither terraform nor tofu is on PATH", "install Terraform", "Next: provision doctor"),
         environ=(("PATH", "/nowhere"),)),
    Case("plan without terraform", 12, ("neither terraform nor tofu is on PATH", "Next: provision doctor"), run=("plan",),
         environ=(("PATH", "/nowhere"),)),
    Case("a provider that is nowhere", 12, ("registry.invalid/acme/nowhere", "check    provision doctor", "go on    provision apply"),
         spoil=prepend(MODULE, NEEDS_NOWHERE)),
    Case("plan with a provider that is nowhere", 12, ("registry.invalid/acme/nowhere", "Next: provision doctor"), run=("plan",),
         spoil=prepend(MODULE, NEEDS_NOWHERE)),
    Case("no app.yaml", 3, ("there is no app.yaml", "Next: provision init"), spoil=gone("app.yaml")),
    Case("a type that is misspelt", 3, ("app.yaml:8", 'unknown type "bx"', "box"), spoil=change("app.yaml", "second, type: box", "second, type: bx")),
    Case("a property that is misspelt", 3, ("app.yaml:7", "sizze", 'did you mean "size"?'), spoil=change("app.yaml", "size: 1", "sizze: 1")),
    Case("an environment that there is not", 3, ('no environment "lub"', "lab"), run=("apply", "--yes", "-e", "lub")),
    Case("a definition with a misspelt key", 3, ("components/box.yaml:5", 'did you mean "provides"?'), spoil=change(BOX, "provides:", "providez:")),
    Case("a definition that is no YAML", 3, ("components/box.yaml:2", "bracket is not closed"), spoil=prepend(BOX, "x: [1, 2\n")),
    Case("a definition whose module is gone", 1, ("first@cloud   its module is gone", "modules/box", "go on    provision apply"), spoil=gone(MODULE)),
    Case("a secret that nobody has set", 3, ("app.yaml:7", "shop/pin", "provision secrets set"),
         spoil=change("app.yaml", "size: 1,", 'size: 1, password: "${secret.shop/pin}",')),
    Case("an option that there is not", 64, ("--yess", "provision apply --help"), run=("apply", "--yess")),
    Case("nobody to ask", 64, ("--yes",), run=("apply",)),
)


def fails(project: Project, case: Case) -> str:
    """Run the case; its output."""
    environ = {**project.environ, **dict(case.environ)}
    done = Project(project.folder, environ, project.command).provision(*case.run, exit=case.exit)
    told = done.stdout + done.stderr
    assert not [words for words in case.says if words.lower() not in told.lower()], told
    assert "Traceback" not in told and "a bug in provision" not in told, told
    return told


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """Two boxes without a cloud."""
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_"))}
    return Project(folder, {**kept, "NO_COLOR": "1"})


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_says_why_and_what_next(shop: Project, case: Case) -> None:
    case.spoil(shop)
    fails(shop, case)


def test_what_could_not_begin_is_delivered_once_it_is_mended(shop: Project) -> None:
    prepend(MODULE, NEEDS_NOWHERE)(shop)
    shop.provision("apply", "--yes", exit=12)
    change(MODULE, NEEDS_NOWHERE, "")(shop)
    shop.provision("apply", "--yes")
    shop.provision("plan", "--detailed-exitcode")


# ------------------------------------------------------------------ one run at a time
def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    """Until the file is there; fails when the process ends before."""
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)


@pytest.fixture
def running(shop: Project) -> Iterator[subprocess.Popen[str]]:
    """An apply whose first step waits until a file `go` is there, second not begun."""
    shop.edit('command: "true"', f'command: "touch {shop.folder}/begun; until test -e {shop.folder}/go; do sleep 0.1; done"')
    process = subprocess.Popen([*shop.command, "apply", "--yes", "--reason", "the first one"], cwd=shop.folder, env=shop.environ,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        wait_for(shop.folder / "begun", process)
        yield process
    finally:
        (shop.folder / "go").touch()
        process.communicate(timeout=600)


def test_a_second_apply_names_who_holds_the_lock(shop: Project, running: subprocess.Popen[str]) -> None:
    fails(shop, Case("two at once", 8, (f"process {running.pid}", "the first one", "--lock-wait", "Next: provision show 1")))


def test_ctrl_c_ends_after_the_running_step_and_resume_does_the_rest(shop: Project, running: subprocess.Popen[str]) -> None:
    running.send_signal(signal.SIGINT)
    (shop.folder / "go").touch()
    told = running.communicate(timeout=600)[0]
    assert running.returncode == 130, told
    assert "provision resume" in told and "Traceback" not in told
    (shop.folder / "begun").unlink()
    shop.provision("resume", "--yes")
    assert not (shop.folder / "begun").exists(), "a step that had ended was done again"
    shop.provision("plan", "--detailed-exitcode")


def test_a_run_that_takes_too_long_is_ended_and_can_be_gone_on_with(shop: Project) -> None:
    shop.edit('command: "true"', f'command: "until test -e {shop.folder}/go; do sleep 0.1; done"')
    done = shop.provision("apply", "--yes", "--timeout", "2s", exit=124)
    assert "Result: TIMED OUT" in done.stdout and "provision resume 1" in done.stdout and "skipped" not in done.stdout
    assert shop.json("runs")["runs"][0]["state"] == "interrupted"
    (shop.folder / "go").touch()
    shop.provision("resume", "--timeout", "10m")
    shop.provision("plan", "--detailed-exitcode")


# ------------------------------------------------------------------ no space here
@pytest.fixture
def small(shop: Project) -> Iterator[Project]:
    """The same on a disk of 2 MB."""
    if os.geteuid():
        pytest.skip("only root can mount")
    place = shop.folder / ".provision"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "small", str(place)], check=True)
    try:
        yield shop
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("free", [0, 40, 120, 200])
def test_a_full_disk_here_is_an_error_with_a_cause(small: Project, free: int) -> None:
    """From no space for the store at all (KiB) to none for the last files of the run."""
    place = small.folder / ".provision"
    with open(place / "filler", "wb") as filler:
        filler.write(b"x" * (2048 - free) * 1024)
    done = small.provision("apply", "--yes", exit=None)
    told = done.stdout + done.stderr
    assert done.returncode in (1, 9), told
    assert "no space left" in told.lower() or "disk is full" in told.lower(), told
    assert "Traceback" not in told and "a bug in provision" not in told, told
    (place / "filler").unlink()
    small.provision("apply", "--yes")
    small.provision("plan", "--detailed-exitcode")
    if free == 0:
        with open(place / "filler", "wb", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(b"x" * 4096)
        plans = len(list(place.glob("*/*/plans/*")))
        known = small.json("status", exit=1)
        assert {row["sync"] for row in known["components"]} == {"unknown"} and "the disk is full" in known["components"][0]["detail"]
        assert known["revision"] == 1 and len(list(place.glob("*/*/plans/*"))) == plans


# ------------------------------------------------------------------ hosts
class Store:
    """The shop's service on one host, whose disk, key and power the test holds."""

    def __init__(self, project: Project, lab: Lab, host: model.Host) -> None:
        self.project, self.lab, self.host = project, lab, host
        self.machine = lab.machine(host)
        self.key = project.folder / "key"
        self.known = project.folder / "known_hosts"
        self.mend()

    def mend(self) -> None:
        """Everything as it should be."""
        self.machine.free()
        self.machine.start()
        for path, content in ((self.key, self.lab.key.read_bytes()), (self.known, f"{self.host.name} {self.machine.public_key()}\n".encode())):
            path.write_bytes(content)
            path.chmod(0o600)

    def wrong_key(self) -> None:
        self.key.unlink()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True)
        self.key.with_suffix(".pub").unlink()

    def changed_host_key(self) -> None:
        self.machine.rekey()

    def no_power(self) -> None:
        self.machine.kill()

    def full_disk(self) -> None:
        self.machine.fill()


@pytest.fixture(scope="module")
def store(lab: Lab, lab_hosts: LabHosts, tmp_path_factory: pytest.TempPathFactory) -> Store:
    host = lab_hosts(1, base=True, disk="64m")[0]
    folder = tmp_path_factory.mktemp("hosts") / "shop"
    shutil.copytree(SHOP, folder)
    (folder / "hosts.yaml").rename(folder / "app.yaml")
    (folder / "environments" / "lab.yaml").write_text(json.dumps({
        "apiVersion": "provision/v1", "kind": "Environment", "metadata": {"name": "lab"}, "spec": {"targets": [
            {"name": "cloud", "terraform": {"offers": "boxes", "provider": "terraform.io/builtin/terraform"}},
            {"name": "dc", "hosts": {"user": "root", "privateKey": "key", "knownHosts": "known_hosts", "sshArgs": lab.ssh_args,
                                     "list": [{"name": host.name, "address": host.address}]}}]}}))
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_", "SSH_"))}
    return Store(Project(folder, {**kept, "NO_COLOR": "1"}), lab, host)


HOST_CASES = (
    Case("no SSH to any host", 12, ("PRV-7201", "is it up", "try: ssh root@", "check    provision doctor")),
    Case("a key that the host does not take", 1, ("Permission denied", "user and privateKey", "try: ssh root@")),
    Case("a host key that has changed", 1, ("host key has changed", "ssh-keygen -R")),
    Case("no space on the host", 1, ("no space left on the disk of /opt/web", "go on    provision apply")),
)
SPOIL: dict[str, Callable[[Store], None]] = dict(zip(
    map(str, HOST_CASES), (Store.no_power, Store.wrong_key, Store.changed_host_key, Store.full_disk), strict=True))
BESIDE = "    - {name: beside, type: box, properties: {size: 1}}\n"


@pytest.mark.parametrize("case", HOST_CASES, ids=str)
def test_a_host_that_can_not_be_used_says_why(store: Store, case: Case) -> None:
    SPOIL[case.name](store)
    try:
        assert store.host.name in fails(store.project, case)
    finally:
        store.mend()


def test_mended_the_host_is_finished_and_a_key_that_is_gone_later_is_partly_done(store: Store) -> None:
    store.project.provision("apply", "--yes")
    store.project.provision("plan", "--detailed-exitcode")
    store.wrong_key()
    path = store.project.folder / "app.yaml"
    path.write_text(path.read_text().replace("Hello", "Good morning") + BESIDE)
    fails(store.project, Case("something else was changed", 9, ("Permission denied", "beside@cloud", "provision apply")))
    store.mend()
    store.project.provision("apply", "--yes")
    store.project.provision("plan", "--detailed-exitcode")
    store.machine.fill()
    store.project.edit("Good morning", "Good evening")
    fails(store.project, Case("no space on a host that has it all", 1,
                              ("no space left on the disk of this host", "nothing half-written", "go on    provision resume")))
    store.mend()
    store.project.provision("apply", "--yes")
    store.project.provision("plan", "--detailed-exitcode")
