"""provision addon: added from folders and repositories, pinned, checked when used, upgraded, restored, removed; all or nothing."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from provisioner.catalog import Catalog
from provisioner.cli import main
from provisioner.errors import Exit, ProvisionError
from provisioner.model import Unit
from provisioner.store import Store

Captured = pytest.CaptureFixture[str]
DEFINITION = """apiVersion: provision/v1
kind: ComponentDefinition
metadata: {name: NAME, version: 1.0.0}
spec:
  description: A NAME.
  parameters: {properties: {size: {type: integer, default: 1, description: How large}}}
  outputs: {id: {type: string}}
  implementations:
    - needs: aws
      terraform: {module: modules/NAME}
      variables: {size: "${parameters.size}"}
      outputs: {id: "${module.id}"}
  example: |
    - {name: it, type: NAME}
"""
MODULE = 'variable "size" {\n  type = number\n}\n\noutput "id" {\n  value = var.size\n}\n'
APP = """apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: {name: shop}
spec:
  components:
    - {name: inbox, type: mailbox}
"""


def make(folder: Path, name: str, *types: str, version: str = "1.0.0") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for kind in types:
        (folder / "components").mkdir(parents=True, exist_ok=True)
        (folder / "components" / f"{kind}.yaml").write_text(DEFINITION.replace("NAME", kind))
        (folder / "modules" / kind).mkdir(parents=True, exist_ok=True)
        (folder / "modules" / kind / "main.tf").write_text(MODULE)
    (folder / "addon.yaml").write_text(f'name: {name}\nversion: "{version}"\ndescription: About {name}.\n')
    return folder


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "shop"
    place.mkdir()
    (place / "app.yaml").write_text(APP)
    make(tmp_path / "mail", "mail", "mailbox", "alias")
    monkeypatch.chdir(place)
    return place


def git(place: Path, *arguments: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    return subprocess.run(["git", *who, *arguments], cwd=place, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> str:
    """A repository with the addon in its folder `addons/mail`, at v1 and v2; its URL."""
    place = tmp_path / "platform"
    make(place / "addons" / "mail", "mail", "mailbox")
    git(place, "init", "--quiet", "--initial-branch", "main")
    for version in ("1.0.0", "2.0.0"):
        make(place / "addons" / "mail", "mail", "mailbox", version=version)
        git(place, "add", ".")
        git(place, "commit", "--quiet", "-m", version)
        git(place, "tag", f"v{version[0]}")
    return place.as_uri()


def lock() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(Path("provision.lock").read_text())["addons"]
    return found


def test_a_folder_becomes_types(capsys: Captured) -> None:
    assert main(["validate"]) == Exit.INVALID
    assert main(["addon", "add", "../mail"]) == Exit.OK
    assert "Added mail 1.0.0: alias, mailbox\nNext: provision types alias\n" in capsys.readouterr().out
    assert lock()["mail"] == {"source": "../mail", "version": "1.0.0", "digest": lock()["mail"]["digest"]}
    assert main(["validate"]) == Exit.OK
    found = Catalog(Path()).component("mailbox")
    assert found and found.origin == "addon mail 1.0.0"
    assert found.implementations[0].module == str(Path.cwd() / "addons/mail/modules/mailbox")
    assert main(["types"]) == Exit.OK
    assert any("mailbox" in line and "addon mail 1.0.0" in line for line in capsys.readouterr().out.splitlines())
    assert main(["addon", "list"]) == Exit.OK
    assert capsys.readouterr().out.splitlines()[1].split() == ["mail", "1.0.0", "ok", "../mail"]
    Path("app.yaml").write_text(APP.replace("mailbox", "queue"))
    assert main(["addon", "remove", "mail"]) == Exit.OK
    assert "Removed mail with 2 types" in capsys.readouterr().out
    Path("app.yaml").write_text(APP)
    assert sorted(path.name for path in Path().iterdir() if path.name != ".provision") == ["app.yaml"]
    assert main(["validate"]) == Exit.INVALID


def test_a_repository_is_pinned_by_commit(repository: str, tmp_path: Path, capsys: Captured) -> None:
    first, second = git(tmp_path / "platform", "rev-parse", "v1"), git(tmp_path / "platform", "rev-parse", "v2")
    assert main(["addon", "add", repository, "--path", "addons/mail", "--ref", "v1"]) == Exit.OK
    assert lock()["mail"] | {"digest": ""} == {"source": repository, "path": "addons/mail", "ref": "v1", "version": "1.0.0", "commit": first,
                                               "digest": ""}
    assert main(["addon", "upgrade", "mail"]) == Exit.OK
    assert "mail 1.0.0 is what its source has" in capsys.readouterr().out
    assert main(["addon", "upgrade", "mail", "--ref", "main", "-o", "json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out) == {"schemaVersion": 1, "kind": "addon", "name": "mail", "version": "2.0.0", "commit": second,
                                                   "before": "1.0.0", "types": ["mailbox"]}
    assert (lock()["mail"]["ref"], lock()["mail"]["commit"]) == ("main", second)
    shutil.rmtree("addons")
    assert main(["addon", "list"]) == Exit.INVALID
    assert "missing" in capsys.readouterr().out
    make(tmp_path / "platform" / "addons" / "mail", "mail", "mailbox", "later", version="3.0.0")
    git(tmp_path / "platform", "add", ".")
    git(tmp_path / "platform", "commit", "--quiet", "-m", "3")
    assert main(["addon", "restore"]) == Exit.OK
    assert capsys.readouterr().out == f"Restored mail 2.0.0 ({second[:12]})\n"
    assert main(["addon", "list"]) == main(["validate"]) == Exit.OK
    assert main(["addon", "restore"]) == Exit.OK


@pytest.mark.parametrize("harm", ["edit", "add", "delete", "gone"])
def test_tampered_content_is_refused_with_the_way_out(harm: str, capsys: Captured) -> None:
    assert main(["addon", "add", "../mail"]) == Exit.OK
    module = Path("addons/mail/modules/mailbox/main.tf")
    if harm == "gone":
        shutil.rmtree("addons")
    else:
        {"edit": lambda: module.write_text(MODULE + "# more\n"), "add": lambda: module.with_name("more.tf").touch(), "delete": module.unlink}[harm]()
    assert main(["validate"]) == Exit.INVALID
    told = capsys.readouterr().err
    assert "PRV-1606" in told and "Next: provision addon restore mail" in told
    assert main(["addon", "restore", "mail"]) == main(["validate"]) == Exit.OK


def test_what_is_not_used_is_not_in_the_way(tmp_path: Path) -> None:
    make(tmp_path / "other", "other", "unused")
    assert main(["addon", "add", "../mail"]) == main(["addon", "add", "../other"]) == Exit.OK
    Path("addons/other/modules/unused/main.tf").unlink()
    assert main(["validate"]) == Exit.OK


def test_two_addons_do_not_define_one_type(tmp_path: Path, capsys: Captured) -> None:
    make(tmp_path / "post", "post", "mailbox")
    assert main(["addon", "add", "../mail"]) == Exit.OK
    assert main(["addon", "add", "../post"]) == Exit.INVALID
    assert 'component mailbox is defined by addon "mail" and by "post"' in capsys.readouterr().err
    assert list(lock()) == ["mail"] and not Path("addons/post").exists() and [path.name for path in Path("addons").iterdir()] == ["mail"]
    # two branches that each added one, merged
    mine = Path("provision.lock").read_text()
    shutil.move("addons", "kept")
    Path("provision.lock").unlink()
    assert main(["addon", "add", "../post"]) == Exit.OK
    shutil.move("kept/mail", "addons/mail")
    merged = json.loads(mine)
    merged["addons"] |= lock()
    Path("provision.lock").write_text(json.dumps(merged))
    assert main(["validate"]) == Exit.INVALID
    assert "PRV-1608" in capsys.readouterr().err
    # the project's own type goes before both
    Path("components").mkdir()
    shutil.copy("addons/mail/components/mailbox.yaml", "components")
    shutil.copytree("addons/mail/modules", "modules")
    assert main(["validate"]) == Exit.OK


def test_an_addon_has_its_own_modules(tmp_path: Path) -> None:
    """Two addons with a module of one name, and one that has none: it does not get the other's."""
    make(tmp_path / "a", "a", "one")
    make(tmp_path / "b", "b", "two")
    shutil.move(tmp_path / "b" / "modules" / "two", tmp_path / "b" / "modules" / "one")
    (tmp_path / "b" / "components" / "two.yaml").write_text(DEFINITION.replace("NAME", "two").replace("modules/two", "modules/one"))
    assert main(["addon", "add", "../a"]) == main(["addon", "add", "../b"]) == Exit.OK
    catalog = Catalog(Path())
    one, two = catalog.component("one"), catalog.component("two")
    assert one and two
    assert [found.implementations[0].module for found in (one, two)] == [str(Path.cwd() / f"addons/{name}/modules/one") for name in "ab"]
    shutil.rmtree("addons/b/modules")
    with pytest.raises(ProvisionError, match="was changed"):
        Catalog(Path()).component("two")


