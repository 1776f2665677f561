"""Secrets in AWS Secrets Manager, on the simulator: reached as its target is, whatever stands in the operator's environment."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner import aws
from provisioner.api.sites import Sites
from provisioner.errors import Missing, ProvisionError
from provisioner.model import Secret, Target
from provisioner.sandbox import simulator
from provisioner.sandbox.environment import environment
from provisioner.secrets import MissingSecret, Secrets, SecretsError

CANARY = "canary-7731-zebra"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, simulator.Simulator]]:
    folder = tmp_path_factory.mktemp("shop")
    yield folder, simulator.start(folder)
    simulator.stop(folder)


@pytest.fixture
def sites(cloud: tuple[Path, simulator.Simulator]) -> Sites:
    folder, running = cloud
    found = Sites("shop", environment(folder, running.endpoint), folder, 1)
    found.simulate(running)
    return found


@pytest.fixture
def manager(sites: Sites) -> Any:
    return sites.aws_client("secretsmanager", "aws")


@pytest.fixture
def secrets(cloud: tuple[Path, simulator.Simulator], sites: Sites) -> Secrets:
    folder, running = cloud
    place = environment(folder, running.endpoint)
    place.secrets.update(backend="aws", target="aws")
    return Secrets(folder / ".provision", place, "shop", sites.aws_client)


def test_values_are_kept_under_the_environments_prefix(secrets: Secrets, manager: Any) -> None:
    secrets.set("payments/pin", CANARY)
    secrets.set("payments/pin", "second-" + CANARY)
    assert manager.get_secret_value(SecretId="provision/sandbox/payments/pin")["SecretString"] == "second-" + CANARY
    assert secrets.reveal("${secret.payments/pin}") == "second-" + CANARY and secrets.check(["payments/pin"]) == []
    assert "payments/pin" in secrets.list()
    secrets.forget("payments/pin")
    secrets.forget("payments/pin")
    with pytest.raises(MissingSecret) as caught:
        secrets.reveal("${secret.payments/pin}")
    assert "create-secret --name provision/sandbox/payments/pin" in caught.value.hint


def test_a_secret_that_the_cloud_made_may_change_its_shape(secrets: Secrets, manager: Any) -> None:
    arn = manager.create_secret(Name="rds-db", SecretString=json.dumps({"username": "app", "password": CANARY, "port": 5432}))["ARN"]
    reference, port, whole = f"${{secret.aws:aws/{arn}#password}}", f"${{secret.aws:aws/{arn}#port}}", f"${{secret.aws:aws/{arn}}}"
    assert secrets.reveal([reference, port]) == [CANARY, 5432] and secrets.redact(f"is {CANARY}") == "is (secret)"
    manager.put_secret_value(SecretId=arn, SecretString=json.dumps({"username": "app", "password": "rotated-" + CANARY}))
    assert secrets.reveal(reference) == "rotated-" + CANARY
    with pytest.raises(MissingSecret, match="no key 'port'") as missing:
        secrets.reveal(port)
    assert "password, username" in missing.value.hint
    for text in (CANARY, json.dumps([CANARY])):
        manager.put_secret_value(SecretId=arn, SecretString=text)
        assert secrets.reveal(whole) == text
        with pytest.raises(SecretsError, match="no JSON object") as shape:
            secrets.reveal(reference)
        assert shape.value.code == "PRV-7608" and CANARY not in str(shape.value) + shape.value.hint
    manager.put_secret_value(SecretId=arn, SecretBinary=CANARY.encode())
    with pytest.raises(SecretsError, match="is binary"):
        secrets.reveal(whole)


def test_racing_threads_make_one_password(secrets: Secrets) -> None:
    values: set[str] = set()

    def ensure() -> None:
        secrets.ensure(Secret("generated/race", 24))
        values.add(secrets.reveal("${secret.generated/race}"))

    threads = [threading.Thread(target=ensure) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(values) == 1 and "generated/race" in secrets.list()


def test_more_names_than_fit_on_a_page(secrets: Secrets, manager: Any) -> None:
    for number in range(105):
        manager.create_secret(Name=f"provision/sandbox/many/{number:03}", SecretString="x")
    assert [name for name in secrets.list() if name.startswith("many/")] == [f"many/{number:03}" for number in range(105)]


def test_a_secret_that_waits_for_its_deletion_is_said(secrets: Secrets, manager: Any) -> None:
    manager.create_secret(Name="provision/sandbox/leaving", SecretString="x")
    manager.delete_secret(SecretId="provision/sandbox/leaving")
    assert [problem.code for problem in secrets.check(["leaving"])] == ["PRV-7601"]
    with pytest.raises(SecretsError) as caught:
        secrets.reveal("${secret.leaving}")
    assert "waits for its deletion" in caught.value.hint


def test_the_operators_profile_files_and_proxy_do_not_matter(
    sites: Sites, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cloud: tuple[Path, simulator.Simulator],
) -> None:
    (tmp_path / "config").write_text("[default]\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:1\n[broken")
    for name, value in {"AWS_PROFILE": "no-such-profile", "AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": "/none",
                        "AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SESSION_TOKEN": CANARY, "HTTP_PROXY": "http://127.0.0.1:1",
                        "AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://127.0.0.1:1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    sites.simulate(cloud[1])
    client = sites.aws_client("secretsmanager", "aws")
    assert client.meta.endpoint_url == cloud[1].endpoint and client.meta.region_name == simulator.REGION
    client.list_secrets()
    assert client._request_signer._credentials.access_key == "test" and client._request_signer._credentials.token is None


def test_a_target_without_aws_is_said(sites: Sites) -> None:
    with pytest.raises(Missing) as caught:
        sites.aws_client("s3", "local")
    assert caught.value.code == "PRV-7610"
    with pytest.raises(ProvisionError) as gone:
        sites.aws_client("s3", "elsewhere")
    assert gone.value.code == "PRV-1515"


def test_an_endpoint_that_does_not_answer_is_said(secrets: Secrets) -> None:
    target = Target("aws", offers=("aws",), terraform={"config": {"region": "x", "access_key": "a", "secret_key": "b"}}, simulated=True)
    lost = Secrets(Path("/nonexistent"), environment(Path("/nonexistent"), "x"), "shop",
                   lambda service, name: aws.client(service, target, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}))
    with pytest.raises(SecretsError) as caught:
        lost.reveal("${secret.aws:aws/x}")
    assert caught.value.code == "PRV-7604" and caught.value.next == "provision doctor"
