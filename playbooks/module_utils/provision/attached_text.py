"""The texts that traits put on hosts: logrotate, journald, rules and targets of Prometheus. Values in, text out."""

from __future__ import annotations

import json
from typing import Any

ROTATION = """{header}
{paths} {{
    {every}
    rotate {keep}
{size}    missingok
    notifempty
    copytruncate
{compress}}}
"""


def rotation(header: str, spec: dict[str, Any]) -> str:
    """A file of logrotate. The files are copied and emptied: whoever writes to them need not be told."""
    paths = "\n".join(f'"{path}"' for path in spec["paths"])
    size = f"    maxsize {spec['size']}\n" if spec.get("size") else ""
    compress = "    compress\n    delaycompress\n" if spec.get("compress") else ""
    return ROTATION.format(header=header, paths=paths, every=spec["every"], keep=spec["keep"], size=size, compress=compress)


def journal(header: str, limits: dict[str, Any]) -> str:
    """A drop-in of journald, empty without limits. They are the host's: the journal is one for all that runs there."""
    lines = [f"{name}={limits[key]}" for key, name in (("maxUse", "SystemMaxUse"), ("keep", "MaxRetentionSec")) if limits.get(key)]
    return "\n".join([header, "[Journal]", *lines, ""]) if lines else ""


def targets(spec: dict[str, Any], app: str, address: str) -> str:
    """What Prometheus shall ask, in the form of its file_sd_configs."""
    found = [_target(f"{address}:{spec['port']}", spec, app, "/metrics")] if spec.get("exporter") == "node" else []
    if spec.get("metrics_port"):
        found.append(_target(f"{address}:{spec['metrics_port']}", spec, app, str(spec["metrics_path"])))
    return json.dumps(found, indent=2) + "\n"


def _target(place: str, spec: dict[str, Any], app: str, path: str) -> dict[str, Any]:
    return {"targets": [place], "labels": {"__metrics_path__": path, "application": app, "component": spec["of"]}}


def alerts(spec: dict[str, Any], app: str) -> str:
    """Alerting rules of Prometheus; JSON is YAML, too."""
    mine = f'application="{app}", component="{spec["of"]}"'
    rules: list[dict[str, Any]] = [_rule("Down", f"up{{{mine}}} == 0", "5m", "critical", f"{spec['of']} of {app} does not answer")]
    if spec.get("exporter") == "node":
        free = f"node_filesystem_avail_bytes{{{mine}}} / node_filesystem_size_bytes{{{mine}}} < 0.1"
        rules.append(_rule("DiskNearlyFull", free, "15m", "warning", f"a disk of {spec['of']} of {app} is nearly full"))
    rules += [_rule(one["name"], one["expr"], one.get("for", "5m"), one.get("severity", "warning"), one.get("summary", one["name"]))
              for one in spec.get("alerts") or ()]
    return json.dumps({"groups": [{"name": f"{app}-{spec['of']}", "rules": rules}]}, indent=2) + "\n"


def _rule(name: str, expression: str, duration: str, severity: str, summary: str) -> dict[str, Any]:
    return {"alert": name, "expr": expression, "for": duration, "labels": {"severity": severity}, "annotations": {"summary": summary}}
