"""Words that all values share."""

from typing import Any, Literal

from provisioner.errors import Where

Json = Any
"""None, bool, int, float, str, or lists and string-keyed dicts of them."""

EngineName = Literal["terraform", "ansible", "existing", "aws"]
Action = Literal["create", "update", "replace", "delete", "configure", "remove", "forget", "run"]
Rule = Literal["replace", "grow-only", "upgrade-only"]
StepKind = Literal["deliver", "remove", "action"]

NOWHERE = Where("")
