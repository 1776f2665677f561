"""What the Ansible engine decides without starting anything: variables, inventory, settings, outcomes, previews, codes."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner import references
from provisioner.codes.ansible import CODES
from provisioner.engine import Site
from provisioner.engines.ansible import folder as folders
from provisioner.engines.ansible import inventory, outcome, preview, settings, verdict
from provisioner.engines.ansible.inputs import MARKER, literal, variables, with_host_secrets
from provisioner.engines.ansible.outcome import Collected, Outcome, Task
from provisioner.engines.ansible.preview import Seen
from provisioner.errors import ProvisionError
from provisioner.hosts.access import Access
from provisioner.hosts.keys import KeyBook
from provisioner.model import Change, Delivered, FileDiff, Host, Hosts, Json, Target, Unit
from provisioner.secrets.redaction import pattern, redact

ROOT = Path(__file__).parents[2]
WEB = Host("web-01", "10.0.0.1", "dc1", user="deploy", become=True)
DB = Host("db-01", "10.0.0.2", "dc1")
UNIT = Unit("api@dc1", "api", "webservice", "dc1", "ansible", "/lib/site.yml", "d1", hosts=(WEB, DB))


def reveal(template: Json) -> Json:
    def value(reference: references.Reference) -> Json:
        if reference.path[0] == "generated/none":
            raise ProvisionError("it is not made yet")
        return f"clear {reference.path[0]}"

    return references.render(template, value)


SITE = Site("shop", "prod", Target("dc1"), Path("/shop"), Path("/shop/.provision/shop/prod"), Path("/shop/.provision/shop/prod/p1"), reveal)


# ------------------------------------------------------------------ variables
def test_secrets_are_hidden_and_named_and_the_rest_is_open() -> None:
    found = variables(replace(UNIT, inputs={
        "port": 8080, "env": {"URL": "pg:${secret.a/b}@h", "PLAIN": "x"}, "list": ["${secret.c}"], "text": "$${kept} {{ jinja }}"}), SITE)
    assert found.open["port"] == 8080 and found.open["text"] == {"__ansible_unsafe": "${kept} {{ jinja }}"}
    assert found.hidden == {"env": {"URL": "pg:clear a/b@h", "PLAIN": "x"}, "list": ["clear c"]}
    assert found.open["provision_secret_inputs"] == ["env.URL", "list.0"]
    assert found.secrets == ("clear a/b", "clear c") and "clear" not in json.dumps(found.open)
    assert found.open["provision_unit"] == "api@dc1" and found.open["provision_seals"] == {} and found.open["provision_project"] == "/shop"


def test_what_is_not_known_yet_is_marked() -> None:
    found = variables(replace(UNIT, inputs={
        "url": "x ${db@aws.url} ${secret.c}", "port": "${db@aws.port}", "password": "${secret.generated/none}"}), SITE)
    assert found.hidden["url"] == f"x {MARKER} clear c" and found.open["port"] == MARKER and found.open["password"] == MARKER
    assert found.unknown == {"url": ("${db@aws.url}",), "port": ("${db@aws.port}",), "password": ("${secret.generated/none}",)}


def test_a_secret_that_nobody_set_is_an_error() -> None:
    def refuse(template: Json) -> Json:
        raise ProvisionError("no such secret", code="PRV-7601")

    with pytest.raises(ProvisionError, match="no such secret"):
        variables(replace(UNIT, inputs={"pin": "${secret.pin}"}), replace(SITE, reveal=refuse))


@pytest.mark.parametrize(("value", "expected"), [
    ("plain", "plain"), (5, 5), (None, None), ("{% x %}", {"__ansible_unsafe": "{% x %}"}),
    ({"a": ["{{ x }}", True]}, {"a": [{"__ansible_unsafe": "{{ x }}"}, True]}),
])
def test_text_of_the_author_is_no_template_of_ansible(value: Json, expected: Json) -> None:
    assert literal(value) == expected


def test_secrets_of_hosts_do_not_lie_in_the_inventory() -> None:
    host = replace(WEB, vars={
        "ansible_become_password": "${secret.inventory:dc/web-01/x}", "token": "${secret.t}", "home": "${HOME}", "ansible_become": False})
    found = with_host_secrets(variables(UNIT, SITE), (host, DB), SITE)
    assert found.hidden == {"provision_host_secrets": {"web-01": {"ansible_become_password": "clear inventory:dc/web-01/x", "token": "clear t"}}}
    assert found.secrets == ("clear inventory:dc/web-01/x", "clear t")
    written = inventory.document(accesses(host), (host,), Hosts(), "")["all"]["hosts"]["web-01"]
    assert written["token"] == "{{ provision_host_secrets[inventory_hostname].token }}" and written["home"] == "${HOME}"
    assert written["ansible_become"] is False


def test_the_mask_finds_a_secret_in_all_its_forms() -> None:
    found = pattern(['a"b\nsecond line', "short", "p@ss w/rd"])
    assert found is not None and pattern([]) is None
    for form in (json.dumps({"x": 'a"b\nsecond line'}), json.dumps(json.dumps('a"b\nsecond line')), "only second line here", "a short one",
                 "redis://:p%40ss%20w%2Frd@cache"):
        assert "(secret)" in redact(form, found)


# ------------------------------------------------------------------ inventory
def accesses(*hosts: Host, way: Hosts | None = None) -> dict[str, Access]:
    return {host.name: Access(host, way or Hosts(), KeyBook(Path("/shop/known_hosts"), False, False)) for host in hosts}


def test_inventory_of_our_own_hosts() -> None:
    way = Hosts(private_key="/k", ssh_args="-F /conf", user="root", become=True)
    hosts = (replace(WEB, groups=("web", "all"), port=2222), replace(DB, vars={"x": 1}))
    found = inventory.document(accesses(*hosts, way=way), hosts, way, "-C")["all"]
    assert found["children"] == {"web": {"hosts": {"web-01": {}}}}
    web, db = found["hosts"]["web-01"], found["hosts"]["db-01"]
    assert (web["ansible_user"], web["ansible_port"], web["ansible_become"], web["ansible_ssh_private_key_file"]) == ("deploy", 2222, True, "/k")
    assert web["ansible_ssh_common_args"] == "-F /conf"
    assert web["ansible_ssh_args"].startswith("-o HostKeyAlias=dc1/web-01 -o StrictHostKeyChecking=yes -o UserKnownHostsFile=/shop/known_hosts ")
    assert web["ansible_ssh_args"].endswith(" -C")
    # a host that is not listed was made: it is reached as the target says
    assert (db["ansible_user"], db["x"], db["ansible_become"], "ansible_port" in db) == ("root", 1, True, False)


def test_inventory_leaves_the_users_own_hosts_to_ansible() -> None:
    host = replace(WEB, groups=("web",), vars={"ansible_password": "p", "x": 1})
    way = Hosts(listed=(host,), inventory="hosts.ini")
    found = inventory.document(accesses(host, way=way), (host,), way, "")["all"]
    assert "children" not in found and not {"x", "ansible_password"} & set(found["hosts"]["web-01"])
    assert found["hosts"]["web-01"]["ansible_host"] == "10.0.0.1"


def test_this_machine_is_played_with_this_python() -> None:
    host = replace(WEB, connection="local", become=False)
    assert inventory.document({}, (host,), Hosts(), "")["all"]["hosts"]["web-01"] == {
        "ansible_connection": "local", "ansible_python_interpreter": sys.executable}


# ------------------------------------------------------------------ settings
def test_settings_are_ours_where_the_user_says_nothing(tmp_path: Path) -> None:
    found = settings.settings(Path("/lib"), tmp_path, {})
    assert (found["ANSIBLE_FORKS"], found["ANSIBLE_PIPELINING"], found["ANSIBLE_TIMEOUT"]) == ("25", "True", "30")
    assert found["ANSIBLE_LIBRARY"] == "~/.ansible/plugins/modules:/usr/share/ansible/plugins/modules:/lib/library"
    assert "ANSIBLE_GATHERING" not in found, "a user's playbook gathers facts unless it says otherwise"


def test_settings_of_the_users_ansible_cfg_and_environment_stay(tmp_path: Path) -> None:
    (tmp_path / "ansible.cfg").write_text(
        "[defaults]\nforks = 3\nlibrary = mine:/abs\ncallback_plugins = cb\n[ssh_connection]\npipelining = no\nssh_args = -o X=1\n")
    found = settings.settings(Path("/lib"), tmp_path, {"ANSIBLE_TIMEOUT": "60", "ANSIBLE_MODULE_UTILS": "/mu"})
    assert not {"ANSIBLE_FORKS", "ANSIBLE_PIPELINING", "ANSIBLE_TIMEOUT"} & set(found)
    assert found["ANSIBLE_LIBRARY"] == f"{tmp_path}/mine:/abs:/lib/library" and found["ANSIBLE_MODULE_UTILS"] == "/mu:/lib/module_utils"
    assert settings.ssh_args(tmp_path, {}) == "-o X=1" and settings.ssh_args(tmp_path, {"ANSIBLE_SSH_ARGS": "-v"}) == "-v"
    ours = settings.of_our_runs(Path("/run"), tmp_path, {})
    assert (ours["ANSIBLE_HOST_KEY_CHECKING"], ours["ANSIBLE_CALLBACK_PLUGINS"]) == ("True", f"{tmp_path}/cb")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/ansible.cfg").write_text("[defaults]\nforks = 9\n")
    assert settings.configured(tmp_path, {"ANSIBLE_CONFIG": "other"}).get("defaults", "forks") == "9"
    (tmp_path / "ansible.cfg").write_text("nonsense")
    assert settings.configured(tmp_path, {}).sections == {}
    tmp_path.chmod(0o777)
    assert settings.configured(tmp_path, {}).path != str(tmp_path / "ansible.cfg"), "as Ansible: not from a folder that all may write"


# ------------------------------------------------------------------ outcomes
def task(host: str, state: str, name: str = "Do it", action: str = "ansible.builtin.copy", ignored: bool = False, **result: Json) -> Task:
    return Task(host, state, name, action, result, ignored)


def stats(**kinds: Json) -> dict[str, Json]:
    return {"failed": {}, "dark": {}, "processed": {"web-01": 1, "db-01": 1}, "outputs": {}, **kinds}


def test_failures_come_from_stats_and_say_why() -> None:
    found = outcome.failures(Outcome((
        task("web-01", "failed", ignored=True, msg="not this"),
        task("web-01", "failed", "Install", msg="non-zero return code", rc=100, stderr="one\n\ntwo\nthree\nfour\nfive"),
        task("db-01", "unreachable", msg="Warning: Permanently added x.\r\nFailed to connect to the host via ssh: no route"),
    ), stats(failed={"web-01": 1}, dark={"db-01": 1})), ["web-01", "db-01", "new"])
    assert found == {"web-01": "Install: exit code 100\n  two\n  three\n  four\n  five", "db-01": "Failed to connect to the host via ssh: no route",
                     "new": "the playbook ended before it came to this host"}


def test_what_failed_half_way_has_changed_something() -> None:
    assert outcome.changed(Outcome((task("web-01", "failed", changed=True, provision={}, msg="not healthy"),)))
    assert not outcome.changed(Outcome((task("web-01", "failed", changed=False, msg="no space"), task("db-01", "failed", changed=True, rc=1))))


def test_a_host_that_a_stopped_delivery_did_not_come_to_is_untouched() -> None:
    """Its state is still the one that the plan saw; where Ansible died nobody knows."""
    failed = (task("web-01", "failed", msg="not healthy"),)
    ended, died = Outcome(failed, stats(failed={"web-01": 1}, processed={"web-01": 1})), Outcome(failed, None, died=True)
    assert outcome.is_untouched(ended, "web-02") and not outcome.is_untouched(ended, "web-01") and not outcome.is_untouched(died, "web-02")


def test_an_ignored_failure_is_none_and_a_host_that_no_play_names_is_one() -> None:
    found = outcome.failures(Outcome((task("web-01", "failed", ignored=True, msg="x"),), stats(processed={"web-01": 1})), ["web-01", "db-01"])
    assert found == {"db-01": "no play of the playbook names it"}


def test_of_a_loop_the_item_that_failed_is_shown() -> None:
    tasks = (task("web-01", "item-failed", msg="no package x"), task("web-01", "failed", msg="One or more items failed"))
    assert outcome.reason(tasks) == "Do it: no package x"


def test_a_playbook_that_did_not_begin_says_what_ansible_said() -> None:
    collected = Collected()
    assert collected.add({"kind": "started"}) is None
    collected.add({"kind": "ended", "rc": 4, "output": "[WARNING]: noise\n\n[ERROR]: no such role\nOrigin: x"})
    assert outcome.failures(collected.outcome(), ["web-01"]) == {"web-01": "no such role\nOrigin: x"}
    collected.add({"kind": "gone", "code": -9, "message": ""})
    assert collected.outcome().said == "Ansible's process ended with code -9"
    assert verdict.reasons(collected.outcome(), (WEB,)) == {"web-01": "PRV-4210 Ansible's process ended with code -9"}
    # stats count, whatever comes after them
    collected.add({"kind": "stats", **stats()})
    collected.add({"kind": "ended", "rc": 255, "output": "x"})
    assert outcome.failures(collected.outcome(), ["web-01"]) == {}


def test_alike_failures_stand_together() -> None:
    hosts = {f"web-{n}": f"10.0.0.{n}" for n in range(1, 11)}
    failed = {name: f"no space on {name} ({address})" for name, address in hosts.items()}
    text = outcome.grouped({**failed, "db": "another"}, {**hosts, "db": "10.0.1.1"})
    assert text == ("10 hosts (web-1, web-2, web-3, web-4, web-5, web-6, web-7, web-8, …): no space on web-1 (10.0.0.1)\ndb: another")


def test_raw_outputs_of_modules_and_set_stats() -> None:
    found = Outcome((task("web-01", "ok", provision={"outputs": {"a": 1}}), task("db-01", "ok", provision={"outputs": {"a": 2, "b": 3}}),
                     task("web-01", "ok", ansible_stats={"per_host": True, "data": {"c": 4}})), stats(outputs={"d": 5}))
    assert outcome.outputs(found) == {"a": 1, "b": 3, "c": 4, "d": 5} and outcome.module_outputs(found) == {"a": 1, "b": 3}


@pytest.mark.parametrize(("one", "code"), [
    (task("web-01", "failed", provision={"stale": True}), "PRV-4207"),
    (task("web-01", "failed", msg="x"), "PRV-4201"),
    (task("web-01", "unreachable", msg="root@h: Permission denied (publickey)."), "PRV-4203"),
    (task("web-01", "unreachable", msg="Host key verification failed."), "PRV-4204"),
    (task("web-01", "unreachable", msg="Connection timed out"), "PRV-7201"),
])
def test_each_failure_has_its_code(one: Task, code: str) -> None:
    found = verdict.reasons(Outcome((one,), stats(failed={"web-01": 1})), (WEB,))
    assert found["web-01"].startswith(code + " ") and verdict.only_missing(found) == (code == "PRV-7201")


def test_all_codes_are_explained() -> None:
    used = set()
    for path in [*(ROOT / "provisioner/engines/ansible").glob("*.py"), *(ROOT / "provisioner/hosts").glob("*.py")]:
        used |= set(re.findall(r"PRV-(?:42|72)\d\d", path.read_text()))
    assert used == set(CODES)


# ------------------------------------------------------------------ previews
def seen(*tasks: Task, hosts: tuple[Host, ...] = (WEB,), **more: Json) -> Seen:
    bad = {one.host: 1 for one in tasks if one.state == "failed" and not one.ignored}
    dark = {one.host: 1 for one in tasks if one.state == "unreachable"}
    return Seen(replace(UNIT, hosts=hosts), hosts, Outcome(tasks, stats(failed=bad, dark=dark)), **more)


def ours(**said: Json) -> Task:
    return task("web-01", "ok", action="provision_service", provision={"seal": "s1", "files": [], "tasks": [], **said})


def test_what_our_modules_answer_is_what_the_plan_shows() -> None:
    file = {"path": "/etc/x", "before": "a", "after": "b"}
    answer = preview.planned(seen(ours(files=[file], tasks=["write /etc/x"], health="it is down", outputs={"port": 1})))
    assert answer.changes == (Change("api@dc1", "web-01", "configure", files=(FileDiff("/etc/x", "a", "b"),), tasks=("write /etc/x",), seal="s1"),)
    assert answer.health == {"web-01": "it is down"} and answer.outputs == {"port": 1}
    assert preview.planned(seen(ours(health="healthy"))).changes == ()
    assert preview.planned(seen(ours(tasks=["all"], new=True))).changes[0].action == "create"


def test_a_system_that_was_not_tested_is_a_note_for_all_its_hosts() -> None:
    def on(host: str, system: str, *notes: str) -> Task:
        return task(host, "ok", action="provision_service", provision={"tasks": ["all"], "os": system, "notes": list(notes)})

    asked = seen(on("web-01", "rocky-9", "firewalld is running"), on("db-01", "rocky-9"), hosts=(WEB, DB))
    assert preview.planned(asked).notes == ("web-01: firewalld is running",)
    tested = replace(asked, unit=replace(asked.unit, type="cache", tested=("debian-12", "debian-13")))
    assert preview.planned(tested).notes == ("web-01: firewalld is running",
                                             "web-01, db-01: cache was not tested on rocky-9 (it was on debian-12, debian-13)")
    assert preview.planned(replace(tested, outcome=Outcome((on("web-01", "debian-13"),), stats()))).notes == ()


def test_what_follows_from_another_unit_is_no_change_by_itself() -> None:
    answer = preview.planned(seen(ours(follows={"pin@dc1": "restart api.service"})))
    change = Change("api@dc1", "web-01", "configure", reason="it reads pin@dc1", tasks=("restart api.service",), seal="s1")
    assert answer.changes == () and answer.follows == {"pin@dc1": (change,)}


def test_drift_is_a_change_that_nobody_asked_for() -> None:
    asked = seen(ours(tasks=["restart"]))
    before = Delivered(asked.unit, "delivered")
    reasons = [preview.planned(replace(asked, before=one)).changes[0].reason for one in (
        before, None, replace(before, state="intended"), replace(before, unit=replace(asked.unit, inputs={"x": 1})),
        replace(before, unit=replace(asked.unit, hosts=(DB,))))]
    assert reasons == ["drift", "", "", "", ""]


def test_unknown_inputs_make_a_host_that_may_change() -> None:
    unknown = {"env": ("${db@aws.url}", "${db@aws.port}")}
    (change,) = preview.planned(seen(ours(unknown=["env"]), unknown=unknown)).changes
    assert (change.reason, change.unknown, change.tasks) == ("waits for db@aws", ("env",), ())
    failed = preview.planned(seen(task("web-01", "failed", action="provision_service", msg="port: not a number"), unknown=unknown))
    assert failed.failure == "" and failed.unpreviewed == "waits for db@aws" and failed.changes[0].reason == "waits for db@aws"


def test_a_users_playbook_is_shown_as_far_as_check_mode_goes() -> None:
    diff = [{"before": "a", "after": f"b {MARKER}", "before_header": "/etc/y (content)"}, {"before": {"mode": "0600"}, "after": {"mode": "0644"}},
            {"before": "same", "after": "same"}]
    answer = preview.planned(seen(
        task("web-01", "ok", "Quiet"), task("web-01", "ok", "Write", changed=True, diff=diff),
        task("web-01", "skipped", "Run", action="ansible.builtin.command"),
        task("web-01", "skipped", "Not meant", action="shell", skip_reason="Conditional result was False")))
    assert answer.unpreviewed == "1 task cannot be checked: Run"
    (change,) = answer.changes
    assert change.files == (FileDiff("/etc/y", "a", "(known after apply)"),) and change.tasks == ("Write", "Run (cannot be checked)")


def test_what_check_mode_leaves_out_is_counted_whatever_left_it_out() -> None:
    """A module that knows no check mode, an action of that kind, and a playbook's own condition; not what only reads."""
    answer = preview.planned(seen(
        task("web-01", "skipped", "Odd module", action="acme.cloud.thing", msg="remote module (acme.cloud.thing) does not support check mode"),
        task("web-01", "skipped", "Odd action", action="acme.cloud.act", msg="Check mode is not supported for this task."),
        task("web-01", "skipped", "Own way", action="ansible.builtin.copy", false_condition="not ansible_check_mode",
             skip_reason="Conditional result was False"),
        task("web-01", "skipped", "Only reads", action="ansible.builtin.slurp", false_condition="not ansible_check_mode"),
        task("web-01", "skipped", "Not meant", action="ansible.builtin.copy", false_condition="tls", skip_reason="Conditional result was False")))
    assert answer.unpreviewed == "3 tasks cannot be checked: Odd module, Odd action, Own way"
    assert answer.changes[0].tasks == ("Odd module (cannot be checked)", "Odd action (cannot be checked)", "Own way (cannot be checked)")


