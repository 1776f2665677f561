"""Titles, causes and fixes of all error codes, one module per area; `provision explain` reads them. Data only."""
