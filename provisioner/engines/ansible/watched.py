"""ansible-playbook as it is, but that what its vaults hold is noted: started by `child` in place of the program, never imported.

Only Ansible knows what it decrypts, when a file is read or a single value is first used. Each plaintext is a line of JSON in a file that
`play` made in memory (the first argument), written before anything can come out of it; what stands there is taken out of all events.
"""

import json
import os
import sys
from typing import Any

from ansible.cli.playbook import main  # type: ignore[import-untyped]
from ansible.parsing.vault import VaultLib  # type: ignore[import-untyped]


def watch(path: str) -> None:
    """Have every decryption noted, in this process and those that it forks."""
    original = VaultLib.decrypt

    def decrypt(self: Any, *arguments: Any, **options: Any) -> Any:
        plain = original(self, *arguments, **options)
        text = plain.decode(errors="replace") if isinstance(plain, bytes) else str(plain)
        # one write of one line: several processes have the file open
        notes = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(notes, (json.dumps(text) + "\n").encode())
        finally:
            os.close(notes)
        return plain

    VaultLib.decrypt = decrypt


if __name__ == "__main__":
    watch(sys.argv.pop(1))
    sys.argv[0] = "ansible-playbook"
    sys.exit(main())
