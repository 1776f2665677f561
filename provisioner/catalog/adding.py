"""Addons are added, upgraded, restored and removed here: fetched, checked, copied under the project, pinned in the lock. All or nothing."""

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from provisioner.catalog import git, lock
from provisioner.catalog.addons import FOLDER, Addon, contested, digest, files, open_addon, types_of, verify
from provisioner.catalog.catalog import Catalog
from provisioner.catalog.library import Origin, origins
from provisioner.catalog.lock import AddonPin
from provisioner.errors import Exit, Invalid, Problem, ProvisionError
from provisioner.suggest import suggestion

Leaving = Callable[[Collection[str]], None]
"""Told the types that go, before anything is changed; raises to keep them."""


@dataclass(frozen=True)
class Fetched:
    """An addon in a folder of its own that goes away again."""

    addon: Addon
    pin: AddonPin


def add(project: Path, source: str, ref: str = "", path: str = "") -> Fetched:
    """Copy an addon under the project and pin it. Raises ProvisionError, Invalid; then nothing was changed."""
    with _fetched(project, AddonPin(_portable(project, source), "", "", path, ref)) as found:
        name = found.addon.name
        if name in lock.read(project).addons or (project / FOLDER / name).exists():
            raise ProvisionError(f'there is an addon "{name}" already', code="PRV-1607", exit=Exit.INVALID, next=f"provision addon upgrade {name}")
        _check(project, found.addon)
        _put(project, found)
        return found


def upgrade(project: Path, name: str, ref: str = "", leaving: Leaving = lambda types: None) -> tuple[AddonPin, Fetched]:
    """Fetch an addon again, by `ref` or the branch it came from; the pin from before, and what is there now.

    Raises ProvisionError, Invalid; then nothing was changed.
    """
    before = _pin(project, name)
    asked = AddonPin(before.source, "", "", before.path, ref or before.ref)
    with _fetched(project, asked) as found:
        _same_name(name, found)
        _check(project, found.addon)
        leaving({*types_of(project / FOLDER / name)} - {*found.addon.types})
        _put(project, found)
        return before, found


def restore(project: Path, name: str) -> AddonPin:
    """Bring back exactly what the lock says. Raises ProvisionError where its source no longer has that."""
    pin = _pin(project, name)
    with _fetched(project, AddonPin(pin.source, "", "", pin.path, pin.commit or pin.ref)) as found:
        _same_name(name, found)
        if found.pin.digest != pin.digest:
            raise ProvisionError(f'{pin.source} no longer has what "{name}" was when it was added', code="PRV-1609", exit=Exit.INVALID,
                                 hint="take addons/ from version control, or look at what changed and accept it",
                                 next=f"provision addon upgrade {name}")
        _put(project, Fetched(found.addon, pin))
        return pin


def remove(project: Path, name: str, leaving: Leaving = lambda types: None) -> list[str]:
    """Take an addon out; the types that went with it. Raises ProvisionError for one that was changed by hand: that work would be lost."""
    pin, place = _pin(project, name), project / FOLDER / name
    gone = sorted(types_of(place))
    if place.exists():
        verify(name, place, pin)
        leaving(gone)
        shutil.rmtree(place)
    lock.write(project, lock.read(project).without_addon(name))
    _tidy(project)
    return gone


def _pin(project: Path, name: str) -> AddonPin:
    known = lock.read(project).addons
    if name not in known:
        raise ProvisionError(f'there is no addon "{name}"', code="PRV-1605", exit=Exit.INVALID, hint=suggestion(name, known),
                             next="provision addon list")
    return known[name]


def _same_name(name: str, found: Fetched) -> None:
    if found.addon.name != name:
        raise ProvisionError(f'the source of addon "{name}" is now called "{found.addon.name}"', code="PRV-1607", exit=Exit.INVALID,
                             hint="remove the old one and add the new one", next=f"provision addon remove {name}")


def _portable(project: Path, source: str) -> str:
    """A URL as it is; a folder relative to the project, so that the lock means the same for everybody who has both."""
    return source if git.is_url(source) else os.path.relpath(source, project)


