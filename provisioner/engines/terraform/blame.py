"""Whose error is it? Terraform's diagnostics to the units of a root. Pure."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from provisioner.engines.terraform import names
from provisioner.engines.terraform.root import Block, Root
from provisioner.engines.terraform.stream import Diagnostic
from provisioner.errors import Missing, ProvisionError

NEEDS_VALUES = ("Invalid count argument", "Invalid for_each argument", "Invalid for_each set argument", "Invalid provider configuration")
"""What Terraform says where a value must be known before anything can be planned."""
NO_PROVIDER = ("Failed to query available provider packages", "Failed to install provider", "Required plugins are not installed",
               "Failed to resolve provider packages", "Inconsistent dependency lock file", "Failed to obtain provider")
PROVIDER = re.compile(r"provider\s+\"?([a-z0-9.-]+(?:/[a-z0-9_-]+)+)", re.IGNORECASE)
ROOT_FILE = "main.tf.json"
COPY = re.compile(r".*/sources/[0-9a-f]{64}(?=/|$)")
"""The folder of a kept copy (`sources`), by its digest."""


def guilty(problem: Diagnostic, root: Root, blocks: Mapping[str, Block], owners: Mapping[str, str], provider: str) -> dict[str, bool]:
    """Unit to whether its block may stay in the root; empty when nobody can be told.

    An error with an address is met while looking at the cloud; others are of the text, and stop everything until it is gone.
    `owners` maps module names to units, `provider` is the target's own.
    """
    if problem.summary in NO_PROVIDER:
        return _who_needs(problem, blocks, provider)
    if (name := names.module_of(problem.address)) and name in owners:
        return {owners[name]: True}
    if problem.file == ROOT_FILE:
        found = root.unit_at(problem.line)
        return {found: False} if found else {}
    if problem.file:
        folder = os.path.dirname(os.path.normpath(problem.file)) + "/"
        return {name: False for name, block in blocks.items() if folder.startswith(_copy(block.source) + "/")}
    return {}


def addressed(problems: Iterable[Diagnostic], checks: Iterable[Mapping[str, Any]]) -> list[Diagnostic]:
    """The problems, those of conditions with the address of each resource that does not meet them: Terraform says that in its `checks` only."""
    unmet: dict[str, list[str]] = {}
    for instance in (instance for check in checks for instance in check.get("instances") or ()):
        for problem in instance.get("problems") or ():
            unmet.setdefault(str(problem.get("message", "")), []).append(str(instance["address"]["to_display"]))
    return [found for problem in problems for found in (
        [replace(problem, address=address) for address in unmet.get(problem.detail, ())] if not problem.address else ()) or [problem]]


def _copy(source: str) -> str:
    """The kept copy that a module lies in: beside it lie those that it calls by ../NAME."""
    found = COPY.match(os.path.normpath(source))
    return found[0] if found else os.path.normpath(source)


def _who_needs(problem: Diagnostic, blocks: Mapping[str, Block], provider: str) -> dict[str, bool]:
    """The units whose module names the provider that is missing; nobody when the target itself does."""
    match = PROVIDER.search(problem.detail)
    source = "/".join(match[1].split("/")[-2:]) if match else ""
    if not source or source == provider:
        return {}
    return {name: False for name, block in blocks.items() if any(entry[0].endswith(source) for entry in block.interface.providers.values())}


def fatal(message: str, missing: bool) -> ProvisionError:
    """What stops a whole root."""
    if missing:
        return Missing(message, code="PRV-7102", hint="connect to the network, or put the provider into a filesystem mirror", next="provision doctor")
    return ProvisionError(message, code="PRV-4101", hint="the root's folder holds the exact command lines in `command`")
