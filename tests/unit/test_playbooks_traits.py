"""The texts that traits put on hosts: logrotate, journald, rules and targets of Prometheus."""

import json
from typing import Any

import pytest

import tests.unit.playbooks  # noqa: F401, the path of what follows

from ansible.module_utils.provision import attached_text as text  # isort: skip

MONITORED: dict[str, Any] = {"of": "api", "exporter": "node", "port": 9100, "metrics_port": 8080, "metrics_path": "/m",
                             "alerts": [{"name": "Slow", "expr": "x > 1", "for": "1m", "severity": "critical", "summary": "slow"}]}


@pytest.mark.parametrize(("spec", "lines"), [
    ({"paths": ["/a b/*.log", "/c"], "every": "daily", "keep": 3, "size": "1M", "compress": True},
     ['"/a b/*.log"', '"/c" {', "daily", "rotate 3", "maxsize 1M", "missingok", "notifempty", "copytruncate", "compress", "delaycompress", "}"]),
    ({"paths": ["/c"], "every": "weekly", "keep": 0, "size": "", "compress": False},
     ['"/c" {', "weekly", "rotate 0", "missingok", "notifempty", "copytruncate", "}"]),
])
def test_rotation(spec: dict[str, Any], lines: list[str]) -> None:
    assert [line.strip() for line in text.rotation("# head", spec).splitlines()] == ["# head", *lines]


@pytest.mark.parametrize(("limits", "expected"), [
    ({}, ""), ({"maxUse": "50M"}, "# head\n[Journal]\nSystemMaxUse=50M\n"),
    ({"maxUse": "50M", "keep": "14day"}, "# head\n[Journal]\nSystemMaxUse=50M\nMaxRetentionSec=14day\n"),
])
def test_journal(limits: dict[str, Any], expected: str) -> None:
    assert text.journal("# head", limits) == expected


def test_targets() -> None:
    found = json.loads(text.targets(MONITORED, "shop", "192.0.2.1"))
    assert found == [
        {"targets": ["192.0.2.1:9100"], "labels": {"__metrics_path__": "/metrics", "application": "shop", "component": "api"}},
        {"targets": ["192.0.2.1:8080"], "labels": {"__metrics_path__": "/m", "application": "shop", "component": "api"}}]
    assert json.loads(text.targets({**MONITORED, "exporter": "none", "metrics_port": 0}, "shop", "192.0.2.1")) == []


def test_alerts() -> None:
    (group,) = json.loads(text.alerts(MONITORED, "shop"))["groups"]
    assert [(rule["alert"], rule["for"], rule["labels"]["severity"]) for rule in group["rules"]] == [
        ("Down", "5m", "critical"), ("DiskNearlyFull", "15m", "warning"), ("Slow", "1m", "critical")]
    assert group["rules"][0]["expr"] == 'up{application="shop", component="api"} == 0'
    (group,) = json.loads(text.alerts({**MONITORED, "exporter": "none", "alerts": []}, "shop"))["groups"]
    assert [rule["alert"] for rule in group["rules"]] == ["Down"]
