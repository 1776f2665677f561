"""Asking a web server by its health path whether it serves a configuration. Changes nothing."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.probes import HEALTHY
from ansible.module_utils.provision.routing import STAMP

SECONDS = 30
"""How long a running server may take to answer with the new configuration."""
ONE_ASK = 10


@dataclass(frozen=True)
class Question:
    """Where to ask, and in which name."""

    address: str
    port: int
    path: str
    name: str
    tls: bool = False

    @property
    def words(self) -> str:
        """The request in words."""
        return f"GET {self.path} on port {self.port}"

    def ask(self) -> tuple[int, str]:
        """Status of the answer and the stamp in it; 0 and the reason when there is none."""
        connection = http.client.HTTPConnection(self.address, self.port, timeout=ONE_ASK)
        try:
            if self.tls:
                connection.sock = self._tls()
            connection.request("GET", self.path, headers={"Host": self.name})
            response = connection.getresponse()
            response.read()
            return response.status, response.headers.get(STAMP, "")
        except (OSError, http.client.HTTPException) as error:
            return 0, str(getattr(error, "strerror", None) or error or type(error).__name__).lower()
        finally:
            connection.close()

    def _tls(self) -> ssl.SSLSocket:
        # it is asked whether it answers, not who it is: the name is that of the certificate, the address is this host
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(socket.create_connection((self.address, self.port), ONE_ASK), server_hostname=self.name)

    def health(self) -> str:
        """ "healthy", or why not."""
        status, words = self.ask()
        return HEALTHY if status == 200 else f"{self.words}: {f'answered {status}' if status else words}"

    def judge(self, stamp: str, server: str, log: Callable[[], str]) -> None:
        """Wait until it answers with the stamp (any, when it is empty). Raises Failed with the server's last errors."""
        end = time.monotonic() + SECONDS
        status, found = self.ask()
        while time.monotonic() < end and not (status == 200 and stamp in ("", found)):
            time.sleep(0.1)
            status, found = self.ask()
        if status != 200 or stamp not in ("", found):
            seen = f"answered {status}, not with the new configuration" if status else found
            raise Failed(f"{server} has not taken up the configuration: {self.words}: {seen}\nits last errors:\n{log()}")
