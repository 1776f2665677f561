"""Secrets are found nowhere: a password of the user's, those of an inventory and generated ones, given to Terraform
and to hosts, in runs that end well and badly.

Budget: 90 s.
"""

import base64
import gzip
import io
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from provisioner import model
from tests.conftest import LabHosts
from tests.e2e.conftest import ROOT, Project
from tests.lab import Lab

CANARY = "c4nary7f3a9d"
PIN = f"""{CANARY} "$HOME' & é%s"""
"""What would have to be escaped anywhere; its first word stays as it is in every way of escaping."""
APPLICATION = """
apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {name: shop}
spec:
  components:
    - {name: safe, type: box, properties: {password: "${secret.shop/pin}"}}
    - {name: ledger, type: postgres, properties: {version: "15"}}
    - name: web
      type: webservice
      properties:
        artifact: service
        cmd: [python3, -u, web.py]
        env: {GREETING: Hello, PIN: "${secret.shop/pin}", DATABASE_URL: "${ledger.url}"}
        config: {pin.conf: "pin = ${secret.shop/pin}"}
        ports: [{port: 8080}]
        readinessProbe: {httpGet: {path: /, port: 8080}, failureThreshold: 120}
"""


# ------------------------------------------------------------------ the search
def needles(secret: str) -> list[bytes]:
    """The secret as it is, in UTF-16, and inside base64 at any place."""
    raw = secret.encode()
    shifted = [base64.b64encode(b"x" * shift + raw)[4 if shift else 0:-4] for shift in range(3)]
    return [raw, secret.encode("utf-16-le"), *(each for each in shifted if len(each) > 7)]


def holds(content: bytes, wanted: list[bytes], depth: int = 4) -> bool:
    """True when one of them is in there, also inside archives inside archives."""
    if any(each in content for each in wanted):
        return True
    return depth > 0 and any(holds(inner, wanted, depth - 1) for inner in unpacked(content))


def unpacked(content: bytes) -> Iterator[bytes]:
    """What an archive or a compressed file holds."""
    with suppress(OSError, EOFError, zlib.error):
        if content[:2] == b"\x1f\x8b":
            yield gzip.decompress(content)
        elif content[:1] == b"\x78":
            yield zlib.decompress(content)
    with suppress(zipfile.BadZipFile, RuntimeError, NotImplementedError):
        if content[:4] == b"PK\x03\x04":
            archive = zipfile.ZipFile(io.BytesIO(content))
            yield from (archive.read(name) for name in archive.namelist())
    with suppress(tarfile.TarError):
        if content[257:262] == b"ustar":
            with tarfile.open(fileobj=io.BytesIO(content)) as tar:
                yield from (file.read() for member in tar.getmembers() if (file := tar.extractfile(member)))


def cells(path: Path) -> Iterator[bytes]:
    """Every value of a database, as it comes out of it."""
    with closing(sqlite3.connect(path)) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in database.execute(f'SELECT * FROM "{table}"'):
                yield from (value if isinstance(value, bytes) else str(value).encode() for value in row)


def found_in(folder: Path, secret: str) -> list[str]:
    """The files below the folder that hold it."""
    wanted = needles(secret)
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert files
    return [str(path.relative_to(folder)) for path in files
            if holds(path.read_bytes(), wanted) or path.suffix == ".db" and any(holds(cell, wanted) for cell in cells(path))]


def in_memory() -> Iterator[tuple[str, bytes]]:
    """Files in this machine's memory and their content; those of others may go while we look."""
    for folder, _, names in os.walk("/dev/shm"):
        for name in names:
            path = Path(folder, name)
            with suppress(OSError):
                if path.is_file():
                    yield str(path), path.read_bytes()


class Watcher(threading.Thread):
    """Looks at all processes of this machine, those of the hosts among them, as often as it can."""

    def __init__(self, secret: str) -> None:
        super().__init__(daemon=True)
        self.secret, self.seen, self.looked, self.over = secret.encode(), set[str](), threading.Event(), threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.02):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    line = path.read_bytes()
                    if self.secret in line or self._environ(path.parent, line) and path.read_bytes() == line:
                        self.seen.add(line.replace(b"\0", b" ").decode(errors="replace")[:300])
            self.looked.set()

    def _environ(self, process: Path, line: bytes) -> bool:
        """Terraform takes secrets by its environment, the service itself too; nobody else does. A child may become Terraform
        between the two files: the environment counts for a command line that is the same before and after.
        """
        ours = b"ansible" in line or b"provision" in line or line.startswith(b"ssh")
        return ours and b"terraform" not in line and self.secret in (process / "environ").read_bytes()

    def __enter__(self) -> "Watcher":
        self.start()
        self.looked.wait()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self.join()


