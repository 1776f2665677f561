"""Fifty megabytes."""

CONTENT = b"# log line\n" * (50 * 1024 * 1024 // 11)
