"""Words that all values share."""

from typing import Any, Literal

from provisioner.errors import Where

Json = Any
"""None, bool, int, float, str, or lists and string-keyed dicts of them."""

EngineName = Literal["terraform", "ansible", "existing", "aws", "workflow"]
Action = Literal["create", "update", "replace", "delete", "configure", "remove", "forget", "run"]
Rule = Literal["replace", "grow-only", "upgrade-only"]
StepKind = Literal["deliver", "remove", "action", "workflow"]

NOWHERE = Where("")
WORKFLOW = "workflow"
"""Stands for a target in the names of units that have no place: the steps of the workflow."""
