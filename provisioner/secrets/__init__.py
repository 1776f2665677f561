"""Secret references to values, at the last moment and in memory only; generated passwords; taking values out of texts.

Never logs, prints or stores a value in clear. The grammar of paths is in `secret_paths`.
"""

import json
import os
import re
import secrets
import string
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from provisioner.errors import Problem, ProvisionError
from provisioner.model import Environment, Json, Secret
from provisioner.references import Reference, Unknown, as_text, render
from provisioner.secret_paths import GENERATED, BadPath, SecretPath, cloud_path, parse
from provisioner.secrets.aws import AwsClient, SecretsManager
from provisioner.secrets.backends import Backend, Files, Inventory, MissingSecret, SecretsError, StateReader, States, Variables
from provisioner.secrets.encrypted import EncryptedFile
from provisioner.secrets.redaction import pattern, redact

__all__ = ["AwsClient", "BadPath", "MissingSecret", "Secrets", "SecretsError", "cloud_path"]

LETTERS = string.ascii_letters
ALPHABET = string.ascii_letters + string.digits


class Secrets:
    """The secrets of one application in one environment. Thread-safe."""

    def __init__(self, folder: Path, environment: Environment, app: str, aws_client: AwsClient | None = None,
                 state_reader: StateReader | None = None) -> None:
        """`folder` is the project's `.provision`. Raises SecretsError for a wrong `secrets` of the environment."""
        self._app = app
        self._aws_client = aws_client or _no_client
        self._state_reader = state_reader or _no_state
        self._targets = {target.name: target for target in environment.targets}
        self._lock = threading.RLock()
        self._seen: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._searched = 0
        """How many of the values seen the pattern finds."""
        self._own = EncryptedFile(folder, environment.name)
        self._backends: dict[str, Backend] = {
            "": _default(environment, self._own, self._aws_client),
            "env": Variables(os.environ),
            "file": Files(Path(environment.folder)),
        }

    def __repr__(self) -> str:
        return f"Secrets({self._app})"

    def reveal(self, template: Json) -> Json:
        """The final value of a template in which only `${secret.…}` is left.

        Raises MissingSecret, BadPath, SecretsError, and Unknown for any other reference.
        """
        return render(template, self._look_up)

    def values_seen(self) -> frozenset[str]:
        """Every plain value that was revealed or made so far."""
        with self._lock:
            return frozenset(self._seen)

    def redact(self, text: str) -> str:
        """The text without any value seen so far, also where it is escaped for JSON, a URL or a shell."""
        with self._lock:
            if self._searched != len(self._seen):
                self._pattern, self._searched = pattern(self._seen), len(self._seen)
            found = self._pattern
        return redact(text, found)

    def ensure(self, secret: Secret) -> None:
        """Make a password once: letters and digits, a letter first. An existing one stays as it is. Raises SecretsError."""
        backend, name, _ = self._place(secret.path)
        if not backend.exists(name):
            made = generate(secret.length)
            self._saw(made)
            backend.write(name, made, replace=False)

    def forget(self, path: str) -> None:
        """Remove a secret; nothing happens when there is none. Raises SecretsError, Refused where we only read."""
        backend, name, _ = self._place(path)
        backend.remove(name)

    def check(self, paths: Iterable[str]) -> list[Problem]:
        """What does not resolve, without reading a value out. Generated passwords may still be made: they never miss."""
        found: list[Problem] = []
        for path in dict.fromkeys(paths):
            try:
                backend, name, _ = self._place(path)
                if not backend.exists(name) and not path.startswith(GENERATED):
                    raise _missing(path, backend, name)
            except ProvisionError as error:
                # a list of problems has no next command of its own
                found.extend(replace(problem, hint=": ".join(filter(None, [problem.hint, error.next]))) for problem in error.problems)
        return found

    def set(self, path: str, value: str) -> None:
        """Keep a value, replacing the old one. Raises SecretsError, Refused where we only read."""
        backend, name, place = self._place(path)
        if place.key:
            raise BadPath(
                f"{path!r}: one key of a secret can't be set alone", hint="set the whole secret, without #KEY"
            )
        self._saw(value)
        backend.write(name, value, replace=True)

    def list(self) -> list[str]:
        """The names in the environment's backend, and of this application's generated passwords. No values."""
        backends = [self._backends[""], self._generated()]
        own = f"{GENERATED}{self._app}/"
        names = {name for backend in backends for name in backend.names()}
        return sorted(
            GENERATED + name.removeprefix(own) if name.startswith(own) else name
            for name in names
            if name.startswith(own) or not name.startswith(GENERATED)
        )

    def _look_up(self, reference: Reference) -> Json:
        if reference.head != "secret":
            raise Unknown(f"{reference} has no value yet", hint="only secrets are looked up here")
        path = reference.path[0] if reference.path else ""
        backend, name, place = self._place(path)
        text = backend.read(name)
        if text is None:
            if reference.has_default:
                return reference.default
            raise _missing(path, backend, name)
        value = _pick(path, text, place) if place.key else text
        self._saw(as_text(value))
        return value

    def _place(self, path: str) -> tuple[Backend, str, SecretPath]:
        """The backend, the name in it, and the parsed path. Generated passwords are kept by application."""
        place = parse(path)
        if place.scheme == "aws":
            return SecretsManager(self._aws_client, place.target), place.name, place
        if place.scheme == "inventory":
            return Inventory(self._targets.get(place.target), place.target), place.name, place
        if place.scheme == "state":
            return States(self._state_reader, place.target), place.name, place
        if not place.scheme and place.name.startswith(GENERATED):
            return self._generated(), f"{GENERATED}{self._app}/{place.name.removeprefix(GENERATED)}", place
        return self._backends[place.scheme], place.name, place

    def _generated(self) -> Backend:
        """A backend that we only read can't keep what we make: then it goes to the encrypted file."""
        default = self._backends[""]
        return default if default.writable else self._own

    def _saw(self, value: str) -> None:
        with self._lock:
            self._seen.add(value)


