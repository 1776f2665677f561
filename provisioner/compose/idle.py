"""What policies say of nobody: a name with a slip protects nothing, and nobody would be told. Pure.

What an override or a replication names must be there. A rule may speak of what has left the document, so that is a warning.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal

from provisioner.compose.variants import deployed
from provisioner.errors import Problem, Where
from provisioner.model import Application, Definition, Environment, Policy
from provisioner.spec.policies import overrides
from provisioner.suggest import suggestion

Find = Callable[[str], Definition | None]
NAMED_BY_STEPS = ("topology", "override", "replication")
"""Where a workflow has deploy steps, these do something only where one of them names them."""


class Idle:
    """`components` are the names of all components that there are or were, `types` and `traits` look up what there is."""

    def __init__(self, components: Collection[str], types: tuple[Find, Collection[str]], traits: tuple[Find, Collection[str]],
                 elsewhere: Callable[[str], bool]) -> None:
        """`elsewhere`: whether another application, as far as they are known, has components of this name (`*` for several)."""
        self._components, self._types, self._traits, self._elsewhere = components, types, traits, elsewhere

    def problems(self, application: Application, environment: Environment) -> Iterator[Problem]:
        """What the policies of an application say of nobody; and what the environment, which others have, too, says of this one's."""
        for policy in environment.policies:
            meant = [name for selector in _selectors(policy) for name in selector.get("componentNames") or ()]
            yield from self._of_environment(f'policy "{policy.name}" of environment {environment.name}', application.name, meant, (), policy.where)
            yield from self._of_types(policy)
        for rule in environment.place:
            yield from self._of_environment(f"place of environment {environment.name}", application.name, rule.components, rule.types, rule.where)
        for one in environment.override:
            what = f"{'defaults' if one.below else 'override'} of environment {environment.name}"
            yield from self._of_environment(what, application.name, one.names, one.types, one.where)
            for patch in one.traits:
                if patch.disable and self._traits[0](patch.type) is None:
                    yield Problem("PRV-1537", f'{what} means nothing: there is no trait "{patch.type}"', one.where,
                                  suggestion(patch.type, self._traits[1]), "warning")
        steps = deployed(application)
        named = {name for names in steps for name in names}
        for policy in application.policies:
            if steps and policy.type in NAMED_BY_STEPS and policy.name not in named:
                yield Problem("PRV-1537", f'no deploy step names the policy "{policy.name}": it does nothing', policy.where,
                              f"policies: [{policy.name}] in the step that it is for", "warning")
            if policy.type == "apply-once" and "enable" not in policy.properties:
                yield Problem("PRV-1537", f'policy "{policy.name}" (apply-once) does nothing', policy.where, "say enable: true", "warning")
            yield from self._patterns(policy)
            yield from self._of_override(policy) if policy.type == "override" else [*self._of_rules(policy), *self._of_types(policy)]

    def _of_environment(self, what: str, application: str, names: Iterable[str], types: Iterable[str], where: Where) -> Iterator[Problem]:
        """NAME is a component of any application here, APPLICATION/NAME of one: another one's are its own business."""
        for full in names:
            owner, slash, name = full.rpartition("/")
            if owner not in ("", application) or any(fnmatchcase(there, name) for there in self._components):
                continue
            if slash:
                yield Problem("PRV-1537", f'{what} means nothing: {application} has no component "{name}"', where,
                              suggestion(name, self._components), "warning")
            elif not self._elsewhere(name):
                yield Problem("PRV-1537", f'{what} means nothing: no application that is known has a component "{name}"', where,
                              f"{suggestion(name, self._components)}; of another application write APPLICATION/{name}", "warning")
        for name in types:
            if self._types[0](name) is None:
                yield Problem("PRV-1537", f'{what} means nothing: there is no type "{name}"', where, suggestion(name, self._types[1]), "warning")

    def _patterns(self, policy: Policy) -> Iterator[Problem]:
        """Names of components, or several by `*`."""
        for key in ("selector", "components"):
            patterns = policy.properties.get(key) or ()
            for pattern in (one for one in patterns if isinstance(one, str)):
                if not any(fnmatchcase(name, pattern) for name in self._components):
                    yield Problem("PRV-1531", f'{policy.type}: no component "{pattern}"', policy.where, suggestion(pattern, self._components))

    def _of_override(self, policy: Policy) -> Iterator[Problem]:
        for override in overrides(policy):
            yield from self._unknown(policy, "type", override.types, self._types)
            yield from self._unknown(policy, "trait", (patch.type for patch in override.traits if patch.disable), self._traits)

    @staticmethod
    def _unknown(policy: Policy, what: Literal["type", "trait"], names: Iterable[str], known: tuple[Find, Collection[str]]) -> Iterator[Problem]:
        find, choices = known
        for name in names:
            if find(name) is None:
                yield Problem("PRV-1531", f'{policy.type}: there is no {what} "{name}"', policy.where, suggestion(name, choices))

    def _of_rules(self, policy: Policy) -> Iterator[Problem]:
        for selector in _selectors(policy):
            for name in selector.get("componentNames") or ():
                if name not in self._components:
                    yield self._means_nothing(policy, "component", name, self._components)

    def _of_types(self, policy: Policy) -> Iterator[Problem]:
        for selector in _selectors(policy):
            for key, what, (find, choices) in (("componentTypes", "type", self._types), ("traitTypes", "trait", self._traits)):
                for name in selector.get(key) or ():
                    if find(name) is None:
                        yield self._means_nothing(policy, what, name, choices)

    @staticmethod
    def _means_nothing(policy: Policy, what: str, name: str, choices: Collection[str]) -> Problem:
        return Problem("PRV-1537", f'policy "{policy.name}" ({policy.type}) means nothing here: there is no {what} "{name}"', policy.where,
                       suggestion(name, choices), "warning")


def _selectors(policy: Policy) -> list[Mapping[str, Any]]:
    """What the rules of a policy mean; a policy of type `rules` has others."""
    return [rule.get("selector") or {} for rule in policy.properties.get("rules") or () if policy.type != "rules"]
