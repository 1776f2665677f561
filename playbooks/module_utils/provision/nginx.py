"""The text of nginx configurations: gateways and folders of files. Values in, text out; looks at nothing on the host."""

from __future__ import annotations

import glob
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.routing import STAMP, Route, judge, judge_paths

SERVER = """
server {{
{listen}
    server_name {names};
    server_tokens off;
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
REDIRECT = """
server {{
{listen}
    server_name {names};
    server_tokens off;
    return 301 https://$host{port}$request_uri;
}}
"""
PAGES = """
server {{
{listen}
    server_name {names};
    server_tokens off;
    root "{root}";
    index {index};
    # a release is a link that moves: never answer from the one of before
    disable_symlinks off;
    etag on;
{headers}    location = {health} {{
        access_log off;
        default_type text/plain;
        add_header {stamp_name} {stamp} always;
        return 200 "ok\\n";
    }}
    location / {{
        try_files $uri $uri/ {fallback};
    }}
{error}}}
"""
MAIN = """# Written by provision for the gateways below this folder; changes by hand are undone.
{user}worker_processes 1;
pid nginx.pid;
error_log error.log;
daemon off;
events {{
    worker_connections 1024;
}}
http {{
    default_type application/octet-stream;
    access_log access.log;
    client_body_temp_path temp/body;
    proxy_temp_path temp/proxy;
    fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi;
    scgi_temp_path temp/scgi;
    server_names_hash_bucket_size 128;
    include "{home}/conf.d/*.conf";
}}
"""


@dataclass(frozen=True)
class Listening:
    """Where a server listens, and how."""

    listen: tuple[str, ...]
    """Arguments of `listen`."""
    health: str = "/healthz"
    certificate: str = ""
    """Folder with fullchain.pem and privkey.pem; empty: plain HTTP."""
    redirect: tuple[str, ...] = ()
    """Arguments of `listen` where plain HTTP is answered with a redirect."""
    port: int = 80

    def lines(self) -> str:
        """The directives."""
        folder = quoted(self.certificate)
        tls = f'    ssl_certificate "{folder}/fullchain.pem";\n    ssl_certificate_key "{folder}/privkey.pem";\n' \
              "    ssl_protocols TLSv1.2 TLSv1.3;\n    ssl_session_cache shared:provision:5m;\n" if self.certificate else ""
        return "\n".join(f"    listen {item}{' ssl' if self.certificate else ''};" for item in self.listen) + ("\n" + tls.rstrip("\n") if tls else "")

    def redirecting(self, names: str) -> str:
        """A server that sends plain HTTP to the other port; empty when none is wanted."""
        if not self.redirect:
            return ""
        port = "" if self.port == 443 else f":{self.port}"
        return REDIRECT.format(listen="\n".join(f"    listen {item};" for item in self.redirect), names=names, port=port)


@dataclass(frozen=True)
class Pages:
    """Files that are served."""

    root: str
    host: str = ""
    index: str = "index.html"
    error: str = ""
    """File for what is not there, with 404."""
    fallback: str = ""
    """File for what is not there, with 200."""
    headers: Mapping[str, str] = field(default_factory=dict)
    cache: int = 0
    """Seconds; 0: browsers ask again each time."""


def pages_text(header: str, pages: Pages, listening: Listening) -> tuple[str, str]:
    """The configuration of a folder of files, and the stamp that its health answer carries."""
    judge(listening.health, r"/[^\s{};'\"\\$#]*", "health path")
    judge(pages.host, r"[A-Za-z0-9.*_-]*", "host name")
    for name in filter(None, (pages.index, pages.error, pages.fallback)):
        judge(name, r"[A-Za-z0-9._/-]+", "file name")
    caching = f"max-age={pages.cache}" if pages.cache else "no-cache"
    headers = "".join(_header(name, value) for name, value in sorted({"Cache-Control": caching, **pages.headers}.items()))
    error = f"    error_page 404 /{pages.error};\n" if pages.error else ""
    return stamped(header, lambda stamp: PAGES.format(
        listen=listening.lines(), names=names_of(pages.host), root=quoted(pages.root), index=pages.index, health=listening.health, stamp_name=STAMP,
        stamp=stamp, headers=headers, fallback=f"/{pages.fallback}" if pages.fallback else "=404", error=error,
    ) + listening.redirecting(names_of(pages.host)))


def _header(name: str, value: str) -> str:
    judge(name, r"[A-Za-z0-9-]+", "name of a header")
    if re.search(r"[\r\n\0]", value):
        raise Failed(f"the header {name} has more than one line")
    # a dollar would be a variable of nginx, which has no way to write one
    if "$" in value:
        raise Failed(f"the header {name} has a $ in it, which nginx can't send")
    return f'    add_header {name} "{quoted(value)}" always;\n'


def quoted(value: str) -> str:
    """A value as it stands between double quotes."""
    return value.replace("\\", "\\\\").replace('"', '\\"')


def text(tag: str, header: str, found: list[Route], listening: Listening) -> tuple[str, str]:
    """The configuration of one gateway, and the stamp that its health answer carries."""
    judge_paths(found, listening.health)
    return stamped(header, lambda stamp: _text(tag, found, listening, stamp))


def stamped(header: str, body: Callable[[str], str]) -> tuple[str, str]:
    """A text that holds a digest of itself, and that digest."""
    stamp = hashlib.sha256(body("STAMP").encode()).hexdigest()[:12]
    return f"{header}\n{body(stamp)}", stamp


def names_of(host: str) -> str:
    """What `server_name` says; for every host a regular expression: a site of others that is the default stays it, and we are asked first."""
    return host or '"" "~."'


def _text(tag: str, found: list[Route], listening: Listening, stamp: str) -> str:
    parts = [f"map $http_upgrade $connection_{tag} {{\n    default upgrade;\n    '' '';\n}}\n"]
    parts += [_upstream(f"{tag}_{number}", route) for number, route in enumerate(found)]
    for host in dict.fromkeys(route.host for route in found):
        here = [(number, route) for number, route in enumerate(found) if route.host == host]
        locations = "".join(_locations(tag, number, route) for number, route in here)
        parts.append(SERVER.format(listen=listening.lines(), names=names_of(host), health=listening.health, stamp_name=STAMP, stamp=stamp,
                                   locations=locations, headers=HEADERS.format(indent="    ", host="$http_host", tag=tag)))
        parts.append(listening.redirecting(names_of(host)))
    return "".join(parts)


def _upstream(name: str, route: Route) -> str:
    servers = "".join(f"    server {server}{_share(weight)};\n" for server, weight in route.weighted())
    return f"upstream {name} {{\n{servers}    keepalive 32;\n}}\n"


def _share(weight: int) -> str:
    # a server that is down gets no new request; the workers of before the reload end those that they have
    return " down" if weight == 0 else f"{f' weight={weight}' if weight > 1 else ''} max_fails=1 fail_timeout=2s"


def _locations(tag: str, number: int, route: Route) -> str:
    upstream = f"{route.scheme}://{tag}_{number}"
    prefix = route.path.rstrip("/")
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
    """The main file of an nginx that is all ours. Its names are relative to `home`, its prefix: a blank or a $ in that would mean something."""
    # as root in a sandbox: its workers have to reach folders that only root may enter
    return MAIN.format(home=quoted(glob.escape(home)), user="user root root;\n" if root else "")
