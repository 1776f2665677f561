"""Make a plan: ask each engine once for each Terraform root or host unit, then fix steps, protection and digest."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from provisioner.collector import resting
from provisioner.compose.selection import from_source
from provisioner.engine import Engine, Planned, Site
from provisioner.errors import Exit, Refused
from provisioner.model import Acceptance, Change, Delivered, Host, Plan, Unit
from provisioner.planner import accepting
from provisioner.planner.asking import Asking
from provisioner.planner.claims import taken
from provisioner.planner.directions import refuse_going_back
from provisioner.planner.fingerprint import digest, spec_digest
from provisioner.planner.following import followed
from provisioner.planner.holding import held, held_on_hosts, notes
from provisioner.planner.keeping import HandlingOf, handled, kept, note_of
from provisioner.planner.known import Known, known_outputs
from provisioner.planner.protect import protect
from provisioner.planner.steps import Part, after_gaps, deliver_steps, ranks, remove_steps
from provisioner.planner.workflow import with_workflow


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
    handling: HandlingOf = field(default=lambda unit: unit.handling)
    destroy: bool = False
    """The whole application goes."""
    users: Callable[[Unit], str] = field(default=lambda unit: "")
    """Other applications that share a delivered unit, or empty."""
    who: str = ""
    """Who asks for it: a protect policy may allow some to destroy."""
    progress: Callable[[str], None] = field(default=lambda message: None)
    accepted: Mapping[str, Acceptance] = field(default_factory=dict)
    """What people accepted of drift, by path: it is left alone."""
    fresh: bool = True
    """The workflow is new since the newest revision: it runs even where nothing else is to be done."""
    undelivered: frozenset[str] = frozenset()
    """Units that no step of the workflow delivers."""


@dataclass(frozen=True)
class Looked:
    """A plan, and what the engines said of each unit while it was made (health, hosts that did not answer)."""

    plan: Plan
    answers: Mapping[str, Planned]


def make(inputs: PlanInputs) -> Plan:
    """The plan from what is delivered to what is wanted. Raises Refused for protected data and what would go back, Missing."""
    plan = look(inputs).plan
    protect(plan, inputs.delivered, inputs.allow_destroy, inputs.who)
    refuse_going_back(plan, {name: entry.unit for name, entry in inputs.delivered.items() if entry.state == "delivered"})
    return plan


@resting()
def look(inputs: PlanInputs) -> Looked:
    """The same without a word on protected data: for those who only want to know."""
    wanted = held({unit.name: unit for unit in inputs.units}, inputs.delivered, inputs.accepted)
    refuse_moves(wanted, inputs.delivered)
    rank = ranks(wanted)
    known = first_known(wanted, rank, inputs.delivered)
    stays = kept(wanted, inputs.delivered, inputs.keep, inputs.handling, destroy=inputs.destroy, users=inputs.users,
                 undelivered=inputs.undelivered)
    left = {name: handled(entry, inputs.handling) for name, entry in leaving(wanted, inputs.delivered, stays).items()}
    asking = Asking(inputs.engines, inputs.site, inputs.progress, wanted, left, inputs.delivered, rank, known)
    said, removed = asking.all(), asking.removed
    answers = _as_held(followed(_as_held(said, wanted), wanted), wanted)
    parts = {name: _part(wanted.get(name), answer, known) for name, answer in answers.items()}
    for name, unit in wanted.items():
        if name not in parts:
            parts[name] = Part(outputs=_complete(unit, known.publish(unit, {})))
    gaps = taken(removed, wanted, inputs.delivered, known.hosts)
    steps = deliver_steps(wanted, rank, parts)
    removals = remove_steps(removed, parts, steps, gaps)
    steps = with_workflow(after_gaps(steps, gaps) + removals, inputs.delivered, fresh=inputs.fresh, played=asking.played)
    answers |= {name: answer for name, answer in said.items() if name not in answers}
    failures = tuple((name, answer.failure) for name, answer in answers.items() if answer.failure)
    missing = tuple(name for name, answer in answers.items() if answer.failure and answer.missing)
    told = tuple(dict.fromkeys(note for answer in answers.values() if answer.changes for note in answer.notes))
    plan = Plan(inputs.id, inputs.application, inputs.environment, inputs.version, tuple(steps), folder=inputs.folder,
                created=inputs.created, text=inputs.text, failures=failures, missing=missing,
                spec_digest=spec_digest(inputs.application, inputs.environment, {*inputs.keep, *stays}, inputs.units),
                notes=(*(note_of(name, why) for name, why in stays.items()), *notes(wanted, {name: answers[name] != said[name] for name in said}),
                       *accepting.notes(wanted, steps, inputs.accepted), *(gap.note(removed[gap.key].unit.component) for gap in gaps), *told))
    return Looked(replace(plan, digest=digest(plan)), answers)


def _as_held(answers: Mapping[str, Planned], wanted: Mapping[str, Unit]) -> dict[str, Planned]:
    """The answers without what policies leave as it is."""
    return {name: held_on_hosts(wanted[name], answer) if name in wanted else answer for name, answer in answers.items()}


def leaving(wanted: Mapping[str, Unit], delivered: Mapping[str, Delivered], stays: Collection[str]) -> dict[str, Delivered]:
    """What is delivered and not wanted any more: whole units, and single hosts that a unit leaves ("UNIT on HOST")."""
    found: dict[str, Delivered] = {}
    for name, entry in delivered.items():
        if name not in wanted:
            if name not in stays:
                found[name] = entry
            continue
        for host in _left(wanted[name], entry.unit, delivered):
            found[f"{name} on {host.name}"] = replace(entry, unit=replace(entry.unit, hosts=(host,)), hosts=())
    return found


def _left(unit: Unit, old: Unit, delivered: Mapping[str, Delivered]) -> list[Host]:
    """The hosts that a unit was on and leaves, as far as they are still there."""
    if unit.engine != "ansible":
        return []
    stay = unit.hosts if unit.host_source is None else from_source(_made(unit, delivered), unit.host_source)
    there = {host.name for host in (old.hosts if old.host_source is None else _made(old, delivered))}
    return [host for host in old.hosts if host.name in there - {host.name for host in stay}]


def _made(unit: Unit, delivered: Mapping[str, Delivered]) -> tuple[Host, ...]:
    """The hosts that the source of a unit's hosts has made, as last delivered."""
    source = delivered.get(unit.host_source.unit) if unit.host_source else None
    return source.hosts if source else ()


