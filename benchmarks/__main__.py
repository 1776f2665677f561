"""Run the benchmarks named as arguments (all without) and write RESULTS.md."""

import importlib
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Row

ALL = ("startup", "definitions", "planning", "terraform_root", "quickstart", "fifty", "critical_path")
RESULTS = Path(__file__).parent / "RESULTS.md"
HEAD = "| what | ours | peer | ratio | goal | met |\n|---|---|---|---|---|---|\n"


def main(names: list[str]) -> int:
    """1 when a goal was missed."""
    rows: list[tuple[str, Row]] = []
    load = os.getloadavg()[0]
    for name in names or ALL:
        begun = time.monotonic()
        print(f"{name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="provision-bench-") as work:
            try:
                rows += [(name, row) for row in importlib.import_module(f"benchmarks.{name}").run(Path(work))]
            except (RuntimeError, OSError) as error:  # the others are still worth their minutes
                print(error, file=sys.stderr, flush=True)
                rows.append((name, Row(f"{name}: could not be measured", "", "", "", "", False)))
        print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    table = HEAD + "".join(f"| {row.what} | {row.ours} | {row.peer} | {row.ratio} | {row.goal} | {'yes' if row.met else 'NO'} |\n" for _, row in rows)
    print(table)
    if not names:
        intro = f"Medians; ratios are medians of ratios round by round, both sides interleaved. Python {platform.python_version()}, " \
                f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores whose load was {load:.1f} before we began " \
                f"(above 1, absolute times say more of the machine than of us). `make bench` writes this page."
        RESULTS.write_text(f"# Benchmarks\n\n{intro}\n\n{table}")
    return 0 if all(row.met for _, row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
