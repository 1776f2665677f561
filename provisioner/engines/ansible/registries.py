"""Images that a cloud pulls are sealed as artefacts are: the digest that a name has now is an input of the unit from then on.

Hosts ask their registries themselves; here the same code asks, and for a cloud's own registry that cloud.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from provisioner import references
from provisioner.engines.ansible import artefacts
from provisioner.errors import ProvisionError
from provisioner.model import Json, Unit

AT_ONCE = 8
SECONDS = 30
"""For one answer: a plan, or a status, does not wait for a registry that is behind a wall."""
Digests = Mapping[str, Json]
"""Unit to image to digest, as a revision keeps them."""
Cloud = Callable[[str, str], str]
"""Target and image to the digest that the target's own registry has; empty for an image of another one. Raises ProvisionError."""


class Registries:
    """Asks what the names of images mean, each once."""

    def __init__(self, cloud: Cloud, library: Path, simulated: Collection[str]) -> None:
        """`library` holds our `playbooks/`. In the `simulated` targets nothing is pulled: no registry but their own is asked there."""
        self._cloud, self._library, self._simulated = cloud, library, simulated
        self._answers: dict[tuple[str, str], tuple[str, str]] = {}

    def pinned(self, units: Iterable[Unit], meant: Digests, delivered: Digests) -> tuple[tuple[Unit, ...], list[str]]:
        """The units of clouds with the digests of their images, and a sentence for each image that goes by its name.

        `meant`: what counts, whatever a registry says. `delivered`: what stays where none answers.
        """
        units = tuple(units)
        with ThreadPoolExecutor(AT_ONCE) as threads:
            list(threads.map(self._ask, {(unit.target, name) for unit in units for name, _ in _open(unit) if not _of(meant, unit, name)}))
        notes: list[str] = []
        return tuple(self._pin(unit, meant, delivered, notes) for unit in units), notes

    def _pin(self, unit: Unit, meant: Digests, delivered: Digests, notes: list[str]) -> Unit:
        found: dict[str, Json] = {}
        for name, taking in _open(unit):
            digest, why = (_of(meant, unit, name), "") if _of(meant, unit, name) else self._answers[unit.target, name]
            if why and (digest := _of(delivered, unit, name)):
                notes.append(f"{unit.name}: {name} stays the image that was delivered, {digest[:19]}: {why}")
            elif why:
                notes.append(f"{unit.name}: {name} is delivered by its name, whatever that means by then: {why}")
            if digest:
                found[taking] = digest
        return replace(unit, inputs={**unit.inputs, **found}) if found else unit

    def _ask(self, question: tuple[str, str]) -> None:
        target, name = question
        if question not in self._answers:
            try:
                self._answers[question] = self._digest(target, name), ""
            except ProvisionError as error:
                self._answers[question] = "", error.message

    def _digest(self, target: str, name: str) -> str:
        """Empty where nobody is to be asked. Raises ProvisionError."""
        if any(True for _ in references.find(name)):
            raise ProvisionError("the name is known only later")
        image = references.unescape(name)
        if found := self._cloud(target, image):
            return found
        return "" if target in self._simulated else _of_registry(image, self._library)


def _of_registry(image: str, library: Path) -> str:
    artefacts.reach(library)
    from ansible.module_utils.provision import podman, registry  # type: ignore[import-untyped]
    from ansible.module_utils.provision.failures import Failed  # type: ignore[import-untyped]

    try:
        return str(registry.digest(podman.short_name(image), "", SECONDS))
    except Failed as error:
        raise ProvisionError(str(error)) from None


def _open(unit: Unit) -> list[tuple[str, str]]:
    """Name of an image and the input that takes its digest, where a cloud pulls it and no digest says yet which one is meant."""
    if unit.engine != "terraform":
        return []
    named = ((unit.inputs.get(name), taking) for name, taking in unit.images.items() if not unit.inputs.get(taking))
    return [(name, taking) for name, taking in named if isinstance(name, str) and name and "@sha" not in name]


def _of(digests: Digests, unit: Unit, name: str) -> str:
    known = digests.get(unit.name)
    return str(known.get(name) or "") if isinstance(known, dict) else ""
