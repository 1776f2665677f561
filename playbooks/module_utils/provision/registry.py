"""Asking a registry which image has a name now, without fetching it. Knows anonymous access, logins and bearer tokens."""

from __future__ import annotations

import glob
import json
import re
import urllib.error
import urllib.parse
import urllib.request

from ansible.module_utils.provision import files
from ansible.module_utils.provision.failures import Failed

KINDS = ", ".join((
    "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.distribution.manifest.v2+json"))
SECONDS = 30
HUB = ("docker.io", "registry-1.docker.io")
HUB_ENTRY = "https://index.docker.io/v1/"
"""How Docker calls its hub in an auth.json."""


def digest(name: str, login: str, seconds: float = SECONDS) -> str:
    """The digest (`sha256:…`) that a name (with its registry) has now. `login`: content of an auth.json, or empty. Raises Failed."""
    host, _, rest = name.partition("/")
    path, tag = (rest.rpartition(":")[0], rest.rpartition(":")[2]) if ":" in rest.rpartition("/")[2] else (rest, "latest")
    scheme = "http" if host in insecure(_configuration()) else "https"
    url = f"{scheme}://{HUB[1] if host == HUB[0] else host}/v2/{path}/manifests/{tag}"
    basic = basic_of(login, f"{host}/{path}")
    try:
        return _ask(url, basic, seconds)
    except urllib.error.HTTPError as error:
        challenge = error.headers.get("WWW-Authenticate") or ""
        if error.code != 401 or not challenge.lower().startswith("bearer"):
            raise Failed(f"the registry {host} does not say what {name} is: {error.code} {error.reason}") from None
        return _with_token(url, challenge, basic, name, seconds)
    except (OSError, ValueError) as error:
        raise Failed(f"the registry {host} does not answer: {error}") from None


def _with_token(url: str, challenge: str, basic: str, name: str, seconds: float) -> str:
    said = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    query = urllib.parse.urlencode({key: said[key] for key in ("service", "scope") if key in said})
    try:
        request = urllib.request.Request(f"{said.get('realm', '')}?{query}", headers={"Authorization": basic} if basic else {})
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            values = json.load(answer)
        return _ask(url, f"Bearer {values.get('token') or values.get('access_token')}", seconds)
    except (OSError, ValueError) as error:
        raise Failed(f"the registry does not say what {name} is: {error}") from None


def _ask(url: str, authorization: str, seconds: float) -> str:
    request = urllib.request.Request(url, method="HEAD", headers={"Accept": KINDS, **({"Authorization": authorization} if authorization else {})})
    with urllib.request.urlopen(request, timeout=seconds) as answer:
        found = str(answer.headers.get("Docker-Content-Digest") or "")
    if not found:
        raise ValueError("it gives no digest")
    return found


def basic_of(login: str, name: str) -> str:
    """The header that an auth.json has for an image (its name with the registry, without tag): the longest path counts. Raises Failed."""
    if not login:
        return ""
    parts = name.split("/")
    entries = ["/".join(parts[:length]) for length in range(len(parts), 0, -1)] + ([HUB_ENTRY] if parts[0] == HUB[0] else [])
    try:
        known = json.loads(login)["auths"]
        return next((f"Basic {known[entry]['auth']}" for entry in entries if entry in known), "")
    except (ValueError, KeyError, TypeError):
        raise Failed("imageLogin is no auth.json: {\"auths\": {\"REGISTRY\": {\"auth\": \"…\"}}}; podman login --authfile FILE writes one") from None


def insecure(texts: list[str]) -> set[str]:
    """The registries that a host's registries.conf calls insecure: reached without TLS."""
    found = set()
    for text in texts:
        for table in text.split("[[registry]]")[1:]:
            location = re.search(r'^\s*(?:location|prefix)\s*=\s*"([^"]+)"', table, re.M)
            if location and re.search(r"^\s*insecure\s*=\s*true\b", table, re.M):
                found.add(location[1].partition("/")[0])
    return found


def _configuration() -> list[str]:
    paths = ["/etc/containers/registries.conf", *sorted(glob.glob("/etc/containers/registries.conf.d/*.conf"))]
    return [(files.read(path) or b"").decode(errors="replace") for path in paths]
