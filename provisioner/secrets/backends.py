"""Where secrets lie: the one small interface, and the two backends that only read (operator's environment, files)."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from provisioner import references
from provisioner.errors import ProvisionError, Refused
from provisioner.model import Json, Target

StateReader = Callable[[str, str], Mapping[str, Mapping[str, Json]]]
"""(target, root) to the sensitive outputs in its Terraform state: module to output to value. Raises ProvisionError."""


class MissingSecret(ProvisionError):
    """There is no value at a secret's path."""

    code = "PRV-7601"


class SecretsError(ProvisionError):
    """A backend can't be used, or refuses."""

    code = "PRV-7603"


class Backend(Protocol):
    """One place of secrets, asked by name. No method but `read` touches a value."""

    writable: bool

    def read(self, name: str) -> str | None:
        """The value; None when there is none. Raises SecretsError."""

    def exists(self, name: str) -> bool:
        """Whether `read` would find a value, without reading it. Raises SecretsError."""

    def write(self, name: str, value: str, *, replace: bool) -> None:
        """Keep a value; with replace=False an existing one stays. Raises SecretsError, Refused."""

    def remove(self, name: str) -> None:
        """Forget a value; nothing happens when there is none. Raises SecretsError, Refused."""

    def names(self) -> list[str]:
        """All names, sorted. Raises SecretsError."""

    def advice(self, name: str) -> str:
        """How an operator puts a value there."""


class ReadOnly:
    """The half of a backend that others fill."""

    writable = False
    kind = ""

    def write(self, name: str, value: str, *, replace: bool) -> None:
        raise Refused(f"secret {name}: {self.kind} is only read", code="PRV-7607", hint="set it where it comes from")

    def remove(self, name: str) -> None:
        raise Refused(f"secret {name}: {self.kind} is only read", code="PRV-7607", hint="remove it where it comes from")

    def names(self) -> list[str]:
        return []


class Variables(ReadOnly):
    """The operator's environment. With `fold`, `payments/hsm-pin` and prefix `APP_` are APP_PAYMENTS_HSM_PIN."""

    kind = "the environment"

    def __init__(self, environ: Mapping[str, str], prefix: str = "", *, fold: bool = False) -> None:
        self._environ = environ
        self._prefix = prefix
        self._fold = fold

    def read(self, name: str) -> str | None:
        return self._environ.get(self._variable(name))

    def exists(self, name: str) -> bool:
        return self._variable(name) in self._environ

    def advice(self, name: str) -> str:
        return f"export {self._variable(name)}=… before the command"

    def _variable(self, name: str) -> str:
        return self._prefix + re.sub(r"[^A-Z0-9]", "_", name.upper()) if self._fold else name


class Files(ReadOnly):
    """One file per secret, as container platforms mount them; one newline at the end is not part of the value."""

    kind = "a file"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> str | None:
        path = self._path(name)
        try:
            text = path.read_bytes().decode()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise SecretsError(f"secret file:{name} can't be read: {reason}", hint=f"look at {path}") from None
        return text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")

    def exists(self, name: str) -> bool:
        return self._path(name).is_file() and os.access(self._path(name), os.R_OK)

    def advice(self, name: str) -> str:
        return f"write it into {self._path(name)} (mode 0600)"

    def _path(self, name: str) -> Path:
        return self._folder / Path(name).expanduser()


class Inventory(ReadOnly):
    """Passwords among the variables of a target's listed hosts, by HOST/NAME, as this command has read them."""

    kind = "an inventory"

    def __init__(self, target: Target | None, name: str) -> None:
        self._passwords = target.hosts.passwords if target is not None and target.hosts is not None else {}
        self._target = name

    def read(self, name: str) -> str | None:
        return self._passwords.get(name)

    def exists(self, name: str) -> bool:
        return name in self._passwords

    def advice(self, name: str) -> str:
        host, _, variable = name.partition("/")
        return f"give the host {host} its {variable} again, among the hosts of target {self._target}"


class States(ReadOnly):
    """Sensitive outputs of Terraform modules, by ROOT/MODULE/OUTPUT[/PART…], as they lie in the states of a target's roots."""

    kind = "a Terraform state"

    def __init__(self, reader: StateReader, target: str) -> None:
        self._reader, self._target = reader, target

    def read(self, name: str) -> str | None:
        root, module, output, *path = name.split("/")
        outputs = self._reader(self._target, root).get(module, {})
        if output not in outputs:
            return None
        reference = references.Reference("module", (module, output, *path))
        return references.as_text(references.dig(outputs[output], tuple(path), reference))

    def exists(self, name: str) -> bool:
        return self.read(name) is not None

    def advice(self, name: str) -> str:
        return f"it is an output of a Terraform module on {self._target}: provision apply makes it"
