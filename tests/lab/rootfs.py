"""Builds and caches the root file systems that hosts are cloned from: Debian 12 bare and with services, Debian 13.

The Debian archive is the one that apt of this machine is configured with; no address of one stands here.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.lab.place import Cache, LabError, alone, cache, run, script

SUITE = "bookworm"
TOOLS = (
    "debootstrap", "systemd-container", "nftables", "zstd", "openssh-client", "iproute2", "procps", "util-linux",
    "netcat-openbsd", "apt-utils", "curl",
)
"""Debian packages that this machine needs for the lab."""

BASE = ("systemd,systemd-sysv,dbus,libpam-systemd,openssh-server,python3,python3-apt,sudo,"
        "iproute2,ca-certificates,procps,curl,kmod,netbase,less,iputils-ping")
SERVICES = (
    "nginx", "haproxy", "postgresql", "podman", "crun", "runc", "netavark", "aardvark-dns", "nftables", "iptables",
    "slirp4netns", "fuse-overlayfs", "uidmap", "socat", "python3-psycopg2", "acl", "busybox-static", "rsync", "zstd",
    "openssl",
)
REPOSITORY = (
    "mariadb-server", "python3-pymysql", "redis-server", "rabbitmq-server", "nfs-kernel-server", "nfs-common", "nfs-ganesha",
    "nfs-ganesha-vfs", "chrony", "logrotate", "prometheus-node-exporter", "prometheus-postgres-exporter", "prometheus-redis-exporter",
    "prometheus-mysqld-exporter", "default-jre-headless", "unattended-upgrades", "keepalived", "cron", "rsyslog", "git", "unzip",
)
"""What Debian 12 hosts may install beside the services, and Debian 13 hosts beside all of it."""
TRIXIE = ("systemd,systemd-sysv,dbus,libpam-systemd,openssh-server,python3,sudo,iproute2,procps,curl,"
          "ca-certificates,podman,crun,runc,netavark,aardvark-dns,nftables,passt")


def why_not() -> str:
    """Why the lab cannot run on this machine, or empty."""
    if platform.system() != "Linux":
        return "the hosts lab needs Linux"
    if os.geteuid() != 0:
        return "the hosts lab needs root (it boots containers with systemd-nspawn)"
    if shutil.which("apt-get") is None:
        return "the hosts lab needs a Debian machine (it builds hosts with debootstrap)"
    return ""


def prepare(trixie: bool = False) -> Cache:
    """The cache with everything in it; built when missing (some two minutes, once). Raises LabError."""
    if reason := why_not():
        raise LabError(reason)
    place = cache(recipe())
    with alone("build"):
        install(TOOLS)
        if not place.key.exists():
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(place.key))
        _once(place, "base", place.base, _build_base)
        _once(place, "full", place.layer, _build_services, place.packages)
        if trixie:
            _once(place, "trixie", place.trixie, _build_trixie, place.trixie_packages)
        for root in (place.base, place.trixie):
            _authorise(root, place.key)
    return place


def recipe() -> str:
    """A digest of this file: what was built by another one is not used."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]


def install(packages: Sequence[str]) -> None:
    """Install the Debian packages that are missing here."""
    listed = run("dpkg-query", "-W", "-f=${Package} ${Status}\n", *packages, check=False, stderr=subprocess.DEVNULL).stdout.splitlines()
    missing = [name for name in packages if f"{name} install ok installed" not in listed]
    if missing:
        environ = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        run("apt-get", "-q", "update", env=environ)
        run("apt-get", "install", "-yq", "--no-install-recommends", *missing, env=environ)


def archive(suite: str) -> str:
    """The URI that apt of this machine has for a suite of Debian. Raises LabError when it has none."""
    listed = run("apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", stderr=subprocess.DEVNULL).stdout
    found = dict(line.split(" ", 1) for line in listed.splitlines() if " " in line)
    # an archive holds every release: "trixie-security" is where "bookworm-security" is
    uri = found.get(suite) or found.get(suite.replace(suite.partition("-")[0], SUITE)) or ""
    if not uri:
        raise LabError(f"apt of this machine knows no archive for Debian {SUITE}")
    return uri.rstrip("/")


def _once(place: Cache, name: str, folder: Path, build: Callable[[Cache, Path], None], packages: Path | None = None) -> None:
    """Build a folder and perhaps a repository of packages, or unpack its archive, unless its mark says that it is complete."""
    mark, packed = place.folder / f"{name}.ok", place.folder / f"{name}.tar.zst"
    if mark.exists() and folder.is_dir():
        return
    began = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if packed.exists() and (packages is None or packages.is_dir()):
        script(f"zstd -dc '{packed}' | tar -C '{folder}' --xattrs --xattrs-include='*' -xpf -")
    else:
        build(place, folder)
        script(f"tar -C '{folder}' --numeric-owner --xattrs --xattrs-include='*' -cf - . | zstd -q -T0 -3 -f -o '{packed}'")
    mark.touch()
    sys.stderr.write(f"lab: {name} ready after {time.monotonic() - began:.0f} s\n")


