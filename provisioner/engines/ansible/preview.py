"""From the events of a check run to what a plan shows of each host. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from provisioner.engine import Planned
from provisioner.engines.ansible import outcome as outcomes
from provisioner.engines.ansible.inputs import MARKER
from provisioner.engines.ansible.outcome import Outcome, Task
from provisioner.engines.ansible.verdict import only_missing, reasons
from provisioner.model import Action, Change, Delivered, FileDiff, Host, Json, Unit

UNCHECKED = ("command", "shell", "raw", "script", "expect")
HARMLESS = ("set_stats", "set_fact", "debug", "assert", "fail", "meta", "include_tasks", "include_role", "include_vars", "pause", "wait_for",
            "wait_for_connection", "slurp", "stat", "find", "setup", "gather_facts", "service_facts", "package_facts", "getent", "ping")
"""What changes nothing on a host."""
NOT_IN_CHECK_MODE = ("does not support check mode", "check mode is not supported")
SAYS_NO = ("fail", "assert")
"""Modules whose failure is meant also in check mode."""
UNKNOWN_TEXT = "(known after apply)"
MOST_NAMES = 8
NEW_HOSTS = "new hosts"
"""Address of the one change for hosts that are not made yet."""


@dataclass(frozen=True)
class Seen:
    """A check run and what was known before it."""

    unit: Unit
    hosts: tuple[Host, ...]
    outcome: Outcome
    silent: Mapping[str, str] = field(default_factory=dict)
    """Hosts that could not be reached before the run, with the reason."""
    unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    before: Delivered | None = None


def planned(seen: Seen) -> Planned:
    """What the check run says of the unit; hosts that failed are named, the others planned."""
    hosts = [host for host in seen.hosts if host.name not in seen.silent]
    broken = reasons(seen.outcome, tuple(hosts))
    dark = {name: text for name, text in broken.items() if outcomes.is_unreachable(seen.outcome.of(name))}
    # a value that is not known yet is a good reason to fail in check mode
    halfway = {name: outcomes.reason(seen.outcome.of(name)) for name in broken
               if name not in dark and (seen.unknown or _breaks_off(seen.outcome.of(name)))}
    failed = {**seen.silent, **{name: text for name, text in broken.items() if name not in halfway}}
    changes = [change for host in hosts if host.name not in failed and (change := _change(seen, host, halfway.get(host.name, "")))]
    changes += [unreachable(seen.unit, name, text) for name, text in {**seen.silent, **dark}.items()]
    answer = Planned(tuple(changes), outcomes.module_outputs(seen.outcome), unpreviewed=_unpreviewed(seen, halfway),
                     failed_hosts=failed, health=_health(seen), follows=_follows(seen),
                     notes=_notes(seen))
    if len(failed) == len(seen.hosts):
        lost = {**seen.silent, **dark}
        missing = set(failed) == set(lost) and only_missing(failed)
        addresses = {host.name: host.address for host in seen.hosts}
        return replace(answer, changes=(), failure=outcomes.grouped(failed, addresses), missing=missing)
    return answer


def unreachable(unit: Unit, host: str, why: str) -> Change:
    """The change for a host that nobody could look at: all of the unit, if it answers when its turn comes."""
    return Change(unit.name, host, "configure", reason=f"could not be looked at: {why.splitlines()[0]}")


def new_hosts(unit: Unit) -> Planned:
    """What a plan shows for hosts that another unit makes first."""
    return Planned((Change(unit.name, NEW_HOSTS, "create", reason="new host: everything"),))


def removal(entry: Delivered, hosts: Sequence[Host]) -> Planned:
    """What a plan shows for a unit that leaves its hosts; nothing is asked of them."""
    action: Action = "remove" if entry.unit.remove_source else "forget"
    why = "" if entry.unit.remove_source else "its type has no playbook for removal: what it made stays on the host"
    if entry.unit.handling.orphan:
        why = "garbage-collect orphan: it stays as it is"
    return Planned(tuple(Change(entry.unit.name, host.name, action, reason=why) for host in hosts)
                   or (Change(entry.unit.name, "hosts", action, reason=why),))


def _change(seen: Seen, host: Host, broke_off: str) -> Change | None:
    tasks = seen.outcome.of(host.name)
    answers = [task.result["provision"] for task in tasks if isinstance(task.result.get("provision"), dict)]
    if answers:
        return _of_our_module(seen, host, answers)
    done = [task for task in tasks if task.state == "ok" and task.result.get("changed")]
    unchecked = _unchecked(tasks)
    if not done and not unchecked and not broke_off and not seen.unknown:
        return None
    words = [*(task.task for task in done), *(f"{task.task} (cannot be checked)" for task in unchecked)]
    files = tuple(diff for task in done for diff in _diffs(task.result))
    reason = _waits(seen) or ("the check broke off" if broke_off else _drift(seen, host) if done else "")
    return Change(seen.unit.name, host.name, "configure", reason=reason, files=files, tasks=tuple(dict.fromkeys(words)))


def _of_our_module(seen: Seen, host: Host, answers: list[dict[str, Json]]) -> Change | None:
    words = tuple(str(word) for answer in answers for word in answer.get("tasks", ()))
    unknown = [name for answer in answers for name in answer.get("unknown", ())]
    if not words and not unknown:
        return None
    new = any(answer.get("new") for answer in answers)
    files = tuple(FileDiff(file["path"], file["before"], file["after"]) for answer in answers for file in answer.get("files", ()))
    # one digest binds one module call; a playbook with several is not held to any
    seal = str(answers[0].get("seal", "")) if len(answers) == 1 else ""
    taken = "is taken over" if seen.unit.imports else ""
    reason = "new host" if new else _waits(seen) if unknown else taken or _drift(seen, host)
    return Change(seen.unit.name, host.name, "create" if new else "configure", reason=reason, files=files, tasks=words, seal=seal,
                  unknown=tuple(dict.fromkeys(unknown)))


def _waits(seen: Seen) -> str:
    units = dict.fromkeys(text[2:-1].partition(".")[0] for texts in seen.unknown.values() for text in texts)
    return f"waits for {', '.join(units)}" if units else ""


def _drift(seen: Seen, host: Host) -> str:
    """Nothing that is wanted differs from what was delivered here, so the host itself was changed."""
    before = seen.before
    if before is None or before.state != "delivered" or host.name not in {one.name for one in before.unit.hosts}:
        return ""
    same = before.unit.inputs == seen.unit.inputs and before.unit.source_digest == seen.unit.source_digest
    return "drift" if same else ""


def _unchecked(tasks: Sequence[Task]) -> list[Task]:
    """Tasks that check mode leaves out although they would run."""
    return [task for task in tasks if task.state == "skipped" and _would_run(task)]


def _would_run(task: Task) -> bool:
    """True for a command, for a module that knows no check mode, and for what the playbook itself leaves out in check mode."""
    name, said = task.action.rpartition(".")[2], str(task.result.get("msg", "")).lower()
    if "false_condition" in task.result or "Conditional" in str(task.result.get("skip_reason", "")):
        return "ansible_check_mode" in str(task.result.get("false_condition", "")) and name not in HARMLESS
    return name in UNCHECKED or any(words in said for words in NOT_IN_CHECK_MODE)


def _breaks_off(tasks: Sequence[Task]) -> bool:
    """A user's playbook failed in check mode where a task needs what an earlier one would have made."""
    bad = next((task for task in reversed(tasks) if task.state == "failed" and not task.ignored), None)
    if bad is None:
        return False
    name = bad.action.rpartition(".")[2]
    return name not in SAYS_NO and not name.startswith("provision_") and "provision" not in bad.result


