"""Documents to values: Application, Environment, and their JSON Schema. Reads files, and nothing of clouds or hosts."""

from provisioner.spec.application import definitions_beside, examine_application, of_text, read_application
from provisioner.spec.environment import find_environments, on_hosts, read_environment
from provisioner.spec.schema import schema

__all__ = ["definitions_beside", "examine_application", "find_environments", "of_text", "on_hosts", "read_application", "read_environment", "schema"]
