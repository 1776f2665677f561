"""Brackets without end."""

CONTENT = b"[" * 100_000
