"""The variables that a playbook gets from a unit: what may lie on disk, what may not, and what is not known yet."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from provisioner import references
from provisioner.engine import Site
from provisioner.errors import ProvisionError
from provisioner.model import Host, Json, Unit
from provisioner.references import KEEP, Reference

MARKER = "provision-unknown-until-delivered"
"""Stands in values for what is not known before something else was delivered."""
HOST_SECRETS = "provision_host_secrets"
"""Hidden variable {HOST: {NAME: VALUE}}: what must not lie in an inventory on disk."""
JINJA = re.compile(r"\{\{|\{%|\{#")
GENERATED = "generated/"
SHORTEST = 4
"""Shorter secrets are not looked for in texts: they would be found everywhere."""


@dataclass(frozen=True)
class Variables:
    """`open` goes into vars.json, `hidden` through memory only."""

    open: dict[str, Json] = field(default_factory=dict)
    hidden: dict[str, Json] = field(default_factory=dict)
    unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Inputs that hold the marker, with the references that it stands for."""
    secrets: tuple[str, ...] = ()
    """Clear values, to be taken out of all that Ansible says."""


def variables(unit: Unit, site: Site) -> Variables:
    """The unit's inputs and our own names. Raises ProvisionError where a secret has no value."""
    unknown: dict[str, tuple[str, ...]] = {}
    clear: list[str] = []
    opened: dict[str, Json] = ours(unit, site)
    hidden: dict[str, Json] = {}
    for name, template in unit.inputs.items():
        waits = [str(reference) for _, reference in references.find(template) if reference.head != "secret"]
        template = _marked(template, site, waits)
        if waits:
            unknown[name] = tuple(dict.fromkeys(waits))
        paths = references.secret_paths(template)
        clear += [str(site.reveal("${secret.%s}" % path)) for path in paths]
        (hidden if paths else opened)[name] = literal(site.reveal(template) if paths else references.render(template, references.no_lookup))
    opened["provision_secret_inputs"] = [path for path, reference in references.find(unit.inputs) if reference.head == "secret"]
    return Variables(opened, hidden, unknown, tuple(dict.fromkeys(text for text in clear if len(text) >= SHORTEST)))


def ours(unit: Unit, site: Site) -> dict[str, Json]:
    """What every playbook may ask for: names, the project's folder, and the marker."""
    return {
        "provision_app": site.application, "provision_environment": site.environment, "provision_unit": unit.name,
        "provision_component": unit.component, "provision_target": unit.target, "provision_project": str(site.project),
        "provision_seals": {}, "provision_unknown": MARKER, "provision_take_over": bool(unit.imports),
        "provision_leave": {place: [path for once in unit.ignore if place in once.places for path in once.paths]
                            for one in unit.ignore for place in one.places},
    }


def with_host_secrets(variables: Variables, hosts: tuple[Host, ...], site: Site) -> Variables:
    """Add the hosts' own secret variables to what is hidden."""
    found = {host.name: {name: literal(site.reveal(host.vars[name])) for name in names}
             for host in hosts if (names := secret_names(host))}
    if not found:
        return variables
    texts = tuple(_text(value) for named in found.values() for value in named.values() if len(_text(value)) >= SHORTEST)
    return replace(variables, hidden={**variables.hidden, HOST_SECRETS: found}, secrets=(*variables.secrets, *texts))


def secret_names(host: Host) -> list[str]:
    """The variables of a host that refer to a secret; passwords of an inventory do since it was read."""
    return [name for name, value in host.vars.items() if _refers(value)]


def _refers(value: Json) -> bool:
    try:
        return bool(references.secret_paths(value))
    except ProvisionError:
        # a host variable is no template of ours: `${HOME}` and the like are Ansible's business
        return False


def _marked(template: Json, site: Site, waits: list[str]) -> Json:
    """The template with the marker for everything but secrets, and for passwords that nobody has made yet (noted in `waits`)."""
    def lookup(reference: Reference) -> Json:
        if reference.head != "secret":
            return MARKER
        if reference.path[0].startswith(GENERATED):
            try:
                site.reveal(str(reference))
            except ProvisionError:
                waits.append(str(reference))
                return MARKER
        return KEEP

    return references.substitute(template, lookup)


def literal(value: Json) -> Json:
    """The value in Ansible's JSON, so that nothing in it is taken for a template: the author wrote text, not Jinja."""
    if isinstance(value, str):
        return {"__ansible_unsafe": value} if JINJA.search(value) else value
    if isinstance(value, dict):
        return {str(key): literal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [literal(item) for item in value]
    return value


def _text(value: Json) -> str:
    return str(value["__ansible_unsafe"]) if isinstance(value, dict) and "__ansible_unsafe" in value else str(value)
