"""The nginx of a host: where its files lie, and the few things that are asked of it. Decides nothing."""

from __future__ import annotations

import os
import shutil

from ansible.module_utils.provision import commands, files, rivals
from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.managing import Manager, Program
from ansible.module_utils.provision.supervisor import Supervisor
from ansible.module_utils.provision.systemd import Systemd


class Nginx:
    """The nginx of this host: the distribution's under systemd, or one of our own below our folder under supervisord."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.own = not context.systemd
        self.manager: Manager = Supervisor(context) if self.own else Systemd()
        self.home = context.path("/var/lib/provision/nginx")
        self.main = f"{self.home}/nginx.conf" if self.own else "/etc/nginx/nginx.conf"
        self.conf_d = f"{self.home}/conf.d" if self.own else "/etc/nginx/conf.d"
        self.errors = f"{self.home}/error.log" if self.own else "/var/log/nginx/error.log"

    def binary(self) -> str:
        """Path of nginx; empty when it is missing."""
        return shutil.which("nginx") or shutil.which("nginx", path=commands.PATH) or ""

    def program(self) -> Program:
        """nginx as a program of our supervisord."""
        header = "# Written by provision for the gateways below this folder; changes by hand are undone."
        return Program("nginx", (self.binary(), "-p", self.home, "-e", self.errors, "-c", self.main), self.home, "gateways", header)

    def listen(self, port: int) -> list[str]:
        """What `listen` says: this machine only where it is reached as this machine only."""
        if self.own and self.context.address.startswith("127."):
            return [f"{self.context.address}:{port}"]
        return [str(port), *([f"[::]:{port}"] if os.path.exists("/proc/net/if_inet6") else [])]

    def rivals(self, claims: list[str]) -> list[rivals.Rival]:
        """Files of others by which the host's nginx answers for some of the claims; none where its configuration can't be read."""
        if self.own or not claims or not self.binary():
            return []
        code, printed = commands.run([self.binary(), "-T", "-q"], check=False)
        return [] if code else rivals.rivals(printed, claims)

    def test(self) -> str:
        """nginx's own words about its configuration; empty when it is well."""
        arguments = ["-p", self.home, "-e", self.errors] if self.own else []
        code, output = commands.run([self.binary() or "nginx", *arguments, "-t", "-q", "-c", self.main], check=False)
        return output.strip() if code else ""

    def write_tested(self, wish: files.Wish) -> None:
        """Write one file of its configuration; when nginx refuses it the old one is put back."""
        before = files.read(wish.path)
        files.write(wish)
        words = self.test()
        if words:
            if before is None:
                files.remove(wish.path)
            else:
                files.write(files.Wish(wish.path, before, wish.mode, wish.owner, wish.group))
            raise Failed(f"nginx refuses the configuration, the old one is still in force:\n{words}")

    def reload(self) -> None:
        """Take up the changed configuration without dropping a request."""
        words = self.test()
        if words:
            raise Failed(f"nginx refuses its configuration, the old one is still in force:\n{words}")
        if isinstance(self.manager, Supervisor):
            self.manager.signal("nginx", "HUP")
        else:
            commands.run(["systemctl", "reload", "nginx.service"])

    def log(self) -> str:
        """Its last errors."""
        return commands.tail((files.read(self.errors) or b"")[-8000:].decode(errors="replace"), 6)
