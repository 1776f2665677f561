"""The built-in environment `sandbox`: a simulated AWS and this machine as the only host, without root. Pure."""

from dataclasses import replace
from pathlib import Path

from provisioner.model import Application, Component, Environment, Host, Hosts, Json, PlaceRule, Target, project_path
from provisioner.sandbox.simulator import provider_config

NAME = "sandbox"
FIRST_PORT = 8080
"""Gateways listen from here on: ports below 1024 need root."""
HERE = ("gateway", "webservice", "worker", "task", "cron-task", "daemon", "static-site", "certificate", "secret")
"""Types that could be made on both targets, and are more worth on this machine: what is simulated runs nothing."""
SIMULATED = ("postgres", "mysql", "cache", "broker", "filesystem", "dns-record")
"""Types that need root on a host."""


def environment(folder: Path, endpoint: str) -> Environment:
    """The sandbox of one project; `endpoint` is the simulator's, or a placeholder where nothing will be asked."""
    cloud = Target("aws", {"zone": "cloud"}, ("aws",), terraform={"provider": "hashicorp/aws", "version": "~> 5.100", "config": provider_config()},
                   vars={"endpoint": endpoint}, simulated=True)
    root = str(project_path(str(folder)) / "host")
    here = Host("local", "127.0.0.1", "local", connection="local", labels={"zone": "local"}, vars={"provision_root": root})
    local = Target("local", {"zone": "local"}, ("hosts",), Hosts((here,)), vars={"endpoint": endpoint}, simulated=False)
    rules = (PlaceRule(types=HERE, one={"target": "local"}), PlaceRule(types=SIMULATED, one={"target": "aws"}))
    return Environment(NAME, (cloud, local), rules, folder=str(folder), aliases={"local": "local"}, sandbox=True)


def unprivileged(application: Application) -> Application:
    """The application with every gateway and static site on a port above 1023."""
    port = FIRST_PORT
    components: list[Component] = []
    for component in application.components:
        traits = []
        for trait in component.traits:
            if trait.type == "gateway":
                trait = replace(trait, properties=_on_free_port(trait.properties, port))
                port += 1
            traits.append(trait)
        component = replace(component, traits=tuple(traits))
        if component.type in ("gateway", "static-site"):
            component = replace(component, properties=_on_free_port(component.properties, port))
            port += 1
        components.append(component)
    return replace(application, components=tuple(components))


def _on_free_port(properties: dict[str, Json], port: int) -> dict[str, Json]:
    given = properties.get("port", 80)
    return {**properties, "port": port} if isinstance(given, int) and given < 1024 else properties
