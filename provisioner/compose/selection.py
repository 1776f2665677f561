"""Which hosts: by the placement trait, by number, keeping what was assigned before. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from provisioner.compose.placing import Placed
from provisioner.errors import Problem, Where
from provisioner.model import Host, HostSource, Json, Trait
from provisioner.suggest import suggestion


@dataclass(frozen=True)
class Chosen:
    """Hosts that are known, or the unit that will make them."""

    hosts: tuple[Host, ...] = ()
    source: HostSource | None = None


def hosts_for(copy: Placed, placement: Trait | None, fleets: list[Placed], properties: Mapping[str, Json],
              kept: tuple[str, ...]) -> tuple[Chosen | None, list[Problem]]:
    """The hosts of one copy on one target; `fleets` are the copies that make hosts there."""
    target = copy.target
    assert target is not None
    wish: Mapping[str, Json] = placement.properties if placement else {}
    count = wish.get("count") or properties.get("replicas") or copy.implementation.count
    listed = target.hosts.listed if target.hosts else ()
    where = _place(copy, placement)
    if "component" in wish:
        made = [other.component.name for other in fleets]
        fleets = [other for other in fleets if other.component.name == wish["component"]]
        if not fleets:
            return None, [Problem("PRV-1521", f'{copy.component.name}: no component "{wish["component"]}" makes hosts on {target.name}',
                                  where("component"), suggestion(str(wish["component"]), made))]
        listed = ()
    if not listed and fleets:
        if len(fleets) > 1:
            return None, [Problem("PRV-1522", f'"{copy.component.name}": several components make hosts on {target.name}: '
                                  + ", ".join(other.component.name for other in fleets), copy.component.where,
                                  "say which with the placement trait: component: NAME")]
        return Chosen(source=HostSource(fleets[0].unit, count, tuple(wish.get("hosts", ())))), []
    return _listed(copy, tuple(host for host in listed if _runs(host, copy.implementation.os)), wish, count, kept, where)


def _listed(copy: Placed, listed: tuple[Host, ...], wish: Mapping[str, Json], count: Json,
            kept: tuple[str, ...], where: Callable[[str], Where]) -> tuple[Chosen | None, list[Problem]]:
    target = copy.target.name if copy.target else ""
    unknown = [name for name in wish.get("hosts", ()) if all(not fits_name(host, name) for host in listed)]
    if unknown:
        return None, [Problem("PRV-1523", f'{copy.component.name}: no host "{unknown[0]}" on {target}',
                              where(f"hosts.{list(wish['hosts']).index(unknown[0])}"),
                              suggestion(unknown[0], (host.name for host in listed)))]
    fitting = [host for host in listed if _fits(host, wish)]
    if not fitting:
        return None, [Problem("PRV-1524", f'no host of {target} fits "{copy.component.name}"', where(""),
                              suggestion("", (host.name for host in listed)) or f"{target} has no hosts")]
    if count is None:
        return Chosen(tuple(fitting)), []
    if count > len(fitting):
        return None, [Problem("PRV-1525", f'"{copy.component.name}" wants {count} hosts of {target}, {len(fitting)} fit', where("count"),
                              suggestion("", (host.name for host in fitting)))]
    return Chosen(tuple(keep_first(fitting, kept, int(count)))), []


def _place(copy: Placed, placement: Trait | None) -> Callable[[str], Where]:
    """Where something about the placement stands: at the trait's property, else at the trait, else at the component."""
    def where(name: str) -> Where:
        if placement is None or not placement.where.line:
            return copy.component.where
        return placement.places.get(f"properties.{name}", placement.where)
    return where


def _runs(host: Host, systems: tuple[str, ...]) -> bool:
    """Whether the host's operating system is a known one; a host that does not say (label `os`) may."""
    return not systems or host.labels.get("os", systems[0]) in systems


def keep_first(fitting: list[Host], kept: tuple[str, ...], count: int) -> list[Host]:
    """`count` hosts in their listed order: those assigned before first, then the others."""
    before = [host for host in fitting if host.name in kept]
    chosen = {host.name for host in [*before, *(host for host in fitting if host.name not in kept)][:count]}
    return [host for host in fitting if host.name in chosen]


def fits_name(host: Host, name: str) -> bool:
    """A host is meant by its name, or by the end of it after a dash: "fleet-1" is also "shop-fleet-1"."""
    return host.name == name or host.name.endswith("-" + name)


def _fits(host: Host, wish: Mapping[str, Json]) -> bool:
    names, groups, labels = wish.get("hosts"), wish.get("groups"), wish.get("labels", {})
    return ((not names or any(fits_name(host, name) for name in names))
            and (not groups or any(group in host.groups for group in groups))
            and all(host.labels.get(key) == value for key, value in labels.items()))


def from_source(hosts: tuple[Host, ...], source: HostSource) -> tuple[Host, ...]:
    """The hosts of a unit out of those that another one made."""
    chosen = [host for host in hosts if not source.names or any(fits_name(host, name) for name in source.names)]
    return tuple(chosen if source.count is None else chosen[: source.count])
