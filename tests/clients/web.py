"""Client of HTTP."""

import urllib.request
from collections.abc import Mapping
from typing import Any


def http(outputs: Mapping[str, Any]) -> None:
    """It answers, and not with an error."""
    # not urlopen: it keeps the proxies of its first call
    with urllib.request.build_opener().open(outputs["url"], timeout=120) as answer:
        assert answer.status < 400
