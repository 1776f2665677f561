"""The types that are known: definitions of the library and of the project, read, checked and handed to compose."""

from provisioner.catalog.catalog import Catalog
from provisioner.catalog.digests import digest_source
from provisioner.library import library_folder

__all__ = ["Catalog", "digest_source", "library_folder"]