def refuse_moves(wanted: Mapping[str, Unit], delivered: Mapping[str, Delivered]) -> None:
    """Raise Refused when a unit would change its engine or Terraform root: its resources would be left behind in the old one."""
    for name, unit in wanted.items():
        old = delivered[name].unit if name in delivered else unit
        if (old.engine, old.root) != (unit.engine, unit.root):
            word = f" with --allow-destroy {unit.component}, its data goes" if old.data else ""
            users = ", ".join(sorted({user.component for user in wanted.values() if name in user.needs and user.component != unit.component}))
            users = f" and what needs it ({users})" if users else ""
            raise Refused(
                f"{name} was delivered by {old.engine} in {old.root or 'no root'} and would move to {unit.root or unit.engine}", code="PRV-5002",
                where=unit.where, exit=Exit.DENIED,
                hint=f"take the edit of its place, its stack or its module back; or apply twice: without {unit.component}{users}{word}, "
                     "then with it again")


def first_known(wanted: Mapping[str, Unit], order: Iterable[str], delivered: Mapping[str, Delivered]) -> Known:
    """Before any engine was asked: listed hosts, outputs that are templates over them, and what each unit gave when it was delivered.

    The latter are expectations: `Asking` corrects them, and asks again where they turn out to be wrong.
    """
    known = Known()
    for name, unit in wanted.items():
        if unit.engine != "terraform":
            hosts = known.hosts_of(unit)
            if hosts is not None:
                known.hosts[name] = hosts
    for name in order:
        unit, before = wanted[name], delivered.get(name)
        expected = {key: value for key, value in before.outputs.items() if key in unit.outputs} if before and before.state == "delivered" else {}
        published = known.publish(unit, {}) if unit.engine != "terraform" else {}
        known.outputs[name] = {**expected, **published}
    return known


def _part(unit: Unit | None, answer: Planned, known: Known) -> Part:
    if unit is None:
        return Part(answer.changes, None, answer.unpreviewed)
    unseen = tuple(Change(unit.name, host, "configure", reason=f"could not be looked at: {reason}")
                   for host, reason in answer.failed_hosts.items() if not answer.failure)
    return Part(answer.changes + unseen, _complete(unit, known.outputs.get(unit.name, {})), answer.unpreviewed)


def _complete(unit: Unit, outputs: Mapping[str, object]) -> dict[str, object] | None:
    return dict(outputs) if set(outputs) >= set(unit.outputs) and known_outputs(outputs) else None
