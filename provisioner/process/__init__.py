"""Child processes: who they are, how they are started and ended."""
