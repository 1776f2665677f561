"""Client of NFS 4 in user space, by libnfs: for where the kernel has none. A program: `python3 libnfs.py HOST PATH USER`, USER a number.

Writes a file, reads it over another connection, deletes it. Exits with what the server said when one of these fails. A server that was started
anew lets nobody open files for 90 seconds, in which clients of before may claim theirs: that is waited for, as the kernel's client does.
"""

import contextlib
import ctypes
import os
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

LIBRARY = "libnfs.so.13"
GRACE = 600


@contextlib.contextmanager
def mounted(host: str, path: str, user: int) -> Iterator[Any]:
    """A function that calls libnfs on a connection to what is exported there."""
    libnfs = ctypes.CDLL(LIBRARY)
    libnfs.nfs_init_context.restype = ctypes.c_void_p
    libnfs.nfs_get_error.restype = ctypes.c_char_p
    context = ctypes.c_void_p(libnfs.nfs_init_context())

    def call(name: str, *arguments: Any) -> int:
        end = time.monotonic() + GRACE
        while (found := int(getattr(libnfs, name)(context, *arguments))) < 0:
            said = libnfs.nfs_get_error(context).decode()
            if "NFS4ERR_GRACE" not in said or time.monotonic() > end:
                sys.exit(f"{name}: {said}")
            time.sleep(2)
        return found

    libnfs.nfs_set_uid(context, user)
    libnfs.nfs_set_gid(context, user)
    call("nfs_set_version", 4)
    call("nfs_mount", host.encode(), path.encode())
    try:
        yield call
    finally:
        libnfs.nfs_destroy_context(context)


def main(host: str, path: str, user: int) -> None:
    """Write, read, delete."""
    name, text = f"/{uuid.uuid4().hex}".encode(), b"written by a client"
    file, read = ctypes.c_void_p(), ctypes.create_string_buffer(100)
    with mounted(host, path, user) as call:
        call("nfs_creat", name, 0o640, ctypes.byref(file))
        call("nfs_close", file)
        call("nfs_open", name, os.O_RDWR, ctypes.byref(file))
        assert call("nfs_write", file, ctypes.c_uint64(len(text)), text) == len(text)
        call("nfs_close", file)
    with mounted(host, path, user) as call:
        call("nfs_open", name, os.O_RDONLY, ctypes.byref(file))
        size = call("nfs_read", file, ctypes.c_uint64(100), read)
        assert read.raw[:size] == text
        call("nfs_close", file)
        call("nfs_unlink", name)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
