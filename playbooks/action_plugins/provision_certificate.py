"""Before the module: looks at a given certificate, or issues one when the module says that it needs it. Quiet case: one call, nothing issued."""

from __future__ import annotations

import hashlib
from typing import Any

import ansible.module_utils
from ansible import constants
from ansible.plugins.action import ActionBase

# our shared code lies where Ansible looks for it when it packs a module; plugins have to be told
ansible.module_utils.__path__.extend(
    folder for folder in constants.config.get_config_value("DEFAULT_MODULE_UTILS_PATH") if folder not in ansible.module_utils.__path__)

from ansible.module_utils.provision.context import holds  # noqa: E402
from ansible.module_utils.provision.controller import authority, calling  # noqa: E402
from ansible.module_utils.provision.failures import Failed  # noqa: E402


class ActionModule(ActionBase):
    """The action `provision_certificate`."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Converge or remove the certificate on one host."""
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        try:
            arguments = calling.arguments(self, "certificate_", task_vars, hidden=("given", "key", "seed", "authority"))
            ours = self._prepare(arguments) if arguments["state"] == "present" else None
            result.update(self._execute_module("provision_certificate", module_args=arguments, task_vars=task_vars))
            if result.pop("needs_artifact", False) and ours is not None:
                spec = arguments["spec"]
                arguments["secrets"] = _sent(ours.issue([str(spec["domain"]), *map(str, spec.get("names") or ())], int(spec["days"])))
                result.update(self._execute_module("provision_certificate", module_args=arguments, task_vars=task_vars))
        except Failed as failure:
            result.update(failed=True, msg=failure.message, provision={})
        return result

    def _prepare(self, arguments: dict[str, Any]) -> authority.Authority | None:
        """Puts what the module has to know into its arguments; gives the authority where it may have to issue one."""
        spec, secrets = arguments["spec"], arguments["secrets"]
        chain, key = str(secrets.get("given") or ""), str(secrets.get("key") or "")
        names = [str(spec["domain"]), *map(str, spec.get("names") or ())]
        if bool(chain) != bool(key):
            raise Failed("a given certificate needs both `certificate` and `privateKey`")
        spec["given"] = bool(chain)
        seed = str(secrets.get("authority") or secrets.get("seed") or "")
        arguments["secrets"] = {}
        if holds([chain, key, seed, names], arguments["context"]["marker"]):
            spec["waits"] = ["certificate_given" if chain else "certificate_authority"]
            return None
        if chain:
            found = authority.given(chain, key, names)
            spec.update(end=found.end, digest=hashlib.sha256(f"{found.chain}{found.key}".encode()).hexdigest())
            arguments["secrets"] = _sent(found)
            return None
        if not seed:
            raise Failed("there is no secret that an authority could be made of")
        ours = authority.Authority(seed)
        spec.update(ca=ours.pem, issuer=ours.fingerprint)
        return ours


def _sent(issued: authority.Issued) -> dict[str, Any]:
    return {"pem_chain": issued.chain, "pem_key": issued.key, "end": issued.end}
