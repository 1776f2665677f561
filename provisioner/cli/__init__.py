"""The command line: the only place that prints. Imports nothing heavy: a verb's module is imported when the verb is used."""

from provisioner.cli.entry import main

__all__ = ["main"]
