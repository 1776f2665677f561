"""What is taken over by `provision import`, how the root says it, and when it is refused. No tool is started."""

import json
from dataclasses import replace

import pytest

from provisioner.api.importing import chosen, judge, with_imports
from provisioner.cli import main
from provisioner.engines.terraform.changes import changes
from provisioner.engines.terraform.contract import excess
from provisioner.engines.terraform.inputs import Scope
from provisioner.engines.terraform.interface import Interface
from provisioner.engines.terraform.root import Block, Settings, render
from provisioner.errors import Exit, ProvisionError, Refused
from provisioner.model import Change, Plan, Purpose, Step
from tests.unit.planning import unit

FILES, WEB = unit("files@aws"), unit("web@dc")


@pytest.mark.parametrize(("name", "says"), [("fils", "no component"), ("two", "several copies")])
def test_one_unit_takes_something_over(name: str, says: str) -> None:
    units = [FILES, WEB, unit("two@aws"), replace(unit("two@aws"), name="two@aws2")]
    assert chosen(units, "files") is FILES
    assert chosen(units, "two@aws2").name == "two@aws2"
    with pytest.raises(ProvisionError) as caught:
        chosen(units, name)
    assert (caught.value.code, caught.value.exit) == ("PRV-6423", Exit.USAGE) and says in caught.value.message


def test_a_root_says_what_is_imported_and_ids_are_no_templates() -> None:
    (taking,) = with_imports((FILES,), [("files@aws", "aws_instance.this[0]", "i-1"), ("files@aws", "aws_s3_bucket.this", "${x}")])
    assert with_imports((FILES,), []) == (FILES,)
    text = render([Block(replace(taking, inputs={}), "./m", Interface({}, {}, {}))], Settings({"local": {}}), Scope({})).text
    assert json.loads(text)["import"] == [{"to": "module.files.aws_instance.this[0]", "id": "i-1"},
                                          {"to": "module.files.aws_s3_bucket.this", "id": "$${x}"}]


def entry(*actions: str, importing: bool = True, **change: object) -> dict[str, object]:
    found = {"actions": list(actions), "before": {"a": 1}, "after": {"a": 2 if "update" in actions else 1}, **change}
    return {"address": "module.files.x.y", "type": "x", "change": {**found, **({"importing": {"id": "i-1"}} if importing else {})}}


def test_what_is_imported_as_it_is_is_a_change_of_its_own() -> None:
    (taken,) = changes([entry("no-op")], {"files": "files@aws"})
    assert (taken.action, taken.reason, taken.before, taken.after) == ("update", "is taken over: i-1", {}, {})
    (edited,) = changes([entry("update")], {"files": "files@aws"})
    assert (edited.action, edited.reason, edited.after) == ("update", "is taken over: i-1", {"a": 2})
    assert changes([entry("no-op", importing=False)], {"files": "files@aws"}) == []
    assert excess([taken], [taken]) == {} and excess([taken], [edited]) == {}
    assert list(excess([taken], [])) == ["files@aws"]


@pytest.mark.parametrize(("action", "refused"), [("update", False), ("replace", True), ("delete", True)])
def test_what_is_taken_over_stays(action: str, refused: bool) -> None:
    change = Change("files@aws", "module.files.x.y", action, reason="forces replacement: a")  # type: ignore[arg-type]
    plan = Plan("p", "shop", "prod", "", (Step("files@aws", "deliver", FILES, changes=(change,)),),
                purpose=Purpose(imports=(("files@aws", "x.y", "i"),)))
    judge(replace(plan, purpose=Purpose()))
    if not refused:
        return judge(plan)
    with pytest.raises(Refused) as caught:
        judge(plan)
    assert (caught.value.code, caught.value.exit) == ("PRV-6424", Exit.DENIED)


def test_what_is_managed_already_is_not_taken_over_once_more() -> None:
    """Terraform would say nothing, whatever the id: it may be that of another bucket."""
    plan = Plan("p", "shop", "prod", "", (Step("files@aws", "deliver", FILES),), purpose=Purpose(imports=(("files@aws", "x.y", "another"),)))
    with pytest.raises(Refused, match="files@aws: x.y is managed already, so another was not taken over") as caught:
        judge(plan)
    assert (caught.value.code, caught.value.exit) == ("PRV-6424", Exit.DENIED)
    judge(replace(plan, steps=(replace(plan.steps[0], unpreviewed="cannot be previewed before db@aws"),)))
    judge(replace(plan, purpose=Purpose(imports=(("web@dc", "", ""),))))


def test_each_address_needs_an_id(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "files", "aws_s3_bucket.this"]) == Exit.USAGE
    assert "aws_s3_bucket.this has no id" in capsys.readouterr().err
