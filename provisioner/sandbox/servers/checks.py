"""Health of the targets of load balancers: each is asked as its group says. Only what runs on this machine is, at an address of loopback.

An address of a simulated network may be that of a machine in the network around this one: nothing is sent there.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import urllib3
from moto.elbv2.models import FakeTargetGroup, elbv2_backends

from provisioner.sandbox.servers.passing import too_slow
from provisioner.sandbox.servers.rules import good

LOOK_SECONDS = 0.5
FAILURES = {
    "Elb.InitialHealthChecking": "Initial health checks in progress",
    "Target.NotInUse": "Target group is not configured to receive traffic from the load balancer",
    "Target.Timeout": "Request timed out",
    "Target.FailedHealthChecks": "Health checks failed",
}
Key = tuple[str, str, str]


@dataclass
class Health:
    """What is known of one target."""

    state: str = "initial"
    reason: str = "Elb.InitialHealthChecking"
    told: str = ""
    passed: int = 0
    failed: int = 0
    due: float = 0.0
    asking: bool = False


def here(address: str) -> bool:
    """Whether something at this address can be of the sandbox."""
    with suppress(ValueError):
        return ip_address(address).is_loopback
    return False


class Checks:
    """The checks of one simulator."""

    def __init__(self) -> None:
        self._found: dict[Key, Health] = {}
        self._lock = threading.Lock()
        self._askers = ThreadPoolExecutor(4, "checks")
        self._pool = urllib3.PoolManager(retries=False, cert_reqs="CERT_NONE")  # as on AWS: nobody verifies a target
        self._begun = False

    def begin(self) -> None:
        """Ask from now on."""
        with self._lock:
            if not self._begun:
                self._begun = True
                threading.Thread(target=self._watch, daemon=True).start()

    def of(self, group: FakeTargetGroup, target: dict[str, Any]) -> Health:
        """The health of a target that is an address."""
        if not group.load_balancer_arns:
            return Health("unused", "Target.NotInUse", FAILURES["Target.NotInUse"])
        if not here(target["Id"]):
            return Health("unhealthy", "Target.Timeout", FAILURES["Target.Timeout"])
        found = self._found.get(_key(group, target)) or Health()
        return Health(found.state, found.reason, found.told or FAILURES.get(found.reason, ""))

    def _watch(self) -> None:
        while True:
            groups = [group for regions in list(elbv2_backends.values()) for backend in list(regions.values())
                      for group in list(backend.target_groups.values()) if group.target_type == "ip" and group.load_balancer_arns]
            there = {_key(group, target): (group, target) for group in groups for target in list(group.targets.values()) if here(target["Id"])}
            now = time.monotonic()
            self._found = {key: self._found.get(key) or Health() for key in there}
            for key, (group, target) in there.items():
                health = self._found[key]
                if not health.asking and health.due <= now:
                    health.asking = True
                    self._askers.submit(self._ask, health, group, target)
            time.sleep(LOOK_SECONDS)

    def _ask(self, health: Health, group: FakeTargetGroup, target: dict[str, Any]) -> None:
        try:
            reason, told = self._answer(group, target)
            health.passed, health.failed = (0, health.failed + 1) if reason else (health.passed + 1, 0)
            # one good answer is enough for what is new
            if not reason and (health.state == "initial" or health.passed >= int(group.healthy_threshold_count)):
                health.state, health.reason, health.told = "healthy", "", ""
            elif reason and health.failed >= int(group.unhealthy_threshold_count):
                health.state, health.reason, health.told = "unhealthy", reason, told
        finally:
            health.due, health.asking = time.monotonic() + int(group.health_check_interval_seconds), False

    def _answer(self, group: FakeTargetGroup, target: dict[str, Any]) -> tuple[str, str]:
        """Why it is not healthy; empty where it is."""
        port = target["Port"] if group.health_check_port in (None, "traffic-port") else group.health_check_port
        url = f"{(group.health_check_protocol or 'HTTP').lower()}://{target['Id']}:{port}{group.health_check_path or '/'}"
        try:
            answer = self._pool.request("GET", url, headers={"User-Agent": "ELB-HealthChecker/2.0"}, redirect=False,
                                        timeout=int(group.health_check_timeout_seconds))
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            reason = "Target.Timeout" if too_slow(error) else "Target.FailedHealthChecks"
            return reason, FAILURES[reason]
        if good(str((group.matcher or {}).get("HttpCode", "200")), answer.status):
            return "", ""
        return "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{answer.status}]"


def _key(group: FakeTargetGroup, target: dict[str, Any]) -> Key:
    return group.arn, target["Id"], str(target["Port"])
