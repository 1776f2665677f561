"""`provision plan` of KubeVela's documents for real: hosts of the lab in check mode, the simulated AWS with Terraform. Nothing is applied."""

import json
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from provisioner import model
from provisioner.model import Json
from provisioner.sandbox import simulator
from provisioner.spec import yaml
from tests import kubevela
from tests.e2e.conftest import Project
from tests.kubevela import DATA, ENVIRONMENT, PLANNED, Row
from tests.lab import Lab

AT_ONCE = 2
HOSTS = 8
"""As many as the environment of the table lists: Debian 12 and Debian 13 by turns. A document gets as many as it asks for, two at least."""


class Planner:
    """Plans documents against these hosts and this cloud."""

    def __init__(self, folder: Path, lab: Lab, hosts: Sequence[model.Host], endpoint: str) -> None:
        self._folder, self._lab, self._hosts, self._endpoint = folder, lab, hosts, endpoint
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_"))}
        self._environ = {**kept, "NO_COLOR": "1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    def plan(self, row: Row, path: Path, name: str) -> dict[str, Json]:
        """How many units a document has on each target, and what hinders its plan; in a project of its own that is gone afterwards."""
        project = Project(kubevela.project(self._folder / row.file.replace("#", "-")), self._environ)
        try:
            hosts = self._hosts[:asked_for(project.folder, row, path, name)]
            (project.folder / ENVIRONMENT).write_text(json.dumps(environment(self._lab, hosts, self._endpoint)))
            shutil.copy(path, project.folder / "app.yaml")
            wanted = ["plan", f"app.yaml#{name}" if "#" in row.file else "app.yaml", "-o", "json", *(["--ignore-unsupported"] if row.without else [])]
            done = project.provision(*wanted, exit=None)
            if not done.stdout:
                return {"failed": f"exit code {done.returncode}"}
            told = json.loads(done.stdout)
            return came_of(told) if told["kind"] == "plan" else {"failed": reason(told)}
        finally:
            shutil.rmtree(project.folder)


def came_of(plan: dict[str, Json]) -> dict[str, Json]:
    """The units of a plan on each target that something happens to; and `failed` where one could not be planned."""
    failed = [f"{unit['unit']}: {unit['failure']}" for unit in plan["units"] if unit["failure"]]
    idle = [f"{unit['unit']}: nothing would be done" for unit in plan["units"] if unit["action"] == "none" and not unit["failure"]]
    units = Counter(unit["target"] or unit["engine"] for unit in plan["units"])
    return {"units": dict(sorted(units.items())), **({"failed": "; ".join(failed + idle)} if failed or idle else {})}


def asked_for(folder: Path, row: Row, path: Path, name: str) -> int:
    """How many hosts a document needs: what goes to all there are goes to two as well."""
    found = [len(unit.hosts) for unit in kubevela.composed(folder, path, name, ignore=row.without).units]
    return max([2, *(number for number in found if number < HOSTS)])


def reason(told: dict[str, Json]) -> str:
    """The errors of a command that ended with some, as the table has them."""
    wrong = [f"{problem['code']} {problem['message']}" for problem in told.get("problems", ()) if problem["severity"] == "error"]
    return "; ".join(wrong) or f"{told['error']['code']} {told['error']['message']}"


def environment(lab: Lab, hosts: Sequence[model.Host], endpoint: str) -> Json:
    """The environment of the table with real hosts and a cloud that answers."""
    found = yaml.read(DATA / ENVIRONMENT).value
    vms, aws = found["spec"]["targets"]
    vms["hosts"] = {"list": [{"name": host.name, "address": host.address} for host in hosts], "user": "root", "privateKey": str(lab.key),
                    "sshArgs": lab.ssh_args, "knownHosts": str(lab.known_hosts)}
    aws |= {"simulated": True, "aws": {**aws["aws"], "endpoint": endpoint}}
    return found


def keep(planned: dict[str, dict[str, Json]]) -> None:
    """Write down what came of each, a line for each."""
    lines = (f"{json.dumps(name)}: {json.dumps(came)}" for name, came in sorted(planned.items()))
    PLANNED.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def plan_all(rows: Iterable[tuple[Row, Path, str]], folder: Path, *, anew: bool, at_most: int) -> int:
    """Plan those that have no plan yet (`anew`: all), keep what comes of each as it ends; 1 when one failed."""
    before = {} if anew else kubevela.planned_before()
    open_ = [found for found in rows if "units" not in before.get(found[0].file, {}) or "failed" in before[found[0].file]][:at_most]
    folder.mkdir()
    running, lab = simulator.start(folder), Lab.open()
    failed = False
    try:
        old, new = lab.hosts(HOSTS // 2), lab.hosts(HOSTS // 2, trixie=True)
        planner = Planner(folder, lab, [host for pair in zip(old, new, strict=True) for host in pair], running.endpoint)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            began = time.monotonic()
            waiting = {pool.submit(planner.plan, *found): found[0] for found in open_}
            for number, done in enumerate(as_completed(waiting), 1):
                row, came = waiting[done], done.result()
                before = {**before, row.file: came}
                keep(before)
                failed |= "failed" in came
                sys.stderr.write(f"{time.monotonic() - began:5.0f} s {number:3}/{len(open_)} {row.file}: {came.get('failed') or came['units']}\n")
    finally:
        lab.close()
        simulator.stop(folder)
    return int(failed)
