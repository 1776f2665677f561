"""Secrets: the grammar of paths, where values lie, and that nobody sees one."""

import json
import multiprocessing
import os
import re
import shlex
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.errors import ProvisionError, Refused
from provisioner.model import Environment, Secret, Target
from provisioner.references import Unknown
from provisioner.secret_paths import BadPath, SecretPath, cloud_path, parse
from provisioner.secrets import MissingSecret, Secrets, SecretsError
from provisioner.secrets.redaction import pattern, redact

SPAWN = multiprocessing.get_context("spawn")
CANARY = "canary-7731-zebra"
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-5f3a"


def made(folder: Path, **config: Any) -> Secrets:
    return Secrets(folder / ".provision", Environment("prod", secrets=config, folder=str(folder)), "shop")


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    return made(tmp_path)


def refusal(act: Callable[[], object], code: str) -> ProvisionError:
    """The error of `act`, which shows no value anywhere."""
    with pytest.raises(ProvisionError) as caught:
        act()
    error = caught.value
    shown = f"{error!r} {error.message} {error.hint} {error.next}" + "".join(traceback.format_exception(error))
    assert CANARY not in shown
    assert error.code == code, error
    return error


# ------------------------------------------------------------------ paths
@pytest.mark.parametrize(("path", "parsed"), [
    ("payments/hsm-pin", SecretPath("", "payments/hsm-pin")),
    ("generated/ledger@dc1/password", SecretPath("", "generated/ledger@dc1/password")),
    ("env:PIN", SecretPath("env", "PIN")),
    ("file:../keys/a b.pem", SecretPath("file", "../keys/a b.pem")),
    ("file:/run/secrets/x:y", SecretPath("file", "/run/secrets/x:y")),
    (f"aws:cloud/{ARN}", SecretPath("aws", ARN, "cloud")),
    (f"aws:cloud/{ARN}#password", SecretPath("aws", ARN, "cloud", "password")),
    ("inventory:dc/web-01/ansible_password", SecretPath("inventory", "web-01/ansible_password", "dc")),
    ("aws:cloud/a#b#key", SecretPath("aws", "a#b", "cloud", "key")),
])
def test_paths(path: str, parsed: SecretPath) -> None:
    assert parse(path) == parsed


@pytest.mark.parametrize("path", [
    "", "/", "//", "vault:x", "http://x", "env:", "file:", "aws:", "aws:cloud", "aws:cloud/", "aws:/x", "aws:cloud/#key", ":x",
    "inventory:dc/x", "inventory:dc/a/b/c"])
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(BadPath) as caught:
        parse(path)
    assert caught.value.code == "PRV-7602" and caught.value.hint


@pytest.mark.parametrize("key", ["", "password"])
def test_a_path_of_aws_is_parsed_as_it_was_made(key: str) -> None:
    assert parse(cloud_path("cloud", ARN, key)) == SecretPath("aws", ARN, "cloud", key)


# ------------------------------------------------------------------ the encrypted file
def test_a_value_is_kept_and_nothing_lies_in_clear(tmp_path: Path, secrets: Secrets) -> None:
    secrets.set("payments/pin", CANARY)
    assert made(tmp_path).reveal({"a": ["<${secret.payments/pin}>", "$${x}", 5]}) == {"a": [f"<{CANARY}>", "${x}", 5]}
    assert secrets.list() == ["payments/pin"]
    place = tmp_path / ".provision"
    assert {path.name: path.stat().st_mode & 0o777 for path in [place, *place.rglob("*")]} == {
        ".provision": 0o700, "secrets": 0o700, "key": 0o600, "lock": 0o600, "prod.json.enc": 0o600}
    for path in place.rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes()
    secrets.set("payments/pin", "other")
    assert secrets.reveal("${secret.payments/pin}") == "other"
    secrets.forget("payments/pin")
    secrets.forget("payments/pin")
    assert secrets.list() == []


