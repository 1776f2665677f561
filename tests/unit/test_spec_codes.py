"""Every code of documents is explained, and every explained code is used."""

import re
from pathlib import Path

import provisioner
from provisioner.codes.documents import CODES

SOURCES = Path(provisioner.__file__).parent


def test_used_and_explained() -> None:
    used = {code for path in SOURCES.rglob("*.py") if path.parent.name != "codes"
            for code in re.findall(r"PRV-1[1-5]\d\d", path.read_text(encoding="utf-8"))}
    assert used == set(CODES)
