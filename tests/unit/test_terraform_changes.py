"""Plans to changes, the contract, states, streams and progress. Pure."""

import json
from pathlib import Path
from typing import Any

import pytest

from provisioner.engines.terraform import changes, contract, outputs, state, stream
from provisioner.engines.terraform.progress import Progress
from provisioner.model import Change, Host, Hosts, Target, Unit
from provisioner.secret_paths import Sealed

UNITS = {"db": "db@t"}


def entry(actions: list[str], before: Any = None, after: Any = None, **change: Any) -> dict[str, Any]:
    return {"address": "module.db.aws_x.this", "mode": "managed", "type": "aws_x",
            "change": {"actions": actions, "before": before, "after": after, **change}}


def one(*arguments: Any, **options: Any) -> Change:
    [found] = changes.changes([entry(*arguments, **options)], UNITS)
    return found


def test_only_leaves_that_differ() -> None:
    found = one(["update"], {"a": 1, "b": {"x": 1, "y": 2}, "l": [1, 2], "m": [1], "same": "s", "n": None},
                {"a": 1, "b": {"x": 1, "y": 3}, "l": [1, 9], "m": [1, 2], "same": "s", "n": None})
    assert found.before == {"b.y": 2, "l.1": 2, "m": [1]} and found.after == {"b.y": 3, "l.1": 9, "m": [1, 2]}
    assert (found.unit, found.action, found.unknown) == ("db@t", "update", ())


def test_unknown_attributes_have_only_a_before() -> None:
    found = one(["update"], {"arn": "old", "tags": {"a": "1"}}, {"tags": {"a": "1"}}, after_unknown={"arn": True, "tags": {}})
    assert found.before == {"arn": "old"} and found.after == {} and found.unknown == ("arn",)


@pytest.mark.parametrize("actions", [["create"], ["delete"], ["update"], ["delete", "create"], ["create", "delete"]])
def test_secrets_are_never_shown(actions: list[str]) -> None:
    found = one(actions, {"p": "c4nary", "deep": [{"q": "c4nary"}], "n": 1}, {"p": "c4nary2", "deep": [{"q": "c4nary3"}], "n": 2},
                before_sensitive={"p": True, "deep": [{"q": True}]}, after_sensitive={"p": True, "deep": [{"q": True}]})
    assert "c4nary" not in repr(found) and "(sensitive)" in repr(found)


def test_what_only_becomes_sensitive_does_not_slip_through() -> None:
    found = one(["update"], {"p": "c4nary"}, {"p": "c4nary"}, before_sensitive={}, after_sensitive={"p": True})
    assert found.after == {"p": "(sensitive)"} and "c4nary" not in json.dumps(found.after)


def test_reasons_and_what_is_left_out() -> None:
    assert one(["delete", "create"], {"e": 1}, {"e": 2}, replace_paths=[["e"], ["l", 0]]).reason == "forces replacement: e, l.0"
    tainted = {**entry(["create", "delete"], {}, {}), "action_reason": "replace_because_tainted"}
    assert changes.changes([tainted], UNITS)[0].reason == "was left unfinished"
    ours = {**entry(["create"]), "address": "terraform_data.ready_db"}
    data = {**entry(["read"]), "mode": "data"}
    assert changes.changes([entry(["no-op"]), ours, data, {**ours, "address": "terraform_data.pending_x"}], UNITS) == []
    assert changes.changes([{**entry(["delete"], {"a": 1}), "deposed": "f00"}], UNITS)[0].address.endswith("(deposed f00)")


def test_raw_outputs_of_a_plan() -> None:
    ready = {**entry(["create"], None, {"input": {"a": 1, "s": "c4nary"}}, after_unknown={"input": {"b": True}},
                     after_sensitive={"input": {"s": True}}), "address": "terraform_data.ready_db"}
    assert changes.raw_outputs([ready, entry(["create"])]) == {"db": {"a": 1}}


# ---------------------------------------------------------------------- the contract
def change(action: Any, after: dict[str, Any] | None = None, unknown: tuple[str, ...] = (), address: str = "module.db.x") -> Change:
    return Change("db@t", address, action, {}, after or {}, unknown)


