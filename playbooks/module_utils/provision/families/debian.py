"""Debian and what is made of it: Ubuntu, Raspberry Pi OS …"""

from __future__ import annotations

from ansible.module_utils.provision.families.shape import Chrony, Daemon, Family, Postgres

FAMILY = Family(
    name="Debian",
    ids=("debian", "ubuntu"),
    packager="apt",
    whole_versions=False,
    java="default-jre-headless",
    nginx_site="/etc/nginx/sites-enabled/default",
    caches=(Daemon(("redis-server",), "redis-server", "/usr/bin/redis-server", "redis", "redis-cli"),),
    mariadb_binary="/usr/sbin/mariadbd",
    mariadb_folder="/etc/mysql/mariadb.conf.d",
    postgres=Postgres(
        package="postgresql-{version}",
        service="postgresql@{version}-main",
        starts="postgresql",
        folder="/etc/postgresql/{version}/main",
        binary="/usr/lib/postgresql/{version}/bin/postgres",
        home="/var/lib/postgresql",
        log="/var/log/postgresql/postgresql-{version}-main.log",
        setup=("pg_createcluster", "{version}", "main"),
    ),
    nfs_servers={
        "kernel": Daemon(("nfs-kernel-server",), "nfs-server"),
        "ganesha": Daemon(("nfs-ganesha", "nfs-ganesha-vfs"), "nfs-ganesha"),
    },
    nfs_client="nfs-common",
    exporter=Daemon(("prometheus-node-exporter",), "prometheus-node-exporter", "/usr/bin/prometheus-node-exporter"),
    chrony=Chrony("chrony", "/etc/chrony/sources.d"),
)
