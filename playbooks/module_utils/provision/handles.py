"""What this host's kernel can do for an NFS server: whether it has one of its own, and what it lets one in user space do."""

from __future__ import annotations

import ctypes
import errno
import os
import platform

from ansible.module_utils.provision import commands

LONGEST = 128
GET_IO_FLUSHER = 58  # PR_GET_IO_FLUSHER of linux/prctl.h
HERE = -100  # AT_FDCWD


class _Handle(ctypes.Structure):
    """A file handle, as linux/fcntl.h has it."""

    _fields_ = (("size", ctypes.c_uint), ("kind", ctypes.c_int), ("content", ctypes.c_char * LONGEST))


def kernel_serves() -> bool:
    """True when the kernel has an NFS server that this host may use: a container has none, whatever the kernel below it has."""
    contained, _ = commands.run(["systemd-detect-virt", "--container", "--quiet"], check=False)
    if contained == 0:
        return False
    with open("/proc/filesystems", encoding="ascii") as file:
        if any(line.split()[-1:] == ["nfsd"] for line in file):
            return True
    folder = f"/lib/modules/{platform.release()}"
    return any(name.startswith("nfsd.ko") for _, _, names in os.walk(f"{folder}/kernel/fs/nfsd") for name in names)


def may_flush() -> bool:
    """False where no process may be marked as one that writes for others (PR_SET_IO_FLUSHER), as in most containers."""
    libc = ctypes.CDLL(None, use_errno=True)
    return not (libc.prctl(GET_IO_FLUSHER, 0, 0, 0, 0) < 0 and ctypes.get_errno() == errno.EPERM)


def why_not(path: str) -> str:
    """Why a server in user space can't serve this folder, or one that will be made there; empty when it can."""
    while not os.path.isdir(path):
        path = os.path.dirname(path) or "/"
    libc = ctypes.CDLL(None, use_errno=True)
    handle, mount = _Handle(LONGEST), ctypes.c_int()
    if libc.name_to_handle_at(HERE, path.encode(), ctypes.byref(handle), ctypes.byref(mount), 0):
        return f"the file system of {path} gives no file handles ({_said()}), which an NFS server needs: give a folder on a disk of its own"
    place = os.open(path, os.O_RDONLY)
    try:
        found = libc.open_by_handle_at(place, ctypes.byref(handle), os.O_RDONLY)
        if found < 0:
            return f"this host may open no file by its handle ({_said()}), which an NFS server needs: a container needs CAP_DAC_READ_SEARCH"
        os.close(found)
        return ""
    finally:
        os.close(place)


def _said() -> str:
    return os.strerror(ctypes.get_errno())
