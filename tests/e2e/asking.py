"""What asks a delivered component from inside the lab's network: the client of its protocol, and a loop while something else is done."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from shlex import join
from typing import Any

from tests.lab import Lab

ROOT = Path(__file__).parents[2]
CLIENT = "import json, sys; from tests.clients import CLIENTS; CLIENTS[sys.argv[1]](json.load(sys.stdin))"

LOOP = "end=$(($(date +%s) + 3000)); while [ ! -e {stop} ] && [ $(date +%s) -lt $end ]; do " \
       "echo $(date +%s.%N) $(curl -s -o /dev/null --max-time 120 -w '%{{http_code}}' {words}); sleep 0.05; done"


def use(lab: Lab, protocol: str, outputs: dict[str, Any]) -> None:
    """The protocol's client uses a component through its outputs alone."""
    lab.exec([sys.executable, "-c", CLIENT, protocol], stdin=None, input=json.dumps(outputs), cwd=ROOT)


@contextmanager
def asked_meanwhile(lab: Lab, stop: Path, *words: str) -> Iterator[list[tuple[float, str]]]:
    """`words`: those of curl. Afterwards the list holds when, and the status of each answer (000: none); `stop` is a file that is not there yet."""
    answers: list[tuple[float, str]] = []
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(lab.exec, ["sh", "-c", LOOP.format(stop=stop, words=join(words))], timeout=3300)
        try:
            yield answers
        finally:
            stop.touch()
        answers += [(float(moment), code) for moment, code in (line.split() for line in asking.result().stdout.splitlines())]