@pytest.mark.parametrize(("damage", "code"), [
    (lambda place: (place / "key").unlink(), "PRV-7605"),
    (lambda place: (place / "key").write_text("bm90IGEga2V5"), "PRV-7605"),
    (lambda place: (place / "key").write_bytes(b"\xff\xfe"), "PRV-7605"),
    (lambda place: (place / "key").chmod(0o640), "PRV-7606"),
    (lambda place: (place / "prod.json.enc").write_bytes(b""), "PRV-7605"),
    (lambda place: (place / "prod.json.enc").write_bytes(b"{}"), "PRV-7605"),
    (lambda place: _flip(place / "prod.json.enc", 25), "PRV-7605"),
    (lambda place: _flip(place / "prod.json.enc", -1), "PRV-7605"),
    (lambda place: (place / "test.json.enc").rename(place / "prod.json.enc"), "PRV-7605"),
    (lambda place: ((place / "prod.json.enc").unlink(), (place / "prod.json.enc").mkdir()), "PRV-7604"),
], ids=["key lost", "key too short", "key is bytes", "key open", "empty", "another format", "nonce", "tag", "another environment", "folder"])
def test_what_can_not_be_read_is_said_and_nothing_is_replaced(tmp_path: Path, secrets: Secrets, damage: Callable[[Path], None], code: str) -> None:
    secrets.set("payments/pin", CANARY)
    Secrets(tmp_path / ".provision", Environment("test"), "shop").set("other", CANARY)
    damage(tmp_path / ".provision" / "secrets")
    before = {path: path.read_bytes() for path in (tmp_path / ".provision").rglob("*") if path.is_file()}
    fresh = made(tmp_path)
    password = Secret("generated/x", 20)
    for act in (lambda: fresh.reveal("${secret.payments/pin}"), lambda: fresh.set("x", CANARY), lambda: fresh.ensure(password), fresh.list):
        refusal(act, code)
    problem, = fresh.check(["payments/pin"])
    assert problem.code == code
    assert {path: path.read_bytes() for path in (tmp_path / ".provision").rglob("*") if path.is_file()} == before


def _flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def test_a_lost_key_is_not_replaced_while_another_environment_needs_it(tmp_path: Path, secrets: Secrets) -> None:
    Secrets(tmp_path / ".provision", Environment("test"), "shop").set("x", CANARY)
    (tmp_path / ".provision" / "secrets" / "key").unlink()
    error = refusal(lambda: secrets.set("x", CANARY), "PRV-7605")
    assert "test.json.enc" in error.message and not (tmp_path / ".provision" / "secrets" / "key").exists()


def test_odd_names_of_environments_are_files_below_the_folder(tmp_path: Path) -> None:
    for name in ("../../x", "a/b", "..", "ü %"):
        Secrets(tmp_path / ".provision", Environment(name), "shop").set("x", name)
        assert Secrets(tmp_path / ".provision", Environment(name), "shop").reveal("${secret.x}") == name
    assert [path.name for path in tmp_path.iterdir()] == [".provision"]


