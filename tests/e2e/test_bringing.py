"""Steps that bring a module or a playbook of their own, out of a workflow in a file of its own, and what they export to Vault. Budget: 90 s."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Project
from tests.e2e.crashing import until
from tests.vault_server import TOKEN, Server, vault

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with vault() as opened:
        yield opened


@pytest.fixture(scope="module")
def shop(example: Callable[..., Project], server: Server) -> Iterator[Project]:
    project = example("bringing", folder=DATA)
    edit(project, "VAULT", server.address)
    subprocess.run([*project.command, "secrets", "set", "vault"], cwd=project.folder, env=project.environ, input=TOKEN, text=True, check=True)
    try:
        yield project
    finally:
        project.provision("destroy", "--yes", "--allow-destroy", "files", exit=None)
        project.end()


def edit(project: Project, before: str, after: str) -> None:
    """Change the workflow."""
    path = project.folder / "workflows" / "release.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def states(project: Project) -> dict[str, str]:
    return {step["step"]: step["state"] for step in project.json("show")["steps"]}


def test_what_they_bring_is_planned_and_delivered_with_the_rest(shop: Project, server: Server) -> None:
    assert shop.planned() == {"rest@workflow": "run", "files@aws": "create", "own@workflow": "run", "own@aws": "create", "played@workflow": "run",
                              "export@workflow": "run"}
    assert not (shop.folder / "noted.txt").exists()
    shop.provision("apply", "--yes")
    bucket, queue = shop.outputs("files")["name"], shop.outputs("own")["name"]
    assert queue == f"events-{bucket}" and (shop.folder / "noted.txt").read_text() == f"{bucket} {queue}\n"
    assert server.secrets == {"secret/shop/outputs": [{"queue": queue, "noted": f"noted {bucket}"}]}
    assert all(TOKEN.encode() not in path.read_bytes() for path in (shop.folder / ".provision").rglob("*") if path.is_file())


def test_nothing_of_it_runs_without_a_change(shop: Project) -> None:
    (shop.folder / "noted.txt").unlink()
    assert "Nothing to do" in shop.provision("apply", "--yes").stdout
    assert not (shop.folder / "noted.txt").exists()


def test_a_playbook_has_a_limit_and_its_preview_shows_the_file(shop: Project) -> None:
    edit(shop, "timeout: 5m", "timeout: 6s")
    edit(shop, "wait: 0", "wait: 77")
    told = shop.provision("plan", "--diff", "full").stdout
    assert "noted.txt" in told and shop.outputs("own")["name"] in told
    shop.provision("apply", "--yes", exit=1)
    assert states(shop)["played@workflow"] == "failed" and "timed out after 6s" in shop.provision("show").stdout
    until(lambda: "sleep 77" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines())
    assert not (shop.folder / "noted.txt").exists()
    # an edit of the playbook that nobody was shown is not played by going on
    playbook = shop.folder / "note.yml"
    text = playbook.read_text()
    playbook.write_text(text + "# edited\n")
    told = shop.provision("resume", exit=11).stderr
    assert "PRV-6102 the playbook of played@workflow was changed since run" in told and "Next: provision apply" in told
    playbook.write_text(text)


def test_a_module_leaves_with_its_step(shop: Project) -> None:
    text = (shop.folder / "workflows" / "release.yaml").read_text()
    start, end = text.index("  - name: own\n"), text.index("  - name: played\n")
    (shop.folder / "workflows" / "release.yaml").write_text(text[:start] + text[end:])
    edit(shop, "timeout: 6s", "timeout: 5m")
    edit(shop, "wait: 77", "wait: 0, queue: none")
    edit(shop, "    inputs: [{from: queue, parameterKey: variables.queue}]\n", "")
    edit(shop, 'queue: "${own.name}"', "queue: none")
    told = shop.provision("apply", "--yes").stdout
    assert "1 to destroy" in told and "own@aws" not in shop.json("outputs")["outputs"]
    assert (shop.folder / "noted.txt").read_text().endswith(" none\n")
