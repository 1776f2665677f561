"""The journal of runs: one row per run, one per (run, step), moved only along the tables of the model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from provisioner.codec import dump, from_json, load
from provisioner.errors import ProvisionError
from provisioner.model import RUN_MOVES, STEP_MOVES, Commits, Host, Json, Plan, RunState, StepEnded, StepState
from provisioner.store.database import Database, utc_now
from provisioner.store.locks import require_fence
from provisioner.store.tables import RUNS, STEPS

UNFINISHED = ("running", "failed", "interrupted", "waiting")
COLUMNS = tuple(column.name for column in RUNS.c if column.name not in ("events", "info"))
"""The columns that are fields of a Run as they are."""


class IllegalMove(ProvisionError):
    """A run or step may not go from its state to the asked one."""

    code = "PRV-6002"


class NoSuchRun(ProvisionError):
    """The store has no such run, or the run no such step."""

    code = "PRV-6005"


@dataclass(frozen=True)
class Run:
    """One durable walk of one plan. Times are UTC, ISO 8601; `ended` is empty while it runs."""

    number: int
    plan: str
    application: str
    environment: str
    version: str
    state: RunState
    attempt: int
    who: str
    reason: str
    started: str
    ended: str = ""
    exit_code: int | None = None
    message: str = ""
    fence: int = 0
    info: dict[str, Json] = field(default_factory=dict)

    @property
    def acts(self) -> bool:
        """An action (backup, restart …): it delivered nothing."""
        return bool(self.info.get("acts"))

    @property
    def commits(self) -> Commits:
        """What was committed since the revision before it."""
        return from_json(Commits, self.info.get("commits") or {})


@dataclass(frozen=True)
class StepRow:
    """What the journal knows of one step. `outputs`, `hosts`, `failed_hosts` are those of its last end."""

    name: str
    state: StepState
    attempt: int = 0
    started: str = ""
    ended: str = ""
    message: str = ""
    changed: bool = False
    outputs: dict[str, Json] = field(default_factory=dict)
    hosts: tuple[Host, ...] = ()
    failed_hosts: dict[str, str] = field(default_factory=dict)
    stale: bool = False
    missing: bool = False


@dataclass(frozen=True)
class _Result:
    """The part of a step's end that is not searched."""

    outputs: dict[str, Json] = field(default_factory=dict)
    hosts: tuple[Host, ...] = ()
    failed_hosts: dict[str, str] = field(default_factory=dict)
    stale: bool = False
    missing: bool = False


Seconds = dict[str, list[float]]
"""Step to how long it took, once for each run."""
NO_RESULT = dump(_Result())