@pytest.mark.parametrize(("now", "shown", "contained"), [
    (change("create", {"a": 1}), change("create", {"a": 1}), True),
    (change("create", {"a": 1, "b": 2}), change("create", {"a": 1}, ("b",)), True),
    (change("create", {"a": 1, "t": {"x": 1, "y": 2}}), change("create", {"a": 1, "t": {"x": 1}}, ("t.y",)), True),
    (change("create", {"l": ["v"]}), change("create", {"l": [None]}, ("l.0",)), True),
    (change("create", {"a": 2}), change("create", {"a": 1}), False),
    (change("create", {"a": 1, "new": 1}), change("create", {"a": 1}), False),
    (change("update", {"a": 1}), change("replace", {"a": 1}), True),
    (change("create", {"a": 1, "whole": 2}), change("replace", {"a": 1}), True),
    (change("create", {"a": 2}), change("replace", {"a": 1}), False),
    (change("replace", {"a": 1}), change("update", {"a": 1}), False),
    (change("delete"), change("update"), False),
    (change("delete"), change("delete"), True),
    (change("delete"), change("create"), False),
    (change("update", {}, ("a",)), change("update", {"a": 1}), False),
    (change("update", {}, ("a",)), change("update", {}, ("a",)), True),
    (change("update", {"a": 1}, (), "module.db.y"), change("update", {"a": 1}), False),
])
def test_contained(now: Change, shown: Change, contained: bool) -> None:
    assert (contract.excess([now], [shown]) == {}) is contained


def test_a_program_that_did_not_end_well_may_run_again() -> None:
    run, made = "module.db.terraform_data.run[0]", "module.db.aws_sqs_queue.this"
    assert contract.excess([change("replace", {}, (), run)], [change("create", {}, (), run)]) == {}
    assert contract.excess([change("replace", {}, (), made)], [change("create", {}, (), made)])
    assert contract.excess([change("replace", {}, (), run)], [change("update", {}, (), run)])


def test_what_a_program_says_is_told_and_is_the_reason_of_its_failure() -> None:
    said = {"type": "provision_progress", "hook": {"resource": {"addr": "module.db.terraform_data.run[0]"}, "output": "task 1 was started\n"}}
    failed = {"type": "diagnostic", "diagnostic": {
        "severity": "error", "summary": "local-exec provisioner error", "address": "module.db.terraform_data.run[0]",
        "detail": "Error running command 'exec python3 run.py': exit status 1. Output: ended with exit code 3\n"}}
    found = list(stream.parse([json.dumps(said), json.dumps(failed)]))
    assert found[0] == stream.Said("module.db.terraform_data.run[0]", "task 1 was started")
    assert str(found[1]) == "a program that it runs failed: ended with exit code 3"


def test_less_is_always_contained_and_an_interrupted_creation_may_begin_anew() -> None:
    assert contract.excess([], [change("create")]) == {}
    assert contract.excess([change("replace", {"a": 1})], [change("create", {"a": 1})], frozenset({"module.db.x"})) == {}
    assert contract.excess([change("replace")], [change("update")], frozenset({"module.db.x"}))


# ---------------------------------------------------------------------- states
def resource(kind: str, name: str, module: str = "", **instance: Any) -> dict[str, Any]:
    return {"mode": "managed", "type": kind, "name": name, "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
            "instances": [{"attributes": {}, **instance}], **({"module": module} if module else {})}


def test_a_state() -> None:
    ready = resource("terraform_data", "ready_db", attributes={"output": {"value": {"a": 1, "s": "c4nary"}, "type": []}},
                     sensitive_attributes=[[{"type": "get_attr", "value": "input"}, {"type": "get_attr", "value": "s"}]])
    text = json.dumps({"version": 4, "serial": 7, "resources": [
        ready, resource("aws_x", "this", "module.db", status="tainted", index_key="k"), resource("aws_x", "n", "module.api.module.in", index_key=0)]})
    found = state.parse(text)
    assert found.outputs == {"db": {"a": 1}} and found.modules == {"db", "api"} and found.serial == 7
    assert found.tainted == {'module.db.aws_x.this["k"]'} and "module.api.module.in.aws_x.n[0]" in found.addresses
    assert found.providers == {"registry.terraform.io/hashicorp/aws"}


def test_a_state_that_is_half_written_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "s"
    assert state.read(file) == state.EMPTY
    file.write_text('{"version": 4, "resour')
    monkeypatch.setattr(state, "PATIENCE", 0.1)
    assert state.read(file) is None and state.read_patiently(file) == state.EMPTY and state.unseal_patiently(file) == {}


def test_sensitive_outputs_are_named_in_a_state_and_read_only_to_be_used() -> None:
    sealed = resource("terraform_data", "sealed_db", attributes={"output": {"value": {"password": "c4nary", "pair": {"k": 1}}, "type": []}})
    ready = resource("terraform_data", "ready_db", attributes={"output": {"value": {"host": "h"}, "type": []}})
    text = json.dumps({"version": 4, "resources": [ready, sealed]})
    found = state.parse(text)
    assert "c4nary" not in repr(found) and found.sealed == {"db": frozenset({"password", "pair"})}
    assert state.unseal(text) == {"db": {"password": "c4nary", "pair": {"k": 1}}} and state.unseal("") == {}
    handed = outputs.handed_off(found, "db", "t", "t-x")
    assert handed == {"host": "h", "password": Sealed("t", "t-x", "db", "password"), "pair": Sealed("t", "t-x", "db", "pair")}
    unit = Unit("db@t", "db", "x", "t", "terraform", "/m", outputs={
        "url": "pg://${self.password|urlencode}@${module.host}", "password": "${module.password}", "key": "${module.pair.k}"})
    assert outputs.finish(unit, handed, {}) == {
        "url": "pg://${secret.state:t/t-x/db/password|urlencode}@h", "password": "${secret.state:t/t-x/db/password}",
        "key": "${secret.state:t/t-x/db/pair/k}"}
    assert outputs.handed_off(found, "other", "t", "t-x") is None


