"""Carries out actions of cloud services by one call of AWS' API each, and waits for its effect. Delivers and removes nothing."""

import asyncio
import os
import threading
from typing import Any

from provisioner import aws
from provisioner.engine import BatchRequest, Planned, PlanRequest, Report, Site
from provisioner.errors import ProvisionError
from provisioner.model import Change, Event, Json, Step, StepEnded, Unit

LIMIT = 1800.0
"""Seconds that the effect of a call is waited for."""
PAUSE = 5.0


class AwsEngine:
    """The engine `aws`: units of actions only, whose input `call` holds {service, operation, arguments, wait}."""

    name = "aws"

    def __init__(self) -> None:
        self._stop = threading.Event()

    def plan(self, request: PlanRequest, site: Site) -> dict[str, Planned]:
        """The calls in words, checked against AWS' own description of them; nothing is called."""
        return {unit.name: self._planned(unit, site) for unit in request.units}

    def _planned(self, unit: Unit, site: Site) -> Planned:
        call = site.reveal(unit.inputs["call"])
        try:
            _check(_client(call, site), call)
        except ProvisionError as error:
            return Planned(failure=error.message)
        return Planned((Change(unit.name, f"{call['service']} {call['operation']}", "run", after=dict(call.get("arguments", {}))),))

    async def deliver(self, request: BatchRequest, site: Site, report: Report) -> None:
        """Call, wait, and report one StepEnded for each step."""
        loop = asyncio.get_running_loop()
        for step in request.steps:
            report(await loop.run_in_executor(None, self._carry_out, step, site, report))

    async def adopt(self, request: BatchRequest, site: Site, report: Report) -> tuple[str, ...]:
        """A call leaves no process of ours; it is made again by a resume."""
        return ()

    async def cancel(self, hard: bool) -> None:
        """Hard: what was called goes on in the cloud, and is no longer waited for."""
        if hard:
            self._stop.set()

    def _carry_out(self, step: Step, site: Site, report: Report) -> StepEnded:
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

        call = site.reveal(step.unit.inputs["call"])
        report(Event("note", step.name, f"calling {call['service']} {call['operation']}", data={"arguments": call.get("arguments", {})}))
        called = False
        try:
            client = _client(call, site)
            getattr(client, call["operation"])(**call.get("arguments", {}))
            called = True
            wait = call.get("wait")
            if wait and not self._waited(client.get_waiter(wait["for"]), wait.get("arguments", {})):
                return StepEnded(step.name, "interrupted", "called, and not waited for to the end", changed=True)
        except (ClientError, BotoCoreError) as error:
            return StepEnded(step.name, "failed", f"{call['service']} {call['operation']}: {error}", changed=called)
        except ProvisionError as error:
            return StepEnded(step.name, "failed", error.message, changed=called)
        return StepEnded(step.name, "done", changed=True)

    def _waited(self, waiter: Any, arguments: dict[str, Json]) -> bool:
        """Ask until it is so; False when we are told to stop. Raises WaiterError where it can't become so any more, ProvisionError after LIMIT."""
        from botocore.exceptions import WaiterError

        for _ in range(int(LIMIT / PAUSE)):
            if self._stop.is_set():
                return False
            try:
                waiter.wait(**arguments, WaiterConfig={"Delay": 0, "MaxAttempts": 1})
            except WaiterError as error:
                if "Max attempts exceeded" not in str(error):
                    raise
                self._stop.wait(PAUSE)
            else:
                return True
        raise ProvisionError(f"it was called, and is not as it should be after {LIMIT / 60:.0f} minutes", code="PRV-4301")


def _client(call: dict[str, Json], site: Site) -> Any:
    around = {name: value for name, value in {**os.environ, **site.environ}.items() if site.environ.get(name) != ""}
    return aws.client(str(call["service"]), site.target, around)


def _check(client: Any, call: dict[str, Json]) -> None:
    """Raises ProvisionError (PRV-4302) when there is no such operation or waiter, or an argument does not fit."""
    from botocore.validate import ParamValidator  # type: ignore[import-untyped]

    operation = client.meta.method_to_api_mapping.get(call["operation"])
    if operation is None:
        raise ProvisionError(f"{call['service']} has no operation {call['operation']}", code="PRV-4302")
    shape = client.meta.service_model.operation_model(operation).input_shape
    wrong = ParamValidator().validate(call.get("arguments", {}), shape) if shape is not None else None
    if wrong is not None and wrong.has_errors():
        raise ProvisionError(f"{call['service']} {call['operation']}: {wrong.generate_report()}", code="PRV-4302")
    waiter = (call.get("wait") or {}).get("for")
    if waiter and waiter not in client.waiter_names:
        raise ProvisionError(f"{call['service']} has no waiter {waiter}", code="PRV-4302", hint=", ".join(client.waiter_names))
