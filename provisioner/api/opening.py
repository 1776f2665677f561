"""Which project, which application, which environment: from the command line's settings to values."""

import os
from collections.abc import Iterable
from pathlib import Path

from provisioner import spec
from provisioner.api import commits
from provisioner.api.values import Settings
from provisioner.errors import Exit, Invalid, Missing, Problem, ProvisionError, Where
from provisioner.model import Application, Environment, project_path
from provisioner.sandbox import environment as sandbox_environment
from provisioner.sandbox import simulator
from provisioner.store import Store
from provisioner.suggest import suggestion

STDIN = "-"
"""Names standard input."""
NOWHERE_ENDPOINT = "http://127.0.0.1:1"
"""Stands for the simulator where nothing will be asked of it (validate, graph)."""


def project_folder(settings: Settings) -> Path:
    """The folder of app.yaml."""
    path = Path("." if settings.file == STDIN else settings.file)
    return (path if path.is_dir() else path.parent).resolve()


def document(settings: Settings) -> Path:
    """The application's file. Raises Missing (exit 12) that says where it was looked for."""
    path = Path(settings.file)
    path = path / "app.yaml" if path.is_dir() else path
    if not path.exists():
        raise Missing(f"there is no {path}", code="PRV-1001", hint="name the file, or make one here", next="provision init", exit=Exit.INVALID)
    return path.resolve()


def read_document(settings: Settings) -> tuple[str, str, str]:
    """The text of the application's file, how it is named, and its folder. Raises Missing, Invalid."""
    if settings.given is not None:
        if len(settings.given) > spec.LARGEST:
            raise Invalid([Problem("PRV-1102", f"is larger than {spec.LARGEST // 1024 // 1024} MiB", Where(STDIN), "is it the right file?")])
        return spec.decode(settings.given, STDIN), STDIN, str(project_folder(settings))
    path = document(settings)
    return spec.read_text(path), spec.shown(path), str(path.parent)


def commit(settings: Settings) -> tuple[str, str]:
    """Which commit the application's file was at, in words and in full; empty where nobody knows."""
    return commits.commit_of(document(settings)) if settings.given is None else ("", "")


def open_store(settings: Settings) -> Store:
    """The store of the project, or the one that --store names. Raises StoreError."""
    if settings.store:
        return Store(settings.store)
    place = project_path(str(project_folder(settings)))
    if settings.looking and not remembers(place):
        return Store.empty()
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Store.of_project(place)


def remembers(place: Path) -> bool:
    """Is there a store that we may read?"""
    return os.access(place / "store.db", os.R_OK)


def hidden(folder: Path) -> str:
    """Where the project's store lies when it is not for our eyes: another user's; else nothing."""
    place = project_path(str(folder))
    return str(place) if place.exists() and not os.access(place, os.R_OK | os.X_OK) else ""


def environment_name(settings: Settings, names: Iterable[str]) -> str:
    """The name that the settings mean. Raises ProvisionError where that is not one of the configured ones."""
    known = sorted(names)
    if settings.environment:
        if settings.environment not in [*known, sandbox_environment.NAME]:
            raise ProvisionError(f'there is no environment "{settings.environment}"', code="PRV-1002", exit=Exit.INVALID,
                                 hint=suggestion(settings.environment, [*known, sandbox_environment.NAME]))
        return settings.environment
    if len(known) > 1:
        raise ProvisionError(f"which environment? There are {', '.join(known)}", code="PRV-1003", exit=Exit.USAGE,
                             hint="name it with -e", next=f"provision plan -e {known[0]}")
    return known[0] if known else sandbox_environment.NAME


def open_environment(settings: Settings, folder: Path, endpoint: str) -> Environment:
    """The environment that the settings mean. Raises Invalid, ProvisionError."""
    if settings.on:
        return spec.on_hosts(settings.on)
    files = spec.find_environments(folder)
    name = environment_name(settings, files)
    if name in files:
        return spec.read_environment(files[name], os.environ)
    return sandbox_environment.environment(folder, endpoint)


def known_endpoint(folder: Path) -> str:
    """The simulator's address if it runs, else a placeholder."""
    running = simulator.find(folder)
    return running.endpoint if running else NOWHERE_ENDPOINT


def fit(application: Application, environment: Environment) -> Application:
    """The application as this environment can carry it: the sandbox has no root, so its gateways use high ports."""
    return sandbox_environment.unprivileged(application) if environment.sandbox else application


