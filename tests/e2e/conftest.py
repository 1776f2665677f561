"""Whole applications through the command line, as a user types it."""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from packaging.requirements import Requirement

from provisioner.console.schemas import SCHEMAS

ROOT = Path(__file__).parents[2]
PROVISION = Path(sys.executable).with_name("provision")


@cache
def home() -> Path:
    """This user's home without what SSH knows in it: whoever runs the tests may know other machines by the lab's addresses."""
    made = Path(tempfile.mkdtemp(prefix="provision-home-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    for entry in Path.home().iterdir():
        if entry.name != ".ssh":
            (made / entry.name).symlink_to(entry)
    return made


@cache
def ansible_alone() -> Path:
    """The programs of a virtual environment that has ansible-core as it is installed here, what it requires, and nothing else: not provision."""
    made = Path(tempfile.mkdtemp(prefix="provision-ansible-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    venv.create(made)
    (place,) = made.glob("lib/python*/site-packages")
    for found in required("ansible-core", {}).values():
        for name in {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")}:
            (place / name).symlink_to(Path(str(found.locate_file(name))))
    script = made / "bin/ansible-playbook"
    script.write_text(f"#!{made}/bin/python\nimport sys\nfrom ansible.cli.playbook import main\nsys.exit(main())\n")
    script.chmod(0o755)
    asked = subprocess.run([made / "bin/python", "-c", "import ansible, provisioner"], cwd=made, capture_output=True, text=True, check=False)
    assert "No module named 'provisioner'" in asked.stderr, asked.stderr
    return script.parent


def required(name: str, found: dict[str, Distribution]) -> dict[str, Distribution]:
    """A package and all that it requires here, by name."""
    if name not in found:
        found[name] = distribution(name)
        for text in found[name].requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                required(requirement.name, found)
    return found


class Project:
    """A copy of an example in a folder of its own, and the commands that are run in it."""

    def __init__(self, folder: Path, environ: dict[str, str], command: Sequence[str] = (str(PROVISION),)) -> None:
        self.folder = folder
        self.environ = {**environ, "HOME": str(home())}
        self.command = tuple(command)
        self._outputs: dict[str, Any] | None = None

    def provision(self, *arguments: str, exit: int | None = 0, timeout: float = 3000) -> subprocess.CompletedProcess[str]:
        """Run one command to its end; fails the test when its exit code is another one (None: any)."""
        self._outputs = None
        done = subprocess.run([*self.command, *arguments], cwd=self.folder, env=self.environ, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, timeout=timeout)
        told = f"provision {' '.join(arguments)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert exit is None or done.returncode == exit, told
        return done

    def json(self, *arguments: str, exit: int | None = 0) -> Any:
        """The value that a command prints with `-o json`, held against its schema."""
        value = json.loads(self.provision(*arguments, "-o", "json", exit=exit).stdout)
        if schema := SCHEMAS.get(value["kind"]):
            Draft202012Validator(schema).validate(value)
        return value

    def planned(self) -> dict[str, str]:
        """What a plan would do, by unit; units to which nothing happens left out."""
        return effects(self.json("plan"))

    def outputs(self, component: str) -> dict[str, Any]:
        """The outputs of the one unit of a component; asked once between two other commands."""
        if self._outputs is None:
            self._outputs = self.json("outputs")["outputs"]
        found = {name: outputs for name, outputs in self._outputs.items() if name.partition("@")[0] == component}
        assert len(found) == 1, found
        outputs: dict[str, Any] = next(iter(found.values()))
        return outputs

    def commands(self, engine: str) -> list[Path]:
        """The `command` files of the steps that an engine carried out, of all plans; those of the checks before them left out."""
        found = self.folder.glob(f".provision/*/*/plans/*/{engine}/*/command")
        return sorted(path for path in found if not path.parent.name.startswith("checks_"))

    def by_hand(self, command: Path, *arguments: str, exit: int = 0) -> str:
        """Run a step again as a user would, with the plain tool and more arguments for it; what it said."""
        environ = {**self.environ, "PATH": f"{PROVISION.parent}{os.pathsep}{self.environ['PATH']}"}
        done = subprocess.run(["sh", str(command), *arguments], cwd="/", env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, timeout=1800)
        assert done.returncode == exit, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def without_provision(self, script: Path, *arguments: str, exit: int = 0) -> str:
        """Run a script of an ejected folder, from anywhere, where ansible-core is installed and provision is not; what it said."""
        rest = [part for part in self.environ["PATH"].split(os.pathsep) if not shutil.which(PROVISION.name, path=part)]
        environ = {**self.environ, "PATH": os.pathsep.join([str(ansible_alone()), *rest]),
                   "TF_CLI_CONFIG_FILE": str(self.folder / ".provision/terraform/cli.tfrc")}
        environ.pop("VIRTUAL_ENV", None)
        assert not shutil.which("provision", path=environ["PATH"]) and shutil.which("terraform", path=environ["PATH"])
        done = subprocess.run(["sh", str(script), *arguments], cwd="/", env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, timeout=1800)
        assert done.returncode == exit, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def edit(self, before: str, after: str) -> None:
        """Change app.yaml."""
        path = self.folder / "app.yaml"
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    def release(self) -> str:
        """Give app.yaml another version: one that was delivered is frozen."""
        path = self.folder / "app.yaml"
        before, after, rest = path.read_text().partition('publishVersion: "')
        version, quote, rest = rest.partition('"')
        assert quote
        number = version.rpartition(".")[2]
        version = version.removesuffix(number) + str(int(number) + 1)
        path.write_text(before + after + version + quote + rest)
        return version

    def end(self) -> None:
        """End what the sandbox runs, also when `destroy` could not."""
        for record in (self.folder / ".provision" / "host").rglob("supervisord.pid"):
            with suppress(OSError, ValueError):
                pid = int(record.read_text())
                # the number of one that has ended may be another's by now
                if "supervisord" in subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout:
                    os.kill(pid, signal.SIGTERM)
        self.provision("sandbox", "down", exit=None)


def effects(plan: dict[str, Any]) -> dict[str, str]:
    """What a plan does, by unit; units to which nothing happens left out."""
    return {unit["unit"]: unit["action"] for unit in plan["units"] if unit["action"] != "none"}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Project]:
    """Factory: a copy of an example (or of another folder's application) as a project, with these variables in its environment.

    `within`: the name of a folder around it.
    """

    def make(name: str, *, folder: Path = ROOT / "examples", within: str = "", **environ: str) -> Project:
        source, folder = folder / name, tmp_path_factory.mktemp(name) / within / name
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns(".provision"))
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_"))}
        return Project(folder, {**kept, "NO_COLOR": "1", **environ})

    return make
