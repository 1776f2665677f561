"""Documents as cases. `tests/cases/bad/NAME`: app.yaml (or what `generate.py` makes) must fail with exactly the lines of error.txt.
`tests/cases/good/NAME`: must compose to exactly the units of units.yaml, with the warnings of warnings.txt if it is there.
`UPDATE_CASES=1 pytest …` writes what it gets: read it.

A case may hold `environments/NAME.yaml` (else: the sandbox), `on.txt` (addresses for --on), `assigned.yaml`, and folders of its own types.
"""

import os
import runpy
import shutil
from pathlib import Path

import pytest
import yaml

from provisioner import references, spec
from provisioner.catalog import Catalog
from provisioner.codec import to_json
from provisioner.compose import Composition, compose
from provisioner.errors import Invalid
from provisioner.model import Environment, Handling, Json, Unit
from provisioner.sandbox import environment as sandbox

CASES = Path(__file__).parent.parent / "cases"
BAD = sorted(path.name for path in (CASES / "bad").iterdir() if path.is_dir())
GOOD = sorted(path.name for path in (CASES / "good").iterdir() if path.is_dir())
VARIABLES = {"DEPLOY_ROLE": "arn:aws:iam::123456789012:role/deploy"}
UPDATE = bool(os.environ.get("UPDATE_CASES"))


def environment_of(folder: Path) -> Environment:
    if (folder / "on.txt").exists():
        return spec.on_hosts((folder / "on.txt").read_text().split())
    files = spec.find_environments(folder)
    if not files:
        return sandbox.environment(folder, "http://127.0.0.1:4566")
    [path] = files.values()
    return spec.read_environment(path, VARIABLES)


def composed(folder: Path) -> Composition:
    application, problems = spec.examine_application(Path("app.yaml"))
    assigned = yaml.safe_load((folder / "assigned.yaml").read_text()) if (folder / "assigned.yaml").exists() else {}
    catalog = Catalog(folder, beside=spec.definitions_beside(Path("app.yaml")))
    return compose(catalog.context_for(application, environment_of(Path()), assigned, problems))


@pytest.mark.parametrize("name", BAD)
def test_bad(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = CASES / "bad" / name
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    if (folder / "generate.py").exists():
        (tmp_path / "app.yaml").write_bytes(runpy.run_path(str(folder / "generate.py"))["CONTENT"])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Invalid) as raised:
        composed(tmp_path)
    assert raised.value.exit == 3
    told = "".join(f"{problem}\n" for problem in raised.value.problems)
    if UPDATE:
        (folder / "error.txt").write_text(told)
    assert told == (folder / "error.txt").read_text()


@pytest.mark.parametrize("name", GOOD)
def test_good(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = CASES / "good" / name
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    found = composed(tmp_path)
    read = spec.examine_application(Path("app.yaml"))[1]
    warned = "".join(dict.fromkeys(f"{problem}\n" for problem in (*read, *found.warnings)))
    told = yaml.safe_dump([shown(unit) for unit in found.everything], sort_keys=False, width=150, allow_unicode=True)
    if UPDATE:
        (folder / "units.yaml").write_text(told)
        if warned:
            (folder / "warnings.txt").write_text(warned)
    assert warned == ((folder / "warnings.txt").read_text() if (folder / "warnings.txt").exists() else "")
    assert told == (folder / "units.yaml").read_text()


def shown(unit: Unit) -> dict[str, Json]:
    """What a case pins down of a unit: what was decided, not where the library lies."""
    found: dict[str, Json] = {"name": unit.name, "engine": unit.engine, "needs": list(unit.needs), "root": unit.root}
    found["hosts"] = [host.name for host in unit.hosts]
    if unit.host_source:
        found["host_source"] = {"unit": unit.host_source.unit, "count": unit.host_source.count, "names": list(unit.host_source.names)}
    # what says nothing about the case is left out: defaults of the type, and outputs that are the module's own
    found["inputs"] = {name: value for name, value in unit.inputs.items()
                       if name.endswith(("_env", "_probe")) or any(references.find(value)) or unit.flow}
    found["outputs"] = {name: value for name, value in unit.outputs.items() if not str(value).startswith("${module.")}
    found |= {"sensitive": list(unit.sensitive), "data": unit.data}
    if unit.flow:
        found["flow"] = {key: value for key, value in vars(unit.flow).items() if value not in ((), "", 0, {}, False)}
        found["flow"] |= {key: list(value) for key, value in found["flow"].items() if isinstance(value, tuple)}
    found["imports"] = unit.imports
    found["secrets"] = [secret.path for secret in unit.secrets]
    found["handling"] = {key: value for key, value in to_json(unit.handling).items() if value != to_json(Handling())[key]}
    return {key: value for key, value in found.items() if value not in ([], {}, "", False, None)}
