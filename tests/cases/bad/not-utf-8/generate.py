"""A document that an editor saved as Latin-1."""

CONTENT = "apiVersion: core.oam.dev/v1beta1\nkind: Application\nmetadata: {name: bücher}\n".encode("latin-1")
