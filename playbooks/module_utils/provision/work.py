"""What has to be done on this host: first looked at and put in order, then carried out. The same path for check mode and for real.

Looking never changes anything; an act is words, what they mean, and perhaps a file to show.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from ansible.module_utils.provision import exclusion, manifest, masks
from ansible.module_utils.provision import files as paths
from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.manifest import Manifest

Do = Callable[[], None]


@dataclass
class Work:
    """The acts of one unit on this host, and the state they were worked out from."""

    context: Context
    before: Manifest | None = None
    """The unit's manifest as it was found."""
    after: Manifest | None = None
    """As it shall be; None for removal."""
    facts: dict[str, Any] = field(default_factory=dict)
    """The unit's own state that was read; the seal is a digest over it. What several units of a host share is left out:
    supervisord, nginx, a cluster of PostgreSQL may have been started for another unit of the same run."""
    acts: list[tuple[str, Do]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    follows: dict[str, str] = field(default_factory=dict)
    """Of other units on this host: what has to be done here when that one changes."""
    tells: Callable[[], dict[str, Any]] | None = None
    """Outputs that are known when all acts are done."""
    key: bytes | None = None
    new: bool = False
    health: str = ""
    wanted_parts: dict[str, str] = field(default_factory=dict)
    """Digests of what the files shall hold, by path: part of what makes two deliveries the same."""
    verify: Callable[[], str] | None = None
    """Asked after the acts: "healthy", or it raises Failed."""
    pending: tuple[str, ...] = ("rest",)
    """What is still to be done if this process dies between its acts: at least to see to what follows from the files."""
    begun: bool = False
    """Something on this host was, or may have been, changed."""
    alone: bool = True
    """It changes what other units of this host share, so those wait for it; a dump of some hours does not."""
    notes: list[str] = field(default_factory=list)
    """What the plan has to say about this host."""
    missing_artifact: bool = False
    """Acts need the artefact, and it has not been sent."""

    @property
    def broken_off(self) -> bool:
        """True when an earlier delivery did not come to its end: what follows from its files may not have been done."""
        return self.before is not None and bool(self.before.pending) and not self.context.restart

    @property
    def seal(self) -> str:
        """Digest over the state that was read."""
        return hashlib.sha256(json.dumps(self.facts, sort_keys=True, default=str).encode()).hexdigest()

    @property
    def tasks(self) -> list[str]:
        """The acts in words."""
        return [words for words, _ in self.acts]

    @property
    def wanted(self) -> str:
        """Digest of what this delivery is to make."""
        made = "" if self.after is None else self.after.digest()
        return hashlib.sha256(json.dumps([made, self.wanted_parts], sort_keys=True).encode()).hexdigest()

    def made_of(self, more: list[str]) -> str:
        """Digest of what the files shall hold, and of what else the unit is made of."""
        return hashlib.sha256(json.dumps([self.wanted_parts, more], sort_keys=True).encode()).hexdigest()

    def add(self, words: str, do: Do) -> None:
        """One more act."""
        self.acts.append((words, do))

    def owned(self, path: str) -> bool:
        """True when we made this path."""
        return self.before is not None and self.before.owns(path)

    def show(self, path: str, before: str | None, after: str | None) -> None:
        """One more file in the plan; one that shows no difference is left out."""
        if before != after or after == masks.UNKNOWN:
            self.files.append({"path": path, "before": before, "after": after})

    def want_file(self, wish: paths.Wish, words: str = "", shown: tuple[str | None, str | None] | None = None, shared: bool = False) -> bool:
        """Look at one file; an act when it is not as wished. True when its content (or existence) is to change.

        `shared`: other units use it too and may have made it since the plan, so it is not part of the seal.
        """
        self.wanted_parts[wish.path] = "unknown" if wish.unknown else paths.digest(wish.data)
        if wish.path in self.context.leave:
            return False
        content = paths.content(wish)
        if not shared:
            self.facts[wish.path] = self._file_facts(wish, content)
        linked = os.path.islink(wish.path)
        # what a link points at may be a file that whoever made it can't read: it is not shown
        before = None if linked else content
        if before == wish.data and not wish.unknown:
            self._want_attributes(wish)
            return False
        was, becomes = shown or masks.of_wish(wish, before, self.key)
        self.show(wish.path, f"(a link to {os.readlink(wish.path)})" if linked else was, becomes)
        self.add(words or f"write {wish.path}", lambda: paths.write(wish))
        return True

    def _file_facts(self, wish: paths.Wish, content: bytes | None) -> Any:
        found = paths.facts(wish.path)
        unread = content is None and wish.coding is not None
        if wish.secret and self.key is not None and isinstance(found, list) and not unread:
            return found[:-1] + [masks.secret_word(content or b"", self.key)]
        return found

    def _want_attributes(self, wish: paths.Wish) -> None:
        if paths.attributes_differ(wish.path, wish.mode, wish.owner, wish.group):
            owner = f", owner {wish.owner or 'as it is'}:{wish.group or 'as it is'}" if wish.owner or wish.group else ""
            self.add(f"set mode {wish.mode:04o}{owner} of {wish.path}",
                     lambda: paths.set_attributes(wish.path, wish.mode, wish.owner, wish.group))

    def want_folder(self, path: str, mode: int = 0o755, owner: str = "", group: str = "", shared: bool = False) -> None:
        """Look at one folder; an act when it is missing or has another mode or owner. `shared`: as in `want_file`."""
        if not shared:
            self.facts[path] = paths.facts(path)
        if not os.path.isdir(path):
            if f"create folder {path}" in self.tasks:
                return
            self.add(f"create folder {path}", lambda: paths.make_folder(path, mode, owner, group))
        elif paths.attributes_differ(path, mode, owner, group):
            self.add(f"set mode {mode:04o} of folder {path}", lambda: paths.set_attributes(path, mode, owner, group))

    def want_gone(self, path: str, secret: bool = False) -> bool:
        """Look at a file, link or folder that is to go; an act when it is there."""
        self.facts[path] = paths.facts(path)
        if not os.path.lexists(path):
            return False
        if not os.path.isdir(path) and not os.path.islink(path):
            data = paths.read(path) or b""
            self.show(path, masks.secret_word(data, self.key) if secret else masks.shown(data), None)
        self.add(f"remove {path}", lambda: paths.remove(path))
        return True

    def want_record(self) -> None:
        """An act when the manifest is missing or says something else about the unit; the writing itself is done by `carry_out`."""
        if self.after is not None and not self.acts and (self.before is None or self.before.lasting() != self.after.lasting()):
            self.add(f"write {manifest.path_of(self.context)}", lambda: None)

    def judge_seal(self) -> None:
        """Raises Failed when the host is no longer as the plan saw it, unless our own interrupted delivery of the same made it so."""
        if not self.context.seal or self.context.seal == self.seal:
            return
        if self.before is not None and self.before.origin == self.context.seal and self.before.wanted == self.wanted:
            return
        raise Failed("this host has changed since the plan was made; nothing was touched. Plan again", stale=True, seal=self.seal)

    def result(self) -> dict[str, Any]:
        """The answer of decision 2."""
        answer: dict[str, Any] = {"seal": self.seal, "files": self.files, "tasks": self.tasks, "unknown": self.unknown, "new": self.new}
        if self.health:
            answer["health"] = self.health
        outputs = {**self.outputs, **(self.tells() if self.tells else {})}
        if outputs:
            answer["outputs"] = outputs
        if self.follows:
            answer["follows"] = self.follows
        return answer

    def carry_out(self) -> None:
        """Do all acts in order. The manifest is written before the first one, and again when all is well."""
        if not self.acts:
            return
        with exclusion.alone(self.context) if self.alone else nullcontext():
            self._act()
        if self.verify is not None:
            self.health = self.verify()
        if self.after is not None:
            manifest.save(self.context, replace(self.after, pending=(), origin=self.seal, wanted=self.wanted))

    def _act(self) -> None:
        self._record_intent()
        for words, do in self.acts:
            try:
                do()
            except Failed as failure:
                self.begun = True
                raise Failed(f"{words}: {failure.message}", **failure.details) from None
            # what the system refuses (no space) leaves a first file as it was
            self.begun = True

    def _record_intent(self) -> None:
        if self.after is not None:
            intent = manifest.joined(self.before, self.after)
            manifest.save(self.context, replace(intent, pending=self.pending, origin=self.seal, wanted=self.wanted))