@pytest.mark.parametrize("verb", ["remove", "upgrade"])
def test_a_type_in_use_stays(verb: str, tmp_path: Path, capsys: Captured) -> None:
    """An application that names it, and one that is delivered; an upgrade takes away only what the new version lacks."""
    assert main(["addon", "add", "../mail"]) == Exit.OK
    Path("other.yaml").write_text(APP.replace("shop", "post") + "---\nkind: Secret\n")
    Path("broken.yaml").write_text("kind: [")
    with Store.of_project(Path(".provision")) as store:
        for name, origin in (("inbox", "addon mail 1.0.0"), ("own", "project")):
            unit = Unit(f"{name}@aws", name, "mailbox", "aws", "terraform", definition=f"mailbox 1.0.0 ({origin})")
            store.delivered.intend("shop", "prod", unit, 1)
    if verb == "upgrade":
        assert main(["addon", "upgrade", "mail"]) == Exit.OK
        shutil.rmtree(tmp_path / "mail" / "components")
        make(tmp_path / "mail", "mail", "alias", version="2.0.0")
    before = Path("provision.lock").read_text()
    capsys.readouterr()
    assert main(["addon", verb, "mail"]) == Exit.INVALID
    users = ["inbox (mailbox) in app.yaml", "inbox (mailbox) in other.yaml", "inbox@aws (mailbox) of shop in prod, delivered"]
    assert f'addon "mail" is in use: {", ".join(users)}\n' in capsys.readouterr().err
    assert Path("provision.lock").read_text() == before and Path("addons/mail/components/mailbox.yaml").is_file()
    assert main(["addon", verb, "mail", "--yes"]) == Exit.OK and not Path("addons/mail/components/mailbox.yaml").exists()


