"""A name in the hosts file of this host: one marked block for each unit, the rest of the file is others'."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from ansible.module_utils.provision import files, manifest
from ansible.module_utils.provision.blocks import block_of, with_block
from ansible.module_utils.provision.context import Context, holds, unknown_names
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.pieces import Pieces
from ansible.module_utils.provision.work import Work

KINDS = {"A": 4, "AAAA": 6}


class _Record:
    """One name on this host."""

    def __init__(self, context: Context, name: str) -> None:
        self.context = context
        self.path = context.path("/etc/hosts")
        self.block = f"{context.app}.{context.unit}"
        self.pieces = Pieces(context, "dns-record", name)
        self.pieces.work.facts["block"] = block_of(self._text(), self.block)

    def _text(self) -> str:
        return (files.read(self.path) or b"").decode(errors="surrogateescape")

    def _wish(self, block: str, unknown: bool = False) -> files.Wish:
        text = with_block(self._text(), self.block, block, first=False)
        return files.Wish(self.path, text.encode(errors="surrogateescape"), 0o644, unknown=unknown)

    def want(self, block: str, unknown: bool = False) -> None:
        """An act when the block is another one. The file is read again then: other units write to it in the same run."""
        work = self.pieces.work
        for folder in files.missing_parents(self.path):
            work.want_folder(folder, shared=True)
        if work.want_file(self._wish(block, unknown), shared=True):
            words, _ = work.acts.pop()
            work.add(words, lambda: files.write(self._wish(block)))


def text(kind: str, names: list[str], values: list[str]) -> str:
    """The lines of one record. Raises Failed for what a hosts file can't hold."""
    if kind not in KINDS:
        raise Failed(f"a hosts file holds addresses only: a record of type {kind} needs a DNS server")
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?", name):
            raise Failed(f"'{name}' can't stand in a hosts file" + (": it knows no wildcards" if "*" in name else ""))
    for value in values:
        if _version(value) != KINDS[kind]:
            raise Failed(f"'{value}' is no IPv{KINDS[kind]} address, which a record of type {kind} needs on hosts")
    return "".join(f"{value} {' '.join(names)}\n" for value in values)


def _version(value: str) -> int:
    try:
        return ipaddress.ip_address(value).version
    except ValueError:
        return 0


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the host knows the name."""
    spec = params["spec"]
    found = _Record(context, str(spec["name"]))
    work = found.pieces.work
    work.unknown = unknown_names(spec, context.marker, "record_")
    names = [str(spec["fqdn"]), *(str(alias) for alias in spec.get("aliases") or ())]
    unknown = holds([names, spec["values"]], context.marker)
    block = "" if unknown else text(str(spec.get("type") or "A"), names, [str(value) for value in spec["values"]])
    found.want(block, unknown)
    return found.pieces.record()


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the host no longer knows the name from us."""
    found = _Record(context, str(params["spec"]["name"]))
    if manifest.load(context) is not None:
        found.want("")
    return found.pieces.leave()
