"""What a reference in the application means for one copy: `${db.url}` to `${db@aws.url}`. Pure; collects problems."""

from collections.abc import Iterable, Mapping

from provisioner import references
from provisioner.compose.outputs import lacking
from provisioner.compose.placing import Placed
from provisioner.compose.shape import place_of
from provisioner.errors import Problem
from provisioner.model import Component, Definition, Environment, Implementation, Json
from provisioner.references import KEEP, PLAIN, Lookup, Reference, is_plain
from provisioner.suggest import suggestion


class Names:
    """The names that are known in one composition."""

    def __init__(self, app: Json, environment: Environment, placed: list[Placed],
                 definitions: Mapping[str, Definition], components: set[str]) -> None:
        self.app = app
        self.environment = environment
        self.definitions = definitions
        self.copies: dict[str, list[Placed]] = {}
        self.components = components
        for copy in placed:
            self.copies.setdefault(copy.component.name, []).append(copy)
        self._problems: dict[Problem, None] = {}

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with references, once each."""
        return list(self._problems)

    def properties(self, copy: Placed) -> dict[str, Json]:
        """The component's properties with references to units, variables and secrets only."""
        found: dict[str, Json] = self._value(copy, "properties", copy.component.properties)
        return found

    def resolved(self, copy: Placed, variables: Mapping[str, Json]) -> dict[str, Json]:
        """Variables that traits gave, with references as in properties."""
        return {name: self._value(copy, name, value) for name, value in variables.items()}

    def published(self, components: Iterable[Component]) -> dict[str, Json]:
        """What OAM outputs of components stand for, by their names."""
        return {output.name: self.resolved(Placed(component, None, Implementation("existing")), {
            "outputs": "${%s.%s}" % (component.name, output.value_from.removeprefix("output."))})["outputs"]
            for component in components for output in component.outputs}

    def check(self, component: Component) -> None:
        """Look through the references of a component that will not be placed, because something else about it is wrong."""
        self.properties(Placed(component, None, Implementation("existing")))

    def _value(self, copy: Placed, path: str, value: Json) -> Json:
        if isinstance(value, dict):
            # most items are one plain value: a call for each of them would cost more than all the rest
            return {key: item if item.__class__ in PLAIN or item.__class__ is str and "${" not in item
                    else self._value(copy, f"{path}.{key}", item) for key, item in value.items()}
        if isinstance(value, list):
            return [item if is_plain(item) else self._value(copy, f"{path}.{index}", item) for index, item in enumerate(value)]
        return value if is_plain(value) else references.substitute(value, lambda reference: self._look_up(copy, path, reference))

    def _look_up(self, copy: Placed, path: str, reference: Reference) -> Json:
        try:
            if reference.head == "app":
                return references.dig(self.app, reference.path, reference)
            if reference.head == "var":
                return references.dig(self.environment.vars, reference.path, reference)
            if reference.head == "secret":
                return KEEP
            return self._component(copy, path, reference)
        except references.Unknown as error:
            self._problem(copy, path, "PRV-1302", error.message, error.hint)
            return KEEP

    def _component(self, copy: Placed, path: str, reference: Reference) -> Json:
        name = reference.head
        if name not in self.components:
            if reference.has_default:
                return references.escape(reference.default)
            hint = suggestion(name, self.components)
            if not reference.path:
                hint += f"{'; ' if hint else ''}a literal {reference} is written ${reference}"
            self._problem(copy, path, "PRV-1310", f'{reference}: no component "{name}"', hint)
            return KEEP
        if name not in self.definitions or not reference.path:
            if name in self.definitions:
                self._problem(copy, path, "PRV-1311", f"{reference} names no output", suggestion("", self.definitions[name].outputs))
            return KEEP
        outputs = self.definitions[name].outputs
        if reference.path[0] not in outputs:
            if reference.has_default:
                return references.escape(reference.default)
            self._problem(copy, path, "PRV-1311", f'{reference}: type "{self.definitions[name].name}" has no output "{reference.path[0]}"',
                          suggestion(reference.path[0], outputs))
            return KEEP
        other = self._copy_for(copy, path, name)
        if other and other.existing is not None and (missing := lacking(self.definitions[name], other.existing, reference.path[0])):
            self._problem(copy, path, "PRV-1508", f'{reference}: the environment gives no output "{missing}" of the existing "{name}"',
                          f"place: [{{components: [{name}], existing: {{{missing}: …}}}}]")
        return KEEP if other is None else "${%s.%s}" % (other.unit, ".".join(reference.path))

    def _copy_for(self, copy: Placed, path: str, name: str) -> Placed | None:
        """Among several copies: the one on the same target, else on the same site, else the only one, else a problem."""
        copies = self.copies.get(name, [])
        if len(copies) <= 1 or copy.target is None:
            return copies[0] if copies else None
        same = [other for other in copies if other.target == copy.target]
        site = copy.target.labels.get("site") if copy.target else None
        near = [other for other in copies if site and other.target and other.target.labels.get("site") == site]
        for found in (same, near):
            if len(found) == 1:
                return found[0]
        listed = ", ".join(other.unit for other in copies)
        self._problem(copy, path, "PRV-1506", f'"{name}" has {len(copies)} copies and none is on the target or site of "{copy.unit}"',
                      f"there is: {listed}")
        return None

    def _problem(self, copy: Placed, path: str, code: str, message: str, hint: str) -> None:
        self._problems[Problem(code, message, place_of(copy.component, path), hint)] = None

    def inside(self, copy: Placed, views: Mapping[str, Json]) -> Lookup:
        """The lookup for the templates of an implementation's `variables`."""
        own = {**views, "component": {"name": copy.component.name, "type": copy.component.type, "beside": copy.component.beside,
                                      "replicaKey": copy.component.replica_key}}

        def lookup(reference: Reference) -> Json:
            if reference.head in own:
                return references.dig(own[reference.head], reference.path, reference)
            if reference.head == "beside" and copy.component.beside:
                owner = Reference(copy.component.beside, reference.path, reference.default, reference.has_default, str(reference))
                return self._component(copy, "", owner)
            if reference.head == "hosts":
                return "${%s._hosts.%s}" % (copy.unit, ".".join(reference.path))
            raise references.Unknown(f"{reference}: definitions know parameters, outputs, component, target, environment, app and hosts")

        return lookup
