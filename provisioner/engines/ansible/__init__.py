"""Units on hosts through ansible-runner."""
