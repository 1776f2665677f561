"""A unit that is a handful of files and what follows from them: folders, leftovers, the record, and the removal. Knows no kind of unit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from typing import Any

from ansible.module_utils.provision import files, manifest
from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.manifest import Manifest
from ansible.module_utils.provision.work import Do, Work

OURS = "/etc/provision"
"""Below it folders are shared by units, and go with the last of them."""
MEMORY = "/run/provision"
"""The same for what shall be on no disk: it is gone when the host is off."""


class Pieces:
    """What one unit has on this host, collected while the acts are worked out."""

    def __init__(self, context: Context, kind: str, name: str, key: bytes | None = None) -> None:
        self.context, self.kind, self.name = context, kind, name
        self.before = manifest.load(context)
        self.work = Work(context, self.before, key=key, new=self.before is None)
        self.work.facts["manifest"] = None if self.before is None else self.before.digest()
        self._files: list[str] = []
        self._trees: list[str] = []

    @property
    def about(self) -> dict[str, Any]:
        """What the last delivery noted about the unit."""
        return dict(self.before.about) if self.before else {}

    def tree(self, path: str, mode: int = 0o755, owner: str = "", group: str = "") -> None:
        """A folder of the unit alone: it goes with all that is in it."""
        self._parents(path)
        self._trees.append(path)
        self.work.want_folder(path, mode, owner, group)

    def file(self, wish: files.Wish, shown: tuple[str | None, str | None] | None = None) -> bool:
        """One file of the unit; True when its content is to change."""
        if not any(wish.path.startswith(f"{tree}/") for tree in self._trees):
            self._parents(wish.path)
        self._files.append(wish.path)
        return self.work.want_file(wish, shown=shown)

    def keep(self, path: str) -> None:
        """A file that is the unit's and is not to be written now."""
        self._files.append(path)

    def _parents(self, path: str) -> None:
        for folder in files.missing_parents(path):
            self.work.want_folder(folder, shared=True)

    def leftovers(self, secret: bool = False) -> bool:
        """Take away what an earlier form of the unit had and this one has not; True when there is any."""
        gone = [path for path in (self.before.files if self.before else ()) if path not in self._files]
        return any([self.work.want_gone(path, secret) for path in gone])

    def record(self, about: dict[str, Any] | None = None, user: str = "") -> Work:
        """The work, with the record of all that was collected."""
        context, before = self.context, self.before
        made = [folder for path in [*self._files, *self._trees] for folder in self._shared(path)]
        parents = [folder for path in [*self._files, *self._trees, f"{context.units}/x"] for folder in files.missing_parents(path)]
        inside = tuple(f"{tree}/" for tree in self._trees)
        folders = [path for path in dict.fromkeys([*(before.folders if before else ()), *made, *parents])
                   if path not in self._trees and not f"{path}/".startswith(inside)]
        self.work.after = Manifest(context.app, context.environment, context.unit, self.kind, self.name, tuple(dict.fromkeys(self._files)),
                                   tuple(self._trees), tuple(folders), user=user, about=about or {})
        self.work.want_record()
        return self.work

    def _shared(self, path: str) -> Iterable[str]:
        tops, folder = [self.context.path(top) for top in (OURS, MEMORY)], os.path.dirname(path)
        found = []
        while any(f"{folder}/".startswith(f"{top}/") for top in tops):
            found.append(folder)
            folder = os.path.dirname(folder)
        return found

    def leave(self, secret: bool = False, then: Sequence[tuple[str, Do]] = ()) -> Work:
        """The removal of its files, folders and record; acts that were added before come first, `then` come once the files are gone."""
        before, work = self.before, self.work
        if before is None:
            return work
        for path in before.files:
            if not any(path.startswith(f"{tree}/") for tree in before.trees):
                work.want_gone(path, secret)
        for path in before.trees:
            if os.path.isdir(path):
                work.add(f"remove folder {path}", lambda path=path: shutil.rmtree(path))  # type: ignore[misc]
        for words, do in then:
            work.add(words, do)
        work.add(f"remove {manifest.path_of(self.context)}", lambda: _forget(self.context, before))
        return work


def _forget(context: Context, before: Manifest) -> None:
    manifest.discard(context)
    for path in sorted(before.folders, key=len, reverse=True):
        files.remove_if_empty(path)
