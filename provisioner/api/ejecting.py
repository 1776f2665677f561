"""What was delivered, as a folder of plain Terraform and Ansible that runs without provision and changes nothing."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from provisioner import graph
from provisioner.engine import Site
from provisioner.engines.ansible import eject as hosts_side
from provisioner.engines.ansible.eject import Ejected
from provisioner.engines.terraform import eject as cloud_side
from provisioner.errors import Exit, ProvisionError
from provisioner.model import Delivered, Plan, Unit

PATHS = {"ANSIBLE_LIBRARY": "library", "ANSIBLE_MODULE_UTILS": "module_utils", "ANSIBLE_ACTION_PLUGINS": "action_plugins"}
PLAY = """\
#!/bin/sh
# Plays every component in its order: sh play --check --diff, sh play. Options go to ansible-playbook.
cd "$(dirname "$0")" || exit 1
{paths}
export ANSIBLE_GATHERING="${{ANSIBLE_GATHERING:-explicit}}"
failed=
play() {{
    unit=$1 playbook=$2; shift 2
    [ ! -f "$unit/secrets.json" ] || set -- -e "@$unit/secrets.json" "$@"
    ansible-playbook -i "$unit/inventory.json" --limit "@$unit/limit" -e "@$unit/vars.json" "$@" "$playbook" || failed="$failed $unit"
}}
{plays}
[ -z "$failed" ] || {{ echo "failed:$failed" >&2; exit 1; }}
"""


@dataclass(frozen=True)
class Folder:
    """What was written: where, the roots with their secret variables, the units with theirs, and what has to be said."""

    path: Path
    roots: dict[str, tuple[str, ...]]
    units: tuple[Ejected, ...]
    notes: tuple[str, ...]


def empty(path: Path) -> None:
    """Raise ProvisionError (PRV-6403) when something lies there."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ProvisionError(f"{path} is not empty, so nothing was written", code="PRV-6403", exit=Exit.USAGE, hint="name another folder")


def write(plan: Plan, delivered: Mapping[str, Delivered], site: Callable[[str], Site], library: Path, path: Path, *, with_secrets: bool) -> Folder:
    """Write the folder of a plan of what is delivered; `site`: target to where its engine looked for this plan."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    roots: dict[str, tuple[str, ...]] = {}
    wanted = {unit.name: unit for unit in plan.units}
    for unit in wanted.values():
        if unit.root and unit.root not in roots:
            own = [one for one in wanted.values() if one.root == unit.root]
            roots[unit.root] = tuple(cloud_side.eject(unit.root, own, site(unit.target), path / "terraform" / unit.root, with_secrets=with_secrets))
    order = graph.order({name: [need for need in unit.needs if need in wanted] for name, unit in wanted.items()})
    units = tuple(_unit(replace(delivered[name].unit, ignore=wanted[name].ignore), site, path, library, with_secrets)
                  for name in order if wanted[name].engine == "ansible")
    if units:
        _private(path / "ansible" / "play", _play(units))
    folder = Folder(path, roots, units, tuple(_notes(plan, wanted, path)))
    _private(path / "README.md", _readme(plan, folder, with_secrets))
    return folder


def _unit(unit: Unit, site: Callable[[str], Site], path: Path, library: Path, with_secrets: bool) -> Ejected:
    return hosts_side.eject(unit, unit.hosts, site(unit.target), path / "ansible", library / "playbooks", with_secrets=with_secrets)


def _notes(plan: Plan, wanted: Mapping[str, Unit], path: Path) -> list[str]:
    differs = [step.unit.name for step in plan.steps if step.changes]
    said = [f"not as delivered: {', '.join(differs)}. Plans will show it; provision drift tells more"] if differs else []
    files = [name for name, unit in wanted.items() if unit.files and any(unit.inputs.get(key) for key in unit.files)]
    remote = [name for name in files if not (path / "terraform" / wanted[name].root / "terraform.tfstate").is_file()]
    return said + ([f"{', '.join(remote)}: its file has another path now, which the next plan shows; its content is the same"] if remote else [])


def _play(units: tuple[Ejected, ...]) -> str:
    paths = "\n".join(f'export {name}="$PWD/playbooks/{folder}"' for name, folder in PATHS.items())
    lines = []
    for one in units:
        extra = ["-i", one.inventory] if one.inventory else []
        lines.append(f'play {shlex.quote(one.unit)} {shlex.quote(one.playbook)} {shlex.join([*extra, *one.flags])} "$@"'.replace("  ", " "))
    return PLAY.format(paths=paths, plays="\n".join(lines))


def _readme(plan: Plan, folder: Folder, with_secrets: bool) -> str:
    lines = [f"# {plan.application} in {plan.environment}", "",
             "Written by `provision eject`. Nothing here needs provision. Run as it is, it changes nothing: it is what was delivered.", ""]
    if folder.roots:
        lines += ["## Cloud", "", "`tf` is terraform with the settings of its target; credentials are found as always.", ""]
        lines += [f"    sh terraform/{root}/tf init && sh terraform/{root}/tf plan" for root in folder.roots]
        lines += ["", "A local state is a **copy** (it holds secrets in clear, as Terraform's states do): from now on change things here or",
                  "there, not in both. `terraform_data` resources named `ready_…` and `sealed_…` only handed outputs on; they can go later.", ""]
    if folder.units:
        lines += ["## Hosts", "", "    sh ansible/play --check --diff", "    sh ansible/play", "",
                  "One component alone: the line of it in `ansible/play`. ansible-core and ssh must be installed.", ""]
    if needed := [f"- `terraform/{root}/{cloud_side.SECRETS}`: {', '.join(names)}" for root, names in folder.roots.items() if names] + [
            f"- `ansible/{one.unit}/{hosts_side.SECRETS}`: {', '.join(one.hidden)}" for one in folder.units if one.hidden]:
        said = "These files hold them in clear; they can be encrypted with ansible-vault:" if with_secrets else \
            "They are not in this folder. Write them as JSON into these files, or run `provision eject --with-secrets` again:"
        lines += ["## Secrets", "", said, "", *needed, ""]
    return "\n".join([*lines, *(f"Note: {note}" for note in folder.notes)]).rstrip() + "\n"


def _private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(text)
    path.chmod(0o600)
