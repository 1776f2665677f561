"""Definitions: found, checked, with defaults; modules read; digests; the shipped library passes its own vetting."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner import references
from provisioner.catalog import Catalog, library_folder
from provisioner.catalog.modules import Unreadable, read_module
from provisioner.catalog.properties import with_defaults
from provisioner.errors import Invalid
from provisioner.model import Component, Definition, Trait

SITE = """apiVersion: provision/v1
kind: ComponentDefinition
metadata: {name: site, version: 2.0.0}
spec:
  description: A site.
  parameters:
    required: [owner]
    properties:
      owner: {type: string, description: Who}
      size: {type: integer, default: 1, minimum: 1, description: GiB}
      color: {type: string, enum: [red, blue], default: red, description: Colour}
  outputs: {url: {type: string}}
  implementations:
    - needs: aws
      terraform: {module: modules/site}
      variables: {name: "${parameters.owner}"}
      outputs: {url: "${module.url}"}
"""
MODULE = 'variable "name" {\n  type = string\n}\n\noutput "url" {\n  value = var.name\n}\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "site.yaml").write_text(SITE)
    (tmp_path / "modules" / "site").mkdir(parents=True)
    (tmp_path / "modules" / "site" / "main.tf").write_text(MODULE)
    return tmp_path


def definition(project: Path, text: str) -> Definition | None:
    (project / "components" / "site.yaml").write_text(text)
    return Catalog(project).component("site")


def told(project: Path, text: str) -> list[str]:
    with pytest.raises(Invalid) as raised:
        definition(project, text)
    return [f"{problem.where.line if problem.where else 0} {problem.code}" for problem in raised.value.problems]


def test_the_library_passes_its_own_vetting(tmp_path: Path) -> None:
    assert [str(problem) for problem in Catalog(tmp_path).vet()] == []


def test_a_project_comes_first(project: Path) -> None:
    (project / "components" / "bucket.yaml").write_text(SITE.replace("name: site", "name: bucket"))
    catalog = Catalog(project)
    assert "site" in catalog.component_names() and "postgres" in catalog.component_names() and "gateway" in catalog.trait_names()
    site, bucket, postgres = catalog.component("site"), catalog.component("bucket"), catalog.component("postgres")
    assert site and bucket and postgres
    assert (site.origin, bucket.origin, postgres.origin) == ("project", "project", "built-in")
    assert site.implementations[0].module == str(project / "modules" / "site")
    assert postgres.implementations[0].module == str(library_folder() / "modules/aws/postgres")
    assert catalog.component("../site") is None and catalog.component("") is None and catalog.trait("none") is None
    assert catalog.component("site") is site, "a file is read once"


def test_only_what_is_asked_for_is_read(project: Path) -> None:
    for name in ("wrong", "worse"):
        (project / "components" / f"{name}.yaml").write_text("kind: ComponentDefinition\napiVersion: provision/v1\nspec: [")
    (project / "components" / "torn.yaml").write_text(SITE.replace("name: site", "name: torn").replace("modules/site", "modules/torn"))
    (project / "modules" / "torn").mkdir()
    (project / "modules" / "torn" / "main.tf").write_text('variable "x" {')
    assert Catalog(project).component("site")
    with pytest.raises(Invalid, match="can't be read"):
        Catalog(project).component("torn")


def test_a_module_that_is_gone_is_no_fault_of_the_definition(project: Path) -> None:
    (project / "modules" / "site" / "main.tf").unlink()
    (project / "modules" / "site").rmdir()
    catalog = Catalog(project)
    site = catalog.component("site")
    assert site and catalog.digest_of(site.implementations[0].module) == ""
    assert "PRV-1430" in {problem.code for problem in catalog.vet()}


def test_properties_of_components_and_traits(project: Path) -> None:
    catalog = Catalog(project)
    site, scaler = catalog.component("site"), catalog.trait("scaler")
    assert site and scaler
    properties, problems = catalog.check(Component("a", "site", {"owner": "${db.url}", "size": "${db.port}"}), site)
    assert properties == {"owner": "${db.url}", "size": "${db.port}", "color": "red"} and problems == []
    _, problems = catalog.check(Component("a", "site", {"size": "x-${db.port}", "colour": "red", "color": "blu"}), site)
    assert {(problem.code, problem.hint) for problem in problems} == {
        ("PRV-1404", "owner: Who"), ("PRV-1405", ""), ("PRV-1403", 'did you mean "color"?'), ("PRV-1406", 'did you mean "blue"?')}
    assert catalog.check(Trait("scaler", {}), scaler) == ({"replicas": 1}, [])
    assert [problem.code for problem in catalog.check(Trait("scaler", {"replicas": 0}), scaler)[1]] == ["PRV-1406"]


def test_alternatives_say_what_was_meant(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    web = catalog.component("webservice")
    assert web
    def wrong(env: object) -> list[str]:
        return [problem.message for problem in catalog.check(Component("w", "webservice", {"env": env}), web)[1]]
    assert wrong({"A": "x", "B": 1}) == wrong([{"name": "A", "value": "x"}]) == wrong("${other.env}") == []
    assert wrong([{"nam": "A"}]) == ['w.env[0]: unknown property "nam"']
    assert wrong({"A": ["x"]}) == ["w.env.A must be text, a number or true or false, is a list"]
    assert wrong(5) == ["w.env must be a map or a list, is 5"]


def test_defaults_at_every_level() -> None:
    schema = {"properties": {"a": {"default": 1}, "b": {"properties": {"c": {"default": 2}}},
                             "d": {"items": {"properties": {"e": {"default": [3]}}}}, "f": {"type": "string"}}}
    assert with_defaults(schema, {"b": {}, "d": [{}, {"e": 4}, "${x.y}"]}) == {"a": 1, "b": {"c": 2}, "d": [{"e": [3]}, {"e": 4}, "${x.y}"]}
    assert with_defaults(schema, {"b": "${x.y}"}) == {"a": 1, "b": "${x.y}"}


@pytest.mark.parametrize(("before", "after", "expected"), [
    ("name: site", "name: sites", ["3 PRV-1421"]),
    ("description: A site.", "descripton: A site.", ["5 PRV-1420"]),
    ("needs: aws", "need: aws", ["14 PRV-1420"]),
    ("type: integer, default: 1", "type: integr, default: 1", ["10 PRV-1422"]),
    ("type: integer, default: 1", "type: integer, default: one", ["10 PRV-1422"]),
    ("type: integer, default: 1", "type: integer, default: 1, x-change: grows-only", ["10 PRV-1422"]),
    ("type: integer, default: 1", "type: string, x-change: grow-only", ["10 PRV-1422"]),
    ("required: [owner]", "required: [ownr]", ["7 PRV-1422", "16 PRV-1425"]),
    ("terraform: {module: modules/site}", "terraform: {module: m}\n      ansible: {playbook: p}", ["14 PRV-1423"]),
    ('outputs: {url: "${module.url}"}', 'outputs: {uri: "${module.url}"}', ["14 PRV-1424", "17 PRV-1424"]),
    ("${parameters.owner}", "${parameters.ownr}", ["16 PRV-1425"]),
    ("required: [owner]", "required: []", ["16 PRV-1425"]),
    ("variables: {name:", "variables: {nam:", ["16 PRV-1432", "16 PRV-1433"]),
    ("${module.url}", "${module.uri}", ["17 PRV-1434"]),
    ("kind: ComponentDefinition", "kind: TraitDefinition", ["2 PRV-1201"]),
    ("needs: aws", 'needs: aws\n      when: "size > 3"', ["15 PRV-1420"]),
    ("module: modules/site", "module: modules/site, holds: [aws_s3_bucket]", ["15 PRV-1440"]),
    ("needs: aws", "needs: aws\n      replaces: [ownr]", ["15 PRV-1425"]),
    ("needs: aws", "needs: aws\n      limits: {ownr: {maximum: 1, reason: x}}", ["15 PRV-1425"]),
    ("needs: aws", "needs: aws\n      limits: {size: {maximum: 1}}", ["15 PRV-1420"]),
    ("required: [owner]", "required: [owner]\n    x-differ: [[owner, ownr]]", ["8 PRV-1422"]),
    ("needs: aws", "needs: aws\n      actions: {backup: b.yml}", ["14 PRV-1423"]),
    ("needs: aws", "needs: aws\n      actions: {backup: {description: x}}", ["15 PRV-1420"]),
    ("needs: aws", "needs: aws\n      actions: {backup: {playbook: b.yml, parameters: {properties: {a: {type: strin}}}}}",
     ["14 PRV-1423", "15 PRV-1422"]),
])
def test_a_wrong_definition(project: Path, before: str, after: str, expected: list[str]) -> None:
    assert sorted(told(project, SITE.replace(before, after))) == sorted(expected)


def test_modules_are_read_wherever_their_blocks_stand(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(MODULE + 'variable "tags" {\n  default = null\n}\nresource "terraform_data" "x" {\n  input = "variable {"\n}\n')
    (tmp_path / "more.tf.json").write_text('{"variable": {"zone": {"default": "a"}, "must": {}}, "output": {"zone": {"value": "${var.zone}"}}}')
    module = read_module(tmp_path)
    assert {name: found.required for name, found in module.variables.items()} == {"name": True, "tags": False, "zone": False, "must": True}
    assert set(module.outputs) == {"url", "zone"}
    (tmp_path / "bad.tf").write_text('variable "x" {\n  type = \n')
    with pytest.raises(Unreadable, match=r"bad\.tf"):
        read_module(tmp_path)


def test_the_digest_of_a_module_counts_those_that_it_calls(project: Path) -> None:
    outer, inner = project / "modules" / "outer", project / "modules" / "inner"
    for folder, text in ((outer, 'module "in" {\n  source = "../inner"\n}\n'), (inner, 'variable "a" {}\n')):
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text(text)
    before = Catalog(project).digest_of(str(outer))
    assert Catalog(project).digest_of(str(outer)) == before
    (inner / "main.tf").write_text('variable "b" {}\n')
    assert Catalog(project).digest_of(str(outer)) != before


def test_digests(project: Path) -> None:
    module = project / "modules" / "site"
    before = Catalog(project).digest_of(str(module))
    (module / ".terraform").mkdir()
    (module / ".terraform" / "x").write_text("left behind by a tool")
    assert Catalog(project).digest_of(str(module)) == before and len(before) == 64
    (module / "main.tf").write_text(MODULE + "\n")
    assert Catalog(project).digest_of(str(module)) != before
    playbook = project / "playbooks" / "own" / "site.yml"
    playbook.parent.mkdir(parents=True)
    playbook.write_text("- hosts: all\n")
    first = Catalog(project).digest_of(str(playbook))
    (playbook.parent / "remove.yml").write_text("- hosts: all\n")
    assert first and Catalog(project).digest_of(str(playbook)) != first
    assert Catalog(project).digest_of(str(project / "none.yml")) == ""


# ------------------------------------------------------------------ vetting
def vetted(project: Path, text: str = SITE) -> list[str]:
    (project / "components" / "site.yaml").write_text(text)
    return [f"{problem.code} {problem.message}" for problem in Catalog(project).vet(["site"], [])]


def test_each_parameter_is_used_refused_or_ignored_by_each_implementation(project: Path) -> None:
    silent = 'PRV-1426 "site": the implementation for aws takes no notice of size, color'
    assert vetted(project) == [silent]
    told = SITE.replace("      terraform:", '      ignored: {size: "it grows by itself"}\n      refused: {color: "it has none"}\n      terraform:')
    assert [text[:8] for text in vetted(project, told)] == ["PRV-1435"], "nothing but that it has no example"
    assert [text[:8] for text in vetted(project, SITE.replace('"${parameters.owner}"', '"${parameters.*}"'))] == ["PRV-1435"]
    chosen = SITE.replace("      terraform:", '      when: "${parameters.color} == red"\n      ignored: {size: "it grows"}\n      terraform:')
    assert [text[:8] for text in vetted(project, chosen)] == ["PRV-1435"], "what decides between implementations is used"
    below = SITE.replace("      terraform:", '      ignored: {color: "it has none", size: "x"}\n      terraform:').replace(
        "size: {type: integer", "disk: {type: object, properties: {size: {type: integer}}, description: Disk}\n      size: {type: integer")
    assert "takes no notice of disk" in vetted(project, below)[0]


TRAIT = """apiVersion: provision/v1
kind: TraitDefinition
metadata: {name: label, version: 1.0.0}
spec:
  description: One label.
  appliesTo: [webservice]
  parameters: {required: [text], properties: {text: {type: string, description: Its text}}}
  patch: [{merge: {labels: {label: "${parameters.text}"}}}]
  example: |
    - {type: label, properties: {text: blue}}
