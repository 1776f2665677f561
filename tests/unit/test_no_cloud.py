"""Engine, schema and plan know no cloud: what is peculiar to one stands in a module of its own, and no other names it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from provisioner import providers
from provisioner.spec.clouds import CLOUDS

CODE = Path(providers.__file__).parent
NEUTRAL = ("compose", "engine.py", "engines/ansible", "engines/terraform", "model", "planner", "runner", "spec", "catalog/definition_shape.py",
           "catalog/definitions.py", "catalog/variables.py", "references.py", "store")
NAMES = re.compile(r"aws|amazon|boto|\barn\b|azurerm_|google_", re.IGNORECASE)
APART = {
    "spec/clouds.py": "the short forms of targets",
    "model/words.py": "the names of the engines, one of which calls the API of AWS",
    "spec/policy_types.py": "an example names a resource",
    "spec/environment_shape.py": "the backends of secrets are told by name",
}


def named(path: Path) -> Iterator[str]:
    """What code says but for its comments and docstrings: names and texts in which a cloud is called by name."""
    tree = ast.parse(path.read_text())
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        said = [getattr(node, field, None) for field in ("id", "attr", "name", "arg")]
        said += [node.value] if isinstance(node, ast.Constant) and id(node) not in told else []
        yield from (f"{path.relative_to(CODE)}:{getattr(node, 'lineno', 0)}: {text}" for text in said if isinstance(text, str) and NAMES.search(text))


def modules() -> Iterator[Path]:
    for part in NEUTRAL:
        yield from sorted((CODE / part).rglob("*.py")) if (CODE / part).is_dir() else [CODE / part]


def test_none_but_its_own_modules_names_a_cloud() -> None:
    found = {path.relative_to(CODE).as_posix(): list(named(path)) for path in modules()}
    assert [line for path, lines in found.items() if path not in APART for line in lines] == []
    assert {path for path in APART if not found[path]} == set(), "no longer an exception"


def test_every_cloud_with_a_short_form_is_a_provider_as_any_other() -> None:
    for name, cloud in CLOUDS.items():
        made = cloud.terraform({"region": "here", "backend": {"local": {}}})
        assert made.keys() == {"provider", "version", "config", "env", "backend"} and str(made["provider"]).endswith(f"/{name}")
