"""The grammar of secret paths. Pure.

    PATH                            the environment's backend          payments/hsm-pin, generated/ledger@dc1/password
    env:NAME                        a variable of the operator's shell
    file:PATH                       a file's text; relative to the environment's folder
    aws:TARGET/NAME-OR-ARN[#KEY]    AWS Secrets Manager, reached as that target is; KEY of a JSON secret
    inventory:TARGET/HOST/NAME      a password among the Ansible variables of a listed host
    state:TARGET/ROOT/MODULE/OUTPUT a sensitive output of a Terraform module, in the state of a root; /PART leads into a structure

TARGET ends at the first slash and KEY begins at the last `#`, so the colons and slashes of an ARN need no quoting.
"""

from dataclasses import dataclass

from provisioner.errors import ProvisionError

SCHEMES = ("env", "file", "aws", "inventory", "state")
GENERATED = "generated/"


class BadPath(ProvisionError):
    """The text after `secret.` names no secret."""

    code = "PRV-7602"


@dataclass(frozen=True)
class SecretPath:
    """A parsed path. `scheme` is empty for the environment's backend; `target` is used by aws, inventory and state, `key` by aws only."""

    scheme: str
    name: str
    target: str = ""
    key: str = ""


def parse(path: str) -> SecretPath:
    """Raises BadPath."""
    scheme, colon, rest = path.partition(":")
    if not colon or scheme not in SCHEMES:
        if not path.strip("/") or colon:
            raise BadPath(
                f"{path!r} is no secret's path", hint=f"write NAME, or one of {', '.join(f'{s}:…' for s in SCHEMES)}"
            )
        return SecretPath("", path)
    if scheme == "aws":
        return _aws(path, rest)
    if scheme == "inventory":
        return _inventory(path, rest)
    if scheme == "state":
        return _state(path, rest)
    if not rest:
        raise BadPath(f"{path!r} names nothing after {scheme}:", hint=f"write {scheme}:NAME")
    return SecretPath(scheme, rest)


def _aws(path: str, rest: str) -> SecretPath:
    target, _, secret = rest.partition("/")
    name, _, key = secret.rpartition("#") if "#" in secret else (secret, "", "")
    if not target or not name:
        raise BadPath(
            f"{path!r} is no secret of AWS", hint="write aws:TARGET/NAME-OR-ARN or aws:TARGET/NAME-OR-ARN#KEY"
        )
    return SecretPath("aws", name, target, key)


def _inventory(path: str, rest: str) -> SecretPath:
    target, _, name = rest.partition("/")
    if not target or name.count("/") != 1 or not all(name.split("/")):
        raise BadPath(f"{path!r} is no variable of a host", hint="write inventory:TARGET/HOST/NAME")
    return SecretPath("inventory", name, target)


def _state(path: str, rest: str) -> SecretPath:
    target, _, name = rest.partition("/")
    if not target or name.count("/") < 2 or not all(name.split("/")):
        raise BadPath(f"{path!r} is no output of a module", hint="write state:TARGET/ROOT/MODULE/OUTPUT")
    return SecretPath("state", name, target)


@dataclass(frozen=True)
class Sealed:
    """A module's sensitive output, in the place of its value: it lies in the state of a root and is read there when it is needed."""

    target: str
    root: str
    module: str
    output: str

    def reference(self, path: tuple[str, ...] = ()) -> str:
        """`${secret.…}` for the output or, with a path, for a part of it."""
        return "${secret.state:%s}" % "/".join((self.target, self.root, self.module, self.output, *path))


def cloud_path(target: str, arn: str, key: str = "") -> str:
    """The path of a secret that AWS made, for `${secret.…}`."""
    return f"aws:{target}/{arn}" + (f"#{key}" if key else "")
