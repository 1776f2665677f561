"""What tests of modules share."""

from collections.abc import Iterator

import pytest

from provisioner.sandbox import simulator


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[simulator.Simulator]:
    folder = tmp_path_factory.mktemp("simulated")
    yield simulator.start(folder)
    simulator.stop(folder)
