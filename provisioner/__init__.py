"""provision: one application spec, delivered by Terraform and Ansible. Imports nothing, so that start-up stays cheap."""

__version__ = "0.1.0"
