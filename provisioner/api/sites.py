"""Where engines work: a Site for each target, with the environment of its children. Starts the simulator when one is needed."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from provisioner import aws
from provisioner.engine import Reveal, Site
from provisioner.errors import Exit, ProvisionError
from provisioner.model import WORKFLOW, Environment, Target, project_path
from provisioner.sandbox import simulator
from provisioner.suggest import suggestion


class Sites:
    """The sites of one application in one environment."""

    def __init__(self, application: str, environment: Environment, project: Path, parallel: int) -> None:
        self._application, self._environment, self._project, self._parallel = application, environment, project, parallel
        self._targets = {target.name: target for target in environment.targets}
        self._overlay: Mapping[str, str] = {}

    @property
    def state(self) -> Path:
        """What is kept between plans."""
        return project_path(str(self._project)) / self._application / self._environment.name

    def simulate(self, running: simulator.Simulator) -> None:
        """From now on the simulated targets are reached at this simulator."""
        self._overlay = simulator.environ(running)

    def target(self, name: str) -> Target:
        """The target; a place that is none for steps of the workflow. Raises ProvisionError (PRV-1515) for one that has left the environment."""
        if name == WORKFLOW:
            return Target(WORKFLOW)
        if name not in self._targets:
            raise ProvisionError(f'environment "{self._environment.name}" has no target "{name}" any more, but something is delivered there',
                                 code="PRV-1515", exit=Exit.INVALID, hint="put it back until that is removed; " + suggestion(name, self._targets))
        return self._targets[name]

    def environ(self, name: str) -> dict[str, str]:
        """What is laid over the environment of children of a target. Empty values mean: remove."""
        target = self.target(name)
        if target.simulated and self._environment.sandbox:
            return dict(self._overlay)
        given = (target.terraform or {}).get("env") or {}
        return {key: str(value) for key, value in given.items()}

    def site(self, name: str, work: Path, run: int, reveal: Reveal) -> Site:
        """Where an engine works on this target, for one plan."""
        self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        work.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Site(self._application, self._environment.name, self.target(name), self._project, self.state, work, reveal,
                    self.environ(name), run, self._parallel)

    def aws_client(self, service: str, name: str, region: str = "") -> Any:
        """A boto3 client that reaches a target as Terraform does, perhaps in another region. Raises Missing."""
        around = simulator.without_empty(os.environ, self.environ(name))
        return aws.client(service, self.target(name), around, region)

    def image_digest(self, name: str, image: str) -> str:
        """The digest that an image has in the target's own registry; empty for one of another registry. Raises ProvisionError."""
        return aws.image_digest(image, lambda service, region: self.aws_client(service, name, region))
