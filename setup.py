"""Puts the library of types (components, modules, playbooks) into the wheel; everything else is in setup.cfg."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

LIBRARY = ("components", "modules", "playbooks")


class BuildWithLibrary(build_py):
    """A checkout reads its top-level folders; an installed package reads the copy made here."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        library = Path(self.build_lib) / "provisioner" / "_library"
        shutil.rmtree(library, ignore_errors=True)
        for name in LIBRARY:
            shutil.copytree(Path(__file__).parent / name, library / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".terraform*"))


setup(cmdclass={"build_py": BuildWithLibrary})
