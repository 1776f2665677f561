"""Waits until SSH answers. A script of its own, run inside the lab's network namespace: knock.py SECONDS ADDRESS..."""

import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def answers(address: str, end: float) -> bool:
    """True when an SSH server says hello before `end` (monotonic seconds)."""
    while time.monotonic() < end:
        try:
            # a busy host is slow to say hello
            with socket.create_connection((address, 22), max(0.2, min(5.0, end - time.monotonic()))) as connection:
                connection.settimeout(max(0.2, min(30.0, end - time.monotonic())))
                if connection.recv(4) == b"SSH-":
                    return True
        except OSError:
            pass
        time.sleep(0.05)
    return False


def main(arguments: list[str]) -> int:
    """Prints the addresses that did not answer."""
    end = time.monotonic() + float(arguments[0])
    with ThreadPoolExecutor(32) as pool:
        silent = [address for address, ok in zip(arguments[1:], pool.map(lambda a: answers(a, end), arguments[1:]), strict=True) if not ok]
    sys.stdout.write(" ".join(silent))
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