class Runs:
    """The runs of one store. A run is named by its number."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self, plan: Plan, who: str, reason: str = "", *, fence: int = 0, info: Mapping[str, Json] | None = None
    ) -> Run:
        """Open a run of a saved plan, all its steps waiting. With a fence: only while the lock is held (raises FenceLost)."""
        run = Run(
            0,
            plan.id,
            plan.application,
            plan.environment,
            plan.version,
            "running",
            1,
            who,
            reason,
            utc_now(),
            fence=fence,
            info=dict(info or {}),
        )
        with self._database.write() as connection:
            require_fence(connection, plan.application, plan.environment, fence)
            values = {name: getattr(run, name) for name in COLUMNS if name != "number"}
            number = connection.execute(
                insert(RUNS).values(**values, events=0, info=dump(run.info)).returning(RUNS.c.number)
            ).scalar_one()
            if plan.steps:
                connection.execute(
                    insert(STEPS),
                    [
                        {
                            "run": number,
                            "name": step.name,
                            "position": position,
                            "state": "waiting",
                            "attempt": 0,
                            "started": "",
                            "ended": "",
                            "message": "",
                            "changed": False,
                            "result": NO_RESULT,
                        }
                        for position, step in enumerate(plan.steps)
                    ],
                )
        return replace(run, number=number)

    def get(self, number: int) -> Run | None:
        """The run with this number."""
        return self._first(select(RUNS).where(RUNS.c.number == number))

    def list(self, application: str | None = None, environment: str | None = None, limit: int = 50) -> list[Run]:
        """Runs, newest first."""
        query = _of(application, environment).order_by(RUNS.c.number.desc()).limit(limit)
        with self._database.read() as connection:
            return [_run(row) for row in connection.execute(query)]

    def deliveries(self, application: str, environment: str) -> Iterable[Run]:
        """Runs that deliver, newest first, actions left out; one that waits comes before all: a healing beside it does not hide it."""
        return sorted((run for run in self.list(application, environment) if not run.acts), key=lambda run: run.state != "waiting")

    def took(self, application: str, environment: str, limit: int = 20) -> tuple[Seconds, int]:
        """Step to the seconds that it took in each of the newest runs in which it changed something; and how many runs that are."""
        runs = select(RUNS.c.number).where(RUNS.c.application == application, RUNS.c.environment == environment)
        newest = runs.order_by(RUNS.c.number.desc()).limit(limit).subquery()
        query = select(STEPS.c.run, STEPS.c.name, STEPS.c.started, STEPS.c.ended).where(
            STEPS.c.run.in_(select(newest.c.number)), STEPS.c.state == "done", STEPS.c.changed)
        found: Seconds = {}
        numbers = set()
        with self._database.read() as connection:
            for row in connection.execute(query):
                if row.started and row.ended:
                    found.setdefault(row.name, []).append((datetime.fromisoformat(row.ended) - datetime.fromisoformat(row.started)).total_seconds())
                    numbers.add(row.run)
        return found, len(numbers)

    def unfinished(self, application: str, environment: str) -> Run | None:
        """The newest run, when it can be resumed: running (its process may be dead), failed, interrupted or waiting.

        A run that waits is found behind actions (backup …) that were run meanwhile and succeeded.
        """
        query = _of(application, environment).where(RUNS.c.state != "superseded").order_by(RUNS.c.number.desc())
        with self._database.read() as connection:
            for index, row in enumerate(connection.execute(query)):
                run = _run(row)
                if run.state == "succeeded" and run.info.get("action"):
                    continue
                return run if run.state in UNFINISHED and (not index or run.state == "waiting") else None
        return None

    def move(
        self, number: int, state: RunState, exit_code: int | None = None, message: str = "", *, fence: int = 0
    ) -> Run:
        """Take a run to another state. Raises IllegalMove, NoSuchRun, and FenceLost when a fence given no longer holds."""
        with self._database.write() as connection:
            run = _locked_run(connection, number)
            require_fence(connection, run.application, run.environment, fence)
            _allow(RUN_MOVES, run.state, state, f"run {number}")
            moved = replace(
                run,
                state=state,
                exit_code=exit_code,
                message=message,
                ended="" if state == "running" else utc_now(),
                attempt=run.attempt + (state == "running"),
                fence=fence or run.fence,
            )
            _write(connection, moved)
        return moved

    def reopen(self, number: int, *, fence: int = 0) -> Run:
        """Prepare a resume: the run is running again (attempt + 1), all its steps that are not done wait again.

        For a run whose process died too (state running): hold its lock, and settle what an engine can adopt before.
        """
        with self._database.write() as connection:
            run = _locked_run(connection, number)
            require_fence(connection, run.application, run.environment, fence)
            if run.state != "running":
                _allow(RUN_MOVES, run.state, "running", f"run {number}")
            again = replace(
                run,
                state="running",
                ended="",
                exit_code=None,
                message="",
                attempt=run.attempt + 1,
                fence=fence or run.fence,
            )
            connection.execute(
                update(STEPS).where(STEPS.c.run == number, STEPS.c.state != "done").values(state="waiting", message="")
            )
            _write(connection, again)
        return again

    def interrupt(self, number: int, message: str, exit_code: int | None = None, *, fence: int = 0) -> Run:
        """Record that a running run ended in the middle: its running steps and itself are interrupted."""
        with self._database.write() as connection:
            run = _locked_run(connection, number)
            require_fence(connection, run.application, run.environment, fence)
            _allow(RUN_MOVES, run.state, "interrupted", f"run {number}")
            ended = utc_now()
            connection.execute(
                update(STEPS)
                .where(STEPS.c.run == number, STEPS.c.state == "running")
                .values(state="interrupted", ended=ended, message=message)
            )
            stopped = replace(run, state="interrupted", ended=ended, message=message, exit_code=exit_code)
            _write(connection, stopped)
        return stopped

    def step(self, number: int, name: str) -> StepRow:
        """One step of a run. Raises NoSuchRun."""
        with self._database.read() as connection:
            row = connection.execute(select(STEPS).where(STEPS.c.run == number, STEPS.c.name == name)).first()
        if row is None:
            raise NoSuchRun(f"run {number} has no step {name}", next=f"provision show {number}")
        return _step(row)

    def steps(self, number: int) -> dict[str, StepRow]:
        """All steps of a run, in the plan's order."""
        with self._database.read() as connection:
            rows = connection.execute(select(STEPS).where(STEPS.c.run == number).order_by(STEPS.c.position))
            return {row.name: _step(row) for row in rows}

    def move_step(self, number: int, name: str, state: StepState, message: str = "", *, fence: int = 0) -> StepRow:
        """Take a step to another state; waiting to running counts an attempt. Raises IllegalMove, NoSuchRun, FenceLost."""
        return self._move_step(number, name, state, message, fence, None)

    def finish_step(self, number: int, ended: StepEnded, *, fence: int = 0) -> StepRow:
        """Record how a step ended, with its outputs. Raises IllegalMove, NoSuchRun, FenceLost."""
        return self._move_step(number, ended.step, ended.state, ended.message, fence, ended)

    def _move_step(
        self, number: int, name: str, state: StepState, message: str, fence: int, ended: StepEnded | None
    ) -> StepRow:
        with self._database.write() as connection:
            run = _locked_run(connection, number)
            require_fence(connection, run.application, run.environment, fence)
            row = connection.execute(select(STEPS).where(STEPS.c.run == number, STEPS.c.name == name)).first()
            if row is None:
                raise NoSuchRun(f"run {number} has no step {name}", next=f"provision show {number}")
            old = _step(row)
            _allow(STEP_MOVES, old.state, state, f"step {name} of run {number}")
            new = _with_end(_moved(old, state, message), ended)
            connection.execute(
                update(STEPS)
                .where(STEPS.c.run == number, STEPS.c.name == name)
                .values(
                    state=new.state,
                    attempt=new.attempt,
                    started=new.started,
                    ended=new.ended,
                    message=new.message,
                    changed=new.changed,
                    result=dump(_Result(new.outputs, new.hosts, new.failed_hosts, new.stale, new.missing)),
                )
            )
        return new

    def _first(self, query: Select[Any]) -> Run | None:
        with self._database.read() as connection:
            row = connection.execute(query.limit(1)).first()
        return None if row is None else _run(row)


