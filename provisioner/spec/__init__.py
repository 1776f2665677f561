"""Documents to values: Application, Environment, and their JSON Schema. Reads files, and nothing of clouds or hosts."""

from provisioner.spec.application import definitions_beside, definitions_in, examine_application, names_in, of_text, read_application
from provisioner.spec.environment import find_environments, on_hosts, read_environment
from provisioner.spec.schema import schema
from provisioner.spec.source import LARGEST, decode, read_text, shown

__all__ = [
    "LARGEST",
    "decode",
    "definitions_beside",
    "definitions_in",
    "examine_application",
    "find_environments",
    "names_in",
    "of_text",
    "on_hosts",
    "read_application",
    "read_environment",
    "read_text",
    "schema",
    "shown",
]
