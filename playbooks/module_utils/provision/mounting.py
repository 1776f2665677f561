"""What is mounted into a program, on the host's side: files with their contents, empty folders, folders for data. `work` does it."""

from __future__ import annotations

import os

from ansible.module_utils.provision import files, programs
from ansible.module_utils.provision.context import holds
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.mounts import FILES, Mount
from ansible.module_utils.provision.pieces import OURS
from ansible.module_utils.provision.service import Service
from ansible.module_utils.provision.wanted import Wanted
from ansible.module_utils.provision.work import Work


def file_paths(service: Service, wanted: Wanted) -> list[str]:
    """Paths of the files that are mounted."""
    return [f"{service.mount_folder(mount.name)}/{name}" for mount in wanted.mounts for name in sorted(mount.files)]


def made_folders(service: Service, wanted: Wanted) -> list[str]:
    """Folders of the host that have to be there for a program without a container to see its mounts; they go when they are empty."""
    return [] if wanted.image else [mount.path for mount in wanted.mounts if not os.path.isdir(mount.path)]


def want_mounts(work: Work, service: Service, wanted: Wanted, user: str) -> bool:
    """Look at all that is mounted. True when the content of a file is to change."""
    changed = False
    for mount in wanted.mounts:
        if mount.kind in FILES:
            changed |= _want_files(work, service, mount)
        elif mount.kind == "hostPath":
            _judge_source(service, mount)
        elif mount.kind == "emptyDir" and not mount.memory:
            # as in Kubernetes: whoever runs in the container may write
            for folder in dict.fromkeys((service.empty_folder(mount.name), programs.source_of(service, mount))):
                work.want_folder(folder, 0o777)
        elif mount.kind == "pvc" and not wanted.image:
            _want_claim(work, service, mount, user)
    for folder in made_folders(service, wanted):
        work.want_folder(folder, shared=True)
    return changed


def _want_files(work: Work, service: Service, mount: Mount) -> bool:
    folder = service.mount_folder(mount.name)
    admin = "root" if service.context.privileged else ""
    work.want_folder(os.path.dirname(folder), 0o755, admin, admin)
    work.want_folder(folder, 0o755, admin, admin)
    changed = False
    for name, content in sorted(mount.files.items()):
        path = f"{folder}/{name}"
        if os.path.dirname(path) != folder:
            work.want_folder(os.path.dirname(path), 0o755, admin, admin)
        # the folder above lets in nobody but root and the service; the mount shows the files to whoever runs in it
        wish = files.Wish(path, content.encode(), mount.mode, admin, admin, holds(content, service.context.marker), mount.secret)
        changed |= work.want_file(wish)
    return changed


def _judge_source(service: Service, mount: Mount) -> None:
    context = service.context
    # a secret or certificate of the same plan is there when it is this unit's turn
    comes = context.check and (holds(mount.source, context.marker) or mount.source.startswith(context.path(f"{OURS}/")))
    if not comes and not os.path.exists(mount.source):
        raise Failed(f"this host has no {mount.source}, which is to be mounted as '{mount.name}'; make it, or take an emptyDir or pvc")


def _want_claim(work: Work, service: Service, mount: Mount, user: str) -> None:
    """Data outlives the component: its folder is in no list of what is removed."""
    folder = service.claim_folder(mount.source)
    found = files.facts(folder)
    if found is not None and files.user_id(user) not in (-1, found[2]):
        raise Failed(f"the data of claim '{mount.source}' ({folder}) belongs to another user than '{user}'; "
                     "components that share it need the same `user`")
    work.want_folder(folder, 0o750, user, user)
    if mount.sub:
        work.want_folder(programs.source_of(service, mount), 0o750, user, user)
