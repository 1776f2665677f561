"""Where and how: the targets of a component, and the implementation that fulfils it on each. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.errors import Problem
from provisioner.model import Application, Component, Definition, Environment, Implementation, Json, PlaceRule, Policy, Target
from provisioner.model.workflow import every
from provisioner.references import literal
from provisioner.suggest import suggestion

Fit = tuple[Target, Implementation]
CONDITION = re.compile(r"\$\{parameters\.([\w.-]+)\}\s*(==|!=)\s*(\S.*)\Z")
JOINED = re.compile(r"\s+and\s+(?=\$\{parameters\.)")


@dataclass(frozen=True)
class Placed:
    """One copy: a component on a target by one implementation; or outputs that somebody else made."""

    component: Component
    target: Target | None
    implementation: Implementation
    existing: Mapping[str, Json] | None = None

    @property
    def unit(self) -> str:
        return f"{self.component.name}@{self.target.name if self.target else 'existing'}"


def rule_for(application: Application, component: Component, rules: Iterable[PlaceRule]) -> PlaceRule | None:
    """The first rule that names the component or its type."""
    names = (component.name, f"{application.name}/{component.name}")
    return next((rule for rule in rules if any(name in rule.components for name in names) or component.type in rule.types), None)


def implementation_for(definition: Definition, offers: Iterable[str], wants_hosts: bool, properties: Mapping[str, Json]) -> Implementation | None:
    """The first implementation whose needs are offered and whose `when` holds; only ones on hosts when the placement names hosts."""
    for implementation in definition.implementations:
        if implementation.needs == "existing" or implementation.needs not in offers:
            continue
        if wants_hosts and implementation.needs != "hosts":
            continue
        if not implementation.when or holds(implementation.when, properties):
            return implementation
    return None


def holds(when: str, properties: Mapping[str, Json]) -> bool:
    """`${parameters.NAME} == VALUE`, or `!=`, several joined by `and`; a property that is not there equals null."""
    return all(_one_holds(part, properties) for part in JOINED.split(when.strip()))


def _one_holds(condition: str, properties: Mapping[str, Json]) -> bool:
    match = CONDITION.match(condition)
    if match is None:
        return False
    value: Json = properties
    for part in match[1].split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    equal = bool(value == literal(match[3].strip()))
    return equal if match[2] == "==" else not equal


def matches(target: Target, selector: Mapping[str, str]) -> bool:
    """True when the target has every label; `target` and `name` stand for its name."""
    return all(target.name == value if key in ("target", "name") else target.labels.get(key) == value for key, value in selector.items())


@dataclass(frozen=True)
class Topology:
    """What the application's topology policies say: a copy on every target that one of them names or describes."""

    names: tuple[str, ...] = ()
    labels: tuple[Mapping[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.names or self.labels)

    def allows(self, target: Target) -> bool:
        return target.name in self.names or any(matches(target, selector) for selector in self.labels)


def topology(application: Application, environment: Environment) -> Topology:
    """The policies of an application; empty where they say nothing."""
    names: list[str] = []
    labels = []
    for policy in _topologies(application):
        given = policy.properties.get("targets") or policy.properties.get("clusters")
        selector = policy.properties.get("targetLabelSelector") or policy.properties.get("clusterLabelSelector")
        if isinstance(given, list):
            names += [environment.aliases.get(name, name) for name in given if isinstance(name, str)]
        elif isinstance(selector, Mapping):
            labels.append(selector)
    return Topology(tuple(dict.fromkeys(names)), tuple(labels))


def unknown_targets(application: Application, environment: Environment) -> list[Problem]:
    """Targets that topology policies name and that the environment does not have."""
    known = {target.name for target in environment.targets}
    return [Problem("PRV-1512", f'topology: environment "{environment.name}" has no target "{name}"', policy.where,
                    suggestion(name, known | set(environment.aliases)))
            for policy in _topologies(application)
            for name in topology(replace(application, policies=(policy,)), environment).names if name not in known]


def topologies(application: Application, environment: Environment) -> Callable[[Component], Topology]:
    """What decides the targets of a component: steps of the workflow that deliver it alone, else the policies. Worked out once."""
    general = topology(application, environment)
    alone: dict[str, list[str]] = {}
    for step in every(application.workflow):
        target, name = step.properties.get("target") or step.properties.get("cluster"), step.properties.get("component")
        if step.type == "apply-component" and isinstance(target, str) and isinstance(name, str):
            alone.setdefault(name, []).append(environment.aliases.get(target, target))

    def of(component: Component) -> Topology:
        names = [name for of_step in (component.name, component.beside) for name in alone.get(of_step, ())]
        return Topology(tuple(dict.fromkeys(names))) if names else general

    return of


def _topologies(application: Application) -> list[Policy]:
    return [policy for policy in application.policies if policy.type == "topology"]


def choose(
    application: Application, environment: Environment, component: Component, definition: Definition,
    offers: Mapping[str, tuple[str, ...]], *, wants_hosts: bool, wanted: Topology, near: Sequence[Target] = (),
    misfit: Callable[[Implementation, Target], float] = lambda implementation, target: 0,
) -> tuple[list[Placed], list[Problem]]:
    """The copies of a component; every reason why there is none is a Problem at the component.

    `misfit` says how much of what is asked for can't be had of an implementation on a target: where it is less, a target is better.
    `near` are targets that decide where nothing else does: those of the component whose trait added this one, or to which it is a gateway.
    """
    rule = rule_for(application, component, environment.place)
    if rule and rule.existing is not None:
        return _existing(component, definition, rule, rule.existing)
    fitting = [(target, implementation) for target in environment.targets
               if (implementation := implementation_for(definition, _offered(target, offers), wants_hosts, component.properties))]
    if not {target.name for target in environment.targets}.issuperset(wanted.names):
        return [], []  # said once, by unknown_targets or by the step
    if wanted:
        fitting = [pair for pair in fitting if wanted.allows(pair[0])]
    selector = rule.one if rule and rule.one is not None else rule.each if rule else None
    if selector is not None:
        fitting = [pair for pair in fitting if matches(pair[0], selector)]
    many = (rule is not None and rule.each is not None) or bool(wanted) and not (rule and rule.one is not None)
    if environment.sandbox and not many:
        fitting = _in_sandbox(fitting, misfit, near)
    if rule is None or rule.each is None:
        fitting = _fittest(fitting, misfit)
    if not many:
        fitting = _preferred(fitting, lambda pair: pair[0] in near)
    if not fitting:
        return [], [_none_fits(environment, component, definition, offers, _allowed(component, rule, wanted), wants_hosts=wants_hosts)]
    if len(fitting) > 1 and not many:
        listed = ", ".join(target.name for target, _ in fitting)
        return [], [Problem(
            "PRV-1514", f'"{component.name}" ({component.type}) fits more than one target: {listed}', component.where,
            f"say which in environment {environment.name}: place: [{{components: [{component.name}], one: {{target: {fitting[0][0].name}}}}}]")]
    return [Placed(component, target, implementation) for target, implementation in fitting], []


def beside(component: Component, definition: Definition, owners: Sequence[Placed]) -> tuple[list[Placed], list[Problem]]:
    """The copies of what a trait added: one beside each copy of its component that a tool makes."""
    found: list[Placed] = []
    problems: list[Problem] = []
    for owner in owners:
        if owner.target is None:
            continue
        implementation = implementation_for(definition, (owner.implementation.needs,), False, component.properties)
        if implementation is None and definition.elsewhere:
            problems.append(Problem("PRV-1517", f'trait "{definition.name}" of {component.beside} makes no difference on {owner.target.name}: '
                                                f"{definition.elsewhere}", component.where, "", "warning"))
        elif implementation is None:
            needs = " or ".join(entry.needs for entry in definition.implementations)
            problems.append(Problem("PRV-1513", f'"{component.name}" can not be beside "{owner.unit}": {component.type} needs {needs}',
                                    component.where, f"{owner.unit} is made on {owner.implementation.needs}"))
        else:
            found.append(Placed(component, owner.target, implementation))
    return found, problems


def _existing(component: Component, definition: Definition, rule: PlaceRule, outputs: Mapping[str, Json]) -> tuple[list[Placed], list[Problem]]:
    """What somebody else made, with the outputs that the environment gives."""
    found = next((entry for entry in definition.implementations if entry.needs == "existing"), None)
    if found is None:
        return [], [Problem("PRV-1511", f'type "{component.type}" can not be an existing one', component.where)]
    wrong = [Problem("PRV-1509", f'existing: type "{component.type}" has no output "{name}"', rule.where, suggestion(name, definition.outputs))
             for name in outputs if name not in definition.outputs]
    return [Placed(component, None, found, outputs)], wrong


def _in_sandbox(fitting: list[Fit], misfit: Callable[[Implementation, Target], float], near: Sequence[Target]) -> list[Fit]:
    """The better ones where some are simulated: nobody outside reaches what is, and it runs nothing."""
    fitting = _preferred(fitting, lambda pair: pair[0] in near)
    for target, implementation in fitting if len(fitting) > 1 else ():
        if not target.simulated and not misfit(implementation, target):
            return [(target, implementation)]  # nearly all
    fitting = _fittest(fitting, misfit)
    return _preferred(fitting, lambda pair: not pair[0].simulated)


def _fittest(fitting: list[Fit], misfit: Callable[[Implementation, Target], float]) -> list[Fit]:
    """Those that refuse least."""
    if len(fitting) < 2:
        return fitting
    refused = [misfit(implementation, target) for target, implementation in fitting]
    return [pair for pair, much in zip(fitting, refused, strict=True) if much == min(refused)]


def _preferred(fitting: list[Fit], better: Callable[[Fit], bool]) -> list[Fit]:
    """Those that are better, or all when none is."""
    return fitting if len(fitting) == 1 else [pair for pair in fitting if better(pair)] or fitting


def _offered(target: Target, offers: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """What a target offers; any with a Terraform provider offers `terraform`, for modules that a component names."""
    return (*offers[target.name], "terraform") if target.terraform else offers[target.name]


def _offers_wanted(definition: Definition) -> list[str]:
    """What a target may offer for a type; `hosts with engine == mariadb` where only some of it can be made there."""
    found: dict[str, list[str]] = {}
    for entry in definition.implementations:
        if entry.needs != "existing":
            found.setdefault(entry.needs, []).append(re.sub(r"\$\{parameters\.([\w.]+)\}", r"\1", entry.when))
    return [offer if "" in conditions else f"{offer} with {' or '.join(conditions)}" for offer, conditions in found.items()]


def _none_fits(
    environment: Environment, component: Component, definition: Definition, offers: Mapping[str, tuple[str, ...]], allowed: str, *,
    wants_hosts: bool,
) -> Problem:
    needs = " or ".join(_offers_wanted(definition)) or "an existing one"
    if wants_hosts:
        needs += ", and its trait placement chooses hosts"
    have = "; ".join(f"{target.name} offers {', '.join(offers[target.name]) or 'nothing'}" for target in environment.targets) or "there is no target"
    instead = f". {definition.elsewhere}" if definition.elsewhere else ""
    return Problem("PRV-1513", f'no target of environment "{environment.name}"{allowed} can carry "{component.name}": '
                               f"{component.type} needs {needs}{instead}", component.where, have)


def _allowed(component: Component, rule: PlaceRule | None, wanted: Topology) -> str:
    """Which targets were looked at, where not all were."""
    said = []
    if rule and rule.where.file:
        said.append(f"its place rule ({rule.where}) allows")
    elif rule:
        places = ", ".join(str(value) for value in (rule.one or rule.each or {}).values())
        said.append(f"the built-in rule for {component.type} allows ({places})")
    if wanted:
        said.append(f"the topology policy names ({', '.join([*wanted.names, *(_words(labels) for labels in wanted.labels)])})")
    return f" that {' and '.join(said)}" if said else ""


def _words(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in labels.items())
