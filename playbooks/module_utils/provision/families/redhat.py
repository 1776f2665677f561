"""Red Hat Enterprise Linux and its kin: Rocky, Alma, CentOS Stream, Oracle, Fedora, Amazon Linux 2023. Never run on a lab host: see docs/hosts.md."""

from __future__ import annotations

from ansible.module_utils.provision.families.shape import Chrony, Daemon, Family, Postgres

FAMILY = Family(
    name="Red Hat",
    ids=("rhel", "fedora", "centos"),
    packager="dnf",
    whole_versions=True,
    java="java-headless",
    nginx_site="",
    caches=(
        Daemon(("redis",), "redis", "/usr/bin/redis-server", "redis", "redis-cli"),
        Daemon(("valkey",), "valkey", "/usr/bin/valkey-server", "valkey", "valkey-cli"),
    ),
    mariadb_binary="/usr/libexec/mariadbd",
    mariadb_folder="/etc/my.cnf.d",
    postgres=Postgres(
        package="postgresql-server",
        service="postgresql",
        starts="postgresql",
        folder="/var/lib/pgsql/data",
        binary="/usr/bin/postgres",
        home="/var/lib/pgsql",
        log="",
        setup=("postgresql-setup", "--initdb"),
    ),
    nfs_servers={
        "kernel": Daemon(("nfs-utils",), "nfs-server"),
        "ganesha": Daemon(("nfs-ganesha", "nfs-ganesha-vfs"), "nfs-ganesha"),
    },
    nfs_client="nfs-utils",
    exporter=Daemon(("node-exporter",), "prometheus-node-exporter", "/usr/bin/node_exporter"),
    chrony=Chrony("chronyd", "/etc/chrony.d", "/etc/chrony.conf"),
)
