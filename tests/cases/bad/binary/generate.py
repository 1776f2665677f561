"""An executable instead of a document."""

CONTENT = b"\x7fELF\x02\x01\x01\0\0\0" * 100