def generate(length: int) -> str:
    """A random password of letters and digits that begins with a letter."""
    return secrets.choice(LETTERS) + "".join(secrets.choice(ALPHABET) for _ in range(length - 1))


def _default(environment: Environment, own: EncryptedFile, client: AwsClient) -> Backend:
    """The backend that the environment's `secrets: {backend, prefix, target}` names."""
    config = environment.secrets
    prefix = str(config.get("prefix", ""))
    kinds: dict[str, Any] = {
        "file": lambda: own,
        "env": lambda: Variables(os.environ, prefix, fold=True),
        "aws": lambda: SecretsManager(client, _aws_target(environment), prefix or f"provision/{environment.name}/"),
    }
    kind = config.get("backend", "file")
    if kind not in kinds:
        raise SecretsError(
            f"environment {environment.name}: unknown secret backend {kind!r}",
            code="PRV-7609",
            hint=f"there is: {', '.join(sorted(kinds))}",
        )
    backend: Backend = kinds[kind]()
    return backend


def _aws_target(environment: Environment) -> str:
    named = environment.secrets.get("target", "")
    choices = [target.name for target in environment.targets if "aws" in target.offers]
    if named in choices:
        return str(named)
    if not named and len(choices) == 1:
        return choices[0]
    raise SecretsError(
        f"environment {environment.name}: secrets need "
        + (f"an AWS target, {named!r} is none" if named else "one AWS target"),
        code="PRV-7609",
        hint=f"write secrets: {{backend: aws, target: NAME}}; there is: {', '.join(choices) or 'none'}",
    )


def _no_client(service: str, target: str) -> Any:
    raise SecretsError(
        f"target {target}: no access to AWS here", code="PRV-7604", hint="name an AWS target of this environment"
    )


def _no_state(target: str, root: str) -> Mapping[str, Mapping[str, Json]]:
    return {}


def _pick(path: str, text: str, place: SecretPath) -> Json:
    """One key of a JSON secret."""
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise SecretsError(
            f"secret {path}: it is no JSON object, so it has no key {place.key!r}",
            code="PRV-7608",
            hint="leave #KEY out",
        )
    if place.key not in values:
        raise MissingSecret(
            f"secret {path}: it has no key {place.key!r}", hint=f"there is: {', '.join(sorted(values))}"
        )
    return values[place.key]


def _missing(path: str, backend: Backend, name: str) -> MissingSecret:
    advice = backend.advice(name)
    if advice.startswith("provision "):
        return MissingSecret(f"secret {path} has no value", hint="set it once; it is kept encrypted", next=advice)
    return MissingSecret(f"secret {path} has no value", hint=advice)
