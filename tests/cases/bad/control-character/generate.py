"""A colour code out of a terminal."""

CONTENT = b"apiVersion: core.oam.dev/v1beta1\nkind: \x1b[1mApplication\n"
