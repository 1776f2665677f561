"""Doctor's checks against this machine and against made-up ones. Nothing is installed, nothing is changed."""

import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from provisioner.doctor import checks
from provisioner.doctor.checks import Needs, examine
from provisioner.doctor.reaching import host_findings, judged
from provisioner.engines.terraform import configuration
from provisioner.errors import Problem
from provisioner.hosts.access import Access
from provisioner.hosts.keys import KeyBook
from provisioner.model import Environment, Host, Hosts, Target, Unit

LOCAL = Host("local", "127.0.0.1", "here", connection="local", vars={"provision_root": "/tmp/x"})


def needs(tmp_path: Path, *units: Unit, targets: tuple[Target, ...] = (), **more: object) -> Needs:
    return Needs(tmp_path, tmp_path / "state", Environment("e", targets), units, **more)  # type: ignore[arg-type]


def program(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_only_what_is_needed_is_checked(tmp_path: Path) -> None:
    assert [one.name.split()[0] for one in examine(needs(tmp_path))] == ["Python", "store", "disk"]
    names = [one.name for one in examine(needs(tmp_path, Unit("web@here", "web", "gateway", "here", "ansible", hosts=(LOCAL,))))]
    assert [name.split()[0] for name in names] == ["Python", "ansible-core", "this", "nginx", "supervisor", "store", "disk"]


@pytest.mark.parametrize(("script", "state", "words"), [
    ('echo \'{"terraform_version": "1.11.4"}\'', "ok", "terraform 1.11.4"), ('echo \'{"terraform_version": "1.3.9"}\'', "problem", "too old"),
    ("exit 1", "problem", "does not say its version"),
])
def test_terraform(script: str, state: str, words: str, tmp_path: Path) -> None:
    found = checks.terraform_finding(str(program(tmp_path, "terraform", script)))
    assert found.state == state and words in f"{found.name} {found.detail}" and bool(found.fix) == (state == "problem")


@pytest.mark.parametrize(("name", "version", "state"), [("tofu", "1.7.0", "ok"), ("tofu", "1.6.2", "problem"), ("tofu-1.9", "1.10.3", "ok"),
                                                        ("terraform", "1.8.5", "problem"), ("terraform", "1.9.0", "ok")])
def test_each_product_has_an_oldest_version(name: str, version: str, state: str, tmp_path: Path) -> None:
    found = checks.terraform_finding(str(program(tmp_path, name, f'echo \'{{"terraform_version": "{version}"}}\'')))
    assert found.state == state and f"{name[:4]}" in f"{found.name} {found.detail}" and version in f"{found.name} {found.detail}"


def test_opentofu_has_a_registry_and_a_configuration_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (tmp_path / "mirror/registry.terraform.io/invented/cloud/1.0.0").mkdir(parents=True)
    monkeypatch.setattr(checks, "unreachable", lambda url: url)
    lost = checks.provider_finding("invented/cloud", (tmp_path / "mirror",), "tofu")
    assert lost.state == "problem" and "https://registry.opentofu.org/v1/providers/invented/cloud/versions" in lost.detail
    assert "tofu providers mirror DIR" in lost.fix
    for folder in ("", ".config/opentofu"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        file = tmp_path / folder / ("tofurc" if folder else ".tofurc")
        file.write_text("provider_installation {}")
        assert configuration.user_file({"HOME": str(tmp_path)}, "tofu") == file and configuration.user_file({"HOME": str(tmp_path)}) is None
        assert file.name in checks.provider_finding("invented/cloud", (), "tofu").detail
        file.unlink()
    assert checks.product_of(str(program(tmp_path, "tofu", "exit 0"))) == "tofu" and checks.product_of("/nowhere/tofu") == "terraform"


def test_terraform_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = checks.terraform_finding("")
    assert found.state == "problem" and "PATH" in found.detail and "--terraform" in found.fix


def test_a_provider_is_looked_for_in_mirrors_then_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    (tmp_path / "mirror/registry.terraform.io/invented/cloud/1.0.0").mkdir(parents=True)
    assert "mirror" in checks.provider_finding("invented/cloud", (tmp_path / "mirror",)).detail
    monkeypatch.setattr(checks, "unreachable", lambda url: "no route")
    lost = checks.provider_finding("invented/other", ())
    assert lost.state == "problem" and "no route" in lost.detail and "--mirror DIR" in lost.fix
    monkeypatch.setattr(checks, "unreachable", lambda url: "")
    assert checks.provider_finding("invented/other", ()).state == "ok"
    (tmp_path / ".terraformrc").write_text("provider_installation {}")
    assert ".terraformrc" in checks.provider_finding("invented/other", ()).detail


def test_an_address_that_does_not_answer() -> None:
    assert checks.unreachable("http://127.0.0.1:1/") != ""


def test_providers_of_the_used_targets_only(tmp_path: Path) -> None:
    targets = (Target("a", terraform={"provider": "x/a"}), Target("b", terraform={"provider": "x/b"}), Target("c"))
    units = (Unit("u@a", "u", "t", "a", "terraform"), Unit("v@b", "v", "t", "b", "existing"), Unit("w@c", "w", "t", "c", "terraform"))
    assert checks.providers(needs(tmp_path, *units, targets=targets)) == ["x/a"]


def test_nginx_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(checks, "NGINX_PLACES", str(tmp_path))
    assert "nginx-light" in checks.nginx_finding().fix
    program(tmp_path, "nginx", "echo 'nginx version: nginx/9.9' >&2")
    assert checks.nginx_finding().detail == "nginx/9.9"


def test_ansible_and_the_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.ansible_finding().state == checks.simulator_finding().state == "ok"
    monkeypatch.setattr(checks.programs, "found", lambda kind: None if kind == "redis" else Path("/bin/true"))
    assert checks.simulator_finding().detail.endswith("; addresses that lead nowhere: ElastiCache (redis-server is missing)")
    monkeypatch.setattr(checks, "installed", lambda package: "2.9.1")
    assert "too old" in checks.ansible_finding().detail
    monkeypatch.setattr(checks, "installed", lambda package: "")
    assert "pip install" in checks.ansible_finding().fix
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    assert "provision[sandbox]" in checks.simulator_finding().fix


def test_secrets(tmp_path: Path) -> None:
    assert checks.secrets_finding(("a", "b"), []).detail == "2/2 have a value (not read)"
    lost = checks.secrets_finding(("a",), [Problem("PRV-7601", "secret a has no value", hint="provision secrets set a")])
    assert (lost.state, lost.fix) == ("problem", "provision secrets set a")
    told = examine(needs(tmp_path, secret_names=("a",), secrets=lambda: []))
    assert "secrets" in [one.name for one in told]


def test_store_and_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.store_finding(tmp_path, "").detail.endswith(".provision/store.db")
    assert checks.store_finding(tmp_path, "postgresql://x/y").state == "skipped"
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert checks.store_finding(tmp_path, str(tmp_path / "a/b")).state == "problem"
    assert checks.disk_finding(tmp_path, 1).state == "ok"
    assert checks.disk_finding(tmp_path, 10**9).state == "problem"


def access(**host: object) -> Access:
    return Access(Host("web-1", "192.0.2.1", "dc", user="deploy", **host), Hosts(), KeyBook(Path("/dev/null"), False, False))  # type: ignore[arg-type]


@pytest.mark.parametrize(("answer", "state", "words"), [
    ("python /usr/bin/python3\nsudo ok\nuid 1000\nfree 5000 used 20%\n", "", ""),
    ("python /usr/bin/python3\nuid 0\nfree 5000 used 20%\n", "", ""),
    ("sudo ok\nuid 1000\nfree 5000 used 20%\n", "problem", "no python3"),
    ("python /usr/bin/python3\nuid 1000\nfree 5000 used 20%\n", "problem", "may not use sudo"),
    ("python /usr/bin/python3\nsudo ok\nuid 1000\nfree 900 used 91%\n", "warning", "disk / 91% full"),
    ("failed Permission denied (publickey).", "problem", "Permission denied"),
])
def test_what_a_host_answers(answer: str, state: str, words: str) -> None:
    found = judged(access(become=True), answer)
    assert (found.state if found else "") == state and words in (found.detail if found else "")


def test_a_host_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioner.doctor.reaching.SSH_SECONDS", 1.0)
    lost = Host("web-1", "127.0.0.1", "dc", user="nobody", port=1)
    units = [Unit("web@dc", "web", "webservice", "dc", "ansible", hosts=(lost,))]
    environment = Environment("e", (Target("dc", hosts=Hosts((lost,))),))
    found = list(host_findings(environment, units, tmp_path, tmp_path))
    assert [(one.name, one.state) for one in found] == [("ssh to hosts", "warning"), ("host web-1", "problem")]
    monkeypatch.setattr("provisioner.doctor.reaching.shutil", SimpleNamespace(which=lambda name: None))
    assert [one.fix for one in host_findings(environment, units, tmp_path, tmp_path)] == ["apt-get install openssh-client"]