def _moved(old: StepRow, state: StepState, message: str) -> StepRow:
    if state == "running":
        return replace(old, state=state, message=message, attempt=old.attempt + 1, started=utc_now(), ended="")
    if state == "waiting":
        return replace(old, state=state, message=message)
    return replace(old, state=state, message=message, ended=utc_now())


def _with_end(row: StepRow, ended: StepEnded | None) -> StepRow:
    """`changed` stays true once an attempt changed something: the run's exit code depends on it."""
    if ended is None:
        return row
    return replace(
        row,
        changed=row.changed or ended.changed,
        outputs=ended.outputs,
        hosts=ended.hosts,
        failed_hosts=ended.failed_hosts,
        stale=ended.stale,
        missing=ended.missing,
    )


def _of(application: str | None, environment: str | None) -> Select[Any]:
    query = select(RUNS)
    if application is not None:
        query = query.where(RUNS.c.application == application)
    if environment is not None:
        query = query.where(RUNS.c.environment == environment)
    return query


def _locked_run(connection: Connection, number: int) -> Run:
    """The run, its row locked until the transaction ends (SQLite locks the whole store anyway)."""
    row = connection.execute(select(RUNS).where(RUNS.c.number == number).with_for_update()).first()
    if row is None:
        raise NoSuchRun(f"there is no run {number}", next="provision runs")
    return _run(row)


def _write(connection: Connection, run: Run) -> None:
    """Store what may change in a run."""
    connection.execute(
        update(RUNS)
        .where(RUNS.c.number == run.number)
        .values(
            state=run.state,
            exit_code=run.exit_code,
            message=run.message,
            ended=run.ended,
            attempt=run.attempt,
            fence=run.fence,
        )
    )


def _allow(moves: Mapping[str, tuple[str, ...]], old: str, new: str, what: str) -> None:
    if new not in moves[old]:
        choices = ", ".join(moves[old]) or "nothing: that is its end"
        raise IllegalMove(f"{what} is {old} and can't become {new}", hint=f"it can become {choices}")


def _run(row: Row[Any]) -> Run:
    values = {name: getattr(row, name) for name in COLUMNS}
    return Run(**values, info=load(dict[str, Any], row.info))


def _step(row: Row[Any]) -> StepRow:
    result = load(_Result, row.result)
    return StepRow(
        row.name,
        row.state,
        row.attempt,
        row.started,
        row.ended,
        row.message,
        row.changed,
        result.outputs,
        result.hosts,
        result.failed_hosts,
        result.stale,
        result.missing,
    )
