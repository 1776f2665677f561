"""Text from values: plan, run, status, errors. Prints nothing, reads nothing; `cli` decides where a text goes."""
