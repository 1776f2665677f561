"""Which file is the application's. Imports nothing."""

from pathlib import Path


def document_of(file: str | None) -> str:
    """The application's file: as given, else app.yaml, else provision.yaml when only that one is here."""
    if file:
        return file
    return "provision.yaml" if not Path("app.yaml").exists() and Path("provision.yaml").exists() else "app.yaml"
