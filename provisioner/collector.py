"""When Python's cyclic garbage collector rests. Changes no result, only how long it takes."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = 50_000
"""New values between two passes of the collector; Python's own number, 700, makes it 8 % of a plan."""


def seldom() -> None:
    """For a process that ends soon and makes few cycles: let the collector look less often."""
    gc.set_threshold(SELDOM, 10, 10)


@contextmanager
def resting() -> Iterator[None]:
    """While very many values are built that all stay: each pass over them would find nothing, and costs a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # what was built stays: no later pass need look at it
        gc.freeze()
        if was:
            gc.enable()
