"""The way of every module of ours: look, judge, do, answer as decision 2 says. Knows Ansible's module object, nothing else does."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from ansible.module_utils.provision import exclusion, system
from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.failures import Failed, in_words
from ansible.module_utils.provision.work import Work

ARGUMENTS: dict[str, Any] = {
    "state": {"choices": ["present", "absent"], "default": "present"},
    "context": {"type": "dict", "required": True},
    "spec": {"type": "dict", "default": {}},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "artifact": {"type": "dict", "default": {}},
}


def answer(module: Any, look: Callable[[Context, dict[str, Any]], Work]) -> None:
    """Look at the host, and make it so unless in check mode. Ends the process with the result."""
    os.umask(0o022)
    work, planned = None, {}
    try:
        context = Context.of(module.params["context"], module.check_mode)
        if context.privileged and module.params["state"] == "present":
            system.family()
        with nullcontext() if module.check_mode else exclusion.one_at_a_time(context):
            work = look(context, module.params)
            work.judge_seal()
            planned = {**work.result(), **_about_host(context, work)}
            if not module.check_mode:
                _do(module, work)
        lacking = {"lacks_artifact": True} if module.check_mode and work.missing_artifact else {}
        module.exit_json(changed=bool(planned["tasks"]), diff=_diff(planned), provision={**planned, **_late(work.result())}, **lacking)
    except Failed as failure:
        _fail(module, failure.message, work, {**planned, **failure.details})
    except OSError as error:
        _fail(module, in_words(error), work, planned)


def _fail(module: Any, message: str, work: Work | None, provision: dict[str, Any]) -> None:
    """A failure says what was planned, and `changed` is true when something may have been done of it."""
    provision.pop("health", None)
    module.fail_json(msg=message, changed=bool(work and work.begun), provision=provision)


def _do(module: Any, work: Work) -> None:
    if work.unknown and work.acts:
        raise Failed(f"{', '.join(work.unknown)}: the value is not known yet; deliver what it comes from first")
    if work.missing_artifact:
        module.exit_json(changed=False, needs_artifact=True)
    work.carry_out()


def _about_host(context: Context, work: Work) -> dict[str, Any]:
    """What the host is, where its own tools are used."""
    return {"os": system.here().os, "notes": [*work.notes, *system.notes()]} if context.privileged else {}


def _late(result: dict[str, Any]) -> dict[str, Any]:
    """What is only known after the acts."""
    return {key: result[key] for key in ("health", "outputs") if key in result}


def _diff(result: dict[str, Any]) -> list[dict[str, str]]:
    """The same files in the form that `ansible-playbook --diff` prints."""
    return [{"before_header": file["path"], "after_header": file["path"], "before": file["before"] or "", "after": file["after"] or ""}
            for file in result["files"]]
