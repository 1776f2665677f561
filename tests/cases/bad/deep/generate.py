"""Brackets without end. Fewer than the 1,000 at which newer parsers end by themselves (tests/unit/test_spec_yaml.py has more)."""

CONTENT = b"[" * 900
