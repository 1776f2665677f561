"""apply, resume, cancel, destroy: the verbs that change something."""

from collections.abc import Callable
from typing import Any

from provisioner.api import Outcome, Session
from provisioner.cli.asking import Asker
from provisioner.cli.door import Door
from provisioner.cli.project import Chosen, as_begun, as_planned, open_project, saved_plan
from provisioner.cli.watch import Watch
from provisioner.cli.work.plan import known_of, view_of
from provisioner.console.effects import effects
from provisioner.console.plan import summary_text
from provisioner.console.result import Ending, result_text
from provisioner.console.shapes import head, run_json
from provisioner.console.status import outputs_lines, urls
from provisioner.console.values import sensitive
from provisioner.errors import Exit
from provisioner.model import Json, Plan, Purpose


def apply(door: Door, /, **chosen: Any) -> int:
    """Deliver the application, or carry out a saved plan."""
    plan = saved_plan(chosen)
    if plan is None:
        return deliver(door, chosen, lambda session: session.purpose())
    planned = as_planned(chosen, plan)
    door.pasting = door.pasting.about(planned)
    return deliver(door, planned, lambda session: plan)


def destroy(door: Door, /, **chosen: Any) -> int:
    """Remove the application."""
    return deliver(door, chosen, lambda session: session.purpose("destroy"))


def promote(door: Door, /, **chosen: Any) -> int:
    """Deliver what one environment has to the next one."""
    return deliver(door, chosen, lambda session: session.purpose())


def deliver(door: Door, chosen: Chosen, asked: Callable[[Session], Purpose | Plan]) -> int:
    """Plan what is asked for, or take the plan that was saved; show it, ask, carry it out and tell how it ended."""
    with open_project(door, chosen) as session, Watch(door, session.store.plans.get, chosen["show_commands"]) as watch:
        what = asked(session)
        destroy = (what.purpose if isinstance(what, Plan) else what).kind == "destroy"
        asker = Asker(door, yes=chosen["yes"], destroy=destroy, view=view_of(session, chosen),
                      known=lambda view, plan: known_of(session, plan, view))
        doing = session.apply_saved if isinstance(what, Plan) else session.apply
        outcome = doing(what, confirm=asker.confirm, listen=watch.listen)  # type: ignore[arg-type]
    if asker.refused is not None:
        raise asker.refused
    return tell_ending(door, outcome)


def resume(door: Door, /, run: int | None, **chosen: Any) -> int:
    """Go on with a run that failed, was stopped or waits."""
    begun = as_begun(chosen, run)
    door.pasting = door.pasting.about(begun)
    with open_project(door, begun) as session, Watch(door, session.store.plans.get, chosen["show_commands"]) as watch:
        outcome = session.resume(run, now=chosen["now"], listen=watch.listen)
    return tell_ending(door, outcome)


def cancel(door: Door, /, run: int | None, **chosen: Any) -> int:
    """Stop a run, or close one that died."""
    with open_project(door, as_begun(chosen, run)) as session:
        done = session.cancel(run)
    if door.json:
        door.say_json({**head("cancel"), "message": done})
    else:
        door.say(door.look.words(done))
    return Exit.OK


def tell_ending(door: Door, outcome: Outcome) -> int:
    """Print how a run ended; its exit code."""
    if door.json:
        door.say_json({**head("result"), "exit": int(outcome.exit), "message": outcome.message, "seconds": round(outcome.seconds, 3),
                       "revision": outcome.revision, "run": run_json(outcome.run, outcome.steps) if outcome.run else None,
                       "summary": effects(outcome.plan).counts, "outputs": _told(outcome)})
    elif outcome.run is None:
        no = door.look.paint(f"{outcome.message.capitalize()}.", "warning")
        door.say(summary_text(effects(outcome.plan), door.look) if outcome.exit == Exit.OK else no)
    else:
        ending = Ending(outcome.plan, outcome.run, outcome.steps, outcome.exit, outcome.seconds, outcome.revision, outcome.message)
        door.say(result_text(ending, door.look))
        _show_urls(door, outcome)
        for line in outputs_lines(_told(outcome), door.look):
            door.say(line)
    return outcome.exit


def _told(outcome: Outcome) -> dict[str, dict[str, Json]]:
    """What the playbooks of an action told (the file of a backup …), by step."""
    names = {step.name for step in outcome.plan.steps if step.kind == "action"}
    return {name: dict(row.outputs) for name, row in outcome.steps.items() if name in names and row.outputs}


def _show_urls(door: Door, outcome: Outcome) -> None:
    """Where what was delivered answers."""
    if outcome.exit != Exit.OK:
        return
    units = {unit.name: unit for unit in outcome.plan.units}
    rows = {name: sensitive(row.outputs, units[name].sensitive) for name, row in outcome.steps.items() if name in units}
    for line in outputs_lines(urls(rows, {name: unit.type for name, unit in units.items()}), door.look):
        door.say(line)
