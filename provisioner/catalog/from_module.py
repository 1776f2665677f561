"""A Terraform module's folder as the draft of a type: its variables are the parameters, its outputs the outputs. Reads files."""

import os
import re
import shlex
from pathlib import Path

from provisioner.catalog.draft import Draft, sentence
from provisioner.catalog.modules import Module, Unreadable, read_module, read_providers
from provisioner.errors import Exit, ProvisionError, Where
from provisioner.model import Json

NAMED = "${app.name}-${environment.name}-${component.name}"
TAGS: dict[str, Json] = {"provision:application": "${app.name}", "provision:environment": "${environment.name}",
                         "provision:component": "${component.name}"}
AUXILIARY = frozenset(("archive", "cloudinit", "external", "http", "local", "null", "random", "template", "time", "tls"))
"""Providers that any module may use beside the one of its cloud."""

MARKUP = ("#", "<", "[", "!", "`", "|", "=", "-", "*")


def draft_module(folder: Path, name: str, project: Path, needs: str = "") -> Draft:
    """The draft. Raises ProvisionError where the folder is no module, or where its cloud is not clear and `needs` does not say it."""
    if not any(folder.glob("*.tf")) and not any(folder.glob("*.tf.json")):
        raise ProvisionError(f"{folder} holds no .tf file", code="PRV-1431", hint="name the folder of a Terraform module", exit=Exit.INVALID)
    try:
        module, providers = read_module(folder), read_providers(folder)
    except Unreadable as error:
        raise ProvisionError(f"the module can't be read: {error}", code="PRV-1431", where=Where(str(folder)), exit=Exit.INVALID,
                             next=f"terraform -chdir={shlex.quote(str(folder))} validate") from None
    filled = _filled(module, needs or _cloud(providers))
    taken = {known: found for known, found in module.variables.items() if known not in filled}
    variables = {known: filled.get(known) or _reference(known, not found.required and "default" not in found.schema)
                 for known, found in module.variables.items()}
    return Draft(
        name=name, source=(path := os.path.relpath(folder, project)), description=_about(folder, path),
        needs=needs or _cloud(providers) or _unclear(folder), tool={"terraform": {"module": path}},
        properties={known: _described(known, found.schema) for known, found in taken.items()},
        required=tuple(known for known, found in taken.items() if found.required), variables=variables,
        outputs={known: {**({"sensitive": True} if output.sensitive else {}),
                         "description": sentence(output.description) or f"The module's {known}"} for known, output in module.outputs.items()},
        notes=("data: true under spec protects what bears data. One parameter for all clouds is better than one for each:",
               "rename what only this module calls so."))


def _filled(module: Module, needs: str) -> dict[str, Json]:
    """Variables that provision knows the value of."""
    known: dict[str, tuple[str, Json]] = {"name": ("string", NAMED), "tags": ("object", TAGS)}
    if needs == "aws":
        known["region"] = ("string", "${target.region}")
    return {name: value for name, (kind, value) in known.items()
            if name in module.variables and module.variables[name].schema.get("type") == kind}


def _reference(name: str, optional: bool) -> str:
    return f"${{parameters.{name}|default(null)}}" if optional else f"${{parameters.{name}}}"


def _described(name: str, schema: dict[str, Json]) -> dict[str, Json]:
    """The schema, its description last, as the shipped definitions have it."""
    rest = {key: value for key, value in schema.items() if key != "description"}
    return {**rest, "description": schema.get("description") or f"The module's {name}"}


def _cloud(providers: dict[str, str]) -> str:
    """The one provider that is no auxiliary, by its type: `aws` of hashicorp/aws."""
    kinds = {source.rpartition("/")[2] for source in providers.values()} - AUXILIARY
    return kinds.pop() if len(kinds) == 1 else ""


def _unclear(folder: Path) -> str:
    raise ProvisionError(f"{folder} does not say which one kind of target it needs", code="PRV-1441", exit=Exit.USAGE,
                         hint="say what a target must offer, such as --needs aws", next="provision def init --help")


def _about(folder: Path, path: str) -> str:
    """The first paragraph of its README, or where it came from."""
    readme = next(iter(sorted(folder.glob("README*"))), None)
    paragraphs = re.split(r"\n\s*\n", readme.read_text(encoding="utf-8", errors="replace")) if readme else []
    plain = (sentence(paragraph) for paragraph in paragraphs if paragraph.strip() and not paragraph.lstrip().startswith(MARKUP))
    return next(plain, f"The Terraform module {path}")[:300]
