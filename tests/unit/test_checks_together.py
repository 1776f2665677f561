"""Which units are checked in one run of Ansible, and who of them came through whole (real runs: test_ansible_local.py)."""

import json
from pathlib import Path

from provisioner.engines.ansible.inputs import Variables
from provisioner.engines.ansible.outcome import PART, Collected
from provisioner.engines.ansible.together import MOST, Asked, come_through, groups, playbook
from provisioner.model import Host, Unit

H1, H2 = (Host(name, f"192.0.2.{number}", "dc") for number, name in enumerate(("h1", "h2"), 1))


def asked(name: str, source: Path, *hosts: Host, **inputs: object) -> Asked:
    return Asked(Unit(f"{name}@dc", name, "thing", "dc", "ansible", str(source), hosts=hosts, inputs=inputs), hosts)  # type: ignore[arg-type]


def test_units_of_the_same_hosts_and_of_the_library_are_grouped(tmp_path: Path) -> None:
    ours, users = tmp_path / "library/site.yml", tmp_path / "own.yml"
    ours.parent.mkdir()
    ours.write_text("[]")
    users.write_text("[]")
    everything = [asked("a", ours, H1), asked("b", users, H1), asked("c", ours, H1, H2), asked("d", ours, H1), asked("e", ours, H2, H1),
                  asked("f", ours, H1, provision_tags=["x"]), asked("g", ours), asked("h", ours.with_name("gone.yml"), H1)]
    found = [[one.unit.component for one in group] for group in groups(everything, ours.parent)]
    assert found == [["a", "d"], ["b"], ["c"], ["e"], ["f"], ["g"], ["h"]]
    assert [len(group) for group in groups([asked(str(n), ours, H1) for n in range(MOST + 2)], ours.parent)] == [MOST, 2]


def test_the_playbook_on_disk_has_no_hidden_variable() -> None:
    unit, given = asked("a", Path("/p/site.yml"), H1).unit, Variables({"x": 1}, {"pin": "s3cr3t"})
    assert "s3cr3t" not in playbook([(unit, given)], whole=False)
    assert json.loads(playbook([(unit, given)], whole=True)) == [
        {"name": f"{PART}a@dc", "hosts": "all", "gather_facts": False}, {"import_playbook": "/p/site.yml", "vars": {"x": 1, "pin": "s3cr3t"}}]


def event(host: str, state: str, *, ignored: bool = False) -> dict[str, object]:
    return {"kind": state, "host": host, "task": "t", "action": "copy", "result": {}, "ignored": ignored}


def test_who_fails_or_misses_a_host_did_not_come_through() -> None:
    collected = Collected()
    played = {"a@dc": [event("h1", "ok"), event("h2", "skipped")],
              "b@dc": [event("h1", "failed", ignored=True), event("h1", "ok"), event("h2", "ok")],
              "c@dc": [event("h1", "ok"), event("h2", "unreachable")], "d@dc": [event("h1", "ok")]}
    for name, events in played.items():
        for one in ({"kind": "play", "play": PART + name}, {"kind": "play", "play": "Deliver a thing"}, *events):
            collected.add(one)
    names = [*played, "e@dc"]
    assert come_through(collected.outcome(), names, (H1, H2)) == {}, "without an end nothing is sure"
    collected.add({"kind": "stats", "failed": {}, "dark": {"h2": 1}, "processed": {"h1": 1, "h2": 1}, "outputs": {}})
    found = come_through(collected.outcome(), names, (H1, H2))
    assert list(found) == ["a@dc", "b@dc"]
    assert [task.host for task in found["b@dc"].tasks] == ["h1", "h1", "h2"] and found["a@dc"].stats == {
        "failed": {}, "dark": {}, "processed": {"h1": 1, "h2": 1}}
