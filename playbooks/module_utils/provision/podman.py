"""The podman of this host, as root: images, containers and volumes. Asks and does what it is told; decides nothing."""

from __future__ import annotations

import os
import re

from ansible.module_utils.provision import commands, packages
from ansible.module_utils.provision.failures import Failed

PACKAGE = "podman"
QUADLET = ("/usr/libexec/podman/quadlet", "/usr/lib/podman/quadlet")
FIRST_WITH_QUADLET = (4, 4)
MINUTES = 30 * 60
"""Seconds for a pull or a load."""


def installed() -> bool:
    """True when the host has it."""
    return os.path.exists("/usr/bin/podman")


def has_quadlet() -> bool:
    """True when it makes units from quadlets; asked of the package that will be installed where it is missing."""
    if installed():
        return any(map(os.path.exists, QUADLET))
    found = re.match(r"(\d+)\.(\d+)", packages.candidate(PACKAGE))
    return found is not None and (int(found[1]), int(found[2])) >= FIRST_WITH_QUADLET


def image(reference: str) -> str:
    """Id of an image (64 hexadecimal digits) by its name or id; empty when the host has not got it."""
    if not installed():
        return ""
    code, output = commands.run(["podman", "image", "inspect", "--format", "{{.Id}}", reference], check=False)
    return output.split()[0].rpartition(":")[2] if code == 0 and output.strip() else ""


def digests(name: str) -> set[str]:
    """The digests (`sha256:…`) under which registries know an image of this host."""
    _, output = commands.run(["podman", "image", "inspect", "--format", "{{range .RepoDigests}}{{.}} {{end}}", name])
    return {word.rpartition("@")[2] for word in output.split()}


def digest_of(name: str) -> str:
    """The digest (`sha256:…`) by which its registry knows an image of this host; empty for one that is not here, or came from no registry."""
    if not installed():
        return ""
    code, output = commands.run(["podman", "image", "inspect", "--format", "{{range .RepoDigests}}{{.}} {{end}}", name], check=False)
    place = name.partition("@")[0].rpartition("/")[0] + "/" + name.partition("@")[0].rpartition("/")[2].partition(":")[0]
    found = sorted(word.rpartition("@")[2] for word in output.split() if word.rpartition("@")[0] == place) if code == 0 else []
    own = name.partition("@")[2]
    return own if own in found else found[0] if found else ""


def container_image(name: str) -> str:
    """Id of the image that a container was made from; empty when there is no such container."""
    if not installed():
        return ""
    code, output = commands.run(["podman", "container", "inspect", "--format", "{{.Image}}", name], check=False)
    return output.strip().rpartition(":")[2] if code == 0 else ""


def used_images(but: str) -> set[str]:
    """Ids of the images that containers use, other than the one of this name and the runs of a timer of this name."""
    if not installed():
        return set()
    _, output = commands.run(["podman", "ps", "--all", "--no-trunc", "--format", "{{.ImageID}} {{.Names}}"])
    lines = [line.split() for line in output.splitlines()]
    return {words[0].rpartition(":")[2] for words in lines if len(words) == 2 and not re.fullmatch(re.escape(but) + r"(-\d+)?", words[1])}


def load(archive: str, wanted: str) -> None:
    """Load an image from an archive. Raises Failed when it is not the one that was wanted."""
    _, output = commands.run(["podman", "load", "--quiet", "--input", archive], seconds=MINUTES)
    if not image(wanted):
        raise Failed(f"the archive holds another image than the one with id {wanted[:12]}: {commands.tail(output, 2)}")


def tag(number: str, name: str) -> None:
    """Give an image a name."""
    commands.run(["podman", "tag", number, name])


def pull(name: str, login: str) -> None:
    """Fetch an image from its registry. `login`: path of an auth.json, or empty. Raises Failed in podman's words."""
    commands.run(["podman", "pull", "--quiet", *(["--authfile", login] if login else []), name], seconds=MINUTES)


def remove_image(reference: str) -> None:
    """Remove an image with its names; left where it is when a container came to use it."""
    number = image(reference)
    if number:
        if number == reference:
            commands.run(["podman", "untag", number], check=False)
        commands.run(["podman", "rmi", reference], check=False)


def remove_container(name: str) -> None:
    """Remove what is left of a container."""
    commands.run(["podman", "rm", "--force", "--ignore", "--time", "10", name], check=False)


def short_name(name: str) -> str:
    """A name with its registry, as Docker reads a short one: `nginx` is docker.io/library/nginx."""
    first, slash, _ = name.partition("/")
    if slash and (re.search(r"[.:]", first) or first == "localhost"):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


def named(name: str, digest: str) -> str:
    """The full name of an image; by its digest in place of a tag where that is given."""
    full = short_name(name)
    if not digest or "@" in full:
        return full
    place, slash, last = full.rpartition("/")
    return f"{place}{slash}{last.partition(':')[0]}@{digest}"


def judge_mount_sources(paths: list[str]) -> None:
    """Raises Failed when something that is to be mounted is not on the host."""
    missing = [path for path in paths if not os.path.exists(path)]
    if missing:
        raise Failed(f"this host has no {missing[0]}, which is to be mounted; make it, or take an emptyDir or pvc")
