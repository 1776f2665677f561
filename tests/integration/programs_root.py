"""The root of tests/integration/test_modules_programs.py: every module of programs, doors, names and secrets in one application."""

from pathlib import Path
from typing import Any

FIRST = "docker.io/library/nginx:1.27"
ZONE = "${aws_route53_zone.this.zone_id}"


def blocks(files: dict[str, str], given: tuple[str, str]) -> dict[str, dict[str, Any]]:
    """Module blocks by name; `files` are those of the site, `given` a certificate and its key (PEM)."""
    network = {"vpc_id": "${module.net.id}", "subnet_ids": "${module.net.private_subnet_ids}"}
    return {
        "net": {"module": "network", "nat": True},
        "pin": {"module": "secret", "value": "${var.pin}"},
        "keys": {"module": "secret", "values": {"first": "${var.pin}", "second": "two"}, "recovery_days": 7},
        "tls": {"module": "certificate", "domain": "pay.example", "alternative_names": ["*.pay.example", "www.pay.example"], "zone": ZONE},
        "old": {"module": "certificate", "domain": "old.example", "given": True, "certificate": given[0], "private_key": given[1]},
        "name": {"module": "dns-record", "record": "pay.example", "values": ["${module.door.host}"], "default_zone": ZONE},
        "texts": {"module": "dns-record", "record": "_v.pay.example", "type": "TXT", "values": ["v" * 300, "short"], "zone": ZONE, "ttl": 60},
        "site": {"module": "static-site", "files": files, "error_page": "404.html"},
        "door": {"module": "load-balancer", "domain": "pay.example", "port": 443, "redirect_from": 80, "certificate": "${module.tls.arn}",
                 "vpc_id": "${module.net.id}", "subnet_ids": "${module.net.public_subnet_ids}", "routes": [
                     {"path": "/", "backends": [], "port": 80, "probe": {"httpGet": {"path": "/healthz", "port": 80}}},
                     {"path": "/machines", "backends": ["10.0.128.11", "10.0.144.11"], "port": 8080},
                     {"path": "/parts", "backends": [{"to": ["10.0.128.12"], "weight": 90}, {"to": ["10.0.128.13"], "weight": 10}], "port": 8080},
                     {"host": "admin.pay.example", "path": "/", "backends": ["10.0.128.11"], "port": 9000}]},
        "inner": {"module": "load-balancer", "public": False, "port": 8080, "routes": [{"path": "/", "backends": ["172.31.0.10"]}],
                  "depends_on": ["module.net"]},
        "api": {"module": "service", "image": FIRST, "replicas": 2, "cpu": "500m", "memory": "1500Mi", "env": {"MODE": "live", "COUNT": 3},
                "secret_env": {"PIN": "${var.pin}", "URL": "postgresql://app:${var.pin}@db:5432/app"}, "ports": [{"port": 80, "expose": True}],
                "mounts": {"pvc": [{"name": "uploads", "mountPath": "/data", "claimName": "uploads"}],
                           "emptyDir": [{"name": "tmp", "mountPath": "/tmp"}]},
                "readiness": {"httpGet": {"path": "/healthz", "port": 80}, "initialDelaySeconds": 5},
                "liveness": {"exec": {"command": ["true"]}, "periodSeconds": 20}, "labels": {"team": "pay"},
                "attachments": ["${module.door.attachments[0][0]}"], **network},
        "mail": {"module": "service", "image": FIRST, "command": ["bin/mail"], "arguments": ["--loop"], "env": [{"name": "A", "value": "b"}],
                 "depends_on": ["module.net"]},
        "crowd": {"module": "vm-group", "scaling": {"min": 2, "max": 4}, "subnet_ids": "${module.net.private_subnet_ids}",
                  "security_group_ids": ["${module.net.security_group_id}"], "user_data": "#!/bin/sh\n"},
        "migrate": {"module": "task", "image": FIRST, "command": ["bin/migrate"], "restart": "OnFailure", **network},
        "report": {"module": "task", "image": FIRST, "schedule": "*/15 2 * * 1-5", "time_zone": "Europe/Zurich", "copies": 2,
                   "secret_env": [{"name": "PIN", "value": "${var.pin}"}], "cluster": "given", **network},
    }


def more() -> dict[str, Any]:
    """What the root has besides modules: a hosted zone and a cluster that the environment would give, and a secret."""
    return {"resource": {"aws_route53_zone": {"this": {"name": "pay.example"}}, "aws_ecs_cluster": {"given": {"name": "given"}}},
            "variable": {"pin": {"type": "string", "sensitive": True, "default": "4711-canary"}}}


def site(folder: Path) -> dict[str, str]:
    """A small site in a folder: name to path."""
    contents = {"index.html": "<h1>Hello</h1>", "404.html": "nothing", "css/site.css": "h1 { color: red }", "data": "bytes"}
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return {name: str(folder / name) for name in contents}