def test_the_search_finds_what_is_hidden_in_archives(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", f"pin={CANARY}")
    with tarfile.open(tmp_path / "outer.tgz", "w:gz") as tar:
        member = tarfile.TarInfo("inner.zip")
        member.size = len(inner.getvalue())
        tar.addfile(member, io.BytesIO(inner.getvalue()))
    (tmp_path / "plain").write_text("nothing")
    (tmp_path / "encoded").write_bytes(base64.b64encode(f"it is {CANARY} here".encode()))
    assert sorted(found_in(tmp_path, CANARY)) == ["encoded", "outer.tgz"]


# ------------------------------------------------------------------ the runs
class Shop:
    """The application on one lab host, and everything that it printed."""

    def __init__(self, project: Project, lab: Lab, host: model.Host) -> None:
        self.project, self.lab, self.host = project, lab, host
        self.printed: list[str] = []
        self.seen: set[str] = set()

    def run(self, *arguments: str, exit: int | None = 0) -> None:
        with Watcher(CANARY) as watcher:
            done = self.project.provision(*arguments, exit=exit)
        self.seen |= watcher.seen
        self.printed.append(done.stdout + done.stderr)

    def generated(self) -> str:
        """The password of the database, where it may be: in the service's environment."""
        environ = self.lab.ssh(self.host, "cat /etc/web/env").stdout
        match = re.search(r"postgresql://app:([^@]+)@", environ)
        assert match is not None
        return match[1]


@pytest.fixture(scope="module")
def shop(lab: Lab, lab_hosts: LabHosts, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    host = lab_hosts(1)[0]
    folder = tmp_path_factory.mktemp("canary") / "shop"
    shutil.copytree(ROOT / "tests" / "data" / "shop", folder)
    (folder / "app.yaml").write_text(APPLICATION)
    # outside of the project, which is searched
    inventory = folder.parent / "inventory.json"
    inventory.write_text(json.dumps({"all": {"hosts": {host.name: {
        "ansible_host": host.address, "ansible_become_password": f"{CANARY}-become", "ansible_ssh_private_key_passphrase": f"{CANARY}-key"}}}}))
    (folder / "environments" / "lab.yaml").write_text(json.dumps({
        "apiVersion": "provision/v1", "kind": "Environment", "metadata": {"name": "lab"}, "spec": {"targets": [
            {"name": "cloud", "terraform": {"offers": "boxes", "provider": "terraform.io/builtin/terraform"}},
            {"name": "dc", "hosts": {"user": "root", "privateKey": str(lab.key), "knownHosts": str(lab.known_hosts), "sshArgs": lab.ssh_args,
                                     "inventory": str(inventory)}}]}}))
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_"))}
    made = Shop(Project(folder, {**kept, "NO_COLOR": "1"}), lab, host)
    subprocess.run([*made.project.command, "secrets", "set", "shop/pin"], cwd=folder, env=made.project.environ, input=PIN, text=True, check=True,
                   capture_output=True)
    made.run("plan", "--diff", "full")
    assert not list((folder / ".provision").rglob("*.tfplan")) and not list((folder / ".provision").glob("shop/lab/plans/*"))
    made.run("apply", "--yes", "--show-commands", "--diff", "full")
    return made


LOOKING = (("show", "1", "-o", "json"), ("events",), ("logs", "1", "--show-commands"), ("logs",), ("show",), ("outputs", "-o", "json"),
           ("outputs",), ("plan", "-o", "json"), ("secrets", "list"))


def look_everywhere(shop: Shop, verbs: tuple[tuple[str, ...], ...] = ()) -> None:
    """Neither secret is anywhere but in Terraform's state, which only its owner can read."""
    folder = shop.project.folder
    for verb in verbs:
        shop.run(*verb, exit=None)
    for secret in (CANARY, shop.generated()):
        holding = found_in(folder, secret)
        assert [path for path in holding if not re.search(r"\.tfstate(\.backup)?$", path)] == []
        assert all(stat.S_IMODE((folder / path).stat().st_mode) == 0o600 for path in holding)
        assert [path for path, content in in_memory() if holds(content, needles(secret))] == []
        assert not [text for text in shop.printed if secret in text]
    assert shop.seen == set()
    assert not list(folder.rglob("*.tfplan"))


def test_after_a_run_that_ended_well(shop: Shop) -> None:
    environ = shop.lab.ssh(shop.host, "tr '\\0' '\\n' < /proc/$(systemctl show -p MainPID --value web)/environ").stdout
    assert f"PIN={PIN}\n" in environ, "it did not get there at all"
    assert any(CANARY in (shop.project.folder / path).read_text() for path in found_in(shop.project.folder, CANARY)), "Terraform did not get it"
    look_everywhere(shop)


def test_after_a_change_of_the_secret(shop: Shop) -> None:
    subprocess.run([*shop.project.command, "secrets", "set", "shop/pin"], cwd=shop.project.folder, env=shop.project.environ, input=PIN + "!",
                   text=True, check=True, capture_output=True)
    shop.run("plan", "--diff", "full", "--detailed-exitcode", exit=2)
    shop.run("apply", "--yes", "--diff", "full")
    look_everywhere(shop)


def test_after_a_run_that_failed_with_the_secret_on_its_lips(shop: Shop) -> None:
    """A service that prints its secrets and dies: its last words are shown, and they are quoted in many ways."""
    shop.project.edit("cmd: [python3, -u, web.py]", "cmd: [sh, -c, 'echo pin is $PIN at $DATABASE_URL >&2; env >&2; exit 3']")
    shop.run("apply", "--yes", exit=None)
    assert "web@dc" in shop.printed[-1] and "failed" in shop.printed[-1]
    look_everywhere(shop, LOOKING)
