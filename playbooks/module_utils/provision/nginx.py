"""The text of a gateway's nginx configuration. Values in, text out; looks at nothing on the host."""

from __future__ import annotations

import hashlib
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.provision.failures import Failed

STAMP = "X-Provision-Config"
"""Header of the health answer: says which configuration the running nginx has."""

SERVER = """
server {{
{listen}
    server_name {names};
    client_max_body_size 100m;
    proxy_http_version 1.1;
    proxy_connect_timeout 5s;
    proxy_read_timeout 60s;
    proxy_send_timeout 60s;
    proxy_next_upstream error timeout;
{headers}    location = {health} {{
        access_log off;
        default_type text/plain;
        add_header {stamp_name} {stamp} always;
        return 200 "ok\\n";
    }}
{locations}}}
"""
HEADERS = """{indent}proxy_set_header Host {host};
{indent}proxy_set_header X-Real-IP $remote_addr;
{indent}proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
{indent}proxy_set_header X-Forwarded-Proto $scheme;
{indent}proxy_set_header X-Forwarded-Host $http_host;
{indent}proxy_set_header Upgrade $http_upgrade;
{indent}proxy_set_header Connection $connection_{tag};
"""
MAIN = """# Written by provision for the gateways below this folder; changes by hand are undone.
{user}worker_processes 1;
pid {home}/nginx.pid;
error_log {home}/error.log;
daemon off;
events {{
    worker_connections 1024;
}}
http {{
    default_type application/octet-stream;
    access_log {home}/access.log;
    client_body_temp_path {home}/temp/body;
    proxy_temp_path {home}/temp/proxy;
    fastcgi_temp_path {home}/temp/fastcgi;
    uwsgi_temp_path {home}/temp/uwsgi;
    scgi_temp_path {home}/temp/scgi;
    server_names_hash_bucket_size 128;
    include {home}/conf.d/*.conf;
}}
"""


@dataclass(frozen=True)
class Route:
    """One route: requests for a host and below a path go to these servers."""

    host: str
    path: str
    servers: tuple[str, ...]
    scheme: str = "http"
    base: str = ""
    """Path of a backend that is a URL."""
    named: str = ""
    """Host header for a backend that is a URL; empty: as the client sent it."""
    rewrite: bool = False


def routes(items: list[Mapping[str, Any]], domain: str) -> list[Route]:
    """The routes as the application gives them. Raises Failed for what can't be a backend, a host or a path."""
    found = []
    for item in items:
        path, host = str(item.get("path") or "/"), str(item.get("host") or domain or "")
        _judge(path, r"/[^\s{};'\"\\$]*", "path")
        _judge(host, r"[A-Za-z0-9.*_-]*", "host name")
        found.append(_route(item, host, path))
    return found


def _judge(value: str, pattern: str, what: str) -> None:
    if not re.fullmatch(pattern, value):
        raise Failed(f"'{value}' can't be the {what} of a route")


def _route(item: Mapping[str, Any], host: str, path: str) -> Route:
    port, rewrite = int(item.get("port") or 80), bool(item.get("rewrite"))
    backends = [item["backends"]] if isinstance(item["backends"], str) else [str(one) for one in item["backends"]]
    if not backends:
        raise Failed(f"the route {host}{path} has no backends")
    if len(backends) == 1 and "://" in backends[0]:
        where = urllib.parse.urlsplit(backends[0])
        if where.scheme not in ("http", "https") or not where.hostname:
            raise Failed(f"'{backends[0]}' can't be a backend: http and https URLs only")
        server = _server(where.netloc.rpartition("@")[2], 443 if where.scheme == "https" else 80)
        return Route(host, path, (server,), where.scheme, where.path.rstrip("/"), where.netloc.rpartition("@")[2], rewrite)
    servers = tuple(_server(urllib.parse.urlsplit(one).netloc if "://" in one else one, port) for one in backends)
    return Route(host, path, servers, "https" if backends[0].startswith("https://") else "http", rewrite=rewrite)


def _server(address: str, port: int) -> str:
    """HOST:PORT; the port is added where there is none."""
    if address.count(":") > 1 and not address.startswith("["):
        address = f"[{address}]"
    _judge(address, r"(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?", "backend")
    return address if re.search(r"\]:\d+$|^[^\[\]:]+:\d+$", address) else f"{address}:{port}"


def text(tag: str, header: str, found: list[Route], listen: list[str], health: str) -> tuple[str, str]:
    """The configuration of one gateway, and the stamp that its health answer carries."""
    _judge(health, r"/[^\s{};'\"\\$]*", "health path")
    body = _text(tag, found, listen, health, "STAMP")
    stamp = hashlib.sha256(body.encode()).hexdigest()[:12]
    return f"{header}\n{_text(tag, found, listen, health, stamp)}", stamp


def _text(tag: str, found: list[Route], listen: list[str], health: str, stamp: str) -> str:
    parts = [f"map $http_upgrade $connection_{tag} {{\n    default upgrade;\n    '' '';\n}}\n"]
    parts += [_upstream(f"{tag}_{number}", route) for number, route in enumerate(found)]
    for host in dict.fromkeys(route.host for route in found):
        here = [(number, route) for number, route in enumerate(found) if route.host == host]
        seen = [route.path.rstrip("/") for _, route in here]
        twice = next((path for path in seen if seen.count(path) > 1), None)
        if twice is not None:
            raise Failed(f"two routes for {host or 'every host'} have the path {twice or '/'}")
        locations = "".join(_locations(tag, number, route, health) for number, route in here)
        # a regular expression, not default_server: a site of others that is the default stays it, and we are asked first
        parts.append(SERVER.format(listen="\n".join(f"    listen {item};" for item in listen), names=host or '"" "~."', health=health,
                                   stamp_name=STAMP, stamp=stamp, locations=locations,
                                   headers=HEADERS.format(indent="    ", host="$http_host", tag=tag)))
    return "".join(parts)


def _upstream(name: str, route: Route) -> str:
    servers = "".join(f"    server {server} max_fails=1 fail_timeout=5s;\n" for server in route.servers)
    return f"upstream {name} {{\n{servers}    keepalive 32;\n}}\n"


def _locations(tag: str, number: int, route: Route, health: str) -> str:
    upstream = f"{route.scheme}://{tag}_{number}"
    prefix = route.path.rstrip("/")
    if prefix == health.rstrip("/"):
        raise Failed(f"the path {route.path} is the one by which the gateway's own health is asked; choose another `healthPath`")
    extra = "        proxy_ssl_server_name on;\n" + f"        proxy_ssl_name {route.named.partition(':')[0]};\n" if route.scheme == "https" else ""
    # one header of its own takes a location out of the server's: then it needs them all
    extra += HEADERS.format(indent="        ", host=route.named, tag=tag) if route.named else ""
    # "/api" is /api itself and all below /api/, never /apis
    matches = [("/", "/")] if not prefix else [(f"= {prefix}", "" if not route.rewrite else "/"), (f"{prefix}/", "/")]
    result = ""
    for match, end in matches:
        if route.rewrite:
            target = f"{upstream}{route.base}/"
        elif route.base:
            target = f"{upstream}{route.base}{prefix}{end}"
        else:
            target = upstream
        result += f"    location {match} {{\n        proxy_pass {target};\n{extra}    }}\n"
    return result


def main_text(home: str, root: bool) -> str:
    """The main file of an nginx that is all ours."""
    # as root in a sandbox: its workers have to reach folders that only root may enter
    return MAIN.format(home=home, user="user root root;\n" if root else "")
