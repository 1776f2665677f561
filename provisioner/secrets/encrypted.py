"""The default backend: one encrypted file per environment, its key in a file beside it that only the owner may read.

AES-256-GCM over one JSON object; the environment's name is bound into it, so that files can't be exchanged.
Writers hold a lock file, and replace the whole file at once.
"""

import base64
import fcntl
import json
import os
import secrets
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from provisioner.secrets.backends import SecretsError

HEADER = b"provision secrets 1\n"
NONCE = 12
KEY_BYTES = 32

Values = dict[str, str]


class EncryptedFile:
    """The secrets of one environment. Nothing is kept in memory between calls."""

    writable = True

    def __init__(self, folder: Path, environment: str) -> None:
        self._folder = folder / "secrets"
        self._environment = environment
        self._path = self._folder / f"{quote(environment, safe='')}.json.enc"
        self._key_path = self._folder / "key"

    def read(self, name: str) -> str | None:
        return self._load().get(name)

    def exists(self, name: str) -> bool:
        return name in self._load()

    def write(self, name: str, value: str, *, replace: bool) -> None:
        self._change(lambda old: old if name in old and not replace else {**old, name: value})

    def remove(self, name: str) -> None:
        if self._path.exists():
            self._change(lambda old: {key: value for key, value in old.items() if key != name})

    def names(self) -> list[str]:
        return sorted(self._load())

    def advice(self, name: str) -> str:
        return f"provision secrets set {name} -e {self._environment}"

    def _load(self) -> Values:
        try:
            sealed = self._path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise _unusable(self._path, error) from error
        return self._unseal(sealed)

    def _change(self, change: Callable[[Values], Values]) -> None:
        try:
            for folder in (self._folder.parent, self._folder):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _locked(self._folder / "lock"):
                old = self._load()
                new = change(old)
                if new != old:
                    _replace(self._path, self._seal(new))
        except OSError as error:
            raise _unusable(self._path, error) from error

    def _seal(self, values: Values) -> bytes:
        # imported where it is used: most commands never touch a secret
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(NONCE)
        text = json.dumps(values, sort_keys=True).encode()
        return HEADER + nonce + AESGCM(self._key(make=not self._path.exists())).encrypt(nonce, text, self._bound())

    def _unseal(self, sealed: bytes) -> Values:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce, body = sealed[len(HEADER) : len(HEADER) + NONCE], sealed[len(HEADER) + NONCE :]
        if not sealed.startswith(HEADER) or len(body) < 16:
            raise SecretsError(f"{self._path} is damaged", code="PRV-7605", hint="restore it from a backup")
        try:
            text = AESGCM(self._key(make=False)).decrypt(nonce, body, self._bound())
        except InvalidTag:
            raise SecretsError(
                f"{self._path} can't be decrypted: it was changed, or {self._key_path} is not its key",
                code="PRV-7605",
                hint="restore both from the same backup",
            ) from None
        values: Values = json.loads(text)
        return values

    def _bound(self) -> bytes:
        return HEADER + self._environment.encode()

    def _key(self, *, make: bool) -> bytes:
        """The key; made once. Raises SecretsError when it is gone, broken, or readable by others."""
        if make and not self._key_path.exists():
            # a sealed file of another environment may be here: then its key is lost, and a new one would hide that
            if others := sorted(path.name for path in self._folder.glob("*.json.enc")):
                raise self._key_gone(others[0])
            _replace(self._key_path, base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
        try:
            mode = self._key_path.stat().st_mode
            text = self._key_path.read_bytes()
        except FileNotFoundError:
            raise self._key_gone(self._path.name) from None
        except OSError as error:
            raise _unusable(self._key_path, error) from error
        if mode & 0o077:
            raise SecretsError(
                f"{self._key_path} may be read by others (mode {mode & 0o777:o})",
                code="PRV-7606",
                hint="close it, and change the secrets if anybody else uses this machine",
                next=f"chmod 600 {shlex.quote(str(self._key_path))}",
            )
        return self._decoded(text)

    def _decoded(self, text: bytes) -> bytes:
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise SecretsError(f"{self._key_path} is no key", code="PRV-7605", hint="restore it from a backup")
        return key

    def _key_gone(self, sealed: str) -> SecretsError:
        return SecretsError(
            f"{self._key_path} is gone, so {sealed} can't be decrypted",
            code="PRV-7605",
            hint="restore the key from a backup; or move the .enc files away and set the secrets again",
        )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time, on this machine; the kernel frees the lock of a killed process."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 whole, or not at all."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unusable(path: Path, error: OSError) -> SecretsError:
    return SecretsError(
        f"{path}: {error.strerror or error}",
        code="PRV-7604",
        hint="its folder must be writable for you, with space left on the disk",
    )
