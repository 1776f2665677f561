"""How the image of a container comes to this host, and how it leaves it again. Says what has to be done; `work` does it."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.provision import files, manifest, packages, podman, registry, releases
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.service import Service
from ansible.module_utils.provision.wanted import Image, Wanted
from ansible.module_utils.provision.work import Work

STORAGE = "/var/lib/containers"


def want_podman(work: Work) -> None:
    """An act when podman is missing."""
    if not podman.installed():
        packages.judge_possible(podman.PACKAGE)
        work.add(f"install package {podman.PACKAGE}", lambda: packages.install(podman.PACKAGE))


def want_image(work: Work, service: Service, wanted: Wanted, image: Image) -> str:
    """An act when the image is not here. The id of the one that loses its name to another; empty when none does."""
    # no part of the seal: another unit of the same run may have brought it since the plan
    here = podman.image(image.reference)
    if here:
        moves = image.policy == "Always" and not image.number and _pull_again(work, service, image)
        return here if moves else ""
    if image.number:
        archive = wanted.artifact
        releases.judge_space(STORAGE, int(archive.get("size") or 0))
        work.missing_artifact = not archive.get("path")
        work.add(f"load image {image.number[:12]} of {archive.get('name')}", lambda: _load(archive, image))
    elif image.policy == "Never":
        raise Failed(f"this host has no image {image.name}, and imagePullPolicy is Never; give `imageArchive`, or another policy")
    else:
        _pull(work, service, image, f"pull image {image.name}")
    return ""


def _pull(work: Work, service: Service, image: Image, words: str) -> None:
    work.add(words, lambda: podman.pull(image.name, service.login_file if image.login else ""))


def _pull_again(work: Work, service: Service, image: Image) -> bool:
    """True when the registry has another image under the name than this host; one that does not say takes nothing away: a note."""
    if "@" in image.name:
        return False
    try:
        now = registry.digest(image.name, image.login)
    except Failed as failed:
        work.notes.append(f"{image.name} stays the image that is here: {failed}")
        return False
    if now in podman.digests(image.name):
        return False
    _pull(work, service, image, f"pull image {image.name} again: its registry has another one")
    return True


def _load(archive: dict[str, Any], image: Image) -> None:
    found = files.digest_of(str(archive["path"]))
    if found != archive["digest"]:
        raise Failed(f"the image archive that arrived is not the one that was sent (sha256 {found[:12]}, wanted {archive['digest'][:12]})")
    podman.load(str(archive["path"]), image.number)
    if image.name:
        podman.tag(image.number, image.name)


def known(service: Service, image: Image | None) -> list[str]:
    """The images that this unit brought here, the newest first, with the one that it brings now. One that was here is not ours."""
    before = list(service.before.about.get("images", ())) if service.before else []
    if image is None or image.reference in before[:1]:
        return before
    others = {reference for other in manifest.others(service.context) for reference in other.about.get("images", ())}
    brings = image.reference in before or image.reference in others or not podman.image(image.reference)
    return [*([image.reference] if brings else []), *(reference for reference in before if reference != image.reference)]


def want_fewer(work: Work, service: Service, references: list[str]) -> None:
    """Acts that remove images of ours which nobody uses."""
    if not references or not podman.installed():
        return
    shared = {reference for other in manifest.others(service.context) for reference in other.about.get("images", ())}
    used = podman.used_images(service.name)
    for reference in references:
        number = podman.image(reference)
        if number and number not in used and reference not in shared:
            work.add(f"remove image {reference[:12] if reference == number else reference}", _removing(reference))


def _removing(reference: str) -> Any:
    return lambda: podman.remove_image(reference)
