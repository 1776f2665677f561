"""From wanted and delivered units to a plan: asks the engines what would change, and fixes order, batches and digest."""

from provisioner.planner.make import Looked, PlanInputs, look, make, spec_digest

__all__ = ["Looked", "PlanInputs", "look", "make", "spec_digest"]
