"""Each protocol that a built-in type provides has a client in tests/clients."""

from pathlib import Path

import yaml

from tests import clients

COMPONENTS = Path(__file__).parents[2] / "components"


def test_each_protocol_has_a_client() -> None:
    found = {path.stem: yaml.safe_load(path.read_text())["spec"].get("provides", "") for path in sorted(COMPONENTS.glob("*.yaml"))}
    assert {name: protocol for name, protocol in found.items() if protocol and protocol not in {*clients.CLIENTS, "nfs"}} == {}
    assert {"postgresql", "mysql", "redis", "amqp", "sqs", "sns", "dynamodb", "s3", "lambda", "nfs", "http"} <= set(found.values())