@contextmanager
def _fetched(project: Path, asked: AddonPin) -> Iterator[Fetched]:
    """The addon that `asked` names, in a folder beside the others while this is open."""
    place = project / FOLDER
    place.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=place, prefix=".new-") as work:
            tree = Path(work) / "tree"
            if git.is_url(asked.source):
                fetched = Path(work) / "fetched"
                commit = git.fetch(asked.source, asked.ref, fetched)
            else:
                fetched, commit = project / asked.source, ""
                if not fetched.is_dir():
                    raise ProvisionError(f"there is no folder {asked.source}", code="PRV-1604", exit=Exit.INVALID,
                                         hint="name a folder, or a git repository as https://, ssh://, file:// or USER@HOST:PATH")
                if asked.ref:
                    raise ProvisionError(f"{asked.source} is a folder, which is taken as it is: it has no {asked.ref}", code="PRV-1604",
                                         exit=Exit.INVALID, hint=f"of a git repository on this machine: {fetched.resolve().as_uri()}")
            _copy(fetched / asked.path, tree, asked)
            ref = asked.ref if not git.COMMIT.match(asked.ref) else ""
            try:
                addon = open_addon(tree, git.without_password(asked.source))
                yield Fetched(addon, AddonPin(asked.source, addon.version, digest(tree), asked.path, ref, commit))
            except Invalid as error:
                raise Invalid([_at_source(problem, tree, asked) for problem in error.problems]) from None
    finally:
        _tidy(project)


def _at_source(problem: Problem, tree: Path, asked: AddonPin) -> Problem:
    """The problem with its place where the user can mend it: the copy that was looked at is gone by then."""
    if problem.where is None or not Path(problem.where.file).absolute().is_relative_to(tree.absolute()):
        return problem
    inside = Path(asked.path) / Path(problem.where.file).absolute().relative_to(tree.absolute())
    return replace(problem, where=replace(problem.where, file=f"{git.without_password(asked.source)}/{inside}"))


def _copy(folder: Path, into: Path, asked: AddonPin) -> None:
    """Copy what counts. Links are kept, and must stay within the addon."""
    if not folder.is_dir():
        raise ProvisionError(f"{git.without_password(asked.source)} has no folder {asked.path}", code="PRV-1604", exit=Exit.INVALID)
    inside = folder.resolve()
    for path in files(folder):
        if path.is_symlink() and not path.resolve().is_relative_to(inside):
            raise ProvisionError(f"{path.relative_to(folder)} is a link that leads out of the addon", code="PRV-1604", exit=Exit.INVALID)
        target = into / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target, follow_symlinks=False)
    into.mkdir(exist_ok=True)


def _check(project: Path, addon: Addon) -> None:
    """Its types are sound, and no other addon defines one of them."""
    for other in lock.read(project).addons:
        both = sorted({*addon.types} & {*types_of(project / FOLDER / other)}) if other != addon.name else []
        if both:
            raise contested(both[0], other, addon.name)
    names = {kind: [key.partition(" ")[2] for key in addon.types if key.startswith(kind)] for kind in ("component", "trait")}
    places = [place for place in origins(project) if place.addon != addon.name]
    candidate = Origin(f"addon {addon.name} {addon.version}", addon.folder, addon.name)
    problems = Catalog(project, places=(candidate, *places)).vet(names["component"], names["trait"])
    if any(problem.severity == "error" for problem in problems):
        raise Invalid(problems)


def _put(project: Path, found: Fetched) -> None:
    """The new copy takes the place of the old one, then the lock says so."""
    place = project / FOLDER / found.addon.name
    with tempfile.TemporaryDirectory(dir=project / FOLDER, prefix=".old-") as aside:
        if place.exists():
            os.replace(place, Path(aside) / "was")
        os.replace(found.addon.folder, place)
        lock.write(project, lock.read(project).with_addon(found.addon.name, found.pin))


def _tidy(project: Path) -> None:
    """No empty folder stays behind."""
    place = project / FOLDER
    if place.is_dir() and not any(place.iterdir()):
        place.rmdir()
