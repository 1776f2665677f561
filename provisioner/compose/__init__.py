"""From an application and an environment to units: which target, which implementation, which values. Values in, values out."""

from provisioner.compose.units import Composition, Context, compose

__all__ = ["Composition", "Context", "compose"]
