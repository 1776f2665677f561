"""Before the module: takes the playbook's variables and finds the artefact. Quiet case: one call of the module, nothing sent.

The module says when it has not got the release; only then is the artefact sent, and the module called again.
"""

from __future__ import annotations

import os
from typing import Any

import ansible.module_utils
from ansible import constants
from ansible.plugins.action import ActionBase

# our shared code lies where Ansible looks for it when it packs a module; plugins have to be told
ansible.module_utils.__path__.extend(
    folder for folder in constants.config.get_config_value("DEFAULT_MODULE_UTILS_PATH") if folder not in ansible.module_utils.__path__)

from ansible.module_utils.provision import envfile, mounts  # noqa: E402
from ansible.module_utils.provision.controller import archives, artefacts, sending, variables  # noqa: E402
from ansible.module_utils.provision.failures import Failed  # noqa: E402

OPEN = tuple(f"service_{name}" for name in ("cmd", "args", "labels", "annotations", "lifecycle", "liveness", "host_aliases"))
"""What can hold no secret."""


class ActionModule(ActionBase):
    """The action `provision_service`."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Converge or remove the service on one host."""
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        try:
            state = str(self._task.args.get("state", "present"))
            arguments, artefact = self._arguments(state, task_vars)
            result.update(sending.converge(self, "provision_service", arguments, artefact, task_vars))
        except Failed as failure:
            result.update(failed=True, msg=failure.message, provision={})
        return result

    def _arguments(self, state: str, task_vars: dict[str, Any]) -> tuple[dict[str, Any], artefacts.Artefact | None]:
        spec = variables.with_prefix(task_vars, "service_")
        address = self._templar.template(task_vars.get("ansible_host") or task_vars["inventory_hostname"])
        context = variables.context(task_vars, str(address), self._connection.transport)
        if state == "absent":
            return {"state": state, "context": context, "spec": {"name": spec["name"]}}, None
        if message := variables.lacking(task_vars):
            raise Failed(message)
        paths = task_vars.get("provision_secret_inputs")
        secret = None if paths is None else [str(path) for path in paths]
        _judge_arguments(secret or [])
        env, env_secret = variables.by_name(spec.pop("env", None), secret, "service_env")
        plain_env, secrets_env = variables.split(env, env_secret, "service_env")
        plain_config, secrets_config = variables.split(spec.pop("config", None) or {}, secret or [], "service_config")
        described, artefact = self._artefact(spec, context["marker"], str(task_vars.get("provision_project") or os.getcwd()))
        mounted, contents = _mounts(spec, secret)
        spec.update(env=plain_env, config=plain_config, mounts=mounted)
        secrets = {"env": {k: envfile.as_text(v) for k, v in secrets_env.items()}, "config": secrets_config, "files": contents,
                   "login": str(spec.pop("login", None) or "")}
        return {"state": state, "context": context, "spec": spec, "secrets": secrets, "artifact": described}, artefact

    def _artefact(self, spec: dict[str, Any], marker: str, project: str) -> tuple[dict[str, Any], artefacts.Artefact | None]:
        """The program, or the archive of an image, as the module is told of it, and what there is to send."""
        source, sha256 = str(spec.pop("artifact", None) or ""), str(spec.pop("sha256", None) or "")
        archive = str(spec.pop("image_archive", None) or "")
        if archive:
            # an archive is known by its own digest, its name says nothing
            spec["image_digest"] = ""
        if archives.is_archive(str(spec.get("image") or "")):
            archive = archive or str(spec["image"])
            spec["image"] = ""
        if archive and source:
            raise Failed(f"{spec['name']} has both an `image` and an `artifact`: it is one or the other")
        described, found = sending.described(archive or source, sha256, marker, project)
        if archive:
            described["image"] = archives.image_of(found, project) if found else marker
        return described, found


def _mounts(spec: dict[str, Any], secret: list[str] | None) -> tuple[list[dict[str, Any]], dict[str, dict[str, str]]]:
    """What is mounted, and apart from it the contents of files that are secret, by name of the mount."""
    contents: dict[str, dict[str, str]] = {}
    found = mounts.listed(spec.pop("mounts", None) or {}, spec.pop("volumes", None) or [])
    for path, mount in found:
        hidden = mount["secret"] or any(name.startswith(f"service_{path}.") or f"service_{path}".startswith(name) for name in secret or ())
        if hidden and mount["files"]:
            contents[mount["name"]] = mount["files"]
            mount.update(files={}, secret=True)
    return [mount for _, mount in found], contents


def _judge_arguments(secret: list[str]) -> None:
    shown = [path for path in secret if path.startswith(OPEN)]
    if shown:
        raise Failed(f"{shown[0]} holds a secret, and would be seen by everybody in the list of processes or in a unit's file: "
                     "give it by `env`, or as a mounted file")
