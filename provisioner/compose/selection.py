"""Which hosts: by the placement trait, by number, keeping what was assigned before. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from provisioner.compose.placing import Placed
from provisioner.compose.shape import place_of
from provisioner.errors import Problem, Where
from provisioner.model import Host, HostSource, Json, Trait
from provisioner.suggest import suggestion


@dataclass(frozen=True)
class Chosen:
    """Hosts that are known, or the unit that will make them."""

    hosts: tuple[Host, ...] = ()
    source: HostSource | None = None


@dataclass(frozen=True)
class Wish:
    """What is asked for: the placement trait, the component's properties (`replicas`; `count` of what runs to its end), its hosts now."""

    placement: Trait | None
    properties: Mapping[str, Json]
    kept: tuple[str, ...] = ()

    @property
    def said(self) -> Mapping[str, Json]:
        return self.placement.properties if self.placement else {}


def hosts_for(copy: Placed, wish: Wish, listed: tuple[Host, ...], fleets: list[Placed]) -> tuple[Chosen | None, list[Problem]]:
    """The hosts of one copy on one target: out of the listed ones, or of those that another copy (`fleets`) makes there."""
    said, where = wish.said, _place(copy, wish)
    target = copy.target.name if copy.target else ""
    count = said.get("count") or wish.properties.get("replicas") or wish.properties.get("count") or copy.implementation.count
    if isinstance(count, str):
        return None, [Problem("PRV-1526", f'{copy.component.name}: how many hosts must be known before: {count} is not', where("count"))]
    if "component" in said:
        made = [other.component.name for other in fleets]
        fleets = [other for other in fleets if other.component.name == said["component"]]
        if not fleets:
            return None, [Problem("PRV-1521", f'{copy.component.name}: no component "{said["component"]}" makes hosts on {target}',
                                  where("component"), suggestion(str(said["component"]), made))]
        listed = ()
    if listed or not fleets:
        return _listed(copy, listed, wish, count)
    if len(fleets) > 1:
        return None, [Problem("PRV-1522", f'"{copy.component.name}": several components make hosts on {target}: '
                              + ", ".join(other.component.name for other in fleets), copy.component.where,
                              "say which with the placement trait: component: NAME")]
    return Chosen(source=HostSource(fleets[0].unit, count, tuple(said.get("hosts", ())))), []


def _listed(copy: Placed, listed: tuple[Host, ...], wish: Wish, count: int | None) -> tuple[Chosen | None, list[Problem]]:
    said, where = wish.said, _place(copy, wish)
    target = copy.target.name if copy.target else ""
    unknown = [index for index, name in enumerate(said.get("hosts", ())) if all(not fits_name(host, name) for host in listed)]
    if unknown:
        names = said["hosts"]
        return None, [Problem("PRV-1523", f'{copy.component.name}: no host "{names[index]}" on {target}', where(f"hosts.{index}"),
                              suggestion(names[index], (host.name for host in listed))) for index in unknown]
    fitting = tuple(host for host in listed if _fits(host, said)) if said else listed
    if not fitting:
        return None, [Problem("PRV-1524", f'no host of {target} fits "{copy.component.name}"', where(""),
                              suggestion("", (host.name for host in listed)) or f"{target} has no hosts")]
    if count is None:
        return Chosen(fitting), []
    if count > len(fitting):
        return None, [Problem("PRV-1525", f'"{copy.component.name}" wants {count} hosts of {target}, {len(fitting)} fit', where("count"),
                              suggestion("", (host.name for host in fitting)))]
    return Chosen(tuple(keep_first(fitting, wish.kept, count))), []


def tested_first(hosts: tuple[Host, ...], systems: tuple[str, ...]) -> tuple[Host, ...]:
    """The hosts, those first on whose operating system (label `os`) it was tested; one that does not say what it runs counts as such."""
    return hosts if not systems else tuple(sorted(hosts, key=lambda host: host.labels.get("os", systems[0]) not in systems))


def _place(copy: Placed, wish: Wish) -> Callable[[str], Where]:
    """Where something about the placement stands: at the trait's property, else at the trait, else at the component; a number where it is said."""
    placement = wish.placement

    def where(name: str) -> Where:
        if name == "count" and "count" not in wish.said:
            return place_of(copy.component, f"properties.{'replicas' if wish.properties.get('replicas') else name}")
        if placement is None or not placement.where.line:
            return copy.component.where
        return placement.places.get(f"properties.{name}", placement.where)
    return where


def keep_first(fitting: Sequence[Host], kept: tuple[str, ...], count: int) -> list[Host]:
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
