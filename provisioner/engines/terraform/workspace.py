"""The folders of one Terraform root: where it is written, what is kept between plans, and its `init`, which is skipped when nothing moved.

    WORK/terraform/KEY/    main.tf.json, command, plan and stream files of one plan; .terraform is a link
    STATE/terraform/KEY/   terraform.tfstate, .terraform.lock.hcl, data/DIGEST (what `init` made), interrupted.json
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.engine import Site
from provisioner.engines.terraform import byhand, command, configuration, state, stream
from provisioner.engines.terraform.binary import product
from provisioner.engines.terraform.state import State
from provisioner.engines.terraform.stream import Diagnostic
from provisioner.errors import ProvisionError
from provisioner.model import Json, project_path
from provisioner.process.children import Children, Result

LOCK = ".terraform.lock.hcl"
KEPT_INITS = 4
ADDRESSED = {"s3": "key", "azurerm": "key", "gcs": "prefix", "consul": "path", "pg": "schema_name", "kubernetes": "secret_suffix",
             "oss": "prefix", "cos": "prefix"}
"""The argument by which a backend tells one root's state from another's."""

@dataclass(frozen=True)
class Workspace:
    """One root of one plan."""

    key: str
    folder: Path
    kept: Path
    sources: Path
    binary: str
    environ: Mapping[str, str]
    backend: dict[str, Json]
    parallel: int
    children: Children
    given: Mapping[str, str] = field(default_factory=dict)
    """The part of the environment that is the target's; "" removes a name."""
    simulated: bool = False

    @property
    def state_file(self) -> Path | None:
        """The state, when it is a local file."""
        return Path(str(self.backend["local"]["path"])) if "local" in self.backend else None

    @property
    def root_file(self) -> Path:
        return self.folder / "main.tf.json"

    def run(self, line: list[str], variables: Mapping[str, str] | None = None) -> Result:
        """Run a Terraform command to its end; it is noted in the `command` file."""
        self.note(line)
        return self.children.run(line, self.folder, {**self.environ, **(variables or {})})

    def note(self, line: list[str]) -> None:
        """Add a command line to the `command` file, which a user can run by hand."""
        file = self.folder / "command"
        ran = byhand.ran_before(file.read_text()) if file.is_file() else []
        variables = [f"TF_VAR_{name}" for name in sorted(json.loads(self.root_file.read_text()).get("variable", {}))]
        ours = {name: self.environ[name] for name in (*configuration.FIXED, "TF_CLI_CONFIG_FILE") if name in self.environ}
        private(file, byhand.script(self.folder, self.binary, ours, self.given, variables, [*ran, command.text(line)], simulated=self.simulated))

    def read_state(self) -> State:
        """The state as it is now. Raises ProvisionError when a remote one can't be read."""
        if self.state_file is not None:
            return state.read_patiently(self.state_file)
        return state.parse(self._pull())

    def sealed(self) -> dict[str, dict[str, Json]]:
        """The sensitive outputs in a remote state as it is now, in clear. Raises ProvisionError when it can't be read."""
        return state.unseal(self._only_read())

    def made(self) -> dict[str, dict[str, Json]]:
        """The other outputs in it, by module. Raises ProvisionError when it can't be read."""
        return state.parse(self._only_read()).outputs

    def _only_read(self) -> str:
        if not self.root_file.exists():
            # a folder of its own, only to read: the backend needs no provider
            private(self.root_file, json.dumps({"terraform": {"backend": self.backend}}))
        if problems := initialise(self):
            raise ProvisionError(f"the state can't be read: {problems[0]}", code="PRV-4108")
        return self._pull()

    def _pull(self) -> str:
        done = self.run(command.state_pull(self.binary, self.folder))
        if done.returncode:
            raise ProvisionError(f"the state can't be read: {done.stderr.strip() or done.stdout.strip()}", code="PRV-4108")
        return done.stdout

    # ------------------------------------------------------------------ resources that our own interrupted run began
    def interrupted(self) -> frozenset[str]:
        """Addresses that a run of ours was creating when it was broken off."""
        try:
            return frozenset(json.loads((self.kept / "interrupted.json").read_text()))
        except (OSError, ValueError):
            return frozenset()

    def set_interrupted(self, addresses: frozenset[str]) -> None:
        """Remember, or forget with an empty set."""
        file = self.kept / "interrupted.json"
        if addresses:
            private(file, json.dumps(sorted(addresses)))
        else:
            file.unlink(missing_ok=True)


