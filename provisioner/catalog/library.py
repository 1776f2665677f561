"""Where definitions, modules and playbooks lie: the project's own folders, its addons, the shipped library, in this order."""

from dataclasses import dataclass
from pathlib import Path

from provisioner.catalog.addons import FOLDER, verify
from provisioner.catalog.lock import AddonPin, read
from provisioner.library import library_folder


@dataclass(frozen=True)
class Origin:
    """A folder with `components/`, and how it is called in messages; for an addon also what the lock says of it."""

    name: str
    folder: Path
    addon: str = ""
    pin: AddonPin | None = None

    def verify(self) -> None:
        """Raises ProvisionError for an addon whose content is not what was checked."""
        if self.pin is not None:
            verify(self.addon, self.folder, self.pin)


def origins(project: Path) -> tuple[Origin, ...]:
    """Where to look, in order. A project that is the library's checkout itself counts once. Raises ProvisionError for a damaged lock."""
    library, project = library_folder(), project.resolve()
    shipped = Origin("built-in", library)
    addons = (Origin(f"addon {name} {pin.version}", project / FOLDER / name, name, pin) for name, pin in read(project).addons.items())
    return (*addons, shipped) if project == library else (Origin("project", project), *addons, shipped)


def find(path: str, origin: Origin, places: tuple[Origin, ...]) -> str:
    """A module's folder or a playbook by its path in a definition: absolute, the first that is there, else beside the definition.

    Looked for in the project, beside the definition, and in the library; never in an addon that is not the definition's own.
    """
    if not path:
        return ""
    for place in places:
        if (not place.addon or place == origin) and (place.folder / path).exists():
            return str(place.folder / path)
    return str(origin.folder / path)
