"""Where the shipped library lies. Imports nothing, so that completion can look there, too."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def library_folder() -> Path:
    """The folder that holds the shipped `components/ modules/ playbooks/`: inside the installed package, or the checkout."""
    inside = PACKAGE / "_library"
    return inside if inside.is_dir() else PACKAGE.parent
