"""What the events of a play say: how it went on each host, and why. Pure; decides from events and stats, never from exit codes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.model import Json

NOISE = re.compile(r"^(Warning: Permanently added .*|\*\*\* WARNING: .*|mux_client_request_session: .*)$", re.MULTILINE)
LAST_LINES = 4
MOST_LINES = 15
FAILED = ("failed", "unreachable")
PART = "provision checks "
"""Begins the name of the empty play behind which the plays of one of several units come; the unit's name follows."""
LOGIN = ("permission denied", "authentication failed", "invalid/incorrect password", "too many authentication failures")
KEYS = ("host key verification failed", "remote host identification has changed", "no matching host key")


@dataclass(frozen=True)
class Task:
    """The result of one task on one host."""

    host: str
    state: str
    task: str
    action: str
    result: Mapping[str, Json]
    ignored: bool = False
    part: str = ""
    """The unit, where several are played in one run."""


@dataclass(frozen=True)
class Outcome:
    """A whole play."""

    tasks: tuple[Task, ...] = ()
    stats: Mapping[str, Json] | None = None
    """None: the playbook ended before it had begun."""
    said: str = ""
    """Ansible's own words where there are no stats."""
    died: bool = False
    """True when Ansible's process ended before the playbook did."""

    def of(self, host: str) -> tuple[Task, ...]:
        """The results of one host, in order."""
        return tuple(task for task in self.tasks if task.host == host)


@dataclass
class Collected:
    """Events as they come."""

    tasks: list[Task] = field(default_factory=list)
    stats: dict[str, Json] | None = None
    said: str = ""
    died: bool = False
    part: str = ""

    def add(self, event: Mapping[str, Json]) -> Task | None:
        """Take one event in; the Task that it tells of, if any."""
        kind = event["kind"]
        if "host" in event:
            task = Task(event["host"], kind, event["task"], event["action"], event["result"], event["ignored"], self.part)
            self.tasks.append(task)
            return task
        if kind == "play":
            self.part = event["play"].removeprefix(PART) if event["play"].startswith(PART) else self.part
        elif kind == "stats":
            self.stats = dict(event)
        elif kind in ("ended", "broken", "gone") and self.stats is None:
            self.died = kind != "ended"
            self.said = gist(str(event.get("output") or event.get("message") or f"Ansible's process ended with code {event.get('code')}"))
        return None

    def outcome(self) -> Outcome:
        return Outcome(tuple(self.tasks), self.stats, self.said, self.died and self.stats is None)


def failures(outcome: Outcome, hosts: Iterable[str]) -> dict[str, str]:
    """Host to reason, for all hosts that did not get to the end."""
    found = {}
    for host in hosts:
        if outcome.stats is None:
            found[host] = reason(outcome.of(host)) or outcome.said or "the play ended before it came to an end"
        elif host in outcome.stats["failed"] or host in outcome.stats["dark"]:
            found[host] = reason(outcome.of(host)) or "a task failed"
        elif host not in outcome.stats["processed"]:
            aborted = outcome.stats["failed"] or outcome.stats["dark"]
            found[host] = "the playbook ended before it came to this host" if aborted else "no play of the playbook names it"
    return found


def reason(tasks: Sequence[Task]) -> str:
    """Why a host failed: task, message, last lines of what the tool said."""
    bad = next((task for task in reversed(tasks) if task.state in FAILED and not task.ignored), None)
    if bad is None:
        return ""
    item = next((task for task in reversed(tasks) if task.state == "item-failed" and task.task == bad.task), None)
    return explain(item or bad)


def explain(task: Task) -> str:
    """Task, message, and the last lines of stderr, in words for people."""
    result = task.result
    message = clean(str(result.get("msg") or result.get("reason") or ""))
    if task.state == "unreachable":
        return message or "unreachable"
    output = next((clean(str(result[key])) for key in ("stderr", "module_stderr", "stdout", "module_stdout") if result.get(key)), "")
    tail = [line for line in output.splitlines() if line.strip() and line.strip() not in message][-LAST_LINES:]
    head = f"{task.task}: {message}" if message else f"{task.task}: failed"
    if "rc" in result and result["rc"] not in (0, None) and message == "non-zero return code":
        head = f"{task.task}: exit code {result['rc']}"
    return "\n  ".join([head, *tail])


def gist(text: str) -> str:
    """What matters of Ansible's own output: from its error on."""
    text = clean(text)
    start = max(text.find("[ERROR]: "), text.find("ERROR! "))
    return "\n".join(text[max(start, 0):].removeprefix("[ERROR]: ").removeprefix("ERROR! ").splitlines()[:MOST_LINES])


def clean(text: str) -> str:
    """The text without what SSH and Ansible say beside the point."""
    lines = [line.rstrip() for line in NOISE.sub("", text.replace("\r", "")).splitlines()]
    return "\n".join(line for line in lines if line.strip()).strip()


def is_stale(tasks: Sequence[Task]) -> bool:
    """True when our module found another state than the plan had shown, and touched nothing."""
    return any(task.state == "failed" and isinstance(said := task.result.get("provision"), dict) and bool(said.get("stale")) for task in tasks)


def is_untouched(outcome: Outcome, host: str) -> bool:
    """True when the play ended before it came to this host."""
    return outcome.stats is not None and host not in outcome.stats["processed"] and not outcome.of(host)


def is_unreachable(tasks: Sequence[Task]) -> bool:
    """True when the host failed because the connection did."""
    return bool(tasks) and tasks[-1].state == "unreachable"


def is_refusal(text: str) -> bool:
    """True when a connection failed because of keys or passwords: nothing is missing, something is wrong."""
    return any(word in text.lower() for word in (*LOGIN, *KEYS))


def grouped(failed: Mapping[str, str], addresses: Mapping[str, str]) -> str:
    """One paragraph for each distinct reason, with the hosts that share it."""
    groups: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for host, text in failed.items():
        key = text
        for name in (addresses.get(host, ""), host):
            if name:
                key = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", "HOST", key)
        groups.setdefault(key, []).append(host)
        texts.setdefault(key, text)
    return "\n".join(f"{_names(hosts)}: {texts[key]}" for key, hosts in groups.items())


def _names(hosts: list[str]) -> str:
    shown = ", ".join(hosts[:8])
    return f"{len(hosts)} hosts ({shown}{', …' if len(hosts) > 8 else ''})" if len(hosts) > 1 else shown


def outputs(outcome: Outcome) -> dict[str, Json]:
    """Raw outputs: what our modules answered, then `set_stats`, which a user's playbook gives. Of several hosts the first counts."""
    found: dict[str, Json] = {}
    for task in outcome.tasks:
        said = task.result.get("provision")
        if isinstance(said, dict) and isinstance(said.get("outputs"), dict):
            for name, value in said["outputs"].items():
                found.setdefault(name, value)
        given = task.result.get("ansible_stats")
        if isinstance(given, dict) and given.get("per_host"):
            for name, value in given.get("data", {}).items():
                found.setdefault(name, value)
    found.update((outcome.stats or {}).get("outputs") or {})
    return found


def module_outputs(outcome: Outcome) -> dict[str, Json]:
    """Raw outputs that our modules answer: known in check mode as well."""
    return outputs(Outcome(tuple(task for task in outcome.tasks if "provision" in task.result)))


def changed(outcome: Outcome) -> bool:
    """True when the play changed anything on any host, also by a module of ours that failed half-way; others always say that they changed."""
    return any(task.result.get("changed") and (task.state == "ok" or task.state == "failed" and "provision" in task.result)
               for task in outcome.tasks)