def sealed_here(key: str, site: Site) -> dict[str, dict[str, Json]] | None:
    """The sensitive outputs of a root whose state is a local file, in clear; None for another backend. Needs no Terraform."""
    kept = site.state.absolute() / "terraform" / key
    backend = _backend(key, site, kept)
    return state.unseal_patiently(Path(str(backend["local"]["path"]))) if "local" in backend else None


def made_here(key: str, site: Site) -> dict[str, dict[str, Json]] | None:
    """The other outputs of such a root, by module."""
    backend = _backend(key, site, site.state.absolute() / "terraform" / key)
    return state.read_patiently(Path(str(backend["local"]["path"]))).outputs if "local" in backend else None


def _backend(key: str, site: Site, kept: Path) -> dict[str, Json]:
    return backend_of((site.target.terraform or {}).get("backend") or {}, kept, f"{site.application}/{site.environment}/{key}")


def open_workspace(key: str, site: Site, binary: str, mirrors: tuple[Path, ...], children: Children) -> Workspace:
    """Make the folders of a root. Raises ProvisionError for a backend that can't be used."""
    project = project_path(str(site.project)).absolute()
    folder, kept = (base.absolute() / "terraform" / key for base in (site.work, site.state))
    for place in (folder, kept, kept / "data", project / "sources"):
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    over = {name: str(site.reveal(value)) if "${" in value else value for name, value in site.environ.items()}
    before = {name: value for name, value in {**os.environ, **over}.items() if over.get(name) != ""}
    config = configuration.write(project / "terraform" / "cli.tfrc", mirrors, before, product(binary))
    return Workspace(key, folder, kept, project / "sources", binary, configuration.environment(over, config), _backend(key, site, kept),
                     site.parallel, children, over, site.target.simulated)


def backend_of(given: Mapping[str, Json], kept: Path, place: str) -> dict[str, Json]:
    """The backend block: a local file, or the given one with a place of this root's own below the given one. Raises ProvisionError."""
    if not given or set(given) == {"local"}:
        return {"local": {"path": str(kept / "terraform.tfstate")}}
    kind, config = next(iter(given.items()))
    if len(given) != 1 or not isinstance(config, dict):
        raise ProvisionError(f"the backend names {', '.join(given)}", code="PRV-4108", hint="write one: backend: {s3: {bucket: …}}")
    if "${" in json.dumps(config):
        raise ProvisionError(f"the backend {kind} can hold no reference", code="PRV-4108",
                             hint="give secrets of a backend by the target's `env`, as its documentation says (PG_CONN_STR, …)")
    argument = ADDRESSED.get(kind)
    if kind == "http":
        addresses = {name: f"{config[name].rstrip('/')}/{place}" for name in ("address", "lock_address", "unlock_address") if name in config}
        return {kind: {**config, **addresses}}
    if argument is None:
        return {kind: config}
    suffix = {"s3": "/terraform.tfstate", "azurerm": ".tfstate"}.get(kind, "")
    own = place if kind not in ("pg", "kubernetes") else place.replace("/", "_" if kind == "pg" else "-")
    before = str(config.get(argument, "")).strip("/")
    joint = "/" if kind not in ("pg", "kubernetes") else "_" if kind == "pg" else "-"
    return {kind: {**config, argument: (f"{before}{joint}" if before else "") + own + suffix}}


