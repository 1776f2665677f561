"""Every code has one explanation, and every code that is used has one."""

import importlib
import pkgutil
import re
from collections import Counter
from pathlib import Path

import pytest

import provisioner
from provisioner import codes

USED = re.compile(r"PRV-\d{4}")


def test_every_used_code_is_explained() -> None:
    assert sorted(_used() - set(codes.every())) == []


def test_every_explained_code_is_used() -> None:
    assert sorted(set(codes.every()) - _used()) == []


def _used() -> set[str]:
    package = Path(provisioner.__file__).parent
    return {code for file in package.rglob("*.py") if file.parent.name != "codes" for code in USED.findall(file.read_text(encoding="utf-8"))}


def test_no_code_has_two_explanations() -> None:
    areas = [importlib.import_module(f"provisioner.codes.{area.name}").CODES for area in pkgutil.iter_modules(codes.__path__)]
    assert [code for code, count in Counter(code for area in areas for code in area).items() if count > 1] == []


@pytest.mark.parametrize("code", codes.every())
def test_an_explanation_has_a_title_and_a_text(code: str) -> None:
    title, text = codes.every()[code]
    assert USED.fullmatch(code) and title and not title.endswith(".") and len(text) > 20


@pytest.mark.parametrize("written", ["PRV-6001", "prv-6001", "6001", "PRV6001"])
def test_ways_to_write_a_code(written: str) -> None:
    assert codes.explain(written) == codes.every()["PRV-6001"]


def test_an_unknown_code() -> None:
    assert codes.explain("PRV-0000") is None
