"""The provider blocks and backend of a root: the target's, and those that its state still refers to."""

import json

from provisioner.engine import Site
from provisioner.engines.terraform.root import Settings, local_name
from provisioner.engines.terraform.workspace import Workspace, private
from provisioner.model import Json

FILE = "providers.json"
"""Every provider block that this root ever had: a resource can only be removed with the one that made it."""


def settings(workspace: Workspace, site: Site) -> Settings:
    """What the root has besides its modules; remembers the target's provider for later."""
    target = site.target.terraform or {}
    provider, version, config = str(target.get("provider") or ""), str(target.get("version") or ""), dict(target.get("config") or {})
    known = _known(workspace)
    if provider and known.get(local_name(provider)) != (entry := {"source": provider, "version": version, "config": config}):
        known[local_name(provider)] = entry
        private(workspace.kept / FILE, json.dumps(known))
    others = {name: entry for name, entry in known.items() if not provider or name != local_name(provider)}
    kept: dict[str, dict[str, Json]] = {}
    if others and workspace.state_file is not None:
        in_use = {source.partition("/")[2] for source in workspace.read_state().providers}
        kept = {name: entry for name, entry in others.items() if entry["source"] in in_use}
    return Settings(workspace.backend, provider, version, config, kept)


def _known(workspace: Workspace) -> dict[str, dict[str, Json]]:
    try:
        found = json.loads((workspace.kept / FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
