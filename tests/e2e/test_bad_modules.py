"""One Terraform module that can't be delivered, beside components that do not need it: those are delivered, with either engine.

Mended, the next apply finishes. Budget: 2 minutes.
"""

import os
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioner.sandbox import simulator
from tests.e2e.conftest import ROOT, Project
from tests.e2e.crashing import Cloud
from tests.ports import free_port

FAULTY = ROOT / "tests" / "data" / "faulty"


class Shop:
    """The application in the sandbox, delivered once while all was well."""

    def __init__(self, project: Project, port: int) -> None:
        self.project, self.port = project, port
        running = simulator.find(project.folder)
        assert running is not None
        self.cloud = Cloud(running.endpoint)

    def add(self, component: str) -> None:
        """One more component."""
        self.project.edit("  components:\n", f"  components:\n    - {component}\n")

    def greeting(self) -> str:
        """What the service says."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=120) as answer:
            return str(answer.read().decode())

    @property
    def moved(self) -> Path:
        return self.project.folder / "modules" / "moved"


@dataclass(frozen=True)
class Case:
    """A component that can't be delivered: `spoil` before, `mend` after; `says`: what has to be told."""

    name: str
    component: str
    says: tuple[str, ...]
    spoil: Callable[[Shop], object]
    mend: Callable[[Shop], object]

    def __str__(self) -> str:
        return self.name


REFUSAL = "User: arn:aws:iam::123456789012:user/deploy is not authorized to perform: sqs:createqueue"
CASES = (
    Case("refused by the API", "{name: bad, type: queue}", ("AccessDenied", REFUSAL),
         lambda shop: shop.cloud.fault(service="sqs", action="CreateQueue", match="faulty-sandbox-bad", code="AccessDenied", message=REFUSAL),
         lambda shop: shop.cloud.mend()),
    Case("a bad value of a variable", "{name: odd, type: box, properties: {size: 100}}", ("A box holds less than 100.",),
         lambda shop: None, lambda shop: shop.project.edit("size: 100", "size: 99")),
    Case("its source is gone", "{name: lost, type: moved}", ("its module is gone", "modules/moved"),
         lambda shop: shop.moved.rename(shop.project.folder / "away"), lambda shop: (shop.project.folder / "away").rename(shop.moved)),
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("faulty") / "faulty"
    shutil.copytree(FAULTY, folder)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PROVISION_"))}
    project = Project(folder, {**kept, "NO_COLOR": "1"})
    port = free_port()
    project.edit("8790", str(port))
    try:
        project.provision("apply", "--yes")
        yield Shop(project, port)
        project.provision("destroy", "--yes", "--allow-destroy", "files")
    finally:
        project.end()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_does_not_need_it_is_delivered(shop: Shop, case: Case) -> None:
    number = CASES.index(case)
    case.spoil(shop)
    shop.add(case.component)
    shop.add(f"{{name: beside{number}, type: queue}}")
    shop.project.edit(f"greeting-{number}", f"greeting-{number + 1}")
    done = shop.project.provision("apply", "--yes", exit=9)
    told = " ".join((done.stdout + done.stderr).split())
    assert not [words for words in case.says if words not in told], told
    assert "Traceback" not in told
    assert shop.greeting() == f"greeting-{number + 1}"
    assert shop.project.outputs(f"beside{number}")["url"]
    case.mend(shop)
    shop.project.provision("apply", "--yes")
    shop.project.provision("plan", "--detailed-exitcode")
