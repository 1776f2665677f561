"""Spec to plan without engines: 100, 1,000 and 10,000 components, each measured in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Row

SIZES = (100, 1_000, 10_000)
SECONDS, MEBIBYTES = 3.0, 400.0
"""Goal for the largest one."""

PROGRAM = """
import json, resource, sys, time
from pathlib import Path
from benchmarks.planning import plan_file
begun = time.monotonic()
steps = plan_file(Path(sys.argv[1]))
print(json.dumps([time.monotonic() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, steps]))
"""


def application(size: int) -> str:
    """A spec of `size` components: each service uses a table and the service before it."""
    lines = ["apiVersion: core.oam.dev/v1beta1", "kind: Application", "metadata: {name: wide}", "spec:", "  components:"]
    for number in range(size // 2):
        lines += [
            f"    - {{name: table-{number}, type: table}}",
            f"    - name: service-{number}",
            "      type: webservice",
            "      properties:",
            "        artifact: service",
            "        cmd: [python3, main.py]",
            f"        ports: [{{port: {10000 + number % 50000}}}]",
            "        env:",
            f"          TABLE: ${{table-{number}.name}}",
            *([f"          BEFORE: ${{service-{number - 1}.url}}"] if number % 10 else []),
            "        readinessProbe: {httpGet: {path: /healthz, port: 8080}}",
        ]
    return "\n".join(lines) + "\n"


def plan_file(path: Path) -> int:
    """Everything from the document to the finished plan, with an engine that answers at once; the number of steps."""
    from provisioner import spec
    from provisioner.catalog import Catalog
    from provisioner.compose import compose
    from provisioner.engine import Planned, Site
    from provisioner.model import Change
    from provisioner.planner import PlanInputs, make
    from provisioner.sandbox.environment import environment

    class Instant:
        name = "instant"

        def plan(self, request, site):
            return {unit.name: Planned((Change(unit.name, "x", "create"),)) for unit in request.units}

    found, _ = spec.read_application(path)
    place = environment(path.parent, "http://127.0.0.1:1")
    units = compose(Catalog(path.parent).context_for(found, place, {})).units
    engines = {"terraform": Instant(), "ansible": Instant()}
    here = path.parent
    sites = {target.name: Site(found.name, place.name, target, here, here, here, lambda value: value) for target in place.targets}
    return len(make(PlanInputs("p", found.name, place.name, "", found.text, str(here), "", units, {}, engines, sites.__getitem__)).steps)


def run(work: Path) -> list[Row]:
    """Median of three processes for each size."""
    rows, per_component = [], {}
    for size in SIZES:
        folder = work / str(size)
        folder.mkdir()
        (folder / "service").mkdir()
        (folder / "service/main.py").write_text("")
        (folder / "app.yaml").write_text(application(size))
        results = sorted(json.loads(subprocess.run([sys.executable, "-c", PROGRAM, str(folder / "app.yaml")], check=True, capture_output=True,
                                                   text=True).stdout) for _ in range(3))
        seconds, memory, steps = results[1]
        assert steps == size
        per_component[size] = seconds / size
        last = size == SIZES[-1]
        rows.append(Row(f"spec to plan, {size:,} components", f"{seconds:.2f} s, {memory:.0f} MiB", "", f"{per_component[size] * 1e6:.0f} µs each",
                        f"≤ {SECONDS:.0f} s, {MEBIBYTES:.0f} MB" if last else "", not last or (seconds <= SECONDS and memory <= MEBIBYTES)))
    growth = per_component[SIZES[2]] / per_component[SIZES[1]]
    rows.append(Row("growth from 1,000 to 10,000, for each component", f"{growth:.2f}", "1 is linear", "", "near linear (≤ 1.5)", growth <= 1.5))
    return rows
