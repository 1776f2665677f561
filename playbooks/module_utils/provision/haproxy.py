"""The text of a gateway's HAProxy configuration and of its unit. Values in, text out; looks at nothing on the host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.provision.nginx import stamped
from ansible.module_utils.provision.routing import STAMP, Route, judge, judge_paths

CONFIG = """global
    log stdout format raw local0 notice
    stats socket /run/{runtime}/admin.sock mode 600 level admin expose-fd listeners
    user haproxy
    group haproxy
    fd-hard-limit 20000
    ssl-default-bind-options ssl-min-ver TLSv1.2
    tune.ssl.default-dh-param 2048

defaults
    mode http
    log global
    option forwardfor
    option redispatch
    option http-keep-alive
    retries 2
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout http-request 30s
    timeout tunnel 1h
    default-server init-addr last,libc,none

frontend {tag}
{binds}{redirect}    http-request return status 200 content-type text/plain string ok hdr {stamp_name} {stamp} if {{ path {health} }}
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    http-request set-header X-Real-IP %[src]
    http-request set-header X-Forwarded-Proto {proto}
{uses}    default_backend {tag}_none

backend {tag}_none
    http-request return status 404 content-type text/plain string "no route"
{backends}"""
UNIT = """{header}
[Unit]
Description={name} of {app} (HAProxy)
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
RuntimeDirectory={runtime}
ExecStartPre=/usr/sbin/haproxy -c -q -f {config}
ExecStart=/usr/sbin/haproxy -Ws -f {config} -p /run/{runtime}/haproxy.pid
ExecReload=/usr/sbin/haproxy -c -q -f {config}
ExecReload=/bin/kill -USR2 $MAINPID
KillMode=mixed
Restart=on-failure
SuccessExitStatus=143

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Check:
    """How backends are asked whether they work; without a path only whether they take a connection."""

    path: str = ""
    seconds: int = 2
    fails: int = 2
    passes: int = 2

    @staticmethod
    def of(values: Mapping[str, Any]) -> Check:
        """From the application's `backendCheck`."""
        path = str(values.get("path") or "")
        if path:
            judge(path, r"/[^\s{};'\"\\$#]*", "path to ask backends by")
        return Check(path, int(values.get("seconds") or 2), int(values.get("fails") or 2), int(values.get("passes") or 2))


@dataclass(frozen=True)
class Front:
    """Where the gateway listens."""

    tag: str
    runtime: str
    """Name of its folder below /run."""
    port: int
    ipv6: bool = False
    health: str = "/healthz"
    certificate: str = ""
    """Folder with combined.pem; empty: plain HTTP."""
    redirect: int = 0
    """Port on which plain HTTP is answered with a redirect; 0: none."""

    def binds(self) -> str:
        """The directives."""
        tls = f" ssl crt {self.certificate}/combined.pem alpn h2,http/1.1" if self.certificate else ""
        return self._bind(self.port, tls) + (self._bind(self.redirect, "") if self.redirect else "")

    def _bind(self, port: int, tls: str) -> str:
        return f"    bind {':::' if self.ipv6 else '*:'}{port}{' v4v6' if self.ipv6 else ''}{tls}\n"

    def redirecting(self) -> str:
        """The rule by which plain HTTP goes to the other port."""
        if not self.redirect:
            return ""
        port = "" if self.port == 443 else f":{self.port}"
        return f"    http-request redirect location https://%[req.hdr(host),field(1,:)]{port}%[capture.req.uri] code 301 unless {{ ssl_fc }}\n"


def text(header: str, found: list[Route], front: Front, check: Check) -> tuple[str, str]:
    """The configuration of one gateway, and the stamp that its health answer carries."""
    judge_paths(found, front.health)
    return stamped(header, lambda stamp: _text(found, front, check, stamp))


def _text(found: list[Route], front: Front, check: Check, stamp: str) -> str:
    # a host that is named comes before every host, a whole name before a wildcard, a longer path before a shorter one
    numbered = sorted(enumerate(found), key=lambda each: (each[1].host == "", "*" in each[1].host, -len(each[1].path.rstrip("/")), each[0]))
    uses = "".join(f"    use_backend {front.tag}_{number}{_condition(route)}\n" for number, route in numbered)
    backends = "".join(_backend(f"{front.tag}_{number}", route, check) for number, route in enumerate(found))
    return CONFIG.format(runtime=front.runtime, tag=front.tag, binds=front.binds(), redirect=front.redirecting(), stamp_name=STAMP, stamp=stamp,
                         health=front.health, proto="https" if front.certificate else "http", uses=uses, backends=backends)


def _condition(route: Route) -> str:
    host = ""
    if route.host.startswith("*."):
        host = f"{{ req.hdr(host),field(1,:) -i -m end {route.host[1:]} }} "
    elif route.host:
        host = f"{{ req.hdr(host),field(1,:) -i -m str {route.host} }} "
    prefix = route.path.rstrip("/")
    if not prefix:
        return f" if {host}".rstrip() if host else ""
    return f" if {host}{{ path {prefix} }} or {host}{{ path_beg {prefix}/ }}"


def _backend(name: str, route: Route, check: Check) -> str:
    lines = [f"\nbackend {name}", "    balance roundrobin"]
    if check.path:
        lines += [f"    option httpchk GET {check.path}", "    http-check expect status 200-399"]
    prefix = route.path.rstrip("/")
    if route.rewrite and prefix:
        lines.append(f"    http-request set-path %[path,regsub(^{_escaped(prefix)}/?,/)]")
    if route.base:
        lines.append(f"    http-request set-path {route.base}%[path]")
    if route.named:
        lines.append(f"    http-request set-header Host {route.named}")
    tls = " ssl verify none" + (f" sni str({route.named.partition(':')[0]})" if route.named else "") if route.scheme == "https" else ""
    asked = f" check inter {check.seconds}s fall {check.fails} rise {check.passes}"
    for number, (server, weight) in enumerate(route.weighted()):
        share = " disabled" if weight == 0 else f" weight {weight}"
        lines.append(f"    server s{number} {server.replace('[', '').replace(']', '') if server.startswith('[') else server}{share}{asked}{tls}")
    return "\n".join(lines) + "\n"


def _escaped(prefix: str) -> str:
    """A path in a regular expression that stands unquoted in HAProxy's configuration."""
    return "".join(f"[{char}]" if char in ".+*?()|^" else char for char in prefix)


def unit(header: str, name: str, app: str, runtime: str, config: str) -> str:
    """The unit file: one HAProxy for each gateway, so the distribution's own is not touched."""
    return UNIT.format(header=header, name=name, app=app, runtime=runtime, config=config)
