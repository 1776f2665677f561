"""Who is left out of a plan because of others: a unit that fails or waits takes those that need it along. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.model import Unit


@dataclass(frozen=True)
class Failure:
    """Why a unit is left out."""

    message: str
    missing: bool = False
    waits_for: str = ""
    """It is left out only because of this unit."""


def left_out(units: Mapping[str, Unit], failures: Mapping[str, Failure], waiting: Mapping[str, str], only: frozenset[str] | None) -> dict[str, str]:
    """The units that can't be planned now, with the need to blame (empty: themselves). In a batch (`only`) a need outside of it
    is there already, unless it fails."""
    blame = {**dict.fromkeys(failures, ""), **dict.fromkeys(waiting, "")}
    moved = True
    while moved:
        moved = False
        for name, unit in units.items():
            cause = next((need for need in unit.needs if need in blame), None)
            if name not in blame and cause is not None and (only is None or cause in only or cause in failures):
                blame[name] = cause
                moved = True
    return blame


def settle(units: Mapping[str, Unit], failures: dict[str, Failure], waiting: dict[str, str], only: frozenset[str] | None) -> None:
    """Give those that need a failing or waiting unit the same fate, in words."""
    for name, cause in left_out(units, failures, waiting, only).items():
        if cause in failures and name not in failures:
            first = failures[cause].message.splitlines()[0]
            why = "" if failures[cause].waits_for else f", which is not there: {first}"
            failures[name] = Failure(f"waits for {cause}{why}", waits_for=cause)
        elif cause in waiting:
            waiting.setdefault(name, cause)
