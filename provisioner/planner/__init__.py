"""From wanted and delivered units to a plan: asks the engines what would change, and fixes order, batches and digest."""

from provisioner.planner.make import PlanInputs, make

__all__ = ["PlanInputs", "make"]