"""


@pytest.mark.parametrize(("old", "new", "said"), [
    ("", "", ""),
    ("{text: blue}", "{txt: blue}", 'PRV-1435 the example of "label" on webservice, hosts: PRV-1403'),
    ("- {type: label, properties: {text: blue}}", "type: label", 'PRV-1435 the example of "label" is no list of traits'),
    ("merge: {labels", "merge: {colours", 'PRV-1435 the example of "label" on webservice, hosts: PRV-1403'),
    ("[webservice]", "[nothing]", 'PRV-1435 the example of "label" on webservice, hosts'),
])
def test_the_example_of_a_trait_is_composed_on_a_type_that_it_applies_to(project: Path, old: str, new: str, said: str) -> None:
    folder = project / "components" / "traits"
    folder.mkdir()
    (folder / "label.yaml").write_text(TRAIT.replace(old, new) if old else TRAIT)
    found = [f"{problem.code} {problem.message}" for problem in Catalog(project).vet([], ["label"])]
    assert [text[:len(said)] for text in found][:1] == ([said] if said else []), found


def test_what_a_parameter_must_look_like_is_said_in_words() -> None:
    """Nobody has to read a regular expression to mend a value."""
    def silent(value: object) -> bool:
        if isinstance(value, list):
            return any(map(silent, value))
        if not isinstance(value, dict) or "reason" in value:
            return False
        return "pattern" in value and "x-says" not in value or any(map(silent, value.values()))

    folder = library_folder() / "components"
    assert [str(path.relative_to(folder)) for path in sorted(folder.rglob("*.yaml")) if silent(yaml.safe_load(path.read_text()))] == []


def below(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """The dotted names below the parameters, with their descriptions."""
    for name, one in schema.get("properties", {}).items():
        yield ".".join((*path, name)), str(one.get("description", ""))
        yield from below(one, (*path, name))
    for one in (one for one in (schema.get("items"), *schema.get("anyOf", ())) if one):
        yield from below(one, path)


def code_of(folder: Path) -> str:
    """A module with those that it calls, or all playbooks."""
    text = "".join(path.read_text() for path in sorted(folder.rglob("*")) if path.suffix in (".tf", ".py", ".yml"))
    return text + "".join(code_of(folder / source) for source in re.findall(r'source\s*=\s*"(\.[^"]+)"', text))


def test_every_parameter_is_described_at_every_level() -> None:
    catalog = Catalog(library_folder())
    found = [definition for name in catalog.component_names() if (definition := catalog.component(name))]
    found += [definition for name in catalog.trait_names() if (definition := catalog.trait(name))]
    assert [f"{one.name}: {name}" for one in found for name, said in below(one.parameters) if not said] == []


def test_what_stands_below_a_parameter_is_used_refused_or_ignored_too() -> None:
    """The names are looked for in what makes it: a name that two things share is not seen, one that nobody reads is."""
    catalog = Catalog(library_folder())
    playbooks, door = (code_of(library_folder() / folder) for folder in ("playbooks", "modules/aws/load-balancer"))
    lost = []
    for definition in (found for name in catalog.component_names() if (found := catalog.component(name))):
        for one in (one for one in definition.implementations if one.module or one.playbook):
            code = playbooks if one.playbook else code_of(Path(one.module)) + (door if one.attach else "")
            told = {name.partition(" with")[0] for name in (*one.refused, *one.ignored)}
            taken = {reference.path[0] for _, reference in references.find(one.variables) if reference.head == "parameters"}
            for name, said in dict(below(definition.parameters)).items():
                head, *rest = name.split(".")
                silent = not any(name == other or name.startswith(f"{other}.") for other in told) and (rest or not said)
                if silent and head in taken and (said.startswith("Accepted for") or not re.search(rf"\b{name.rpartition('.')[2]}\b", code)):
                    lost.append(f"{definition.name} on {one.needs}: {name}")
    assert lost == []


def test_what_a_trait_takes_no_notice_of_is_told(project: Path) -> None:
    catalog = Catalog(library_folder())
    for definition in (found for name in catalog.trait_names() if (found := catalog.trait(name)) and not found.refused):
        accepted = {name for name, said in below(definition.parameters) if said.startswith("Accepted for")}
        passed_on = "*" in str(definition.patch)
        assert accepted - definition.ignored.keys() == set() or passed_on, definition.name
    (project / "components/traits").mkdir()
    text = TRAIT.replace("  appliesTo: [webservice]\n", "  appliesTo: [webservice]\n  ignored: {nobody: x}\n")
    (project / "components/traits/label.yaml").write_text(text)
    assert [problem.code for problem in Catalog(project).vet([], ["label"])] == ["PRV-1425"]


def test_each_trait_that_means_something_has_an_example() -> None:
    """It is composed by `def vet`. A service-binding is of a document of KubeVela's, with the component that writes the secret."""
    catalog = Catalog(library_folder())
    traits = [found for name in catalog.trait_names() if (found := catalog.trait(name))]
    assert [one.name for one in traits if not (one.example or one.refused or one.later or one.same_as)] == ["service-binding"]


def test_the_digest_of_a_playbook_in_the_project_s_own_folder(project: Path) -> None:
    """What a run, or somebody, writes beside it is not the playbook; what it reads there is."""
    playbook = project / "note.yml"
    playbook.write_text('- hosts: all\n  tasks:\n    - ansible.builtin.copy: {src: note.txt, dest: /etc/hosts}\n    - import_tasks: more.yml\n')
    for name in ("note.txt", "more.yml", "templates/x.j2", "README.md"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("[]\n")
    first = Catalog(project).digest_of(str(playbook))
    (project / "README.md").write_text("edited")
    (project / "written.txt").write_text("by a run")
    assert first and Catalog(project).digest_of(str(playbook)) == first
    for name in ("note.txt", "more.yml", "templates/x.j2", "note.yml"):
        before = Catalog(project).digest_of(str(playbook))
        (project / name).write_text((project / name).read_text() + "# edited\n")
        assert Catalog(project).digest_of(str(playbook)) != before, name
