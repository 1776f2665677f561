"""Host names of the simulated AWS: what each leads to. A name that a provider makes itself, and those in Route 53, are nowhere else."""

from dataclasses import dataclass

from moto.route53.models import route53_backends

from provisioner.sandbox.servers import sites
from provisioner.sandbox.servers.checks import here
from provisioner.sandbox.servers.doors import Doors

LINKS = 8
"""Names that lead to names."""


@dataclass(frozen=True)
class Led:
    """Where a name leads: to the website of a bucket, or to an address and port."""

    bucket: str = ""
    address: str = ""
    port: int = 0


class Names:
    """The names that one simulator owns."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def find(self, host: str, port: int) -> Led | None:
        """Where a host name (or an address of ours) and port lead; None: it is not ours."""
        name = host.lower().rstrip(".")
        for _ in range(LINKS):
            if found := sites.HOST.fullmatch(name):
                # a record of the site's own name leads to the region: S3 finds the bucket by the name that was asked for
                return Led(bucket=found["bucket"] or host.lower().rstrip("."))
            if there := self._doors.find(name, port):
                return Led(address=there[0], port=there[1])
            following = _records(name)
            if not following:
                return None
            name = following[0]
        return None

    def addresses(self, host: str) -> list[str]:
        """Those on this machine that a host name has, as DNS tells them."""
        names = [host.lower().rstrip(".")]
        for _ in range(LINKS):
            if not names or here(names[0]):
                return names
            names = [called] if (called := self._doors.called(names[0])) else _records(names[0])
        return []

    def shown(self) -> list[dict[str, str | int]]:
        """The websites, for people."""
        return [{"name": name, "kind": "website", "address": host, "port": 80, "state": "running"} for name, host in sites.websites()]


def _records(name: str) -> list[str]:
    """What Route 53 says of a name: another name, or addresses."""
    for partitions in list(route53_backends.values()):
        for backend in list(partitions.values()):
            for zone in list(backend.zones.values()):
                for record in zone.rrsets:
                    if record.name.rstrip(".").lower() == name and record.type in ("A", "CNAME"):
                        values = [record.alias_target["DNSName"]] if record.alias_target else list(record.records)
                        return [str(value).rstrip(".").lower() for value in values]
    return []
