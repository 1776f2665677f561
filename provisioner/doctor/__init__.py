"""What this machine and its hosts lack for one application. Looks only; changes nothing."""

from provisioner.doctor.finding import Finding

__all__ = ["Finding"]
