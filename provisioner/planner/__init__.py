"""From wanted and delivered units to a plan: asks the engines what would change, and fixes order, batches and digest."""

from provisioner.planner.actions import ActionInputs, make_action
from provisioner.planner.fingerprint import spec_digest
from provisioner.planner.keeping import kept
from provisioner.planner.make import Looked, PlanInputs, look, make

__all__ = ["ActionInputs", "Looked", "PlanInputs", "kept", "look", "make", "make_action", "spec_digest"]
