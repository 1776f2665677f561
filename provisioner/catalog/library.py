"""Where definitions, modules and playbooks lie: the project's own folders first, then the shipped library."""

from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def library_folder() -> Path:
    """The folder that holds the shipped `components/ modules/ playbooks/`: inside the installed package, or the checkout."""
    inside = PACKAGE / "_library"
    return inside if inside.is_dir() else PACKAGE.parent


@dataclass(frozen=True)
class Origin:
    """A folder with `components/`, and how it is called in messages."""

    name: str
    folder: Path


def origins(project: Path) -> tuple[Origin, ...]:
    """Where to look, in order. A project that is the library's checkout itself counts once."""
    library = library_folder()
    shipped = Origin("built-in", library)
    return (shipped,) if project.resolve() == library else (Origin("project", project.resolve()), shipped)


def find(path: str, origin: Origin, places: tuple[Origin, ...]) -> str:
    """A module's folder or a playbook by its path in a definition: absolute, the first that is there, else beside the definition."""
    if not path:
        return ""
    for place in places:
        if (place.folder / path).exists():
            return str(place.folder / path)
    return str(origin.folder / path)
