"""The engines: each delivers units with one tool. What an engine is stands in `provisioner.engine`."""
