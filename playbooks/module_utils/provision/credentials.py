"""A secret as systemd's credentials: encrypted at rest with the host's key, and decrypted into memory by a unit early in the boot.

No cryptography of ours: `systemd-creds` does it all. Knows nothing of who owns the unit's files.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from ansible.module_utils.provision import commands
from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.files import Coding
from ansible.module_utils.provision.unitfiles import word

PROGRAM = "/usr/bin/systemd-creds"
LARGEST = 1 << 20
"""Bytes that one credential may have."""
TPM = "/dev/tpmrm0"
SERVICE = """{header}
[Unit]
Description=Secret {name} of {app}, decrypted into memory
DefaultDependencies=no
RequiresMountsFor={mounts}
{needs}After=local-fs.target tpm2.target
Before=sysinit.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
UMask=0077
{lines}

[Install]
WantedBy=sysinit.target
"""
NEEDS_TPM = "Wants=dev-tpmrm0.device\nAfter=dev-tpmrm0.device\n"


@dataclass(frozen=True)
class Credential:
    """One value: its name inside of the encrypted file, that file, and the one in clear."""

    name: str
    stored: str
    clear: str


@dataclass(frozen=True)
class Opening:
    """What the unit of one secret does at boot."""

    app: str
    name: str
    owner: str
    credentials: tuple[Credential, ...]
    folders: tuple[str, ...]
    """In memory, outermost first: they are root's."""
    folder: str = ""
    """The innermost one, which is the owner's alone; empty: the secret is one file."""


def offered(context: Context) -> bool:
    """True where this host keeps secrets as systemd's credentials."""
    return context.systemd and os.path.exists(PROGRAM)


def coding(name: str) -> Coding:
    """A file as one encrypted credential of that name."""
    return Coding(lambda data: _encrypt(name, data), lambda data: _decrypt(name, data))


def _encrypt(name: str, data: bytes) -> bytes:
    # the TPM alone binds, none of its registers: an update of the firmware's list of keys must not cost the host its secrets
    options = [f"--name={name}", "--with-key=auto", "--tpm2-pcrs="]
    return commands.run([PROGRAM, "encrypt", *options, "-", "-"], stdin=data.decode())[1].encode()


def _decrypt(name: str, data: bytes) -> bytes | None:
    done = commands.raw([PROGRAM, "decrypt", f"--name={name}", "-", "-"], stdin=data)
    return None if done.returncode else done.stdout


def service_text(header: str, opening: Opening, *, tpm: bool) -> str:
    """The unit that decrypts a secret. What nobody but root can reach is moved into its place once it has owner and mode."""
    lines = [f"/usr/bin/install -d -m 0755 {' '.join(map(word, opening.folders))}"]
    owner = f"/usr/bin/chown {opening.owner} " if opening.owner else ""
    if opening.folder:
        lines.append(f"/usr/bin/install -d -m 0500 {f'-o {opening.owner} ' if opening.owner else ''}{word(opening.folder)}")
    for number, credential in enumerate(opening.credentials):
        fresh = word(f"{opening.folders[-1]}/.{opening.name}.{number}.new")
        lines.append(f"{PROGRAM} decrypt --name={word(credential.name)} {word(credential.stored)} {fresh}")
        lines += [owner + fresh] if owner else []
        lines += [f"/usr/bin/chmod 0400 {fresh}", f"/usr/bin/mv -T {fresh} {word(credential.clear)}"]
    mounts = " ".join(dict.fromkeys([*(os.path.dirname(one.stored) for one in opening.credentials), "/var/lib/systemd"]))
    return SERVICE.format(header=header, name=opening.name, app=opening.app, mounts=mounts, needs=NEEDS_TPM if tpm else "",
                          lines="\n".join(f"ExecStart={line}" for line in lines))