def test_a_check_that_breaks_off_is_no_failure_but_a_refusal_is() -> None:
    halfway = preview.planned(seen(task("web-01", "failed", "Link", action="ansible.builtin.file", msg="src does not exist")))
    assert halfway.failure == "" and halfway.unpreviewed == "the check broke off: web-01: Link: src does not exist" and len(halfway.changes) == 1
    for action in ("ansible.builtin.assert", "provision_service"):
        refused = preview.planned(seen(task("web-01", "failed", "Check", action=action, msg="wrong version")))
        assert refused.failure == "web-01: PRV-4201 Check: wrong version" and not refused.missing and refused.changes == ()


def test_hosts_that_can_not_be_looked_at_are_named_and_the_others_planned() -> None:
    silent = {"db-01": "PRV-7201 no answer\nmore"}
    answer = preview.planned(seen(ours(), hosts=(WEB, DB), silent=silent))
    assert answer.failure == "" and answer.failed_hosts == silent
    assert answer.changes == (Change("api@dc1", "db-01", "configure", reason="could not be looked at: PRV-7201 no answer"),)
    all_gone = preview.planned(Seen(replace(UNIT, hosts=(DB,)), (DB,), Outcome(), silent))
    assert all_gone.missing and all_gone.failure == "db-01: PRV-7201 no answer\nmore" and all_gone.changes == ()
    wrong = preview.planned(Seen(replace(UNIT, hosts=(DB,)), (DB,), Outcome(), {"db-01": "PRV-4204 its host key has changed"}))
    assert not wrong.missing


