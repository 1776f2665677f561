"""A file that holds more than one application: which is meant, and what counts as its text."""

from pathlib import Path

import pytest

from provisioner import spec
from provisioner.cli.options import application_of
from provisioner.errors import Invalid

APPLICATION = """apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {{name: {name}}}
spec: {{components: [{{name: db, type: {type}}}]}}
"""
DEFINITION = "apiVersion: provision/v1\nkind: ComponentDefinition\nmetadata: {name: own}\nspec: {implementations: [{needs: existing}]}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "app.yaml"
    path.write_text("---\n".join([APPLICATION.format(name="one", type="queue"), DEFINITION, APPLICATION.format(name="two", type="bucket")]))
    return path


def test_one_is_chosen_by_name(file: Path) -> None:
    application, problems = spec.read_application(file, "two")
    assert (application.name, [component.type for component in application.components], problems) == ("two", ["bucket"], [])


def test_an_edit_of_another_one_does_not_change_its_text(file: Path) -> None:
    before = [spec.read_application(file, name)[0].text for name in ("one", "two")]
    file.write_text(file.read_text().replace("bucket", "table"))
    after = [spec.read_application(file, name)[0].text for name in ("one", "two")]
    assert before[0] == after[0] and before[1] != after[1]


def test_an_unknown_name_is_told_with_the_known_ones(file: Path) -> None:
    with pytest.raises(Invalid, match=r"PRV-1211 there is no application \"three\".*there is: one, two"):
        spec.read_application(file, "three")


def test_definitions_are_found(file: Path) -> None:
    assert [document.value["metadata"]["name"] for document in spec.definitions_beside(file)] == ["own"]


def test_the_command_line_names_it_after_the_file(file: Path, tmp_path: Path) -> None:
    assert application_of(f"{file}#two") == (str(file), "two")
    assert application_of(str(file)) == (str(file), "")
    odd = tmp_path / "a#b.yaml"
    odd.write_text("")
    assert application_of(str(odd)) == (str(odd), "")
    # a name alone is an application in the usual file; what looks like a file is one
    assert application_of("two") == ("app.yaml", "two")
    assert application_of("two.yaml") == ("two.yaml", "") and application_of("a/two") == ("a/two", "")


def test_optional_fields_without_a_value_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "app.yaml"
    path.write_text(APPLICATION.format(name="one", type="queue").replace("{components: [{name: db, type: queue}]}", """
  components:
    - name: db
      type: queue
      properties:
      traits:
      dependsOn:
  policies:
  workflow:
"""))
    application, problems = spec.read_application(path)
    assert (application.components[0].properties, application.components[0].traits, problems) == ({}, (), [])
