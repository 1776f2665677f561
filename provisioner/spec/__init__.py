"""Documents to values: Application, Environment, and their JSON Schema. Reads files, and nothing of clouds or hosts."""

from provisioner.spec.application import application_of, definitions_beside, examine_application, read_application
from provisioner.spec.environment import find_environments, on_hosts, read_environment
from provisioner.spec.schema import schema

__all__ = ["application_of", "definitions_beside", "examine_application", "find_environments", "on_hosts", "read_application",
           "read_environment", "schema"]
