"""The built-in environment `sandbox`: a simulated AWS and this machine as the only host, without root. Pure."""

from dataclasses import replace
from pathlib import Path

from provisioner import references
from provisioner.model import Application, Component, Environment, Host, Hosts, Json, Target, project_path
from provisioner.sandbox.simulator import provider_config

NAME = "sandbox"
FIRST_PORT = 8080
"""Gateways listen from here on: ports below 1024 need root."""


def environment(folder: Path, endpoint: str) -> Environment:
    """The sandbox of one project; `endpoint` is the simulator's, or a placeholder where nothing will be asked."""
    cloud = Target("aws", {"zone": "cloud"}, ("aws",), terraform={"provider": "hashicorp/aws", "version": "~> 5.100", "config": provider_config()},
                   vars={"endpoint": endpoint}, simulated=True)
    root = str(project_path(str(folder)) / "host")
    here = Host("local", "127.0.0.1", "local", connection="local", labels={"zone": "local"}, vars={"provision_root": root})
    local = Target("local", {"zone": "local"}, ("hosts",), Hosts((here,)), vars={"endpoint": endpoint}, simulated=False)
    return Environment(NAME, (cloud, local), folder=str(folder), aliases={"local": "local"}, sandbox=True)


def unprivileged(application: Application) -> Application:
    """The application with every gateway and static site of this machine on a port above 1023. Gateways of containers are in the cloud, as those."""
    port = FIRST_PORT
    contained = {component.name for component in application.components if component.properties.get("image")}
    components: list[Component] = []
    for component in application.components:
        traits = []
        for trait in component.traits:
            if trait.type == "gateway" and component.name not in contained:
                trait = replace(trait, properties=_on_free_port(trait.properties, port))
                port += 1
            traits.append(trait)
        component = replace(component, traits=tuple(traits))
        if component.type in ("gateway", "static-site") and not contained & {one.head for _, one in references.find(component.properties)}:
            component = replace(component, properties=_on_free_port(component.properties, port))
            port += 1
        components.append(component)
    return replace(application, components=tuple(components))


def _on_free_port(properties: dict[str, Json], port: int) -> dict[str, Json]:
    given = properties.get("port", 80)
    return {**properties, "port": port} if isinstance(given, int) and given < 1024 else properties