def _build_base(place: Cache, folder: Path) -> None:
    script(f"debootstrap --variant=minbase --include={BASE} {SUITE} '{folder}' {archive(SUITE)}", place.folder / "debootstrap.log")
    script(f"""
    cd '{folder}'
    rm -f etc/ssh/ssh_host_* etc/hostname var/lib/dbus/machine-id
    : > etc/machine-id; : > etc/resolv.conf
    rm -rf var/cache/apt/archives/*.deb var/lib/apt/lists/*
    chroot . useradd -m -s /bin/bash deploy
    echo 'deploy ALL=(ALL) NOPASSWD:ALL' > etc/sudoers.d/deploy
    # timers and units that are only noise in a test host
    chroot . systemctl mask apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \\
        dpkg-db-backup.timer getty@tty1.service console-getty.service systemd-networkd-wait-online.service >/dev/null 2>&1
    # hosts have no way out: apt in a host reads the repository that is mounted into it
    rm -f etc/apt/sources.list.d/*
    echo 'deb [trusted=yes] file:/srv/labrepo ./' > etc/apt/sources.list
    mkdir -p srv/labrepo
    printf 'UseDNS no\\nMaxStartups 100:30:200\\nMaxSessions 100\\n' > etc/ssh/sshd_config.d/lab.conf
    """)


def _build_services(place: Cache, folder: Path) -> None:
    """A layer on the base with services installed and switched off, and their packages as an apt repository."""
    _inside(place, place.base, folder, SUITE, place.packages, f"""
    {_download((*REPOSITORY, *SERVICES))}
    chroot $M apt-get install -yq --no-install-recommends {' '.join(SERVICES)}
    for s in nginx haproxy postgresql podman.service podman.socket podman-auto-update.timer podman-auto-update.service \\
        podman-restart nftables; do chroot $M systemctl disable $s || true; done
    mkdir -p $M/etc/containers
    printf '[engine]\\nruntime="runc"\\ncgroup_manager="systemd"\\nevents_logger="file"\\n' > $M/etc/containers/containers.conf
    printf '[containers]\\nlog_driver="k8s-file"\\npids_limit=0\\n' >> $M/etc/containers/containers.conf
    """)


def _download(packages: Sequence[str]) -> str:
    # one by one: what one host has may exclude what another one has
    return f"""for p in {' '.join(packages)}; do
        chroot $M apt-get install -yq --no-install-recommends --download-only $p
    done"""


def _inside(place: Cache, lower: Path, upper: Path, suite: str, packages: Path, chores: str) -> None:
    """Run shell commands on an overlay of two folders ($M) with the archive of a suite; downloaded packages become a repository."""
    packages.mkdir(exist_ok=True)
    work, mount = place.folder / f".{suite}.work", place.folder / f".{suite}.mount"
    sources = "".join(f"deb {archive(name)} {name} main\\n" for name in (suite, f"{suite}-updates", f"{suite}-security"))
    whole = f"""
    W='{work}' M='{mount}'; rm -rf $W; mkdir -p $W $M
    mount -t overlay overlay -o lowerdir='{lower}',upperdir='{upper}',workdir=$W $M
    mount -t proc proc $M/proc; mount --bind /dev $M/dev; mount -t tmpfs tmpfs $M/run
    cat /etc/resolv.conf > $M/etc/resolv.conf
    cp $M/etc/apt/sources.list $M/root/.sources
    printf '{sources}' > $M/etc/apt/sources.list
    printf '#!/bin/sh\\nexit 101\\n' > $M/usr/sbin/policy-rc.d; chmod +x $M/usr/sbin/policy-rc.d
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
    chroot $M apt-get update -q
    {chores}
    cp $M/var/cache/apt/archives/*.deb '{packages}'
    rm -rf $M/usr/sbin/policy-rc.d $M/var/cache/apt/archives/*.deb $M/var/lib/apt/lists/*
    mv $M/root/.sources $M/etc/apt/sources.list; : > $M/etc/resolv.conf
    """
    with open(place.folder / f"inside-{suite}.log", "w") as log:
        command = ["unshare", "-m", "--propagation", "private", "bash", "-ec", whole]
        if subprocess.run(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, check=False).returncode:
            raise LabError(f"building for Debian {suite} failed, see {log.name}")
    script(f"cd '{packages}' && apt-ftparchive packages . > Packages 2>/dev/null && gzip -kf Packages && apt-ftparchive release . > Release")


def _build_trixie(place: Cache, folder: Path) -> None:
    script(f"debootstrap --variant=minbase --include={TRIXIE} trixie '{folder}' {archive('trixie')}", place.folder / "trixie.log")
    script(f"""
    cd '{folder}'
    rm -f etc/ssh/ssh_host_* etc/hostname; : > etc/machine-id; : > etc/resolv.conf
    rm -f etc/apt/sources.list.d/*
    echo 'deb [trusted=yes] file:/srv/labrepo ./' > etc/apt/sources.list
    mkdir -p etc/containers srv/labrepo; cp '{place.layer}/etc/containers/containers.conf' etc/containers/
    ln -sf /dev/null etc/systemd/system/systemd-modules-load.service
    ln -sf /dev/null etc/systemd/system/apt-daily.timer
    ln -sf /dev/null etc/systemd/system/apt-daily-upgrade.timer
    rm -rf var/cache/apt/archives/*.deb
    """)
    scratch = place.folder / ".trixie.scratch"
    scratch.mkdir(exist_ok=True)
    _inside(place, folder, scratch, "trixie", place.trixie_packages, _download((*REPOSITORY, *SERVICES)))
    shutil.rmtree(scratch)


def _authorise(root: Path, key: Path) -> None:
    """Let our key in; not part of the packed archive, so that the archive holds no key."""
    public = key.with_suffix(".pub").read_text()
    for home, user in (("root", 0), ("home/deploy", 1000)):
        folder = root / home / ".ssh"
        keys = folder / "authorized_keys"
        # running hosts have this folder as their lower layer: it is written once only
        if not folder.parent.is_dir() or keys.exists() and keys.read_text() == public:
            continue
        folder.mkdir(mode=0o700, exist_ok=True)
        keys.write_text(public)
        keys.chmod(0o600)
        for path in (folder, keys):
            os.chown(path, user, user)
