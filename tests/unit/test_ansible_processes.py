"""Which processes below a play are its own."""

import os
import subprocess

from provisioner.engines.ansible import processes


def test_an_ssh_master_is_found_by_its_title_alone() -> None:
    """It writes over its environment, and its title holds the path of its socket."""
    title = "ssh: /dev/shm/provision-play-x/cp/f2ad8a3210 [mux]"
    master, daemon = (subprocess.Popen([name, "60"], executable="/bin/sleep", env={}) for name in (title, "/usr/bin/supervisord"))
    try:
        found = {process.pid for process in processes.descendants(os.getpid())}
        assert master.pid in found and daemon.pid not in found
        assert {process.pid for process in processes.masters(os.getpid(), "/dev/shm/provision-play-x")} == {master.pid}
    finally:
        for process in (master, daemon):
            process.kill()
            process.wait()
