"""Ansible's settings for our plays: ours where the user has said nothing, the user's ansible.cfg and environment elsewhere.

Search paths are appended to the user's, never put in their place.
"""

import configparser
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

OURS = (
    ("ANSIBLE_FORKS", (("defaults", "forks"),), "25"),
    ("ANSIBLE_TIMEOUT", (("defaults", "timeout"),), "30"),
    ("ANSIBLE_PIPELINING", (("connection", "pipelining"), ("ssh_connection", "pipelining"), ("defaults", "pipelining")), "True"),
    ("ANSIBLE_PYTHON_INTERPRETER", (("defaults", "interpreter_python"),), "auto_silent"),
    ("ANSIBLE_DEPRECATION_WARNINGS", (("defaults", "deprecation_warnings"),), "False"),
    ("ANSIBLE_LOCALHOST_WARNING", (("defaults", "localhost_warning"),), "False"),
)
ALSO = {"ANSIBLE_PIPELINING": "ANSIBLE_SSH_PIPELINING"}
"""Older names of the same setting."""
PATHS = (
    ("ANSIBLE_LIBRARY", "library", "library", "modules"),
    ("ANSIBLE_MODULE_UTILS", "module_utils", "module_utils", "module_utils"),
    ("ANSIBLE_ACTION_PLUGINS", "action_plugins", "action_plugins", "action"),
)


@dataclass(frozen=True)
class Configured:
    """The user's ansible.cfg, if any: sections of options, and its path."""

    path: str
    sections: Mapping[str, Mapping[str, str]]

    def get(self, section: str, key: str) -> str:
        return self.sections.get(section, {}).get(key, "")


def configured(project: Path, environ: Mapping[str, str]) -> Configured:
    """The one ansible.cfg that Ansible will read when it is started in `project`."""
    for path in _candidates(project, environ):
        if not path.is_file():
            continue
        parser = configparser.RawConfigParser(inline_comment_prefixes=(";",), strict=False)
        try:
            parser.read_string(path.read_text(errors="replace"))
        except configparser.Error:
            return Configured(str(path), {})
        return Configured(str(path), {name: dict(parser[name]) for name in parser.sections()})
    return Configured("", {})


def _candidates(project: Path, environ: Mapping[str, str]) -> list[Path]:
    found = []
    if given := environ.get("ANSIBLE_CONFIG"):
        path = project / Path(given).expanduser()
        found.append(path / "ansible.cfg" if path.is_dir() else path)
    try:
        # as Ansible: a folder that everybody may write to could be anybody's
        if not project.stat().st_mode & stat.S_IWOTH:
            found.append(project / "ansible.cfg")
    except OSError:
        pass
    return [*found, Path("~/.ansible.cfg").expanduser(), Path("/etc/ansible/ansible.cfg")]


def settings(library: Path, project: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Environment variables of every play, by hand or by us."""
    cfg = configured(project, environ)
    found = {}
    for name, places, value in OURS:
        if name not in environ and ALSO.get(name, name) not in environ and not any(cfg.get(*place) for place in places):
            found[name] = value
    for name, key, folder, default in PATHS:
        users = environ.get(name) or _absolute(cfg, cfg.get("defaults", key)) or f"~/.ansible/plugins/{default}:/usr/share/ansible/plugins/{default}"
        found[name] = f"{users}:{library / folder}"
    return found


def _absolute(cfg: Configured, paths: str) -> str:
    """Paths in a configuration file are meant from its folder."""
    folder = os.path.dirname(cfg.path)
    return ":".join(path if path.startswith(("~", "/", "$", "{{")) else os.path.join(folder, path) for path in paths.split(":") if path)


def of_our_runs(runtime: Path, project: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Environment variables of plays that we start: temporary files and connections in memory, keys checked."""
    cfg = configured(project, environ)
    users = environ.get("ANSIBLE_CALLBACK_PLUGINS") or _absolute(cfg, cfg.get("defaults", "callback_plugins"))
    return {
        "ANSIBLE_LOCAL_TEMP": str(runtime / "tmp"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(runtime / "cp"),
        # ansible-runner turns the check off where this is not set
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_NOCOLOR": "True",
        **({"ANSIBLE_CALLBACK_PLUGINS": users} if users else {}),
    }


def ssh_args(project: Path, environ: Mapping[str, str]) -> str:
    """The user's own `ssh_args`, or empty."""
    return environ.get("ANSIBLE_SSH_ARGS") or configured(project, environ).get("ssh_connection", "ssh_args")
