"""How one gateway is brought to what is wanted of it, and how it is taken away: by nginx, or by HAProxy."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.provision import manifest, nginx, routing
from ansible.module_utils.provision.balancer import Balancer
from ansible.module_utils.provision.context import Context
from ansible.module_utils.provision.door import Door
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.work import Work

ENGINES = ("nginx", "haproxy")


class Gateway(Door):
    """A gateway that nginx is."""

    kind, prefix = "gateway", "gateway_"

    def hosts(self) -> list[str]:
        return [route.host for route in self.routes]

    @property
    def routes(self) -> list[routing.Route]:
        """Its routes; none while something about it is not known yet."""
        if self.unknown:
            return []
        return routing.routes(self.spec["routes"], str(self.spec.get("domain") or ""), tuple(map(str, self.spec.get("drain") or ())))

    def text(self) -> tuple[str, str]:
        return nginx.text(self.tag, self.context.header, self.routes, self.listening())

    def content(self) -> None:
        if self.before is not None and self.before.about.get("engine", "nginx") != "nginx":
            old = Balancer(self.context, self.spec)
            old.take_away(self.before)
            self.work.acts += old.pieces.work.acts

    def _leftovers(self) -> bool:
        switched = self.before is not None and self.before.about.get("engine", "nginx") != "nginx"
        return True if switched else super()._leftovers()


def look(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that the gateway is as wanted."""
    spec = params["spec"]
    engine = str(spec.get("engine") or "nginx")
    if engine not in ENGINES:
        raise Failed(f"'{engine}' is no engine of a gateway on hosts: {' or '.join(ENGINES)}")
    if engine == "nginx" and spec.get("check"):
        raise Failed("nginx asks no backend by itself, it notes which requests fail: choose `engine: haproxy` for `backendCheck`")
    if engine == "nginx":
        return Gateway(context, spec).deliver()
    balancer = Balancer(context, spec)
    before = balancer.pieces.before
    if before is not None and before.about.get("engine", "nginx") == "nginx":
        old = Gateway(context, spec)
        old.take_away(before)
        balancer.first = old.work.acts
    return balancer.deliver()


def look_away(context: Context, params: dict[str, Any]) -> Work:
    """What has to be done so that nothing of the gateway is left."""
    before = manifest.load(context)
    if before is not None and before.about.get("engine", "nginx") == "haproxy":
        return Balancer(context, params["spec"]).remove()
    return Gateway(context, params["spec"]).remove()
