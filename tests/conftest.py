"""What all tests share: the hosts lab, the order of tests for parallel runs, and the rule that nothing is skipped in CI."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from provisioner import model
from tests.lab import Lab, why_not

ORDER = ("e2e", "integration")
"""Folders of slow tests, which start first: a long file that starts last keeps one worker busy while the others are idle."""

LabHosts = Callable[..., list[model.Host]]

# a busy machine is no failure: no example has a time limit, and drawing them has none
hypothesis.settings.register_profile("unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("unhurried")

# workers of a parallel run get the width of the terminal; what is tested is what a pipe sees
os.environ.pop("COLUMNS", None)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Real Debian hosts in a network of their own: made when first asked for, gone at the end. See tests/lab/lab.py."""
    if reason := why_not():
        pytest.skip(reason)
    opened = Lab.open()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def lab_hosts(lab: Lab) -> Iterator[LabHosts]:
    """Factory of fresh hosts: `lab_hosts(2)`, `lab_hosts(1, base=True)`, `lab_hosts(1, disk="64m")`; the options of `Lab.hosts`.

    Each call boots new ones (a second or two), names counted on through the session; they go at the end of the module.
    """
    made: list[model.Host] = []

    def make(count: int = 1, **options: object) -> list[model.Host]:
        hosts = lab.hosts(count, **options)  # type: ignore[arg-type]
        made.extend(hosts)
        return hosts

    yield make
    lab.remove(made)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow folders first; a parallel run (`--dist loadfile`) hands out whole files in this order, so that fixtures are made once."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    folder = Path(str(item.fspath)).parent.name
    return ORDER.index(folder) if folder in ORDER else len(ORDER)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """In CI a skipped test is a failed one: what it needs is missing there."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()  # type: ignore[attr-defined]
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped in CI: {reason}"


def pytest_make_collect_report(collector: pytest.Collector) -> pytest.CollectReport | None:
    """A whole module that skips itself in CI fails as well."""
    if not os.environ.get("CI"):
        return None
    from _pytest.runner import pytest_make_collect_report as collect

    report = collect(collector)
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped in CI: {report.longrepr}"
    return report


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A folder of its own to work in, with nothing said about provision in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PROVISION_")]:
        monkeypatch.delenv(name)
    mask = os.umask(0o022)
    yield
    os.umask(mask)