@pytest.mark.parametrize(("actions", "known"), [(["no-op"], {"password"}), (["update"], set()), (["create"], set())])
def test_a_sensitive_output_that_will_change_is_not_known(actions: list[str], known: set[str]) -> None:
    before = state.State(outputs={"db": {"host": "h"}}, sealed={"db": frozenset({"password"})})
    entries = [{"address": "terraform_data.sealed_db", "change": {"actions": actions, "after": None}}]
    assert outputs.expected(entries, before, "db", "t", "t").keys() == {"host"} | known


# ---------------------------------------------------------------------- streams
def line(kind: str, address: str = "module.db.x.y", action: str = "create", **more: Any) -> str:
    return json.dumps({"type": kind, "hook": {"resource": {"addr": address}, "action": action, **more}})


def test_a_growing_file_is_read_by_whole_lines(tmp_path: Path) -> None:
    file = tmp_path / "s"
    assert stream.tail(file, 0) == ([], 0)
    file.write_bytes("ä\nhal".encode())
    lines, offset = stream.tail(file, 0)
    assert (lines, offset) == (["ä"], 3) and stream.tail(file, offset) == ([], 3)


def test_events() -> None:
    error = {"type": "diagnostic", "diagnostic": {
        "severity": "error", "summary": "S", "detail": "a\n  b", "address": "module.db.x.y",
        "range": {"filename": "main.tf.json", "start": {"line": 3}}}}
    found = list(stream.parse([line("apply_start"), line("apply_complete", elapsed_seconds=81, id_value="i"), "no json", "3", '{"type": "new"}',
                               json.dumps(error), '{"type": "change_summary", "changes": {"operation": "apply"}}']))
    assert [str(event) for event in found[:2]] == ["x.y: creating", "x.y: created after 81 s"]
    assert isinstance(found[2], stream.Diagnostic) and str(found[2]) == "S: a b" and (found[2].file, found[2].line) == ("main.tf.json", 3)
    assert found[3] == stream.Summary("apply") and len(found) == 4


def test_a_unit_is_through_when_all_of_it_is() -> None:
    progress = Progress({"db@t": [("module.db.x", "delete"), ("module.db.x", "create"), ("terraform_data.ready_db", "update")], "other@t": []})
    assert progress.complete("other@t") and not progress.complete("db@t")
    for kind, address, action in (("apply_start", "module.db.x", "delete"), ("apply_complete", "module.db.x", "delete"),
                                  ("apply_start", "module.db.x", "create")):
        for event in stream.parse([line(kind, address, action)]):
            progress.feed(event)
    assert progress.active == {"module.db.x": "create"} and not progress.complete("db@t")
    for event in stream.parse([line("apply_complete", "module.db.x"), line("apply_complete", "terraform_data.ready_db", "update")]):
        progress.feed(event)
    assert progress.complete("db@t") and not progress.active and not progress.well


# ---------------------------------------------------------------------- outputs
def test_outputs_and_hosts() -> None:
    unit = Unit("db@aws", "db", "x", "aws", "terraform", hosts_output="vms", outputs={
        "host": "${module.address}", "literal": "${module.odd}", "pw": {"secret": "${module.arn}", "key": "k"},
        "url": "x://${self.pw}@${self.host}", "nowhere": "${module.vms.7.name}", "gone": "${module.none}",
        "or": "${module.none|default(d)}", "far": "${api@dc1.url}", "addresses": "${db@aws._hosts.*.address}"})
    raw = {"address": "a", "odd": "${b}", "arn": "arn:1:s", "vms": [{"name": "n1", "address": "10.0.0.1", "id": "i-1", "user": "admin"}]}
    assert outputs.finish(unit, raw, {"api@dc1": {"url": "http"}}) == {
        "host": "a", "literal": "$${b}", "pw": "${secret.aws:aws/arn:1:s#k}", "url": "x://${secret.aws:aws/arn:1:s#k}@a", "or": "d", "far": "http",
        "addresses": ["10.0.0.1"]}
    target = Target("aws", {"zone": "z"}, hosts=Hosts(user="deploy", become=True))
    made = Host("n1", "10.0.0.1", "aws", "admin", become=True, labels={"zone": "z"}, vars={"instance_id": "i-1"})
    assert outputs.hosts(unit, raw, target) == (made,)
    assert outputs.hosts(unit, {}, target) == outputs.hosts(unit, {"vms": [{"name": "no address"}, "text"]}, target) == ()
