"""Which operating system a host runs, what its family's files say, and what apt and dnf are asked. No host is needed."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from tests.unit import playbooks  # isort: skip
from ansible.module_utils.provision import apt, cluster, commands, dnf, mariadb, packages, redis, system
from ansible.module_utils.provision.failures import Failed
from ansible.module_utils.provision.packaging import Packager, Upgrade

Host = Callable[..., list[list[str]]]

RELEASES = {
    "debian-12": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n',
    "debian-13": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nID=debian\n',
    "ubuntu-24.04": 'PRETTY_NAME="Ubuntu 24.04.1 LTS"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\n',
    "rocky-9": 'PRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\n',
    "rhel-9": 'PRETTY_NAME="Red Hat Enterprise Linux 9.5 (Plow)"\nID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.5"\n',
    "fedora-41": 'PRETTY_NAME="Fedora Linux 41 (Server Edition)"\nID=fedora\nVERSION_ID=41\n',
    "amzn-2023": 'PRETTY_NAME="Amazon Linux 2023"\nID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\n',
}
ALPINE = 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME="Alpine Linux v3.20"\n'


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """A function: this host runs the named release, and its commands answer as said (by their first words); what was asked is kept."""
    def made(name: str, **answers: str) -> list[list[str]]:
        asked: list[list[str]] = []

        def run(command: list[str], **_: object) -> tuple[int, str]:
            asked.append(command)
            found = next((text for words, text in answers.items() if " ".join(command).startswith(words.replace("_", " "))), None)
            return (0, found) if found is not None else (1, "")

        found = system.of_text(RELEASES[name])
        monkeypatch.setattr(system, "here", lambda: found)
        monkeypatch.setattr(commands, "run", run)
        return asked
    return made


@pytest.mark.parametrize("name", RELEASES)
def test_a_release_has_the_name_that_definitions_use_and_one_family(name: str) -> None:
    found = system.of_text(RELEASES[name])
    assert found.os == name
    assert found.family is not None
    assert found.family.name == ("Debian" if name.startswith(("debian", "ubuntu")) else "Red Hat")


def test_a_system_of_no_family_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    found = system.of_text(ALPINE)
    assert (found.os, found.family) == ("alpine-3.20.3", None)
    monkeypatch.setattr(system, "here", lambda: found)
    with pytest.raises(Failed, match=r"this host runs Alpine Linux v3\.20; provision's playbooks know the families of Debian and Red Hat"):
        system.family()
    monkeypatch.setattr(system, "here", lambda: system.of_text(""))
    with pytest.raises(Failed, match="an operating system without a name"):
        system.family()


def test_families_say_everything_and_share_no_member() -> None:
    ids = [one for family in system.FAMILIES for one in family.ids]
    assert len(ids) == len(set(ids))
    empty = {(family.name, field.name) for family in system.FAMILIES for field in fields(family) if not getattr(family, field.name)}
    # only Debian's nginx brings a site that is in the way; minor releases count there
    assert empty == {("Red Hat", "nginx_site"), ("Debian", "whole_versions")}
    assert {name for family in system.FAMILIES for name in family.nfs_servers} == {"kernel", "ganesha"}


def test_postgres_of_debian_stands_side_by_side(host: Host) -> None:
    host("debian-12", **{"apt-cache pkgnames": "postgresql-15\npostgresql-15-cron\npostgresql-16\nnginx\n"})
    assert cluster.offered_versions() == ["15", "16"]
    found = cluster.Cluster("16")
    assert (found.package, found.service, found.hba) == ("postgresql-16", "postgresql@16-main", "/etc/postgresql/16/main/pg_hba.conf")
    assert found.known.starts == "postgresql"


def test_postgres_of_red_hat_is_the_one_of_its_release(host: Host) -> None:
    host("rocky-9", **{"dnf -q repoquery": "postgresql-server 13.16-1.el9_4\n\n"})
    assert cluster.offered_versions() == ["13"]
    assert cluster.other_with_port("13") == ""
    found = cluster.Cluster("13")
    assert (found.package, found.service, found.hba) == ("postgresql-server", "postgresql", "/var/lib/pgsql/data/pg_hba.conf")


def test_a_cluster_that_reads_no_folder_is_told_to(host: Host, tmp_path: Path) -> None:
    host("rocky-9")
    found = cluster.Cluster("13")
    found.main = str(tmp_path / "postgresql.conf")
    Path(found.main).write_text("#include_dir = '...'\nport = 5432\n")
    assert not found.includes
    Path(found.main).write_text(f"port = 5432\n{cluster.INCLUDE}\t# include files\n")
    assert found.includes


def test_redis_or_what_took_its_place(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    # this machine may have one of its own
    monkeypatch.setattr(redis.os.path, "exists", lambda path: False)
    host("debian-13")
    assert redis.packaged().package == "redis-server"
    host("rocky-9", **{"dnf -q repoquery": "redis 6.2.7-1.el9\n"})
    assert redis.packaged().service == "redis"
    monkeypatch.setattr(commands, "run", lambda command, **_: (0, "valkey 8.0.1-3.el10\n" if command[-1] == "valkey" else ""))
    assert (redis.packaged().package, redis.packaged().client) == ("valkey", "valkey-cli")


def test_settings_of_mariadb_lie_where_the_family_reads_them(host: Host) -> None:
    host("debian-12", apt_cache_policy="")
    assert mariadb.folder() == "/etc/mysql/mariadb.conf.d"
    host("fedora-41", **{"rpm -q": "mariadb-server 3:10.11.10-1.fc41\n"})
    assert (mariadb.folder(), mariadb.version()) == ("/etc/my.cnf.d", "10.11")


# ------------------------------------------------------------------ apt and dnf
def test_versions_are_told_without_their_epoch(host: Host) -> None:
    host("debian-12", **{"apt-cache policy": "redis-server:\n  Installed: (none)\n  Candidate: 5:7.0.15-1~deb12u1\n"})
    assert (packages.version("redis-server"), packages.candidate("redis-server")) == ("7.0.15-1~deb12u1", "7.0.15-1~deb12u1")
    host("rhel-9", **{"rpm -q": "podman 4:4.9.4-1.el9\n"})
    assert packages.version("podman") == "4.9.4-1.el9"


def test_dnf_installs_without_weak_dependencies_and_reads_its_lists_again(host: Host) -> None:
    asked = host("rocky-9", **{"dnf -q repoquery": "haproxy 2.4.22-3.el9\n", "dnf -q makecache": ""})
    packages.install("haproxy")
    assert [" ".join(command[:3]) for command in asked] == ["dnf -q repoquery", "dnf -yq --setopt=install_weak_deps=False", "dnf -q makecache",
                                                            "dnf -q repoquery", "dnf -yq --setopt=install_weak_deps=False"]
    asked = host("rocky-9", **{"dnf -q repoquery": "", "dnf -q makecache": ""})
    with pytest.raises(Failed, match="the package `rabbitmq-server` is not offered by this host's package sources"):
        packages.install("rabbitmq-server")
    assert "dnf -yq" not in " ".join(map(" ".join, asked))


def test_dnf_says_which_upgrades_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    every, security = "curl 7.76.1-29.el9_4.1\nopenssl-libs 1:3.0.7-28.el9_4\n", "openssl-libs 1:3.0.7-28.el9_4\n"
    monkeypatch.setattr(commands, "run", lambda command, **_: (0, security if "--security" in command else f"{every}\n{every}"))
    assert dnf.Dnf().waiting() == [Upgrade("curl", "7.76.1-29.el9_4.1", False), Upgrade("openssl-libs", "1:3.0.7-28.el9_4", True)]


def test_each_packager_does_all_that_is_asked() -> None:
    asked = {name for name in vars(Packager) if not name.startswith("_")}
    assert asked <= set(vars(apt.Apt)) and asked <= set(vars(dnf.Dnf))


# ------------------------------------------------------------------ what runs on hosts runs there
def test_code_for_hosts_runs_on_the_oldest_python_of_a_supported_host() -> None:
    """RHEL 9 and its kin have Python 3.9."""
    folder = playbooks.LIBRARY
    sources = sorted(path for part in ("library", "module_utils") for path in (folder / part).rglob("*.py") if "controller" not in path.parts)
    command = [str(Path(sys.executable).parent / "vermin"), "--no-tips", "--eval-annotations", "--target=3.9-", "--violations"]
    done = subprocess.run([*command, *map(str, sources)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
