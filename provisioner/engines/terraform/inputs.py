"""Templates of ours to Terraform: references between units of a root become native ones, secrets become variables. Pure.

A value that is not known before something else is delivered becomes the output of a `terraform_data.pending_*` that does not
exist yet, so Terraform itself says what is known after apply.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner import references
from provisioner.engines.terraform import names
from provisioner.errors import ProvisionError
from provisioner.model import Json, Unit
from provisioner.references import Reference

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
DEPTH = 20
VARIABLE = "secret_"


@dataclass(frozen=True)
class Scope:
    """What references can mean in one root."""

    units: Mapping[str, Unit]
    """The units that have a module block in it."""
    published: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """Outputs (templates) of units that are delivered."""
    hidden: frozenset[str] = frozenset()
    """References to secrets that can't be revealed yet."""


class Inputs:
    """The inputs of one unit on their way to Terraform; remembers what they need."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.secrets: dict[str, str] = {}
        """Variable to the reference that it stands for."""
        self.waits: dict[str, str] = {}
        """Pending name to what is waited for: a unit, or a secret."""
        self.ephemeral = False

    def configuration(self, value: Json) -> Json:
        """A template as a value of Terraform's JSON syntax."""
        if isinstance(value, str):
            return self._template(value)
        if isinstance(value, dict):
            return {literal(references.unescape(str(key))): self.configuration(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.configuration(item) for item in value]
        return value

    def _template(self, text: str) -> Json:
        split = references.parts(text) if "${" in text else [text]
        if len(split) == 1 and isinstance(split[0], Reference):
            return "${%s}" % self._reference(split[0], None, 0)
        return "".join(literal(references.unescape(part)) if isinstance(part, str) else "${%s}" % self._inside(part, None, 0) for part in split)

    def _expression(self, value: Json, owner: Unit | None, depth: int) -> str:
        """A template as text of Terraform's own syntax."""
        if depth > DEPTH:
            raise ProvisionError("outputs refer to each other in a circle", code="PRV-4103")
        if isinstance(value, str):
            split = references.parts(value) if "${" in value else [value]
            if len(split) == 1 and isinstance(split[0], Reference):
                return self._reference(split[0], owner, depth)
            return '"' + "".join(_quoted(part) if isinstance(part, str) else "${%s}" % self._inside(part, owner, depth) for part in split) + '"'
        if isinstance(value, dict):
            return "{" + ", ".join(f'"{_quoted(str(key))}" = {self._expression(item, owner, depth + 1)}' for key, item in value.items()) + "}"
        if isinstance(value, list | tuple):
            return "[" + ", ".join(self._expression(item, owner, depth + 1) for item in value) + "]"
        return json.dumps(value)

    def _inside(self, reference: Reference, owner: Unit | None, depth: int) -> str:
        """A reference inside longer text: structures become JSON, as everywhere with us."""
        found = self._reference(reference, owner, depth)
        return _as_text(found)

    def _reference(self, reference: Reference, owner: Unit | None, depth: int) -> str:
        found = self._plain(reference, owner, depth)
        if reference.has_default and reference.head != "secret":
            default = self._expression(references.escape(reference.default), None, depth + 1)
            found = f"try({found}, {default})" if found else default
        for _ in range(reference.encoded):
            found = _encoded(found)
        return found

    def _plain(self, reference: Reference, owner: Unit | None, depth: int) -> str:
        if reference.head == "secret":
            return self._secret(reference)
        if reference.head == "module" and owner is not None:
            return f"module.{names.module(owner)}{traversal(reference.path)}"
        if reference.head == "self" and owner is not None:
            return self._output(owner, reference, depth)
        if reference.head in self.scope.units:
            return self._output(self.scope.units[reference.head], reference, depth)
        outputs = self.scope.published.get(reference.head, {})
        if reference.path and reference.path[0] in outputs:
            return self._expression(references.dig(outputs[reference.path[0]], reference.path[1:], reference), None, depth + 1)
        return self._pending(reference.head) + traversal(reference.path[1:])

    def _output(self, unit: Unit, reference: Reference, depth: int) -> str:
        name, rest = reference.path[0] if reference.path else "", reference.path[1:]
        if name == "_hosts" and unit.hosts_output:
            return f"module.{names.module(unit)}.{unit.hosts_output}{traversal(rest)}"
        if name not in unit.outputs:
            if reference.has_default:
                return ""
            raise ProvisionError(f"{reference}: {unit.name} has no output {name!r}", code="PRV-4103")
        value = unit.outputs[name]
        if isinstance(value, dict) and "secret" in value:
            published = self.scope.published.get(unit.name, {}).get(name)
            if isinstance(published, str):
                return self._expression(published, unit, depth + 1)
            return self._pending(unit.name)
        if rest and isinstance(value, dict | list | tuple):
            return self._expression(references.dig(value, rest, reference), unit, depth + 1)
        found = self._expression(value, unit, depth + 1)
        return found if not rest else f"({found}){traversal(rest)}"

    def _secret(self, reference: Reference) -> str:
        # one variable for the value itself; Terraform encodes it where that is asked for
        if reference.bare in self.scope.hidden:
            return self._pending(f"secret {reference.path[0]}")
        name = variable(reference.bare, self.ephemeral)
        self.secrets[name] = reference.bare
        return f"var.{name}"

    def _pending(self, what: str) -> str:
        name = names.label(what)
        self.waits[name] = what
        # through jsondecode its type is unknown as well, so it fits wherever the real value will
        return f"jsondecode({names.PENDING}{name}.output)"


def _as_text(expression: str) -> str:
    return f"jsonencode({expression})" if expression.startswith(("[", "{")) else expression


def _encoded(expression: str) -> str:
    """As `|urlencode` writes it: Terraform's own function writes a space as in a form, which no password or path is."""
    return f'replace(urlencode({_as_text(expression)}), "+", "%20")'


def variable(reference: str, ephemeral: bool) -> str:
    """The Terraform variable that a secret reference is given by."""
    return VARIABLE + hashlib.sha256(reference.encode()).hexdigest()[:12] + ("_ephemeral" if ephemeral else "")


def literal(text: str) -> str:
    """Plain text as it stands in a string of Terraform's JSON syntax."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _quoted(text: str) -> str:
    """A literal part of a template as it stands between quotes in Terraform's own syntax."""
    quoted = json.dumps(literal(references.unescape(text)), ensure_ascii=False)[1:-1]
    return quoted.replace("\\b", "\\u0008").replace("\\f", "\\u000c") if "\\" in quoted else quoted


def traversal(path: tuple[str, ...]) -> str:
    """A path below a value: `.name`, `[0]`, `[*]`, `["any key"]`."""
    found = ""
    for part in path:
        if part == "*":
            found += "[*]"
        elif part.isdigit():
            found += f"[{part}]"
        elif IDENTIFIER.match(part):
            found += f".{part}"
        else:
            found += f'["{_quoted(part)}"]'
    return found
