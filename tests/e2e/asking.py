"""A URL that is asked in a loop inside the lab's network while something else is done."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from shlex import join

from tests.lab import Lab

LOOP = "end=$(($(date +%s) + 400)); while [ ! -e {stop} ] && [ $(date +%s) -lt $end ]; do " \
       "echo $(date +%s.%N) $(curl -s -o /dev/null --max-time 5 -w '%{{http_code}}' {words}); sleep 0.05; done"


@contextmanager
def asked_meanwhile(lab: Lab, stop: Path, *words: str) -> Iterator[list[tuple[float, str]]]:
    """`words`: those of curl. Afterwards the list holds when, and the status of each answer (000: none); `stop` is a file that is not there yet."""
    answers: list[tuple[float, str]] = []
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(lab.exec, ["sh", "-c", LOOP.format(stop=stop, words=join(words))], timeout=420)
        try:
            yield answers
        finally:
            stop.touch()
        answers += [(float(moment), code) for moment, code in (line.split() for line in asking.result().stdout.splitlines())]
