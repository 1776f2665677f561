"""TAB: in a real bash, and what zsh and fish ask for; names out of a project, also out of one that is broken; nothing heavy is imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.cli import main
from provisioner.cli.completing import components
from provisioner.errors import Exit

PROVISION = Path(sys.executable).with_name("provision")
APP = """apiVersion: core.oam.dev/v1beta1
kind: Application
metadata:
  name: shop
spec:
  # what is needed
  components:
    - name: ledger
      type: postgres
      properties: {env: [{name: NOT}]}
    - {type: bucket, name: "files"}

    - type: webservice
      name: web
      properties:
        env:
          - name: NEITHER
      traits:
        - {type: gateway, name: nor}
  policies:
    - name: never
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.yaml").write_text(APP)
    for path in ("environments/prod.yaml", "components/mailbox.yaml", "components/traits/stamp.yaml", "addons/post/components/parcel.yaml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    monkeypatch.chdir(tmp_path)


def offered(*words: str) -> list[str]:
    """What bash offers for the last word after TAB."""
    script = ('eval "$(provision completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _provision_completion provision; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    environ = {**os.environ, "PATH": f"{PROVISION.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script, "bash", "provision", *words], env=environ, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


def test_what_bash_offers() -> None:
    assert offered("compl") == ["completion"]
    assert offered("apply", "--allow-des") == ["--allow-destroy"]
    assert offered("apply", "--allow-destroy", "") == ["files", "ledger", "web"]
    assert offered("plan", "-e", "") == ["prod", "sandbox"]
    assert {"mailbox", "stamp", "parcel", "postgres", "gateway"} <= set(offered("types", ""))
    assert offered("addon", "upgrade", "") == ["post"]
    assert offered("def", "vet", "m") == ["mailbox"]
    assert offered("help", "exit") == ["exit-codes"]
    assert offered("completion", "z") == ["zsh"]


@pytest.mark.parametrize(("shell", "telling"), [("zsh", "#compdef provision"), ("fish", "complete --no-files --command provision")])
def test_other_shells(shell: str, telling: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == Exit.OK
    assert telling in capsys.readouterr().out
    environ = {**os.environ, "_PROVISION_COMPLETE": f"{shell}_complete", "COMP_WORDS": "provision action ",
               "COMP_CWORD": "" if shell == "fish" else "2"}
    done = subprocess.run([str(PROVISION)], env=environ, capture_output=True, text=True, check=True)
    assert "ledger" in done.stdout


def test_a_completion_imports_nothing_heavy() -> None:
    code = ("import sys, atexit; from provisioner.cli import main; atexit.register(lambda: print(sorted({'yaml', 'sqlalchemy', 'jsonschema', "
            "'provisioner.api', 'provisioner.spec', 'provisioner.catalog'} & set(sys.modules)), file=sys.stderr)); main([])")
    environ = {**os.environ, "_PROVISION_COMPLETE": "bash_complete", "COMP_WORDS": "provision types po", "COMP_CWORD": "2"}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert "plain,postgres" in done.stdout and done.stderr.strip() == "[]"


@pytest.mark.parametrize(("text", "expected"), [
    (APP, ["ledger", "files", "web"]), ("", []), ("spec:\n  components:\n", []), ("spec: {components: []}\n", []),
    ("spec:\n  components:\n  - name: flat\n    type: x\n  - {name: b}\n  other: 1\n", ["flat", "b"]),
])
def test_components_by_their_lines(text: str, expected: list[str]) -> None:
    Path("app.yaml").write_text(text)
    assert list(components(Path())) == expected


def test_without_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert offered("apply", "--keep", "") == []