# ------------------------------------------------------------------ folders and sources
def test_the_folder_of_a_step(tmp_path: Path) -> None:
    assert folders.step_folder(tmp_path, "remove api@dc1 on h/1") == tmp_path / "ansible/remove_api@dc1_on_h_1"
    folder = tmp_path / "step"
    assert folders.started(folder) == () and folders.runtime(folder) == ""
    folders.note_started(folder, ["b", "a"])
    folders.note_started(folder, ["c"])
    assert folders.started(folder) == ("a", "b", "c")
    folders.forget_started(folder, ["b"])
    assert folders.started(folder) == ("a", "c")
    shop = tmp_path / "my shop, new"
    folder = shop / ".provision/step"
    call = folders.Call(shop, "site.yml", "/inv.ini", ("--check",), {"A": "1 2"}, ("web-01",), ("env",))
    files = folders.write(folder, call, {"all": {}}, {"x": 1})
    assert (folder / "command").read_text() == files.command.removesuffix("\n") + ' "$@"\n'
    comment, line, end = files.command.split("\n")
    assert comment.endswith(": env") and end == ""
    # a blank or a comma in what --limit names would end it there
    assert line == (f"cd '{shop}' && A='1 2' ansible-playbook -i /inv.ini -i '{folder}/inventory.json' --limit @.provision/step/limit "
                    f"-e '@{folder}/vars.json' --check site.yml")
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_only_our_own_memory_folders_are_removed(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / f"{folders.RUNTIME_PREFIX}x").mkdir()
    for path in (*tmp_path.iterdir(), Path("")):
        folders.remove_runtime(str(path))
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
