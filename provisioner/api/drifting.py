"""Drift of one application in one environment: from a look at what is delivered to a report, and what people said of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from provisioner.api.values import Drift
from provisioner.catalog import Catalog
from provisioner.engines.ansible.sources import is_kept
from provisioner.errors import Exit, ProvisionError
from provisioner.model import Acceptance, Delivered, Environment, Plan
from provisioner.planner.drift import AsDelivered, Difference, Findings, as_delivered, findings, matching
from provisioner.store import Holder, Store, holder_here


def spec_of(store: Store, application: str, environment: str) -> AsDelivered:
    """What is delivered there, as a spec. Raises ProvisionError (PRV-6405) when that is nothing."""
    delivered = store.delivered.all(application, environment)
    if not delivered:
        raise ProvisionError(f"nothing of {application} is delivered in {environment}", code="PRV-6405", next="provision apply")
    return as_delivered(delivered, _plans(store, delivered))


def _plans(store: Store, delivered: Mapping[str, Delivered]) -> dict[int, Plan]:
    """The plans by which the delivered units came, by run."""
    found: dict[int, Plan] = {}
    for number in {entry.run for entry in delivered.values()}:
        run = store.runs.get(number)
        if run is not None and (plan := store.plans.get(run.plan)) is not None:
            found[number] = plan
    return found


def found_in(store: Store, plan: Plan, environment: Environment) -> Findings:
    """What a plan of the delivered units says."""
    accepted = store.drift.accepted(plan.application, plan.environment)
    return findings(plan, environment.drift.get("ignore", ()), accepted)


def report(store: Store, plan: Plan, spec: AsDelivered, found: Findings, catalog: Catalog) -> Drift:
    """The answer of one look, which is remembered as the last check."""
    unseen = [*found.unseen, *spec.kept.items()]
    missing = bool(plan.failures) and {name for name, _ in unseen} <= set(plan.missing)
    code = Exit.CHANGES if found.open else Exit.MISSING if missing else Exit.FAILED if unseen else Exit.OK
    revision = store.revisions.latest(plan.application, plan.environment)
    answer = Drift(plan.application, plan.environment, revision.number if revision else 0, revision.version if revision else "",
                   revision.time if revision else "", len(spec.units), replace(found, unseen=tuple(unseen)),
                   tuple(_notes(spec, catalog, store.lock.holder(plan.application, plan.environment))), code)
    store.drift.checked(plan.application, plan.environment, len(found.open), int(code))
    return answer


def _notes(spec: AsDelivered, catalog: Catalog, holder: Holder | None) -> Iterable[str]:
    if holder is not None:
        yield f"a run is at work: what it is changing may be told as drift ({holder})"
    edited = [unit.name for unit in spec.units if unit.engine == "ansible" and Path(unit.source).is_file() and not is_kept(unit.source)
              and catalog.digest_of(unit.source) != unit.source_digest]
    if edited:
        yield (f"the playbook of {', '.join(edited)} was changed since it was delivered: what it would do in another way is told here as well")


def accept(store: Store, report_: Drift, patterns: Sequence[str], why: str) -> tuple[Difference, ...]:
    """Record the open differences that the patterns name as accepted. Raises ProvisionError (PRV-6421) when they name none."""
    chosen = matching(report_.found.open, patterns)
    if not chosen:
        known = ", ".join(one.path for one in report_.found.open[:5])
        raise ProvisionError(f"no difference has the path {', '.join(patterns)}", code="PRV-6421", exit=Exit.USAGE,
                             hint=f"there is {known}" if known else "nothing has drifted", next="provision drift")
    who = holder_here().who
    store.drift.accept(report_.application, report_.environment, (Acceptance(one.path, one.digest, who, why) for one in chosen))
    return tuple(chosen)


def unaccept(store: Store, application: str, environment: str, patterns: Sequence[str]) -> tuple[str, ...]:
    """Forget what was said of these paths. Raises ProvisionError (PRV-6421) when nothing was."""
    there = store.drift.accepted(application, environment)
    chosen = [one.path for one in matching([Difference(path, "", "", "", "") for path in there], patterns)]
    if not chosen:
        raise ProvisionError(f"nothing with the path {', '.join(patterns)} was accepted", code="PRV-6421", exit=Exit.USAGE,
                             hint=f"accepted is {', '.join(there)}" if there else "nothing was accepted", next="provision drift")
    store.drift.unaccept(application, environment, chosen)
    return tuple(chosen)