def _unpreviewed(seen: Seen, halfway: Mapping[str, str]) -> str:
    texts = []
    unchecked = list(dict.fromkeys(task.task for task in _unchecked(seen.outcome.tasks)))
    if unchecked:
        texts.append(f"{len(unchecked)} task{'s' if len(unchecked) > 1 else ''} cannot be checked: {', '.join(unchecked)}")
    if halfway:
        texts.append(_waits(seen) or "the check broke off: " + outcomes.grouped(halfway, {}))
    return "; ".join(texts)


def _health(seen: Seen) -> dict[str, str]:
    found = {}
    for task in seen.outcome.tasks:
        said = task.result.get("provision")
        if isinstance(said, dict) and said.get("health"):
            found[task.host] = str(said["health"])
    return found


def _follows(seen: Seen) -> dict[str, tuple[Change, ...]]:
    """What has to be done on a host when another unit changes there."""
    found: dict[str, tuple[Change, ...]] = {}
    for task in seen.outcome.tasks:
        said = task.result.get("provision")
        said = said if isinstance(said, dict) else {}
        for unit, words in (said.get("follows") or {}).items():
            change = Change(seen.unit.name, task.host, "configure", reason=f"it reads {unit}", tasks=(str(words),), seal=str(said.get("seal", "")))
            found[unit] = (*found.get(unit, ()), change)
    return found


def _notes(seen: Seen) -> tuple[str, ...]:
    """What our modules noticed about hosts: one sentence for all hosts that share it."""
    found: dict[str, dict[str, None]] = {}
    for task in seen.outcome.tasks:
        said = task.result.get("provision")
        if isinstance(said, dict):
            texts = [str(note) for note in said.get("notes", ())]
            system, tested = str(said.get("os") or ""), seen.unit.tested
            if system and tested and system not in tested:
                texts.append(f"{seen.unit.type} was not tested on {system} (it was on {', '.join(tested)})")
            for text in texts:
                found.setdefault(text, {})[task.host] = None
    return tuple(f"{', '.join(list(hosts)[:MOST_NAMES])}{', …' if len(hosts) > MOST_NAMES else ''}: {text}" for text, hosts in found.items())


def _diffs(result: Mapping[str, Json]) -> list[FileDiff]:
    """Files out of the `diff` of builtin modules; what is no text of a file (modes, owners) is left to the task's name."""
    value, found = result.get("diff"), []
    for entry in value if isinstance(value, list) else [value]:
        if not isinstance(entry, dict) or not isinstance(entry.get("before"), str) or not isinstance(entry.get("after"), str):
            continue
        if entry["before"] == entry["after"]:
            continue
        path = str(entry.get("before_header") or result.get("dest") or result.get("path") or entry.get("after_header") or "").partition(" (")[0]
        if "/ansible-local-" in path:
            # Ansible names a temporary file of the controller where the real one is not there yet: its own name says more
            path = path.rpartition("/")[2]
        absent = entry["before"] == "" and not entry.get("before_header")
        found.append(FileDiff(path, None if absent else entry["before"], UNKNOWN_TEXT if MARKER in entry["after"] else entry["after"]))
    return found
