"""The image in an archive, on the controller: its id, by which the host knows whether it has it. Reads archives; loads nothing."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from typing import Any

from ansible.module_utils.provision.controller import artefacts
from ansible.module_utils.provision.failures import Failed

ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".txz")


def is_archive(image: str) -> bool:
    """True when what is called an image is the path of an archive, not a name in a registry."""
    return image.lower().endswith(ENDINGS)


def image_of(archive: artefacts.Artefact, project: str) -> str:
    """Id of the one image in an archive (64 hexadecimal digits), as podman will know it. Raises Failed.

    What was found is kept by the archive's digest: a large one is looked through once.
    """
    path = archive.fetch()
    note = os.path.join(artefacts.cache_folder(project), f"{archive.digest}.image") if archive.digest else ""
    if note and os.path.exists(note):
        with open(note) as file:
            return file.read()
    try:
        with tarfile.open(path) as members:
            number = _number(_Archive(archive.source, members))
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Failed(f"the image archive {archive.source} can't be read: {error}") from None
    if note:
        with open(note, "w") as file:
            file.write(number)
    return number


class _Archive:
    """The small files of an archive, read in one pass: it may be compressed."""

    LARGEST = 4_000_000

    def __init__(self, source: str, members: tarfile.TarFile) -> None:
        self.source = source
        self.files: dict[str, bytes] = {}
        for member in members:
            content = members.extractfile(member) if member.isreg() and member.size <= self.LARGEST else None
            if content is not None:
                self.files[os.path.normpath(member.name)] = content.read()

    def json(self, path: str) -> Any:
        """The content of a JSON file. Raises Failed when it is missing or none."""
        try:
            return json.loads(self.files[os.path.normpath(path)])
        except KeyError:
            raise Failed(f"{self.source} is no archive of an image: it has no {path}; make one with podman save or docker save") from None
        except ValueError as error:
            raise Failed(f"{self.source} is no archive of an image: {path}: {error}") from None

    def one(self, what: list[Any]) -> Any:
        """The only one of a list. Raises Failed."""
        if len(what) != 1:
            raise Failed(f"{self.source} holds {len(what)} images; give an archive of one (podman save NAME, without other names)")
        return what[0]


def _number(archive: _Archive) -> str:
    if "manifest.json" in archive.files:
        config = str(archive.one(archive.json("manifest.json"))["Config"])
        archive.json(config)
        return hashlib.sha256(archive.files[os.path.normpath(config)]).hexdigest()
    found = archive.one(archive.json("index.json")["manifests"])
    manifest = archive.json(_blob(found["digest"]))
    if "manifests" in manifest:
        manifest = archive.json(_blob(archive.one([one for one in manifest["manifests"] if _runs(one)])["digest"]))
    return str(manifest["config"]["digest"]).rpartition(":")[2]


def _blob(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _runs(one: dict[str, Any]) -> bool:
    """False for what builders put beside images (attestations)."""
    return (one.get("platform") or {}).get("os") != "unknown"