def _sets(folder: Path, name: str, barrier: Any) -> None:
    secrets = made(folder)
    barrier.wait()
    for number in range(15):
        secrets.set(f"{name}/{number}", f"{name}-{number}")
        secrets.ensure(Secret(f"generated/{number}", 24))


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    barrier = SPAWN.Barrier(2)
    workers = [SPAWN.Process(target=_sets, args=(tmp_path, name, barrier)) for name in ("a", "b")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    secrets = made(tmp_path)
    assert len(secrets.list()) == 45
    for name in ("a", "b"):
        assert [secrets.reveal(f"${{secret.{name}/{number}}}") for number in range(15)] == [f"{name}-{number}" for number in range(15)]
    assert not list((tmp_path / ".provision" / "secrets").glob("*.tmp"))


# ------------------------------------------------------------------ generated ones
def test_a_password_is_made_once(tmp_path: Path, secrets: Secrets) -> None:
    wanted = Secret("generated/ledger@dc1/password", 32)
    assert secrets.check([wanted.path]) == []
    secrets.ensure(wanted)
    value = secrets.reveal("${secret.generated/ledger@dc1/password}")
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{31}", value)
    made(tmp_path).ensure(wanted)
    assert made(tmp_path).reveal("${secret.generated/ledger@dc1/password}") == value
    assert secrets.list() == ["generated/ledger@dc1/password"]
    other = Secrets(tmp_path / ".provision", Environment("prod"), "other")
    assert other.list() == []
    other.ensure(wanted)
    assert other.reveal("${secret.generated/ledger@dc1/password}") != value
    secrets.forget(wanted.path)
    assert secrets.list() == [] and other.list() == ["generated/ledger@dc1/password"]


def test_a_password_that_was_made_is_hidden_before_it_was_revealed(secrets: Secrets) -> None:
    secrets.ensure(Secret("generated/x", 20))
    value, = secrets.values_seen()
    assert secrets.redact(f"log {value}") == "log (secret)" and secrets.reveal("${secret.generated/x}") == value


def _ensures(folder: Path, barrier: Any, results: Any) -> None:
    secrets = made(folder)
    barrier.wait()
    secrets.ensure(Secret("generated/x", 24))
    results.put(secrets.reveal("${secret.generated/x}"))


def test_racing_processes_make_one_password(tmp_path: Path) -> None:
    barrier, results = SPAWN.Barrier(3), SPAWN.Queue()
    workers = [SPAWN.Process(target=_ensures, args=(tmp_path, barrier, results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    assert len({results.get() for _ in workers}) == 1
    for worker in workers:
        worker.join()


# ------------------------------------------------------------------ what is only read
def test_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIN", CANARY)
    monkeypatch.setenv("APP_PAYMENTS_HSM_PIN", "folded")
    secrets = made(tmp_path, backend="env", prefix="APP_")
    assert secrets.reveal("${secret.env:PIN} ${secret.payments/hsm-pin}") == f"{CANARY} folded"
    missing = refusal(lambda: secrets.reveal("${secret.payments/none}"), "PRV-7601")
    assert "APP_PAYMENTS_NONE" in missing.hint
    for act in (lambda: secrets.set("payments/hsm-pin", CANARY), lambda: secrets.set("env:PIN", CANARY), lambda: secrets.forget("env:PIN")):
        assert isinstance(refusal(act, "PRV-7607"), Refused)
    secrets.ensure(Secret("generated/x", 20))
    assert secrets.list() == ["generated/x"] and (tmp_path / ".provision/secrets/prod.json.enc").exists()


@pytest.mark.parametrize(("content", "value"), [
    (b"pin\n", "pin"), (b"pin\r\n", "pin"), (b"pin\n\n", "pin\n"), (b"a\nb\n", "a\nb"), (b"", ""), ("ü".encode(), "ü"), (b"pin\r", "pin\r")])
def test_files(tmp_path: Path, secrets: Secrets, content: bytes, value: str) -> None:
    (tmp_path / "pin").write_bytes(content)
    assert secrets.reveal("${secret.file:pin}") == value and secrets.check(["file:pin"]) == []
    assert secrets.reveal(f"${{secret.file:{tmp_path}/pin}}") == value


def test_files_that_can_not_be_read(tmp_path: Path, secrets: Secrets) -> None:
    assert str(tmp_path / "none") in refusal(lambda: secrets.reveal("${secret.file:none}"), "PRV-7601").hint
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes").write_bytes(CANARY.encode() + b"\xff")
    for name in ("folder", "bytes"):
        refusal(lambda name=name: secrets.reveal(f"${{secret.file:{name}}}"), "PRV-7603")
    assert [problem.code for problem in secrets.check(["file:none", "file:folder", "file:none"])] == ["PRV-7601", "PRV-7601"]


# ------------------------------------------------------------------ references
def test_what_is_missing_is_said_with_the_way_to_set_it(secrets: Secrets) -> None:
    error = refusal(lambda: secrets.reveal("${secret.payments/pin}"), "PRV-7601")
    assert error.next == "provision secrets set payments/pin -e prod" and isinstance(error, MissingSecret)
    assert secrets.reveal("${secret.payments/pin | default(none)}") == "none"
    with pytest.raises(Unknown):
        secrets.reveal("${db@dc.url}")
    refusal(lambda: secrets.reveal("${secret.vault:x}"), "PRV-7602")
    refusal(lambda: secrets.set("aws:cloud/x#key", CANARY), "PRV-7602")


@pytest.mark.parametrize(("config", "targets", "hint"), [
    ({"backend": "vault"}, (), "aws, env, file"),
    ({"backend": "aws"}, (), "there is: none"),
    ({"backend": "aws"}, (Target("a", offers=("aws",)), Target("b", offers=("aws",))), "there is: a, b"),
    ({"backend": "aws", "target": "dc"}, (Target("a", offers=("aws",)), Target("dc", offers=("hosts",))), "there is: a"),
])
def test_a_wrong_configuration_is_said(tmp_path: Path, config: dict[str, str], targets: tuple[Target, ...], hint: str) -> None:
    with pytest.raises(SecretsError) as caught:
        Secrets(tmp_path, Environment("prod", targets, secrets=config), "shop")
    assert caught.value.code == "PRV-7609" and hint in caught.value.hint


def test_aws_without_a_client_is_said(secrets: Secrets) -> None:
    refusal(lambda: secrets.reveal("${secret.aws:cloud/x}"), "PRV-7604")


# ------------------------------------------------------------------ redaction
def test_nothing_shows_a_value(secrets: Secrets) -> None:
    secrets.set("pin", CANARY)
    secrets.reveal("${secret.pin}")
    assert CANARY not in f"{secrets!r} {secrets}"
    assert CANARY in secrets.values_seen()
    refusal(lambda: secrets.reveal(["${secret.pin}", "${secret.none}"]), "PRV-7601")


def go_json(value: str) -> str:
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


FORMS: list[Callable[[str], str]] = [
    str, json.dumps, lambda value: json.dumps(value, ensure_ascii=False), lambda value: json.dumps(json.dumps(value)), go_json, repr, shlex.quote,
    quote, quote_plus, lambda value: quote(value, safe=""), lambda value: f"postgresql://app:{quote(value, safe='')}@db:5432/app",
    lambda value: re.sub(r"([^\w@%+=:,./-])", r"\\\1", value)]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="aZ9 \"'\\<>&$%{}/+=#!ü\n", min_size=8, max_size=16).map(lambda text: f"k9{text}7x"), st.sampled_from(FORMS))
def test_a_value_is_found_in_each_form(value: str, form: Callable[[str], str]) -> None:
    shown = redact(f"before {form(value)} after", pattern([value]))
    assert form(value).strip("'\"") not in shown and value not in shown
    assert shown.startswith("before ") and shown.endswith(" after") and "(secret)" in shown


def test_the_longest_value_is_taken_first() -> None:
    assert redact("x=password-longer y=password-1", pattern(["password-1", "password-longer", "password-"])) == "x=(secret) y=(secret)"


def test_lines_of_a_key_file_are_found_one_by_one() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n"
    assert redact("log: kqhkiG9w0BAQEF and -----BEGIN KEY-----", pattern([key])) == "log: (secret) and -----BEGIN KEY-----"


@pytest.mark.parametrize("value", ["", "abc", "true", "Postgres", " admin ", "12"])
def test_words_of_every_log_stay_readable(value: str) -> None:
    assert redact(f"the {value} is", pattern([value])) == f"the {value} is" and pattern([value]) is None


def test_redaction_learns(secrets: Secrets) -> None:
    assert secrets.redact(CANARY) == CANARY
    secrets.set("pin", CANARY)
    assert secrets.redact(f"a {CANARY} b") == "a (secret) b"
    secrets.set("pin", "second-value")
    assert secrets.redact(f"{CANARY} second-value {os.sep}") == f"(secret) (secret) {os.sep}"
