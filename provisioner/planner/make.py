"""Make a plan: ask each engine once for each Terraform root or host unit, then fix steps, protection and digest."""

import hashlib
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace

from provisioner import graph
from provisioner.engine import Engine, Planned, PlanRequest, Site
from provisioner.model import Delivered, Plan, Unit
from provisioner.planner.known import Known, known_outputs
from provisioner.planner.protect import protect
from provisioner.planner.steps import Part, deliver_steps, ranks, remove_steps

HOSTS_AT_ONCE = 4
"""Units on hosts that are checked at one time: each costs about one core of this machine while it runs."""


@dataclass(frozen=True)
class PlanInputs:
    """Everything that a plan is made of."""

    id: str
    application: str
    environment: str
    version: str
    text: str
    folder: str
    created: str
    units: tuple[Unit, ...]
    delivered: Mapping[str, Delivered]
    engines: Mapping[str, Engine]
    site: Callable[[str], Site]
    """Target name to the place where an engine works on it."""
    allow_destroy: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    progress: Callable[[str], None] = field(default=lambda message: None)


def make(inputs: PlanInputs) -> Plan:
    """The plan from what is delivered to what is wanted. Raises Refused for protected data, Missing for tools and hosts."""
    wanted = {unit.name: unit for unit in inputs.units}
    removed = leaving(wanted, inputs.delivered, inputs.keep)
    known = first_known(wanted, inputs.delivered)
    answers: dict[str, Planned] = {}
    _terraform(inputs, wanted, removed, known, answers)
    _hosts(inputs, wanted, removed, known, answers)
    parts = {name: _part(wanted.get(name), answer, known) for name, answer in answers.items()}
    for name, unit in wanted.items():
        if name not in parts:
            parts[name] = Part(outputs=_complete(unit, known.publish(unit, {})))
    steps = deliver_steps(wanted, parts)
    steps += remove_steps(removed, parts, tuple(step.name for step in steps))
    failures = tuple((name, answer.failure) for name, answer in answers.items() if answer.failure)
    plan = Plan(inputs.id, inputs.application, inputs.environment, inputs.version, tuple(steps), folder=inputs.folder,
                created=inputs.created, text=inputs.text, failures=failures,
                spec_digest=hashlib.sha256(inputs.text.encode()).hexdigest())
    protect(plan, inputs.delivered, inputs.allow_destroy)
    return replace(plan, digest=digest(plan))


def leaving(wanted: Mapping[str, Unit], delivered: Mapping[str, Delivered], keep: frozenset[str]) -> dict[str, Delivered]:
    """What is delivered and not wanted any more: whole units, and single hosts that a unit leaves ("UNIT on HOST")."""
    kept = _kept(delivered, keep)
    found: dict[str, Delivered] = {}
    for name, entry in delivered.items():
        if name not in wanted:
            if name not in kept:
                found[name] = entry
            continue
        unit = wanted[name]
        if unit.engine != "ansible" or unit.host_source is not None:
            continue
        stay = {host.name for host in unit.hosts}
        for host in entry.unit.hosts:
            if host.name not in stay:
                found[f"{name} on {host.name}"] = replace(entry, unit=replace(entry.unit, hosts=(host,), needs=()), hosts=())
    return found


def _kept(delivered: Mapping[str, Delivered], keep: frozenset[str]) -> set[str]:
    """The units to keep, and all that they need."""
    found: set[str] = set()
    queue = [name for name, entry in delivered.items() if entry.unit.component in keep or name in keep]
    while queue:
        name = queue.pop()
        if name not in found and name in delivered:
            found.add(name)
            queue += delivered[name].unit.needs
    return found


def first_known(wanted: Mapping[str, Unit], delivered: Mapping[str, Delivered]) -> Known:
    """Before any engine was asked: listed hosts, outputs that are templates over them, and what playbooks gave before."""
    known = Known()
    for name, unit in wanted.items():
        if unit.engine != "terraform":
            hosts = known.hosts_of(unit)
            if hosts is not None:
                known.hosts[name] = hosts
    for name in graph.order({name: unit.needs for name, unit in wanted.items()}):
        unit = wanted[name]
        if unit.engine == "terraform":
            continue
        known.publish(unit, {})
        before = delivered.get(name)
        if before and before.state == "delivered":
            known.outputs[name] = {**{key: value for key, value in before.outputs.items() if key in unit.outputs}, **known.outputs[name]}
    return known


