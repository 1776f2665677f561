"""Certificates of ACM as servers show them: what was imported as it is, and what AWS would have issued by the sandbox's authority."""

import ssl
from functools import lru_cache
from typing import Any

from moto.acm.exceptions import CertificateNotFound
from moto.acm.models import AWS_ROOT_CA, CertBundle, acm_backends
from moto.elbv2.models import ELBv2Backend, FakeListener

from provisioner.sandbox.servers.doors import Doors, context


class Served:
    """The certificates of one listener, looked up with each connection: another one, or a newer, needs no other door."""

    def __init__(self, doors: Doors, backend: ELBv2Backend, listener: FakeListener, address: str) -> None:
        self._doors, self._backend, self._listener = doors, backend, listener
        self._otherwise = doors.tls(address)
        self._issued = lru_cache(8)(doors.tls)
        self._imported = lru_cache(8)(context)

    def context(self) -> ssl.SSLContext:
        """The TLS of its door."""
        self._otherwise.sni_callback = self._choose
        return self._otherwise

    def _choose(self, connection: Any, name: str | None, _: Any) -> None:
        found = [bundle for arn in list(self._listener.certificates) if (bundle := self._bundle(arn))]
        fitting = [bundle for bundle in found if name and any(_fits(one, name) for one in _names(bundle))]
        for bundle in [*fitting, *found][:1]:
            connection.context = self._context(bundle)

    def _bundle(self, arn: str) -> CertBundle | None:
        try:
            return acm_backends[self._backend.account_id][self._backend.region_name].get_certificate(arn)
        except CertificateNotFound:
            return None

    def _context(self, bundle: CertBundle) -> ssl.SSLContext:
        if bundle.type == "IMPORTED":
            return self._imported(b"\n".join((bundle.cert, bundle.chain.replace(AWS_ROOT_CA, b""))).decode(), bundle.key.decode())
        return self._issued(*_names(bundle))


def _names(bundle: CertBundle) -> list[str]:
    return list(dict.fromkeys([str(bundle.common_name), *bundle.sans]))


def _fits(pattern: str, name: str) -> bool:
    return pattern.lower() == name.lower() or (pattern.startswith("*.") and name.lower().partition(".")[2] == pattern[2:].lower())
