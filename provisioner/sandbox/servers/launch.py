"""Becomes another program that ends with the process that started it. Run as a script by `keeper`, and imports nothing of ours, so that it is fast.

Arguments: pid of the starter, signal at its death, user and group to become (-1: stay who I am), then the program.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Leave the rights of root, ask for the signal (a change of user forgets it), become the program.

    Imports nothing after that: another user may not be able to read this Python's library.
    """
    starter, number, user, group = (int(word) for word in sys.argv[1:5])
    if user >= 0:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != starter:
        sys.exit(1)
    os.umask(0o077)
    os.execv(sys.argv[5], sys.argv[5:])


if __name__ == "__main__":
    main()