def _terraform(inputs: PlanInputs, wanted: Mapping[str, Unit], removed: Mapping[str, Delivered], known: Known,
               answers: dict[str, Planned]) -> None:
    """Plan each root once; roots that need others' outputs after those."""
    rank = ranks(wanted)
    roots: dict[str, list[Unit]] = {}
    for name in graph.order({name: unit.needs for name, unit in wanted.items()}):
        if wanted[name].root:
            roots.setdefault(wanted[name].root, []).append(wanted[name])
    gone: dict[str, list[Delivered]] = {}
    for entry in removed.values():
        if entry.unit.root:
            gone.setdefault(entry.unit.root, []).append(entry)
    for root in dict.fromkeys([*roots, *gone]):
        units, leave = roots.get(root, []), gone.get(root, [])
        target = (units[0] if units else leave[0].unit).target
        inputs.progress(f"asking Terraform about {target}: {len(units)} components" + (f", {len(leave)} to remove" if leave else ""))
        site = inputs.site(target)
        filled = tuple(known.filled(unit) for unit in units)
        engine = inputs.engines["terraform"]
        request = PlanRequest(root, filled, tuple(leave), inputs.delivered, {}, {unit.name: rank[unit.name] for unit in units})
        planned = engine.plan(request, site)
        for entry in leave:
            answers[f"remove {entry.unit.name}"] = planned.get(entry.unit.name, Planned())
        for unit in units:
            answers[unit.name] = planned.get(unit.name, Planned())
            known.publish(unit, dict(answers[unit.name].outputs))
            before = inputs.delivered.get(unit.name)
            if unit.hosts_output and before and not answers[unit.name].changes:
                known.made[unit.name] = before.hosts
    for name, unit in wanted.items():
        if unit.host_source is not None and (hosts := known.hosts_of(unit)) is not None:
            known.hosts[name] = hosts
    for name in graph.order({name: unit.needs for name, unit in wanted.items()}):
        if wanted[name].engine != "terraform":
            before = known.outputs.get(name, {})
            known.outputs[name] = {**before, **known.publish(wanted[name], {})}


def _hosts(inputs: PlanInputs, wanted: Mapping[str, Unit], removed: Mapping[str, Delivered], known: Known,
           answers: dict[str, Planned]) -> None:
    """Check the units on hosts, several at a time."""
    requests: list[tuple[str, PlanRequest, str]] = []
    for name, unit in wanted.items():
        if unit.engine == "ansible":
            hosts = {name: known.hosts[name]} if name in known.hosts else {}
            requests.append((name, PlanRequest(name, (known.filled(unit),), (), inputs.delivered, hosts), unit.target))
    for key, entry in removed.items():
        if entry.unit.engine == "ansible":
            requests.append((f"remove {key}", PlanRequest(entry.unit.name, (), (entry,), inputs.delivered), entry.unit.target))
    if not requests:
        return
    inputs.progress(f"checking {len(requests)} components on hosts")
    with ThreadPoolExecutor(HOSTS_AT_ONCE) as pool:
        engine = inputs.engines["ansible"]
        futures = {name: (request.key, pool.submit(engine.plan, request, inputs.site(target))) for name, request, target in requests}
        for name, (key, future) in futures.items():
            answers[name] = future.result().get(key, Planned())


def _part(unit: Unit | None, answer: Planned, known: Known) -> Part:
    if unit is None:
        return Part(answer.changes, None, answer.unpreviewed)
    return Part(answer.changes, _complete(unit, known.outputs.get(unit.name, {})), answer.unpreviewed)


def _complete(unit: Unit, outputs: Mapping[str, object]) -> dict[str, object] | None:
    return dict(outputs) if set(outputs) >= set(unit.outputs) and known_outputs(outputs) else None


def digest(plan: Plan) -> str:
    """What an approval binds to: spec, every unit with its inputs and the digest of its source, and every change."""
    steps = [asdict(replace(step, unit=replace(step.unit, where=type(step.unit.where)("")))) for step in plan.steps]
    sealed = json.dumps([plan.application, plan.environment, plan.spec_digest, steps], sort_keys=True, default=str)
    return hashlib.sha256(sealed.encode()).hexdigest()
