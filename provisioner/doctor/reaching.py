"""Whether the hosts of an application answer: SSH with the right key, Python and sudo on them. Runs nothing but questions."""

import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provisioner.doctor.finding import Finding
from provisioner.hosts import keys, ssh
from provisioner.hosts.access import Access, common_args, key_args
from provisioner.model import Environment, Host, Hosts, Unit

SSH_SECONDS = 5.0
QUESTION = "; ".join((
    "command -v python3 /usr/bin/python3 2>/dev/null | head -n 1 | sed 's/^/python /'",
    "sudo -n true 2>/dev/null && echo sudo ok",
    "id -u | sed 's/^/uid /'",
    "df -Pk / | awk 'NR==2 {print \"free \" int($4/1024) \" used \" $5}'",
))
LITTLE_MB = 1000


def host_findings(environment: Environment, units: Sequence[Unit], state: Path, project: Path) -> Iterator[Finding]:
    """One finding for the hosts that are well, one for each that is not."""
    ways = {target.name: target.hosts or Hosts() for target in environment.targets}
    hosts = {f"{host.target}/{host.name}": host for unit in units if unit.engine == "ansible" for host in unit.hosts}
    remote = [Access(host, ways.get(host.target, Hosts()), keys.key_book(ways.get(host.target, Hosts()), state, project))
              for host in hosts.values() if host.connection == "ssh"]
    if any(host.connection == "local" for host in hosts.values()):
        yield Finding("this machine as a host", "ok", f"Python {sys.version.split()[0]}")
    if not remote:
        return
    if shutil.which("ssh") is None:
        yield Finding("ssh", "problem", "the program is not installed", "apt-get install openssh-client")
        return
    reached = ssh.reach(remote, {access.host.name: SSH_SECONDS for access in remote}, threading.Event(), lambda one: None)
    ready = [access for access, one in zip(remote, reached, strict=True) if one.state == "ready"]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(asked, ready))
    sick = [finding for access, answer in zip(ready, answers, strict=True) if (finding := judged(access, answer)) is not None]
    well = len(ready) - sum(finding.state == "problem" for finding in sick)
    yield Finding("ssh to hosts", "ok" if well == len(remote) else "warning", f"{well}/{len(remote)} reachable, with Python and rights")
    yield from (Finding(f"host {one.host}", "problem", one.reason, one.hint) for one in reached if one.state != "ready")
    yield from sick


def asked(access: Access) -> str:
    """What the host answers to our question, in lines; begins with "failed " when it does not let us ask."""
    words = ["ssh", *key_args(access), "-o", "BatchMode=yes", "-o", f"ConnectTimeout={SSH_SECONDS:.0f}", *shlex.split(common_args(access)),
             *(["-i", access.private_key] if access.private_key else []), *(["-p", str(access.port)] if access.port != 22 else []),
             *(["-l", access.user] if access.user else []), "--", access.host.address, QUESTION]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=SSH_SECONDS + ssh.HANDSHAKE, check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return "failed it did not answer in time"
    return done.stdout if done.returncode == 0 else f"failed {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}"


def judged(access: Access, answer: str) -> Finding | None:
    """What is wrong with a host that answered, or None."""
    name = f"host {access.host.name}"
    if answer.startswith("failed "):
        return Finding(name, "problem", answer.removeprefix("failed "), f"user and key must let us in; try: ssh {_login(access.host, access)}")
    lines = dict(line.split(" ", 1) for line in answer.splitlines() if " " in line)
    if "python" not in lines:
        return Finding(name, "problem", "there is no python3", f"ssh {_login(access.host, access)} sudo apt-get install -y python3")
    become = access.host.become or access.way.become
    if become and lines.get("uid") != "0" and "sudo" not in lines:
        return Finding(name, "problem", f"{access.user or 'the user'} may not use sudo without a password",
                       "give it NOPASSWD in sudoers, or connect as root")
    free, _, used = lines.get("free", "").partition(" used ")
    if free.isdigit() and int(free) < LITTLE_MB:
        return Finding(name, "warning", f"disk / {used} full, {free} MB free", "make room there before the next release")
    return None


def _login(host: Host, access: Access) -> str:
    return f"{access.user}@{host.address}" if access.user else host.address