def test_a_type_of_the_project_s_own_is_not_the_addon_s(capsys: Captured) -> None:
    assert main(["addon", "add", "../mail"]) == Exit.OK
    shutil.copytree("addons/mail/components", "components")
    assert main(["addon", "remove", "mail"]) == Exit.OK


@pytest.mark.parametrize(("arguments", "code"), [
    (["add", "../nowhere"], "PRV-1604"), (["add", "../mail", "--ref", "v1.0.0"], "PRV-1604"),
    (["add", "../mail", "--path", "deep"], "PRV-1604"), (["add", "../empty"], "PRV-1603"),
    (["add", "../odd"], "PRV-1603"), (["add", "../bad"], "PRV-1432"), (["add", "../link"], "PRV-1604"), (["add", "file:///nowhere/x"], "PRV-1602"),
    (["remove", "mial"], "PRV-1605"), (["upgrade", "mail"], "PRV-1605"), (["restore", "mail"], "PRV-1605"),
])
def test_what_is_refused_changes_nothing(arguments: list[str], code: str, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "empty").mkdir()
    make(tmp_path / "odd", "Odd Name")
    make(tmp_path / "link", "link", "thing")
    (tmp_path / "link" / "modules" / "up").symlink_to(tmp_path)
    bad = make(tmp_path / "bad", "bad", "thing") / "modules" / "thing" / "main.tf"
    bad.write_text(MODULE.replace("size", "sise"))
    assert main(["addon", *arguments]) == (Exit.INVALID if code != "PRV-1602" else Exit.FAILED)
    told = capsys.readouterr().err
    assert code in told and ".new-" not in told
    assert code != "PRV-1432" or told.startswith("../bad/components/thing.yaml:")
    assert [path.name for path in Path().iterdir()] == ["app.yaml"]


def test_the_same_twice_and_a_source_that_changed(tmp_path: Path, capsys: Captured) -> None:
    assert main(["addon", "add", "../mail"]) == Exit.OK
    assert main(["addon", "add", "../mail"]) == Exit.INVALID
    assert "Next: provision addon upgrade mail" in capsys.readouterr().err
    Path("addons/mail/addon.yaml").write_text("mine")
    assert main(["addon", "remove", "mail"]) == Exit.INVALID
    make(tmp_path / "mail", "mail", "mailbox", version="1.1.0")
    assert main(["addon", "restore", "mail"]) == Exit.INVALID
    assert "PRV-1609" in capsys.readouterr().err
    assert main(["addon", "upgrade", "mail"]) == Exit.OK and lock()["mail"]["version"] == "1.1.0"
    make(tmp_path / "mail", "post", "mailbox")
    assert main(["addon", "upgrade", "mail"]) == Exit.INVALID and lock()["mail"]["version"] == "1.1.0"
    assert main(["addon", "list", "-o", "json"]) == Exit.OK
