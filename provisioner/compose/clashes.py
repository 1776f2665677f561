"""Two components that want what only one can hold: a port of a host, a name in a cloud (`claims` of their definitions). Pure."""

from collections.abc import Iterable, Iterator

from provisioner.errors import Problem
from provisioner.model import Unit


def clashes(units: Iterable[Unit]) -> Iterator[Problem]:
    """One problem for each pair, at the later of the two; hosts that are not made yet are judged when they are there.

    Of two programs of the user's own it is a warning: at which ports they listen in the end is their author's business.
    """
    holders: dict[tuple[str, str], Unit] = {}
    doors: dict[tuple[str, str], Unit] = {}
    told: set[tuple[str, str, str]] = set()
    for unit in units:
        for place, claim in _places(unit):
            holder = holders.setdefault((place, claim), unit)
            # programs that answer for different names share a port, with nobody else
            port = f"port {claim.rpartition(':')[2]}"
            if claim.startswith("address "):
                doors.setdefault((place, port), unit)
                if (other := holders.get((place, port), unit)) is not unit:
                    holder, claim = other, port
            elif (other := doors.get((place, claim), unit)) is not unit:
                holder = other
            if holder is not unit and (holder.name, unit.name, claim) not in told:
                told.add((holder.name, unit.name, claim))
                yield _clash(holder, unit, place, claim)


def _clash(holder: Unit, unit: Unit, place: str, claim: str) -> Problem:
    theirs = claim.startswith("port ") and holder.artifacts and unit.artifacts
    hint = "give one of them another one" + (", or a host of its own with the placement trait" if unit.hosts else "")
    return Problem("PRV-1527", f'"{unit.component}" and "{holder.component}" both want {_words(claim)} {"of" if unit.hosts else "in"} '
                   f"{place.rpartition('/')[2]}, which only one can have", unit.where, hint, "warning" if theirs else "error")


def _places(unit: Unit) -> Iterator[tuple[str, str]]:
    """Each place of a unit (target, or target/host) with each of its claims."""
    for claim in unit.claims:
        if unit.engine == "ansible":
            yield from ((f"{unit.target}/{host.name}", claim) for host in unit.hosts)
        else:
            yield unit.target, claim


def _words(claim: str) -> str:
    """"port 6379", "address pay.example:443"; of an address for every name the port."""
    word, _, value = claim.partition(" ")
    return f"{word} {value.lstrip(':')}" if word != "address" or not value.startswith(":") else f"port {value[1:]}"