def private(file: Path, text: str) -> None:
    """Write a file at once, readable for us only."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    with open(descriptor, "w") as stream:
        stream.write(text)
    os.replace(name, file)


def check_backend(workspace: Workspace) -> None:
    """Raises ProvisionError (PRV-4108) when the state lies elsewhere than the environment says now: all would be made again."""
    note = workspace.kept / "backend.json"
    local = workspace.kept / "terraform.tfstate"
    before = json.loads(note.read_text()) if note.is_file() else None
    if workspace.state_file is not None:
        moved = before is not None
    else:
        moved = (before is not None and before != workspace.backend) or (before is None and bool(state.read_patiently(local).addresses))
    if moved:
        where = next(iter(before)) if before else f"the file {local}"
        raise ProvisionError(f"the backend of {workspace.key} was changed, but its state lies in {where}", code="PRV-4108",
                             hint=f"move it there (terraform init -migrate-state), then remove {note if before else local}")
    if workspace.state_file is None and before is None:
        private(note, json.dumps(workspace.backend))


def initialise(workspace: Workspace) -> list[Diagnostic]:
    """Install modules and providers for the written root, or use what an earlier init of the same made; errors, if any."""
    digest = fingerprint(workspace)
    data = workspace.kept / "data" / digest
    if not _usable(data):
        shutil.rmtree(data, ignore_errors=True)
        if problems := _init(workspace, data):
            return problems
    os.utime(data)
    _link(workspace.folder / ".terraform", data)
    lock = data / LOCK
    if lock.is_file():
        shutil.copyfile(lock, workspace.folder / LOCK)
        shutil.copyfile(lock, workspace.kept / LOCK)
    return []


def fingerprint(workspace: Workspace) -> str:
    """Digest of all that `init` depends on: settings, providers, module sources, the binary and the CLI configuration."""
    document: dict[str, Any] = json.loads(workspace.root_file.read_text())
    modules = {name: block["source"] for name, block in document.get("module", {}).items()}
    program = os.stat(workspace.binary)
    config = workspace.environ.get("TF_CLI_CONFIG_FILE", "")
    text = Path(config).read_text() if config and Path(config).is_file() else ""
    sealed = json.dumps([document["terraform"], modules, workspace.binary, program.st_mtime_ns, program.st_size, text], sort_keys=True)
    return hashlib.sha256(sealed.encode()).hexdigest()[:16]


def _usable(data: Path) -> bool:
    """True when an earlier init is whole: a mirror that its links lead to may have gone since."""
    return data.is_dir() and all(link.exists() for link in (data / "providers").glob("*/*/*/*/*"))


def _init(workspace: Workspace, data: Path) -> list[Diagnostic]:
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=data.parent))
    try:
        (workspace.folder / LOCK).unlink(missing_ok=True)
        if (workspace.kept / LOCK).is_file():
            shutil.copyfile(workspace.kept / LOCK, workspace.folder / LOCK)
        problems = _try(workspace, fresh, upgrade=False)
        # what was locked may not meet the constraints any more
        locked = (workspace.folder / LOCK).is_file() and any("provider" in f"{one.summary} {one.detail}" for one in problems)
        if problems and not (locked and not _try(workspace, fresh, upgrade=True)):
            return problems
        if (workspace.folder / LOCK).is_file():
            shutil.copyfile(workspace.folder / LOCK, fresh / LOCK)
        try:
            fresh.rename(data)
        except OSError:
            if not data.is_dir():
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    _forget_old(data.parent)
    return []


def _try(workspace: Workspace, data: Path, *, upgrade: bool) -> list[Diagnostic]:
    done = workspace.run(command.init(workspace.binary, workspace.folder, upgrade=upgrade), {"TF_DATA_DIR": str(data)})
    if done.returncode == 0:
        return []
    return stream.errors(done.stdout) or [Diagnostic("error", "init failed", (done.stderr or done.stdout).strip()[-2000:])]


def _forget_old(folder: Path) -> None:
    inits = sorted((path for path in folder.iterdir() if not path.name.startswith("new-")), key=lambda path: path.stat().st_mtime)
    for path in inits[:-KEPT_INITS]:
        shutil.rmtree(path, ignore_errors=True)


def _link(link: Path, data: Path) -> None:
    if link.is_symlink() or link.exists():
        if link.is_symlink() and os.readlink(link) == str(data):
            return
        if link.is_symlink():
            link.unlink()
        else:
            shutil.rmtree(link)
    link.symlink_to(data)
